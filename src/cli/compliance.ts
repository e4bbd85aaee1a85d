import { isAbsolute, resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ArchiveOptions, PeriodOptions } from './compliance-archive.ts'
import type { DenyOptions, LiftOptions } from './compliance-denial.ts'
import type { PrepareOptions } from './compliance-prepare.ts'
import type { ChangeOptions } from './compliance-settings.ts'
import { type StoreOptions, withStore } from './store-verb.ts'

type FormatOptions = {
  type: string
  oneRoomPerFile?: boolean
  roomDetails?: boolean
  userDetails?: boolean
  attachmentsManifest?: boolean
  transformation?: string
  custom: Record<string, string>
}
type AdapterOptions = StoreOptions & FormatOptions & { outputDirectory: string; runInterval: number }
type ProduceOptions = PeriodOptions & FormatOptions

const builtIn = 'xml, csv, json-lines, actiance, mail'
const examples = `
Examples:
  $ pchat compliance enable --database-url postgres://pchat@db1/pchat
  $ pchat compliance adapter set books --type xml --output-directory /srv/books
  $ pchat compliance status --json
  $ pchat compliance verify --json
  $ pchat compliance export ./march --from 2026-03-01T00:00:00Z --until 2026-04-01T00:00:00Z

--database-url and --compliance-database-url can be PCHAT_DATABASE_URL and PCHAT_COMPLIANCE_DATABASE_URL.`

const example = (line: string) => `\nExample:\n  $ pchat compliance ${line}`

/** `pchat compliance`: by way of the stores, whichever servers run. What each does is loaded only when it is asked for. */
export function addCompliance(program: Command): void {
  const compliance = program
    .command('compliance')
    .description('what is recorded, the archive of it, and its proof')
    .addHelpText('after', examples)
  addSettings(compliance)
  addAdapters(compliance)
  addDenials(compliance)
  addArchive(compliance)
}

const settings = () => import('./compliance-settings.ts')
const archive = () => import('./compliance-archive.ts')

function addSettings(compliance: Command): void {
  withArchive(
    compliance.command('status').description('whether it is on, what waits, and how far archive and adapters are'),
  )
    .addHelpText('after', example('status --json'))
    .action(async (options: ArchiveOptions) => (await settings()).showStatus(options))
  withStore(compliance.command('enable').description('record what happens from now on; ends when every server does'))
    .addHelpText('after', example('enable --database-url postgres://pchat@db1/pchat'))
    .action(async (options: StoreOptions) => (await settings()).change(options, true))
  withStore(compliance.command('disable').description('record nothing from now on'))
    .addHelpText('after', example('disable'))
    .action(async (options: StoreOptions) => (await settings()).change(options, false))
  withStore(compliance.command('set').description('how much may wait for the archive before posting and reading stop'))
    .option('--max-rows <number>', 'events, 1000 to 100000000', readNumber(1_000, 100_000_000))
    .option('--max-age-seconds <number>', 'age of the oldest one, 60 to 2592000', readNumber(60, 2_592_000))
    .addHelpText('after', example('set --max-rows 2000000 --max-age-seconds 86400'))
    .action(async (options: ChangeOptions, command: Command) => {
      if (options.maxRows === undefined && options.maxAgeSeconds === undefined)
        command.error('error: Say what is to be set: --max-rows, --max-age-seconds, or both.')
      await (await settings()).change(options)
    })
}

function addAdapters(compliance: Command): void {
  const adapter = compliance.command('adapter').description('what the archive is written out as, and where to')
  withStore(adapter.command('list').description('adapters that are set'))
    .addHelpText('after', example('adapter list'))
    .action(async (options: StoreOptions) => (await settings()).listAdapters(options))
  withFormat(withStore(adapter.command('set').description('add an adapter, or set the one of that name anew')))
    .argument('<name>', 'its name', readName)
    .requiredOption('--output-directory <folder>', 'whole path of a folder of its own on the machines of the service')
    .option('--run-interval <seconds>', 'from one output to the next', readNumber(60, 2_592_000), 900)
    .addHelpText('after', example('adapter set books --type xml --output-directory /srv/books --run-interval 900'))
    .action(async (name: string, options: AdapterOptions) => {
      const { outputDirectory, runInterval: runIntervalSeconds } = options
      const adapter = { name, outputDirectory, runIntervalSeconds, ...formatOf(options) }
      await (await settings()).setAdapter(adapter, options)
    })
  withStore(adapter.command('remove').description('remove an adapter; what it wrote stays'))
    .argument('<name>', 'its name')
    .addHelpText('after', example('adapter remove books'))
    .action(async (name: string, options: StoreOptions) => (await settings()).removeAdapter(name, options))
}

function addDenials(compliance: Command): void {
  const denials = () => import('./compliance-denial.ts')
  const deny = compliance.command('deny-delete').description('what may not be deleted, by anybody or by itself')
  withStore(deny.command('add').description('deny that what fits all of this is deleted, until it is lifted'))
    .option('--person <name>', 'who wrote it')
    .option('--room <name>', 'name or id of a room')
    .option('--category <name>', 'name or id of a category')
    .option('--from <instant>', 'such as 2026-03-01T00:00:00Z')
    .option('--until <instant>', 'up to this one, without it')
    .requiredOption('--reason <text>', 'why, such as the name of the matter')
    .option('--what-if', 'only say what it would hold')
    .addHelpText(
      'after',
      example('deny-delete add --person ann@example.com --from 2026-03-01T00:00:00Z --reason "Matter 12"'),
    )
    .action(async (options: DenyOptions) => (await denials()).addDenial(options))
  withStore(deny.command('list').description('denials that hold'))
    .option('--lifted', 'those that were lifted instead')
    .addHelpText('after', example('deny-delete list'))
    .action(async (options: StoreOptions & { lifted?: boolean }) => (await denials()).showDenials(options))
  withStore(deny.command('lift').description('lift a denial: what it alone held may be deleted again'))
    .argument('<id>', 'of the denial, as list shows it')
    .requiredOption('--reason <text>', 'why')
    .option('--what-if', 'only say what it holds')
    .addHelpText(
      'after',
      example('deny-delete lift 0190d0a4-6e2c-4c58-9d2c-5b0f6a1f3c77 --reason "Matter 12 is closed"'),
    )
    .action(async (id: string, options: LiftOptions) => (await denials()).liftOne(id, options))
}

function addArchive(compliance: Command): void {
  withArchive(compliance.command('verify').description('prove that the archive is what was signed and anchored'))
    .option('--public-key <file>', 'public keys, PEM; default: of --compliance-key-file')
    .addHelpText(
      'after',
      `${example('verify --public-key archive-public.pem --json')}

Exit codes: 0 sound, 1 not sound (firstBad says where), 2 could not be checked.`,
    )
    .action(async (options: ArchiveOptions & { publicKey?: string }) => (await archive()).verify(options))
  withArchive(
    compliance.command('reconcile').description('compare rooms, archive and exports number by number; signed'),
  )
    .option('--folder <folder...>', 'output folders of JSON-lines adapters')
    .addHelpText(
      'after',
      `${example('reconcile --folder /srv/compliance/lines --json')}

Exit codes: 0 they agree, 1 they do not (findings say where), 2 could not be compared.`,
    )
    .action(async (options: ArchiveOptions & { folder?: string[] }) => (await archive()).reconcileArchive(options))
  withPeriod(compliance.command('export').description('entries, their signed heads and a verifier, into a folder'))
    .argument('<folder>', 'where to')
    .addHelpText('after', example('export ./march --from 2026-03-01T00:00:00Z --until 2026-04-01T00:00:00Z'))
    .action(async (folder: string, options: PeriodOptions) => (await archive()).exportArchive(folder, options))
  withFormat(
    withPeriod(compliance.command('produce').description('a past period as any adapter writes it, into a folder')),
  )
    .argument('<folder>', 'where to')
    .addHelpText('after', example('produce ./again --type csv --from 2026-03-01T00:00:00Z'))
    .action(async (folder: string, options: ProduceOptions) => {
      const made = { name: 'produced', outputDirectory: resolve(folder), ...formatOf(options) }
      await (await archive()).produce({ ...options, settings: made })
    })
  withArchive(compliance.command('public-key').description('the key that heads are checked with, PEM'))
    .addHelpText('after', example('public-key > archive-public.pem'))
    .action(async (options: ArchiveOptions) => (await archive()).showPublicKey(options))
  compliance
    .command('prepare')
    .description('make the database of the archive, or bring it up to date, with a role that can only append')
    .requiredOption('--admin-url <url>', 'of the PostgreSQL server, as somebody who may make databases and roles')
    .option('--database <name>', 'of the archive', readSqlName, 'pchat_archive')
    .option('--owner <role>', 'who owns it, and cannot sign in', readSqlName, 'pchat_archive_owner')
    .option('--service <role>', 'whom the service signs in as', readSqlName, 'pchat_archive_service')
    .option('--password-file <file>', "the service's password, one line; without it none is set")
    .addHelpText(
      'after',
      example(
        'prepare --admin-url "postgres://postgres@db9/postgres?sslmode=verify-full" --password-file archive.secret',
      ),
    )
    .action(async (options: PrepareOptions) => (await import('./compliance-prepare.ts')).prepareArchive(options))
}

function withArchive(command: Command): Command {
  const { env } = process
  return withStore(command)
    .option('--compliance-database-url <url>', 'the archive', env.PCHAT_COMPLIANCE_DATABASE_URL)
    .option('--compliance-key-file <file>', 'key that signs the archive', env.PCHAT_COMPLIANCE_KEY_FILE)
    .option('--compliance-anchors <file>', 'file of its anchors', env.PCHAT_COMPLIANCE_ANCHORS)
}

function withPeriod(command: Command): Command {
  return withArchive(command)
    .option('--from <instant>', 'such as 2026-03-01T00:00:00Z; default: from the beginning')
    .option('--until <instant>', 'up to this one, without it; default: to the end')
    .option('--file-store <place>', 'folder or bucket of the files', process.env.PCHAT_FILE_STORE)
    .option('--file-key-file <file>', 'keys that files are encrypted with', process.env.PCHAT_FILE_KEY_FILE)
}

function withFormat(command: Command): Command {
  return command
    .requiredOption('--type <type>', `${builtIn}, or the whole path of a module`, readType)
    .option('--one-room-per-file', 'a file for each room')
    .option('--room-details', 'more of each room')
    .option('--user-details', 'more of each person')
    .option('--attachments-manifest', 'a manifest of the files that were sent and taken')
    .option('--transformation <file>', 'whole path of an XSLT file that is applied to XML')
    .addOption(
      new Option('--custom <name=value>', 'for adapters of your own; may be repeated')
        .default({})
        .argParser(readCustom),
    )
}

function formatOf(options: FormatOptions) {
  const { type, oneRoomPerFile, roomDetails, userDetails, attachmentsManifest, transformation, custom } = options
  return {
    ...{ type, oneRoomPerFile: oneRoomPerFile === true, roomDetails: roomDetails === true, custom },
    ...{ userDetails: userDetails === true, attachmentsManifest: attachmentsManifest === true },
    ...(transformation === undefined ? {} : { transformation }),
  }
}

function readType(text: string): string {
  if (builtIn.split(', ').includes(text) || (isAbsolute(text) && /\.[cm]?[jt]s$/.test(text))) return text
  throw new InvalidArgumentError(`Give one of ${builtIn}, or the whole path of a module.`)
}

function readName(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text))
    throw new InvalidArgumentError('Give a name of letters, digits, points, - and _, such as books.')
  return text
}

function readSqlName(text: string): string {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(text))
    throw new InvalidArgumentError('Give a name of small letters, digits and _, such as pchat_archive.')
  return text
}

function readCustom(text: string, before: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined) throw new InvalidArgumentError('Give a name and a value, such as to=archive@example.com.')
  return { ...before, [name]: value! }
}

function readNumber(least: number, most: number) {
  return (text: string): number => {
    if (!/^\d{1,9}$/.test(text) || Number(text) < least || Number(text) > most)
      throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`)
    return Number(text)
  }
}
