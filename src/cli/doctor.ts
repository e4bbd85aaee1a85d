import type { Command } from 'commander'
import type { Check } from './doctor-check.ts'
import { type StartOptions, withStartOptions } from './options.ts'

type DoctorOptions = StartOptions & { json?: boolean }
const codes = { ok: 0, warning: 1, error: 2 } as const

const examples = `
Examples:
  $ pchat doctor
  $ pchat doctor --database-url postgres://pchat@db1,db2/pchat --nats-url nats://nats1:4222 --json

Give it the options, or the environment, that pchat start has on this machine. It changes nothing: to see whether the file store can be
written it puts one small object there, and takes it away again.

Exit code: 0 all is well, 1 there are warnings, 2 there are errors, or wrong use.`

/** `pchat doctor`: looks at everything that a server on this machine needs. */
export function addDoctor(program: Command): void {
  withStartOptions(
    program.command('doctor').description('look at all that a server on this machine needs; changes nothing'),
  )
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action((options: DoctorOptions) => doctor(options))
}

async function doctor(options: DoctorOptions): Promise<void> {
  const { examine } = await import('./doctor-examine.ts')
  const checks = await examine(options)
  const count = (state: Check['state']) => checks.filter(check => check.state === state).length
  const result = count('error') > 0 ? 'error' : count('warning') > 0 ? 'warning' : 'ok'
  if (options.json) console.log(JSON.stringify({ result, checks }, null, 2))
  else print(checks)
  process.exitCode = codes[result]
}

/** What is well on one line each; what is not with what is wanted and the mend. */
function print(checks: Check[]): void {
  const areaWidth = Math.max(...checks.map(({ area, check }) => `${area}: ${check}`.length))
  for (const { area, check, state, found, wanted, mend } of checks) {
    console.log(`${state.toUpperCase().padEnd(7)}  ${`${area}: ${check}`.padEnd(areaWidth)}  ${found}`)
    if (state === 'ok') continue
    console.log(`${' '.repeat(9)}wanted: ${wanted}`)
    if (mend) console.log(`${' '.repeat(9)}mend:   ${mend}`)
  }
  const count = (state: Check['state']) => checks.filter(check => check.state === state).length
  console.log(`${count('ok')} ok, ${count('warning')} warnings, ${count('error')} errors`)
}
