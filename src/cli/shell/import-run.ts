import type {
  ArchivedCategory,
  ArchivedList,
  ArchivedMessage,
  ArchivedPrincipal,
  ArchivedRoom,
} from '../../store/archive-read.ts'
import type { Db } from '../../store/db.ts'
import type { ArchiveReader, Manifest } from './archive.ts'
import type { Change } from './verb.ts'

export type PrincipalRecord = ArchivedPrincipal & { record: 'principal' }
export type ListRecord = ArchivedList & { record: 'list' }
export type CategoryRecord = ArchivedCategory & { record: 'category' }
export type RoomRecord = ArchivedRoom & { record: 'room'; categoryName: string }
export type MessageRecord = ArchivedMessage & { record: 'message' }

/** What came of an import, or would come of it. */
export type Imported = {
  principals: { added: number; changed: number; there: number; joined: number }
  categories: { created: number; overwritten: number }
  rooms: { created: number; overwritten: number }
  messages: { added: number; there: number }
  /** What was left out, each with its reason. */
  faults: { what: string; message: string }[]
  /** What is not as in the archive, and in. */
  remarks: { what: string; message: string }[]
  /** The first of what changes, for people. */
  changes: Change[]
  /** How many more there are. */
  moreChanges: number
}

/** What the steps of one import share. Ids of the archive lead to ids of this store; a principal that is only to be made leads to nobody. */
export type Importing = {
  db: Db
  archive: ArchiveReader
  dryRun: boolean
  principals: Map<string, string>
  /** Names of the archive's groups by its ids. */
  groups: Map<string, string>
  categories: Map<string, string>
  rooms: Map<string, { id: string; one: RoomRecord; isNew: boolean }>
  done: Imported
  tell(done: number, of: number, what: string): void
}

const mostChanges = 1_000

export function note(run: Importing, change: Change): void {
  if (run.done.changes.length < mostChanges) run.done.changes.push(change)
  else run.done.moreChanges += 1
}

export function fault(run: Importing, what: string, message: string): void {
  run.done.faults.push({ what, message })
}

export function remark(run: Importing, what: string, message: string): void {
  run.done.remarks.push({ what, message })
}

/** Ids of this store; of whom the archive does not tell are left out. */
export function mapped(run: Importing, ids: string[]): string[] {
  return ids.flatMap(id => run.principals.get(id) ?? [])
}

export function has(manifest: Manifest, entry: string): boolean {
  return manifest.entries.some(one => one.name === entry)
}
