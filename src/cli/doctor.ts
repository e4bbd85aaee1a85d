import type { Command } from 'commander'
import { secretVariables } from '../topology/secret.ts'
import { type Check, checkLines, worstOf } from './doctor-check.ts'
import { readDatabaseUrl } from './option-value.ts'
import { type StartOptions, variable, withStartOptions } from './options.ts'

type DoctorOptions = StartOptions & { json?: boolean }
const codes = { ok: 0, warning: 1, error: 2 } as const

const examples = `
Examples:
  $ pchat doctor
  $ pchat doctor --topology topology.yaml --server chat1.example.com
  $ pchat doctor --topology postgres://pchat_reader@db1/pchat_central
  $ pchat doctor --database-url postgres://pchat@db1,db2/pchat --nats-url nats://nats1:4222 --json

Give it the options, or the environment, that pchat start has on this machine, or the topology. Where none of them is given and this
machine was made by pchat bootstrap, the store that its servers follow says what to look at (PCHAT_TOPOLOGY in /etc/pchat/environment, which root reads).
Passwords are read as pchat start reads them (PCHAT_DATABASE_SECRET and its like). It changes nothing: to see whether the file store can
be written it puts one small object there, and takes it away again.

Exit code: 0 all is well, 1 there are warnings, 2 there are errors, or wrong use.`

/** `pchat doctor`: looks at everything that a server on this machine needs. */
export function addDoctor(program: Command): void {
  withStartOptions(
    program.command('doctor').description('look at all that a server on this machine needs; changes nothing'),
  )
    .addOption(
      variable(
        '--topology <place>',
        'PCHAT_TOPOLOGY',
        'topology document, -, or the address of the Central Management Store: looks at what it plans for this machine (--server); other options that are named win',
      ).argParser(readPlace),
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
  // The driver leaves connections open that a missing password ended, for as long as the database waits for one.
  process.exit(codes[result])
}

async function checksOf(named: DoctorOptions, command: Command): Promise<Check[]> {
  const { readEnvironmentFile } = await import('./bootstrap-secrets.ts')
  // Whoever may not read it sees in the checks what is missing.
  const ofServers: NodeJS.ProcessEnv = await readEnvironmentFile().catch(() => ({}))
  const takes = !isAnythingNamed(command) && ofServers.PCHAT_TOPOLOGY !== undefined
  // A password belongs to the address that stands beside it, and to no other one.
  for (const [setting, name] of Object.entries(secretVariables))
    if (!takes || isNamed(command, setting)) delete ofServers[name]
  const env = { ...ofServers, ...process.env }
  if (takes) takeVariables(command, ofServers)
  const options = { ...named, ...command.opts<DoctorOptions>() }
  if (options.topology === undefined) {
    const { examine } = await import('./doctor-examine.ts')
    const { fillNamed } = await import('./doctor-secrets.ts')
    const filled = await fillNamed(options, process.env)
    return [...filled.checks, ...(await examine(filled.options))]
  }
  const { examinePlanned, saidOf } = await import('./doctor-planned.ts')
  const said = saidOf(options, command, env)
  if (!isAddress(options.topology)) return examinePlanned(options.topology, said)
  return (await import('./doctor-followed.ts')).examineFollowed(said)
}

const isAddress = (place: string) => /^postgres(ql)?:\/\//.test(place)
const readPlace = (place: string) => (isAddress(place) ? readDatabaseUrl(place) : place)

const isNamed = (command: Command, name: string) => ['cli', 'env'].includes(command.getOptionValueSource(name) ?? '')

/** Whose server is meant, somebody has said. */
function isAnythingNamed(command: Command): boolean {
  return ['topology', 'databaseUrl', 'dataDir'].some(name => isNamed(command, name))
}

/** What the servers of this machine are told beside their units, as if this process had it in its environment. */
function takeVariables(command: Command, env: NodeJS.ProcessEnv): void {
  for (const option of command.options) {
    const text = env[option.envVar ?? '']
    const name = option.attributeName()
    if (!text || isNamed(command, name)) continue
    const value = option.isBoolean() ? true : (option.parseArg?.(text, undefined) ?? text)
    command.setOptionValueWithSource(name, value, 'env')
  }
}
