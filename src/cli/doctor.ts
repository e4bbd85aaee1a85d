import type { Command } from 'commander'
import { type Check, checkLines, worstOf } from './doctor-check.ts'
import { type StartOptions, withStartOptions } from './options.ts'
import { withSecrets } from './secret-reference.ts'

type DoctorOptions = StartOptions & { json?: boolean }
const codes = { ok: 0, warning: 1, error: 2 } as const

const examples = `
Examples:
  $ pchat doctor
  $ pchat doctor --topology topology.yaml --server chat1.example.com
  $ pchat doctor --database-url postgres://pchat@db1,db2/pchat --nats-url nats://nats1:4222 --json

Give it the options, or the environment, that pchat start has on this machine, or the topology. It changes nothing: to see whether the file store can be
written it puts one small object there, and takes it away again.

Exit code: 0 all is well, 1 there are warnings, 2 there are errors, or wrong use.`

/** `pchat doctor`: looks at everything that a server on this machine needs. */
export function addDoctor(program: Command): void {
  withStartOptions(
    program.command('doctor').description('look at all that a server on this machine needs; changes nothing'),
  )
    .option(
      '--topology <file>',
      'topology document, or -: looks at what it plans for this machine (--server); other options that are named win',
    )
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action((options: DoctorOptions, command: Command) => doctor(options, command))
}

async function doctor(options: DoctorOptions, command: Command): Promise<void> {
  const checks = await checksOf(options, command).catch((error: Error) => command.error(`error: ${error.message}`))
  const result = worstOf(checks)
  if (options.json) console.log(JSON.stringify({ result, checks }, null, 2))
  else console.log(checkLines(checks).join('\n'))
  process.exitCode = codes[result]
}

async function checksOf(options: DoctorOptions, command: Command): Promise<Check[]> {
  if (options.topology === undefined) {
    const { examine } = await import('./doctor-examine.ts')
    return examine(await withSecrets(options, process.env))
  }
  const { examinePlanned } = await import('./doctor-planned.ts')
  return examinePlanned(options.topology, options, command)
}
