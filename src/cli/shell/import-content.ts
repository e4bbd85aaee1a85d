import { operator } from '../../domain/operator.ts'
import { Refusal } from '../../protocol/error.ts'
import {
  appendArchived,
  beginArchived,
  endArchived,
  findOtherPlace,
  holdRecording,
  type RoomEnd,
  readRoomEnd,
} from '../../store/archive-write.ts'
import { audit } from '../../store/audit.ts'
import { type Connection, transaction } from '../../store/db.ts'
import { findRoom, lockRoom, raiseRoomAccess } from '../../store/room.ts'
import { countPastUsage } from '../../store/usage-count.ts'
import { fault, has, type Importing, type MessageRecord, note, type RoomRecord } from './import-run.ts'

type Target = { id: string; one: RoomRecord; isNew: boolean }
type Room = { target: Target; added: number; there: number; refused: boolean }

const slice = 250

/** What comes in is recorded nowhere. Whoever switches recording on waits for the transaction; what follows is refused. */
export async function refuseWhileRecording(tx: Connection): Promise<void> {
  if (await holdRecording(tx))
    throw new Refusal(
      'forbidden',
      'Recording is on, and imported messages cannot be recorded. Export with --level room-directory to move all but messages; or let a compliance officer switch recording off (pchat compliance disable), import this archive, and switch it on again.',
    )
}

/**
 * Messages keep their places, authors, instants, client ids and marks of removal. They are put behind the end of the room; what
 * stands at a place already must be the same message, else the content of that room is left out.
 */
export async function importContent(run: Importing): Promise<void> {
  if (!has(run.archive.manifest, 'content.jsonl')) return
  const total = run.archive.manifest.entries.find(entry => entry.name === 'content.jsonl')!.records
  const seen = new Map<string, Room>(
    [...run.rooms].map(([id, target]) => [id, { target, added: 0, there: 0, refused: false }]),
  )
  await refuseUntold(run, seen)
  // What is older than counting is counted once from the messages that are there: those of elsewhere come after it.
  if (!run.dryRun) await countPastUsage(run.db)
  let waiting: MessageRecord[] = []
  let read = 0
  const flush = async () => {
    const room = waiting[0] && seen.get(waiting[0].room)
    if (room && !room.refused) await takeSlice(run, room, waiting)
    waiting = []
    run.tell(read, total, 'messages')
  }
  let current: string | undefined
  for await (const one of run.archive.records<MessageRecord>('content.jsonl')) {
    if (waiting.length >= slice || (waiting[0] && waiting[0].room !== one.room)) await flush()
    if (current !== undefined && current !== one.room) await finish(run, seen, current)
    current = one.room
    waiting.push(one)
    read += 1
  }
  await flush()
  if (current !== undefined) await finish(run, seen, current)
  // Rooms without a message in the archive, such as cleared ones.
  for (const id of [...seen.keys()]) await finish(run, seen, id)
}

/** Before the first slice of a room is written: half of its content would be worse than none. */
async function refuseUntold(run: Importing, rooms: Map<string, Room>): Promise<void> {
  for await (const { room: id, author } of run.archive.records<MessageRecord>('content.jsonl')) {
    const room = rooms.get(id)
    if (room && !room.refused && !run.principals.has(author))
      refuse(
        run,
        room,
        'Who wrote some of its messages is not told, or is another here: its content is left out. Give the author the name and kind of the archive, and import again.',
      )
  }
}

function refuse(run: Importing, room: Room, message: string): void {
  room.refused = true
  fault(run, `room ${room.target.one.name}`, message)
}

async function finish(run: Importing, seen: Map<string, Room>, id: string): Promise<void> {
  const room = seen.get(id)
  seen.delete(id)
  if (!room) return
  await settle(run, room)
  run.done.messages.added += room.added
  run.done.messages.there += room.there
  if (room.added > 0)
    note(run, {
      what: `room ${room.target.one.name}`,
      change: 'messages',
      now: `${room.there} there`,
      after: `${room.added} added`,
    })
}

/** The room's end, under its lock where it is to be moved; undefined where its content cannot come in. */
async function takeEnd(tx: Connection, run: Importing, room: Room): Promise<RoomEnd | undefined> {
  const { id, one } = room.target
  await refuseWhileRecording(tx)
  const isThere = run.dryRun ? (await findRoom(tx, id)) !== undefined : await lockRoom(tx, id)
  if (!isThere) {
    if (!room.refused) refuse(run, room, 'The room was deleted meanwhile.')
    return undefined
  }
  const end = await readRoomEnd(tx, id)
  if (end.lastAt === null) return { ...end, firstSeq: one.firstSeq, lastSeq: one.firstSeq - 1 }
  // Without a start date what lies between is gone for good; with one it is only not in this archive.
  if (!room.refused && run.archive.manifest.startDate !== null && one.firstSeq > end.lastSeq + 1)
    refuse(
      run,
      room,
      `The archive begins at message ${one.firstSeq}, and the room ends at ${end.lastSeq} here: its content is left out. Export with an earlier --start-date, and import again.`,
    )
  return end
}

/** The room as it is to be from now on: its end, and open again where it was. An archive of content alone does not open or close it. */
async function settle(run: Importing, room: Room): Promise<void> {
  const { id, one, isNew } = room.target
  if (run.dryRun && isNew) return
  await transaction(run.db, async tx => {
    const end = await takeEnd(tx, run, room)
    if (run.dryRun || !end) return
    const disabled = run.archive.manifest.level === 'content' ? end.disabled : one.disabled
    if (room.refused) {
      if (end.disabled === disabled) return
      await raiseRoomAccess(tx, id, { disabled })
      await audit(tx, operator.id, 'data.import', id, { room: one.name, disabled })
      return
    }
    const isThere =
      end.lastSeq >= one.lastSeq &&
      (end.lastAt?.getTime() ?? 0) >= Date.parse(one.lastAt ?? '1970-01-01') &&
      end.revision >= one.revision
    if (isThere && end.disabled === disabled) return
    if (end.lastAt === null) await beginArchived(tx, id, one.firstSeq)
    await endArchived(tx, id, { ...one, disabled })
    await audit(tx, operator.id, 'data.import', id, { room: one.name, disabled, ...filled(end, one.lastSeq) })
  })
}

/** Places up to here that no post filled, those that the archive has no message for too: compliance believes this of the record. */
function filled({ lastAt, lastSeq }: RoomEnd, through: number): { from?: number; through?: number } {
  const from = lastAt === null ? 1 : lastSeq + 1
  return from > through ? {} : { from, through }
}

async function takeSlice(run: Importing, room: Room, messages: MessageRecord[]): Promise<void> {
  const { id, one, isNew } = room.target
  const local = messages.map(message => ({ ...message, author: run.principals.get(message.author)! }))
  if (run.dryRun && isNew) {
    room.added += local.length
    return
  }
  await transaction(run.db, async tx => {
    const end = await takeEnd(tx, run, room)
    if (!end || room.refused) return
    const there = local.filter(message => message.seq <= end.lastSeq)
    const fresh = local.filter(message => message.seq > end.lastSeq)
    const other = await findOtherPlace(tx, id, there)
    if (other)
      return refuse(
        run,
        room,
        other.isEmpty
          ? `At place ${other.seq} no message stands here, and the room is past it: its content is left out. Rename the room here, and import again.`
          : `At place ${other.seq} stands another message here: its content is left out. Rename the room here, and import again.`,
      )
    if (fresh[0] && end.lastAt && Date.parse(fresh[0].at) < end.lastAt.getTime())
      return refuse(
        run,
        room,
        'What follows in the archive is older than the newest message here: its content is left out.',
      )
    if (!run.dryRun && fresh.length > 0) {
      if (end.lastAt === null) await beginArchived(tx, id, one.firstSeq)
      await appendArchived(tx, id, fresh, one.revision)
      const places = filled(end, fresh.at(-1)!.seq)
      await audit(tx, operator.id, 'data.import', id, { room: one.name, messages: fresh.length, ...places })
    }
    room.there += there.length
    room.added += fresh.length
  })
}
