import { hostname, userInfo } from 'node:os'
import { resolve } from 'node:path'
import { operator } from '../../domain/operator.ts'
import {
  type ArchivedRoom,
  inSnapshot,
  readArchivedCategories,
  readArchivedMessages,
  readArchivedRooms,
  readCategoryLists,
  readGroupMembers,
  readPrincipals,
  readRoomLists,
} from '../../store/archive-read.ts'
import { audit } from '../../store/audit.ts'
import { type Connection, type Db, transaction } from '../../store/db.ts'
import { readSettings } from '../../store/settings.ts'
import { programVersion } from '../program.ts'
import { type ArchiveWriter, type Manifest, openArchiveWriter } from './archive.ts'
import type { Level } from './data-level.ts'

export type ExportOptions = {
  file: string
  level: Level
  /** Categories by id and name; null: all. */
  scope: { id: string; name: string }[] | null
  since: string | undefined
  /** How many there are, for the record. */
  rooms: number
  onProgress(entry: string, records: number): void
}

/** A file that a message brings: its bytes are in the file store and not in the archive. */
type LeftFile = { room: string; seq: number; name: string; size: number }
export type Exported = {
  manifest: Manifest
  rooms: { id: string; name: string; disabled: boolean }[]
  files: LeftFile[]
  leftOut: number
}

/** What of an archive each level has; the content needs to know its authors and rooms. */
export const entriesOf: Record<Level, string[]> = {
  user: ['users.jsonl'],
  category: ['users.jsonl', 'categories.jsonl'],
  'room-directory': ['users.jsonl', 'categories.jsonl', 'rooms.jsonl'],
  content: ['users.jsonl', 'rooms.jsonl', 'content.jsonl'],
  all: ['users.jsonl', 'categories.jsonl', 'rooms.jsonl', 'content.jsonl'],
}

const mostToldFiles = 1_000

/** Recorded before the first byte: what cannot be recorded does not happen. */
export async function exportData(db: Db, options: ExportOptions): Promise<Exported> {
  const { settings } = await readSettings(db)
  await noteExport(db, options)
  const archive = openArchiveWriter(options.file)
  try {
    return await inSnapshot(db, tx => writeAll(tx, archive, options, settings.domain))
  } catch (error) {
    await archive.abandon()
    throw error
  }
}

/** Who has the store's password is known by his account on the machine. */
async function noteExport(db: Db, { file, level, scope, since, rooms }: ExportOptions): Promise<void> {
  const by = `${userInfo().username}@${hostname()}`
  const scoped = scope?.map(one => one.name) ?? null
  const detail = { by, level, scope: scoped, since: since ?? null, rooms, file: file === '-' ? file : resolve(file) }
  await transaction(db, tx => audit(tx, operator.id, 'data.export', 'archive', detail))
}

async function writeAll(
  tx: Connection,
  archive: ArchiveWriter,
  options: ExportOptions,
  domain: string,
): Promise<Exported> {
  const { level, scope, since } = options
  const categories = scope?.map(one => one.id) ?? null
  const rooms: ArchivedRoom[] = []
  const files: LeftFile[] = []
  const seen = { files: 0 }
  const sources: Record<string, () => AsyncIterable<object>> = {
    'users.jsonl': () => users(tx),
    'categories.jsonl': () => categoriesOf(tx, categories),
    'rooms.jsonl': () => roomsOf(tx, categories, since, rooms),
    'content.jsonl': () =>
      contentOf(tx, rooms, file => {
        seen.files += 1
        if (files.length < mostToldFiles) files.push(file)
      }),
  }
  for (const name of entriesOf[level])
    await archive.add(
      name,
      counted(sources[name]!(), count => options.onProgress(name, count)),
    )
  const manifest = await archive.end({
    program: programVersion,
    exportedAt: new Date().toISOString(),
    level,
    scope: scope?.map(one => one.name) ?? null,
    startDate: since ?? null,
    domain,
  })
  return {
    manifest,
    rooms: rooms.map(({ id, name, disabled }) => ({ id, name, disabled })),
    files,
    leftOut: seen.files,
  }
}

async function* counted(records: AsyncIterable<object>, tell: (count: number) => void) {
  let count = 0
  for await (const record of records) {
    count += 1
    if (count % 1_000 === 0) tell(count)
    yield record
  }
}

async function* users(tx: Connection): AsyncGenerator<object> {
  for await (const { place: _p, depth: _d, ...one } of readPrincipals(tx) as AsyncIterable<Record<string, unknown>>)
    yield { record: 'principal', ...one }
  for await (const list of readGroupMembers(tx)) yield { record: 'list', ...list }
}

async function* categoriesOf(tx: Connection, ids: string[] | null): AsyncGenerator<object> {
  for (const one of await readArchivedCategories(tx, ids)) {
    yield { record: 'category', ...one }
    for await (const list of readCategoryLists(tx, one.id)) yield { record: 'list', ...list }
  }
}

/** Rooms are few beside what is in them: those that were written are kept for their content. */
async function* roomsOf(
  tx: Connection,
  ids: string[] | null,
  since: string | undefined,
  rooms: ArchivedRoom[],
): AsyncGenerator<object> {
  const names = new Map((await readArchivedCategories(tx, ids)).map(one => [one.id, one.name]))
  for await (const one of readArchivedRooms(tx, ids, since)) {
    rooms.push(one)
    yield { record: 'room', ...one, categoryName: names.get(one.category) }
    for await (const list of readRoomLists(tx, one.id)) yield { record: 'list', ...list }
  }
}

async function* contentOf(
  tx: Connection,
  rooms: ArchivedRoom[],
  tell: (file: LeftFile) => void,
): AsyncGenerator<object> {
  for (const { id, name, firstSeq, lastSeq } of rooms) {
    if (lastSeq < firstSeq) continue
    for await (const message of readArchivedMessages(tx, id, firstSeq)) {
      const { file, seq } = message
      if (file) tell({ room: name, seq, name: file.name, size: file.size })
      yield { record: 'message', ...message }
    }
  }
}
