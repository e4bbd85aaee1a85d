import { type Command, InvalidArgumentError } from 'commander'
import { isName } from '../topology/host.ts'
import { type OptionLine, optionLines } from '../topology/option-list.ts'
import { type Io, processIo } from './shell/io.ts'
import { tableLines } from './shell/table.ts'
import { addCentral, readVersion } from './topology-central.ts'
import { type CentralOptions, withCms } from './topology-central-place.ts'
import type { TopologyOptions } from './topology-verbs.ts'

type ShowOptions = CentralOptions & { version?: number; published?: boolean }

const examples = `
Examples:
  $ pchat topology new enterprise-edition > topology.yaml
  $ pchat topology validate topology.yaml
  $ pchat topology new standard-edition | pchat topology plan -
  $ pchat topology publish topology.yaml --note "a third server"

FILE is a topology document, YAML or JSON; - is standard input. docs/topology.md explains it,
docs/central-management.md what is published.

Exit code: 0 done, 1 refused or failed, 2 wrong use, 3 two documents differ, 4 the store did not answer.`

/** `pchat topology`: documents, without any server. What each does is loaded only when it is asked for. */
export function addTopology(program: Command, io: Io = processIo): void {
  const topology = program
    .command('topology')
    .description('what runs where: one document, checked, shown, compared and planned from')
    .helpCommand(false)
    .addHelpText('after', () => `${examples}\n\n${optionHelp()}`)
  const verbs = () => import('./topology-verbs.ts')
  const published = () => import('./topology-central-verbs.ts')
  const verb = (name: string, text: string, ...lines: string[]) =>
    topology
      .command(name)
      .description(text)
      .option('--json', 'print JSON, for programs')
      .addHelpText('after', ['', 'Examples:', ...lines.map(line => `  $ pchat topology ${line}`)].join('\n'))

  verb(
    'new',
    'write a document to begin with',
    'new standard-edition',
    'new enterprise-edition --fqdn chat.example.org',
  )
    .argument('[edition]', 'standard-edition or enterprise-edition', 'standard-edition')
    .option(
      '--fqdn <name>',
      'full name of the pool; Standard Edition without one is what npm start starts',
      readHostName,
    )
    .action(async (edition: string, options: TopologyOptions) => (await verbs()).writeNew(edition, options, io))
  verb('validate', 'find all that is wrong with a document, and what could be better', 'validate topology.yaml --json')
    .argument('<file>', 'the document, or - for standard input')
    .addHelpText('after', '\nExit code: 0 sound (there may be advice), 1 not sound or not readable, 2 wrong use.')
    .action(async (file: string, options: TopologyOptions) => (await verbs()).validate(file, options, io))
  withCms(verb('show', 'show what runs where, as a picture and a table', 'show topology.yaml', 'show --version 3'))
    .argument('[file]', 'the document, or - for standard input; without one what is published')
    .option('--version <number>', 'the published one of this number, not the newest', readVersion)
    .action(async (file: string | undefined, options: ShowOptions) =>
      file === undefined ? (await published()).showPublished(options, io) : (await verbs()).show(file, options, io),
    )
  withCms(
    verb(
      'diff',
      'say what differs, and what it asks of servers that run',
      'diff topology.yaml next.yaml',
      'diff --published next.yaml',
    ),
  )
    .argument('<before>', 'the document that is in use, or -')
    .argument('[after]', 'the one to come, or -')
    .option('--published', 'compare one document with what is published')
    .addHelpText(
      'after',
      '\nExit code: 0 nothing differs, 1 not readable or not to be done, 2 wrong use, 3 they differ, 4 the store did not answer.',
    )
    .action(async (before: string, after: string | undefined, options: ShowOptions, command: Command) => {
      if ((after === undefined) !== (options.published === true))
        return command.error('error: Name two documents, or one with --published.')
      return after === undefined
        ? (await published()).diffPublished(before, options, io)
        : (await verbs()).diff([before, after], options, io)
    })
  verb('plan', 'say what one machine runs and how it is started', 'plan topology.yaml --server chat1.example.com')
    .argument('<file>', 'the document, or - for standard input')
    .option('--server <fqdn>', 'the machine; not needed where there is one')
    .action(async (file: string, options: TopologyOptions) => (await verbs()).plan(file, options, io))
  verb('schema', 'print the JSON Schema of the document, for editors', 'schema > topology.schema.json').action(
    async (options: TopologyOptions) => (await verbs()).printSchema(options, io),
  )
  addCentral(topology, async () => (await import('./topology-rules.ts')).topologyRules, io)
}

function readHostName(text: string): string {
  const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
  if (!new RegExp(`^${label}(\\.${label})*$`).test(text) || text.length > 200)
    throw new InvalidArgumentError('Give a name in small letters, such as chat.example.com.')
  if (!isName(text))
    throw new InvalidArgumentError(
      'It ends in a number, and neither certificates nor addresses take it for a name. Give the name in DNS, such as chat.example.com.',
    )
  return text
}

function optionHelp(): string {
  const rows = optionLines().map(one => [`  ${one.name}`, one.type, shownDefault(one), one.sentence])
  return ['Options of the document:', ...tableLines([['  OPTION', 'TYPE', 'DEFAULT', ''], ...rows])].join('\n')
}

function shownDefault({ otherwise, isRequired }: OptionLine): string {
  return isRequired ? '(needed)' : (otherwise ?? '')
}
