import { checkContent } from '../domain/message.ts'
import type { Stamp } from '../domain/stamp.ts'
import { eventFrame } from '../pool/frame.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { readStamp } from '../store/access.ts'
import { audit } from '../store/audit.ts'
import { type Connection, transaction } from '../store/db.ts'
import {
  firstSeqAfter,
  listMessages as listMessageRows,
  raiseRevision,
  replaceMessages,
  toMessage,
} from '../store/message.ts'
import { resolvePrincipals } from '../store/principal.ts'
import { findRoom, lockRoom } from '../store/room.ts'
import { matchingSeqs, type SearchCursor, searchMessages as searchRows } from '../store/search.ts'
import { notePurge } from '../store/upkeep.ts'
import { requirePerson, requireRoom } from './access.ts'
import type { Caller, Chat } from './chat.ts'

/** Enqueues before it returns, so that posts of one session are taken in the order of sending. */
export function postMessage(chat: Chat, caller: Caller, input: Input<'message.post'>): Promise<Result<'message.post'>> {
  checkContent(input, chat.settings)
  return chat.posts.post({
    author: caller.user,
    room: input.room.toLowerCase(),
    clientId: input.clientId.toLowerCase(),
    text: input.text,
    format: input.format ?? 'plain',
    alert: input.alert ?? false,
    title: input.title,
    file: undefined,
  })
}

const defaultPage = 50

export async function listMessages(
  chat: Chat,
  caller: Caller,
  input: Input<'message.list'>,
): Promise<Result<'message.list'>> {
  if (input.before !== undefined && input.after !== undefined)
    throw new Refusal('invalid_argument', 'Give before or after, not both.')
  // One snapshot: a page never holds what came after the reader's right ended.
  return transaction(
    chat.db,
    async tx => {
      await requireRoom(chat, caller, input.room, 'read', tx)
      const room = (await findRoom(tx, input.room))!
      if (!room.chat_history)
        throw new Refusal('history_off', 'This category keeps no history. Only new messages are delivered.')
      const messages = await listMessageRows(tx, room.id, {
        firstSeq: room.first_seq,
        lastSeq: room.last_seq,
        before: input.before,
        after: input.after,
        limit: input.limit ?? defaultPage,
      })
      return { messages, firstSeq: room.first_seq, lastSeq: room.last_seq, revision: room.revision }
    },
    'ISOLATION LEVEL REPEATABLE READ READ ONLY',
  )
}

export async function searchMessages(
  chat: Chat,
  caller: Caller,
  input: Input<'message.search'>,
): Promise<Result<'message.search'>> {
  const person = await requirePerson(chat, caller)
  if (!person.enabled) return { matches: [] }
  const limit = input.limit ?? 50
  const authors = input.authors && (await resolvePrincipals(chat.db, input.authors)).map(principal => principal.id)
  const found = await searchRows(
    chat.db,
    caller.user.id,
    { ...input, from: checkedInstant('from', input.from), until: checkedInstant('until', input.until), authors },
    { rooms: input.rooms, limit: limit + 1, after: input.after === undefined ? undefined : readCursor(input.after) },
  )
  const page = found.slice(0, limit)
  const last = page.at(-1)
  return {
    matches: page.flatMap(row => {
      const message = toMessage(row)
      return 'removed' in message ? [] : [{ room: row.room, revision: row.room_revision, message }]
    }),
    ...(found.length > limit && last
      ? { next: writeCursor({ at: last.at.toISOString(), room: last.room, seq: last.seq }) }
      : {}),
  }
}

function writeCursor(cursor: SearchCursor): string {
  return Buffer.from(JSON.stringify([cursor.at, cursor.room, cursor.seq])).toString('base64url')
}

function readCursor(after: string): SearchCursor {
  try {
    const [at, room, seq] = JSON.parse(Buffer.from(after, 'base64url').toString()) as unknown[]
    if (
      typeof at === 'string' &&
      !Number.isNaN(Date.parse(at)) &&
      typeof room === 'string' &&
      /^[0-9a-f-]{36}$/.test(room) &&
      Number.isSafeInteger(seq)
    )
      return { at, room, seq: seq as number }
  } catch {}
  throw new Refusal('invalid_argument', 'after is not what an earlier answer gave as next. Begin again without it.')
}

/** The pattern lets 2026-02-31 through; the store would not take it. */
function checkedInstant<T extends string | undefined>(name: string, instant: T): T {
  if (instant !== undefined && Number.isNaN(Date.parse(instant)))
    throw new Refusal('invalid_argument', `${name} is no instant. Write it like 2026-11-24T09:30:00Z.`)
  return instant
}

/** Beyond this many, one history.changed says it all (PROTOCOL). */
const maxRemovedEvents = 20
const sliceSeqs = 1_000

export async function removeMessages(
  chat: Chat,
  caller: Caller,
  input: Input<'message.remove'>,
): Promise<Result<'message.remove'>> {
  await requireRoom(chat, caller, input.room, 'administer')
  if ((input.seq === undefined) === (input.filter === undefined))
    throw new Refusal('invalid_argument', 'Give seq or filter, one of the two.')
  if (input.filter && !Object.values(input.filter).some(value => value !== undefined && value !== ''))
    throw new Refusal('invalid_argument', 'The filter is empty and would remove everything. Use room.clear for that.')
  if (input.replaceWith !== undefined) checkContent({ text: input.replaceWith }, chat.settings)
  const authors =
    input.filter?.authors && (await resolvePrincipals(chat.db, input.filter.authors)).map(principal => principal.id)
  const filter = input.filter && {
    ...input.filter,
    authors,
    from: checkedInstant('from', input.filter.from),
    until: checkedInstant('until', input.filter.until),
  }
  let removed = 0
  // Slices, each a transaction: a room of millions is not locked while it is searched.
  for (let after = 0; ; ) {
    const slice = await transaction(chat.db, async tx => {
      if (!(await lockRoom(tx, input.room))) return undefined
      const seqs = filter ? await matchingSeqs(tx, input.room, filter, after, sliceSeqs) : [input.seq!]
      return removeSlice(tx, caller, input, seqs)
    })
    if (!slice) break
    removed += slice.seqs.length
    if (slice.seqs.length > 0) publishRemoved(chat, input, slice)
    after = slice.last
    if (!filter || slice.asked < sliceSeqs) break
  }
  return { removed }
}

type Slice = {
  asked: number
  last: number
  seqs: number[]
  revision: number
  firstSeq: number
  stamp: Stamp | undefined
}

async function removeSlice(
  tx: Connection,
  caller: Caller,
  input: Input<'message.remove'>,
  seqs: number[],
): Promise<Slice> {
  const row = (await findRoom(tx, input.room))!
  const inRoom = seqs.filter(seq => seq >= row.first_seq)
  const replaced = await replaceMessages(tx, input.room, inRoom, input.replaceWith ?? null, row.revision + 1)
  if (replaced.length > 0) {
    await raiseRevision(tx, input.room)
    await audit(
      tx,
      caller.user.id,
      input.replaceWith === undefined ? 'message.remove' : 'message.replace',
      input.room,
      {
        seqs:
          replaced.length <= 100 ? replaced : { count: replaced.length, from: replaced[0], through: replaced.at(-1) },
        ...(input.filter ? { filter: input.filter } : {}),
      },
    )
  }
  const stamp = await readStamp(tx, input.room)
  return {
    asked: seqs.length,
    last: seqs.at(-1) ?? 0,
    seqs: replaced,
    revision: row.revision + 1,
    firstSeq: row.first_seq,
    stamp,
  }
}

function publishRemoved(chat: Chat, input: Input<'message.remove'>, slice: Slice) {
  const { revision, firstSeq, stamp } = slice
  if (!stamp) return
  const head = { kind: 'room', room: input.room, stamp, topic: 'all', revision } as const
  if (slice.seqs.length > maxRemovedEvents) {
    const frame = eventFrame({
      event: 'history.changed',
      room: input.room,
      fromSeq: slice.seqs[0]!,
      throughSeq: slice.seqs.at(-1)!,
      firstSeq,
      revision,
    })
    chat.bus.publish(`room.${input.room}`, { head, frame })
    return
  }
  const text = input.replaceWith === undefined ? {} : { text: input.replaceWith }
  for (const seq of slice.seqs)
    chat.bus.publish(`room.${input.room}`, {
      head,
      frame: eventFrame({ event: 'message.removed', room: input.room, seq, revision, ...text }),
    })
}

/** Instant at any size: one row moves; the messages below go later, in slices. */
export async function clearRoom(chat: Chat, caller: Caller, input: Input<'room.clear'>): Promise<Result<'room.clear'>> {
  await requireRoom(chat, caller, input.room, 'administer')
  const until = checkedInstant('until', input.until)
  const cleared = await transaction(chat.db, async tx => {
    if (!(await lockRoom(tx, input.room))) throw notFound('room')
    const row = (await findRoom(tx, input.room))!
    const firstSeq = await firstSeqAfter(tx, input.room, until)
    if (firstSeq <= row.first_seq)
      return { fromSeq: row.first_seq, firstSeq: row.first_seq, revision: row.revision, stamp: undefined }
    const { revision } = await raiseRevision(tx, input.room, firstSeq)
    await notePurge(tx, input.room, firstSeq - 1)
    await audit(tx, caller.user.id, 'room.clear', input.room, { until, firstSeq })
    return { fromSeq: row.first_seq, firstSeq, revision, stamp: await readStamp(tx, input.room) }
  })
  if (cleared.stamp)
    chat.bus.publish(`room.${input.room}`, {
      head: { kind: 'room', room: input.room, stamp: cleared.stamp, topic: 'all', revision: cleared.revision },
      frame: eventFrame({
        event: 'history.changed',
        room: input.room,
        fromSeq: cleared.fromSeq,
        throughSeq: cleared.firstSeq - 1,
        firstSeq: cleared.firstSeq,
        revision: cleared.revision,
      }),
    })
  return { firstSeq: cleared.firstSeq }
}
