import { stat } from 'node:fs/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { operator } from '../domain/operator.ts'
import { adopt, attachStore, lookAtStore } from '../files/attach.ts'
import { checkFiles } from '../files/check.ts'
import { collect, findStrays } from '../files/collect.ts'
import { noKeys, readKeys } from '../files/keys.ts'
import type { Objects } from '../files/objects.ts'
import { rekeyFiles } from '../files/rekey.ts'
import { audit } from '../store/audit.ts'
import { type Db, transaction } from '../store/db.ts'
import { findFile, listStoredFiles, setScanned } from '../store/file.ts'
import { holdFile } from '../store/file-upkeep.ts'
import { readCollectable, readOtherwiseSealed } from '../store/file-what-if.ts'
import { readSettings } from '../store/settings.ts'
import { folderOf, openFileStore } from './file-options.ts'
import { onStore, printTable, type StoreOptions, withStore } from './store-verb.ts'

type FileOptions = StoreOptions & { fileStore?: string; fileKeyFile?: string; whatIf?: boolean; force?: boolean }
type ListOptions = StoreOptions & { room?: string; author?: string; state?: string; text?: string; limit: number }

const examples = `
Examples:
  $ pchat file list --room "Desk" --state flagged
  $ pchat file check --file-store /srv/pchat/files --database-url postgres://pchat@db1/pchat`

const whatIf = 'only say what would be done'
const states = ['uploading', 'scanning', 'ready', 'flagged', 'removed']
const maxLimit = 100_000
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** `pchat file`: by way of the store and the file store, whichever servers run. */
export function addFile(program: Command): void {
  const file = program
    .command('file')
    .description('files of rooms and where they are kept')
    .addHelpText('after', examples)
  withStore(file.command('list').description('files, newest first'))
    .option('--room <room>', 'name or id of a room')
    .option('--author <name>', 'who put it there')
    .addOption(new Option('--state <state>', 'how far it came').choices(states))
    .option('--text <text>', 'part of the name')
    .addOption(new Option('--limit <number>', 'at most so many').default(100).argParser(readLimit))
    .action((options: ListOptions) => onStore(options, db => list(db, options)))
  withFiles(file.command('check').description('read every object, and say what is missing, changed or unknown')).action(
    (options: FileOptions) => onFiles(options, objects => check(objects, options)),
  )
  withFiles(file.command('collect').description('remove what no message brings any more, and what no row knows'))
    .option('--what-if', whatIf)
    .action((options: FileOptions) => onFiles(options, objects => collectNow(objects, options)))
  withFiles(file.command('rekey').description('write anew, under the first key of the key file, what another sealed'))
    .option('--what-if', whatIf)
    .action((options: FileOptions) => onFiles(options, objects => rekey(objects, options)))
  withFiles(
    file.command('adopt').description('say that this folder or bucket is the file store of the pool from now on'),
  )
    .option('--what-if', whatIf)
    .option('--force', "also where the pool's files are not in it")
    .action((options: FileOptions) => onFiles(options, objects => adoptStore(objects, options), 'unattached'))
  for (const [verb, held] of [
    ['hold', true],
    ['release', false],
  ] as const)
    withStore(file.command(verb).description(held ? 'keep a file whatever becomes of its message' : 'end a hold'))
      .argument('<id>', 'id of the file')
      .action((id: string, options: StoreOptions) => onStore(options, db => hold(db, id, held)))
  withStore(
    file.command('set-scan').description('put another word in place of the scanner’s, for all files with these bytes'),
  )
    .argument('<id>', 'id of the file')
    .argument('<finding>', 'clean, or the name of what is in it', readFinding)
    .action((id: string, finding: string, options: StoreOptions) => onStore(options, db => setScan(db, id, finding)))
}

function withFiles(command: Command): Command {
  return withStore(command)
    .option(
      '--file-store <place>',
      'folder or bucket of the files; default: files in the data folder',
      process.env.PCHAT_FILE_STORE,
    )
    .option('--file-key-file <file>', 'keys that files are encrypted with', process.env.PCHAT_FILE_KEY_FILE)
}

function onFiles(
  options: FileOptions,
  work: (objects: Objects) => Promise<void>,
  attached: 'attached' | 'unattached' = 'attached',
): Promise<void> {
  return onStore(options, async db => {
    const keys = options.fileKeyFile === undefined ? noKeys : await readKeys(options.fileKeyFile)
    await requireFolder(options)
    const store = await openFileStore(options)
    try {
      if (attached === 'attached') await requireStore({ db, store }, options)
      await work({ db, store, keys })
    } finally {
      await store.close()
    }
  })
}

/** A server makes its folder; here a name that is nowhere was mistyped. */
async function requireFolder(options: FileOptions): Promise<void> {
  const folder = folderOf(options)
  if (folder === undefined || (await stat(folder).catch(() => undefined))?.isDirectory()) return
  throw new Error(`There is no folder ${folder}. Name that of the pool's files with --file-store.`)
}

/** Where nothing is to be done, also no store becomes the pool's by being asked for. */
async function requireStore(objects: Omit<Objects, 'keys'>, { whatIf }: FileOptions): Promise<void> {
  if (!whatIf) return attachStore(objects)
  const { place, known } = await lookAtStore(objects)
  if (!known) throw new Error(`${place} is not the file store of this pool. Name the right one with --file-store.`)
}

function readLimit(text: string): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) < 1 || Number(text) > maxLimit)
    throw new InvalidArgumentError(`Give a whole number from 1 to ${maxLimit}.`)
  return Number(text)
}

/** It is shown to people. */
function readFinding(text: string): string {
  if (text === '' || text.length > 200 || /[\p{Cc}\p{Cf}]/u.test(text))
    throw new InvalidArgumentError('Give clean, or a name of at most 200 characters such as Eicar-Test-Signature.')
  return text
}

async function list(db: Db, { json, ...filter }: ListOptions): Promise<void> {
  const files = await listStoredFiles(db, filter)
  if (json) return console.log(JSON.stringify(files, null, 2))
  printTable([
    ['ID', 'STATE', 'SIZE', 'AUTHOR', 'ROOM', 'CREATED', 'NAME'],
    ...files.map(one => [
      ...[one.id, one.held ? `${one.state}, held` : one.state, `${one.size}`, one.author, one.roomName ?? one.room],
      ...[one.createdAt.toISOString(), one.finding ? `${one.name} (${one.finding})` : one.name],
    ]),
  ])
}

async function check(objects: Objects, options: FileOptions): Promise<void> {
  const report = await checkFiles(objects, () => findStrays(objects), progress)
  say(options, report)
  if (report.missing.length + report.changed.length > 0) process.exitCode = 1
}

async function rekey(objects: Objects, options: FileOptions): Promise<void> {
  if (options.whatIf) return say(options, await readOtherwiseSealed(objects.db, objects.keys.sealing ?? ''))
  const report = await rekeyFiles(objects, progress)
  say(options, report)
  if (report.faults.length > 0) process.exitCode = 1
}

/** A mistyped folder is made and empty: to whoever reads a file it would be as if all were lost. */
async function adoptStore(objects: Objects, options: FileOptions): Promise<void> {
  const look = await lookAtStore(objects)
  if (options.whatIf) return say(options, look)
  if (look.found < look.looked && !options.force)
    throw new Error(
      `Of ${look.looked} objects of the pool that were looked for ${look.found} are in ${look.place}. Name the right place, or add --force.`,
    )
  await adopt(objects, true)
  say(options, { ...look, known: true })
}

async function collectNow(objects: Objects, options: FileOptions): Promise<void> {
  const { settings } = await readSettings(objects.db)
  const strays = await findStrays(objects, !options.whatIf)
  if (options.whatIf) {
    const { denied, ...would } = await readCollectable(objects.db, settings.fileGraceDays)
    return say(options, { ...would, strays, ...(denied === 0 ? {} : { denied }) })
  }
  say(options, { ...(await collect(objects, settings.fileGraceDays)), strays })
}

/** Whoever has the store's password is the operator, and the record calls him so. */
async function hold(db: Db, id: string, held: boolean): Promise<void> {
  await transaction(db, async tx => {
    if (!uuid.test(id) || !(await holdFile(tx, id, held)))
      throw new Error(`There is no file ${id}. See pchat file list.`)
    await audit(tx, operator.id, held ? 'file.hold' : 'file.release', id)
  })
}

async function setScan(db: Db, id: string, finding: string): Promise<void> {
  await transaction(db, async tx => {
    const file = uuid.test(id) ? await findFile(tx, id) : undefined
    if (!file?.body || file.sha256 === null) throw new Error(`There is no finished file ${id}. See pchat file list.`)
    await setScanned(tx, file.body, finding === 'clean' ? '' : finding)
    await audit(tx, operator.id, 'file.setScan', id, { finding, before: file.finding })
  })
}

function say({ json }: StoreOptions, report: object): void {
  const lines = Object.entries(report).map(
    ([name, value]) => `${name}: ${Array.isArray(value) ? [value.length, ...value].join('\n  ') : value}`,
  )
  console.log(json ? JSON.stringify(report, null, 2) : lines.join('\n'))
}

function progress(pieces: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${pieces} pieces`)
}
