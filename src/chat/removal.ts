import { checkedInstant } from '../domain/instant.ts'
import { checkContent } from '../domain/message.ts'
import type { Stamp } from '../domain/stamp.ts'
import { eventFrame } from '../pool/frame.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { MessageFilter } from '../protocol/message-verbs.ts'
import type { Input, Result } from '../protocol/request.ts'
import { readStamp } from '../store/access.ts'
import { audit } from '../store/audit.ts'
import { type Connection, transaction } from '../store/db.ts'
import { holdDenials, lookBeforeLock } from '../store/denial.ts'
import { withdrawPassing, withdrawPassingUntil } from '../store/file-upkeep.ts'
import { firstSeqAfter, raiseRevision, replaceMessages } from '../store/message.ts'
import { resolvePrincipals } from '../store/principal.ts'
import { previewClear } from '../store/removal-preview.ts'
import { findRoom, lockRoom } from '../store/room.ts'
import { matchingSeqs } from '../store/search.ts'
import { notePurge } from '../store/upkeep.ts'
import { requireRoom } from './access.ts'
import type { Caller, Chat } from './chat.ts'
import { previewRemovalFor } from './removal-preview.ts'
import { checkSearchText } from './search.ts'

/** Beyond this many, one history.changed says it all (docs/protocol.md). */
const maxRemovedEvents = 20
const sliceSeqs = 1_000

export async function removeMessages(
  chat: Chat,
  caller: Caller,
  input: Input<'message.remove'>,
): Promise<Result<'message.remove'>> {
  const access = await requireRoom(chat, caller, input.room, 'administer')
  if ((input.seq === undefined) === (input.filter === undefined))
    throw new Refusal('invalid_argument', 'Give seq or filter, one of the two.')
  if (input.filter && !narrows(input.filter))
    throw new Refusal('invalid_argument', 'The filter is empty and would remove everything. Use room.clear for that.')
  checkSearchText(input.filter?.text)
  if (input.replaceWith !== undefined) checkContent({ text: input.replaceWith }, chat.settings)
  const authors =
    input.filter?.authors && (await resolvePrincipals(chat.db, input.filter.authors)).map(principal => principal.id)
  const filter = input.filter && {
    ...input.filter,
    authors,
    from: checkedInstant('from', input.filter.from),
    until: checkedInstant('until', input.filter.until),
  }
  if (input.dryRun) return previewRemovalFor(chat, caller, access, input, filter)
  let removed = 0
  let denied = 0
  // Slices, each a transaction: a room of millions is not locked while it is searched.
  for (let after = 0; ; ) {
    const slice = await transaction(chat.db, async tx => {
      if (!(await lockRoom(tx, input.room))) return undefined
      await holdDenials(tx)
      const seqs = filter ? await matchingSeqs(tx, input.room, filter, after, sliceSeqs) : [input.seq!]
      return removeSlice(tx, caller, input, seqs)
    })
    if (!slice) break
    removed += slice.seqs.length
    denied += slice.denied
    if (slice.seqs.length > 0) publishRemoved(chat, input, slice, removed > maxRemovedEvents)
    after = slice.last
    if (!filter || slice.asked < sliceSeqs) break
  }
  if (removed === 0 && denied > 0)
    throw new Refusal(
      'forbidden',
      'A compliance officer has denied the deletion of every message that is like this. Only compliance officers may lift that: ask one.',
    )
  return { removed, ...(denied === 0 ? {} : { denied }) }
}

/** Whether a filter says which messages: how to match words alone says nothing. */
function narrows({ authors, from, until, text }: MessageFilter): boolean {
  return authors !== undefined || from !== undefined || until !== undefined || (text ?? '').trim() !== ''
}

type Slice = {
  asked: number
  last: number
  /** Left as they are. */
  denied: number
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
  // Of one that was named it is said why it stays; of many the others go.
  const spares = input.filter !== undefined
  const kept = await replaceMessages(tx, input.room, inRoom, input.replaceWith ?? null, row.revision + 1, spares)
  // Of what was not kept only files are left.
  const passing = inRoom.length > kept.length ? await withdrawPassing(tx, input.room, inRoom) : []
  const replaced = [...kept, ...passing].sort((a, b) => a - b)
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
    denied: spares ? inRoom.length - replaced.length : 0,
    seqs: replaced,
    revision: row.revision + 1,
    firstSeq: row.first_seq,
    stamp,
  }
}

function publishRemoved(chat: Chat, input: Input<'message.remove'>, slice: Slice, isLarge: boolean) {
  const { revision, firstSeq, stamp } = slice
  if (!stamp) return
  const head = { kind: 'room', room: input.room, stamp, revision } as const
  if (isLarge) {
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
  if (input.dryRun) {
    // As that of a removal (chat/removal-preview): what is held shows in it.
    await audit(chat.db, caller.user.id, 'room.clear', input.room, { dryRun: true, until })
    const { denied, ...would } = await previewClear(chat.db, input.room, until)
    return { ...would, ...(denied === 0 ? {} : { denied }) }
  }
  await lookBeforeLock(chat.db, input.room, await firstSeqAfter(chat.db, input.room, until))
  const cleared = await transaction(chat.db, async tx => {
    if (!(await lockRoom(tx, input.room))) throw notFound('room')
    const row = (await findRoom(tx, input.room))!
    await holdDenials(tx)
    // What was never kept has no place that a clear could raise: its files are told apart.
    const files = await withdrawPassingUntil(tx, input.room, until)
    const firstSeq = await firstSeqAfter(tx, input.room, until)
    if (firstSeq <= row.first_seq) {
      if (files > 0) await audit(tx, caller.user.id, 'room.clear', input.room, { until, files })
      return { fromSeq: row.first_seq, firstSeq: row.first_seq, revision: row.revision, stamp: undefined }
    }
    const { revision } = await raiseRevision(tx, input.room, firstSeq)
    await notePurge(tx, input.room, firstSeq - 1)
    await audit(tx, caller.user.id, 'room.clear', input.room, { until, firstSeq })
    return { fromSeq: row.first_seq, firstSeq, revision, stamp: await readStamp(tx, input.room) }
  })
  if (cleared.stamp)
    chat.bus.publish(`room.${input.room}`, {
      head: { kind: 'room', room: input.room, stamp: cleared.stamp, revision: cleared.revision },
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
