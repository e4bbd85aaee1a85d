import { type KeyObject, sign, verify } from 'node:crypto'
import { type Db, readThrough, transaction } from '../store/db.ts'
import {
  readLastSeqs,
  readStoredMessages,
  readStoredRooms,
  readWaitingPosts,
  type StoredMessage,
  type StoredRoom,
} from '../store/outbox.ts'
import { lastHead, readArchiveId } from './archive.ts'
import { compareExports, type ExportSummary } from './compare-export.ts'
import type { Finding } from './finding.ts'
import { mergeByPlace, type Placed } from './merge-by-place.ts'
import { readReasons } from './reasons.ts'
import { openRoomCheck, type RecordedPost } from './room-check.ts'

export type Reconciliation = {
  sound: boolean
  archive: string
  at: string
  /** The newest entry that was looked at. */
  through: number
  rooms: number
  /** Numbers of messages that were compared, posts in the archive among them, and posts that waited for it. */
  messages: number
  archived: number
  waiting: number
  /** Messages that an import brought while recording was off, as the store says: they are in no archive. */
  imported: number
  exports: ExportSummary
  /** The first ones; `found` says how many there were. */
  findings: Finding[]
  found: number
}
export type SignedReconciliation = { report: Reconciliation; signature: string }

const maxFindings = 100

export type ReconcileOptions = {
  store: Db
  archive: Db
  /** Folders of JSON-lines adapters. */
  folders?: readonly string[]
  now?: () => Date
}

/**
 * Compares the rooms of the store with the archive and the outbox, number by number. Both are read as they are at one instant each,
 * the store first: what has left its outbox by then is in the archive. Nothing is locked, and little is held in memory.
 */
export async function reconcile({ store, archive, folders = [], now = () => new Date() }: ReconcileOptions) {
  const findings: Finding[] = []
  let found = 0
  const find = (finding: Finding) => {
    found += 1
    if (findings.length < maxFindings) findings.push(finding)
  }
  const report = await reading(store, async inStore => {
    // The snapshot is that of the first statement.
    await inStore.query('SELECT 1')
    return reading(archive, async inArchive => {
      const reasons = await readReasons(inStore, inArchive)
      const rooms = readStoredRooms(inStore)
      const check = openRoomCheck(reasons, find)
      const counts = { rooms: 0, messages: 0, archived: 0, waiting: 0, imported: 0 }
      const beyond = new Map<string, number>()
      let nextRoom = await rooms.next()
      let room: string | undefined
      const open = (id: string, stored: StoredRoom | undefined) => {
        room = id
        counts.rooms += 1
        check.begin(id, stored)
      }
      /** Rooms up to this one, those without a single message too. */
      const advance = async (id: string | undefined) => {
        if (id !== undefined && id === room) return
        if (room !== undefined) check.end()
        for (; !nextRoom.done && (id === undefined || nextRoom.value.room < id); nextRoom = await rooms.next()) {
          open(nextRoom.value.room, nextRoom.value)
          check.end()
        }
        if (id === undefined) return
        const stored = !nextRoom.done && nextRoom.value.room === id ? nextRoom.value : undefined
        if (stored) nextRoom = await rooms.next()
        open(id, stored)
      }
      const places = mergeByPlace<StoredMessage, RecordedPost, RecordedPost>(
        readStoredMessages(inStore),
        readArchivedPosts(inArchive),
        waitingPosts(readWaitingPosts(inStore)),
      )
      for await (const { room: id, seq, a: stored, b: archived, c: waiting } of places) {
        await advance(id)
        counts.messages += 1
        counts.archived += archived.length
        counts.waiting += waiting.length
        const what = check.look(seq, stored[0], [...archived, ...waiting])
        if (what === 'beyond') beyond.set(id, Math.max(seq, beyond.get(id) ?? 0))
        if (what === 'imported') counts.imported += 1
      }
      await advance(undefined)
      await findLost(store, beyond, find)
      const exports = await compareExports(inArchive, folders, sentence => find({ what: 'export', ...sentence }))
      const through = (await lastHead(inArchive))?.head.last ?? 0
      return { archive: await readArchiveId(inArchive), through, ...counts, exports }
    })
  })
  return { sound: found === 0, at: now().toISOString(), ...report, findings, found } satisfies Reconciliation
}

function reading<T>(db: Db, work: Parameters<typeof transaction<T>>[1]): Promise<T> {
  return transaction(
    db,
    async tx => {
      await tx.query('SET LOCAL idle_in_transaction_session_timeout = 0')
      return work(tx)
    },
    'ISOLATION LEVEL REPEATABLE READ READ ONLY',
  )
}

type EntryRow = { event: string; at: Date; room: string; position: number; data: string }

async function* readArchivedPosts(tx: Parameters<typeof readStoredRooms>[0]): AsyncGenerator<RecordedPost> {
  const rows = readThrough<EntryRow>(
    tx,
    'archived_post',
    `SELECT event, at, room, position, (text::json)->>'data' AS data FROM entry
      WHERE kind = 'chat' AND room IS NOT NULL ORDER BY room, position`,
  )
  for await (const { event, at, room, position, data } of rows) yield recorded(event, at, room, position, data)
}

async function* waitingPosts(rows: ReturnType<typeof readWaitingPosts>): AsyncGenerator<RecordedPost> {
  for await (const { id, at, room, position, data } of rows) yield recorded(id, at, room!, position!, data)
}

function recorded(event: string, at: Date, room: string, seq: number, data: string): RecordedPost & Placed {
  return { event, at, room, seq, said: JSON.parse(data) as RecordedPost['said'] }
}

/** Posts that came while this was reading are in the archive already: what is behind the store's end now is lost there. */
async function findLost(store: Db, beyond: Map<string, number>, find: (finding: Finding) => void): Promise<void> {
  if (beyond.size === 0) return
  const ends = await readLastSeqs(store, [...beyond.keys()])
  for (const [room, seq] of beyond) {
    const end = ends.get(room)
    if (end !== undefined && end >= seq) continue
    find({
      ...{ what: 'lost', room, seq },
      sentence:
        end === undefined
          ? `The store does not know room ${room}, of which the archive has ${seq} messages, and no deletion is recorded.`
          : `Room ${room} ends at ${end} in the store and at ${seq} in the archive: the store is older.`,
    })
  }
}

/** The bytes that are signed. */
function reportText(report: Reconciliation): string {
  return `pchat reconciliation 1\n${JSON.stringify(report)}\n`
}

export function signReconciliation(report: Reconciliation, key: KeyObject): SignedReconciliation {
  return { report, signature: sign(null, Buffer.from(reportText(report)), key).toString('base64') }
}

/** Whether one of these keys has signed exactly this report. */
export function isReconciliationSigned(
  { report, signature }: SignedReconciliation,
  keys: readonly KeyObject[],
): boolean {
  const text = Buffer.from(reportText(report))
  return keys.some(key => verify(null, text, key, Buffer.from(signature, 'base64')))
}
