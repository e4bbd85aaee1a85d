import { operator } from '../../domain/operator.ts'
import { appendArchived, endArchived, otherPlaces, readRoomEnd } from '../../store/archive-write.ts'
import { audit } from '../../store/audit.ts'
import { transaction } from '../../store/db.ts'
import { lockRoom, raiseRoomAccess } from '../../store/room.ts'
import { fault, has, type Importing, type MessageRecord, note, type RoomRecord } from './import-run.ts'

type Target = { id: string; one: RoomRecord; isNew: boolean }
type Room = { target: Target; added: number; there: number; refused: boolean }

const slice = 250

/**
 * Messages keep their places, authors, instants, client ids and marks of removal. They are put behind the end of the room; what
 * stands at a place already must be the same message, else the content of that room is left out.
 */
export async function importContent(run: Importing): Promise<void> {
  if (!has(run.archive.manifest, 'content.jsonl')) {
    for (const target of run.rooms.values())
      if (!run.dryRun && target.isNew) await settle(run, { target, added: 0, there: 0, refused: false })
    return
  }
  const total = run.archive.manifest.entries.find(entry => entry.name === 'content.jsonl')!.records
  const seen = new Map<string, Room>(
    [...run.rooms].map(([id, target]) => [id, { target, added: 0, there: 0, refused: false }]),
  )
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

async function finish(run: Importing, seen: Map<string, Room>, id: string): Promise<void> {
  const room = seen.get(id)
  seen.delete(id)
  if (!room) return
  run.done.messages.added += room.added
  run.done.messages.there += room.there
  if (room.added > 0)
    note(run, {
      what: `room ${room.target.one.name}`,
      change: 'messages',
      now: `${room.there} there`,
      after: `${room.added} added`,
    })
  if (!run.dryRun) await settle(run, room)
}

/** The room as it is to be from now on: its end, its revision, and open again where it was. */
async function settle(run: Importing, { target, added, refused }: Room): Promise<void> {
  const { id, one } = target
  await transaction(run.db, async tx => {
    await lockRoom(tx, id)
    const end = await readRoomEnd(tx, id)
    if (refused) {
      if (end.disabled !== one.disabled) await raiseRoomAccess(tx, id, { disabled: one.disabled })
      return
    }
    const isThere = end.lastSeq >= one.lastSeq && (end.lastAt?.getTime() ?? 0) >= Date.parse(one.lastAt ?? '1970-01-01')
    if (added === 0 && isThere && end.disabled === one.disabled) return
    await endArchived(tx, id, one)
    await audit(tx, operator.id, 'data.import', id, { messages: added })
  })
}

async function takeSlice(run: Importing, room: Room, messages: MessageRecord[]): Promise<void> {
  const { id, one, isNew } = room.target
  const refuse = (message: string) => {
    room.refused = true
    fault(run, `room ${one.name}`, message)
  }
  const authors = messages.map(message => run.principals.get(message.author))
  if (authors.includes(undefined)) return refuse('The archive does not tell who wrote some of its messages.')
  const local = messages.map((message, at) => ({ ...message, author: authors[at]! }))
  if (run.dryRun && isNew) {
    room.added += local.length
    return
  }
  await transaction(run.db, async tx => {
    if (!(await lockRoom(tx, id))) return refuse('The room was deleted meanwhile.')
    const end = await readRoomEnd(tx, id)
    const there = local.filter(message => message.seq <= end.lastSeq)
    const fresh = local.filter(message => message.seq > end.lastSeq)
    // Who would only be made is no author of what is here.
    const others = await otherPlaces(tx, id, there)
    if (others.length > 0)
      return refuse(
        `At place ${others[0]} stands another message here: its content is left out. Rename the room here, and import again.`,
      )
    if (fresh[0] && end.lastAt && Date.parse(fresh[0].at) < end.lastAt.getTime())
      return refuse('What follows in the archive is older than the newest message here: its content is left out.')
    room.there += there.length
    room.added += fresh.length
    if (run.dryRun || fresh.length === 0) return
    await appendArchived(tx, id, fresh)
  })
}
