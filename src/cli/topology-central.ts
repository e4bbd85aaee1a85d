import { type Command, InvalidArgumentError } from 'commander'
import type { Io } from './shell/io.ts'
import { type CentralOptions, withCms } from './topology-central-place.ts'
import type { PrepareOptions } from './topology-central-prepare.ts'
import type { PublishOptions, TopologyRules } from './topology-central-verbs.ts'

export const exitText =
  '\nExit code: 0 done, 1 refused or failed, 2 wrong use, 4 the store did not answer (asking again does no harm).'

/** What is published: verbs of `pchat topology` that ask the Central Management Store. Each is loaded when it is asked for. */
export function addCentral(topology: Command, rules: () => Promise<TopologyRules>, io: Io): void {
  const verbs = () => import('./topology-central-verbs.ts')
  const verb = (name: string, text: string, ...examples: string[]) =>
    withCms(topology.command(name).description(text))
      .option('--json', 'print JSON, for programs')
      .addHelpText(
        'after',
        ['', 'Examples:', ...examples.map(example => `  $ pchat topology ${example}`), exitText].join('\n'),
      )
  const changing = (usualBasis: string, command: Command) =>
    command
      .option('--based-on <version>', `the version that yours is based on; default: ${usualBasis}`, readVersion)
      .option('--note <text>', 'why, in one line', '')
      .option('--what-if', 'only say what would change')

  changing(
    'what the first line of the file says, as export wrote it',
    verb(
      'publish',
      'publish a document: servers follow it',
      'publish topology.yaml --what-if',
      'publish topology.yaml --note "a third server"',
    ),
  )
    .argument('<file>', 'the document, or - for standard input')
    .action(async (file: string, options: PublishOptions) =>
      (await verbs()).publishFile(file, options, await rules(), io),
    )
  verb('history', 'who published what and when, newest first', 'history --limit 5', 'history --json')
    .option('--limit <number>', 'at most so many', readLimit, 20)
    .action(async (options: CentralOptions & { limit: number }) => (await verbs()).history(options, io))
  verb('export', 'print the document that is published, to the letter', 'export > topology.yaml', 'export --version 3')
    .option('--version <number>', 'this one, not the newest', readVersion)
    .action(async (options: CentralOptions & { version?: number }) => (await verbs()).exportText(options, io))
  changing(
    'what is published',
    verb('rollback', 'publish an earlier version anew', 'rollback 3 --what-if', 'rollback 3 --note "as it was"'),
  )
    .argument('<version>', 'whose document comes back', readVersion)
    .action(async (version: number, options: PublishOptions) =>
      (await verbs()).rollback(version, options, await rules(), io),
    )
  verb(
    'adopt',
    'say that this store, restored from an older copy or made anew, is the one to follow',
    'adopt --what-if',
    'adopt --confirm --note "the disk of db1 broke"',
  )
    .option('--note <text>', 'why, in one line', '')
    .option('--what-if', 'only say what would change')
    .option('--confirm', 'do not ask before servers go back')
    .action(async (options: PublishOptions) => (await verbs()).adopt(options, io))
  addPrepare(topology, io)
}

function addPrepare(topology: Command, io: Io): void {
  topology
    .command('prepare')
    .description(
      'make the Central Management Store, or bring it up to date, with one role that publishes and one that reads',
    )
    .requiredOption('--admin-url <url>', 'of the PostgreSQL server, as somebody who may make databases and roles')
    .option('--database <name>', 'of the store', readSqlName, 'pchat_central')
    .option('--owner <role>', 'who owns it, and cannot sign in', readSqlName, 'pchat_central_owner')
    .option('--publisher <role>', 'whom administrators sign in as', readSqlName, 'pchat_publisher')
    .option('--reader <role>', 'whom servers sign in as', readSqlName, 'pchat_reader')
    .option('--publisher-password-file <file>', 'its password, one line; without it none is set')
    .option('--reader-password-file <file>', 'its password, one line; without it none is set')
    .option('--json', 'print JSON, for programs')
    .addHelpText(
      'after',
      '\nExample:\n  $ pchat topology prepare --admin-url "postgres://postgres@db1/postgres?sslmode=verify-full"',
    )
    .action(async (options: PrepareOptions) => (await import('./topology-central-prepare.ts')).prepare(options, io))
}

export function readVersion(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Give a whole number, such as 7.')
  return Number(text)
}

function readLimit(text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1)
    throw new InvalidArgumentError('Give a whole number from 1 on, such as 20.')
  return Number(text)
}

function readSqlName(text: string): string {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(text))
    throw new InvalidArgumentError('Give a name of small letters, digits and _, such as pchat_central.')
  return text
}
