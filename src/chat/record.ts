import { type Running, repeatEvery } from '../base/lifecycle.ts'
import { Refusal } from '../protocol/error.ts'
import { roomUri } from '../protocol/ids.ts'
import type { Input } from '../protocol/request.ts'
import { attend } from '../store/attendance.ts'
import { readCompliance } from '../store/compliance.ts'
import { transaction } from '../store/db.ts'
import type { FileRow } from '../store/file.ts'
import { type NewEvent, noteEvents, type RecordedRoom, readBacklog } from '../store/outbox.ts'
import type { RoomRow } from '../store/room.ts'
import type { Caller, Chat } from './chat.ts'

/**
 * What compliance has to know of reading: each of these is on disk before the answer leaves, and where it cannot be written there
 * is no answer. Posts, settings, lists and sign-ins write theirs by themselves, in the store.
 */

/** From which to which message, and how many of them. */
export type Reading = { from: number; through: number; count: number }
export type VisitedRoom = { row: RoomRow; messages: { seq: number }[] }

/** Where the outbox is full: what cannot be recorded does not happen. */
export function unrecordable(chat: Pick<Chat, 'recording'>): Refusal | undefined {
  if (chat.recording === 'full')
    return new Refusal(
      'unavailable',
      'What happens cannot be recorded: the compliance service is too far behind. Ask an administrator.',
      { retryAfterMs: 10_000 },
    )
  return undefined
}

function requireRecordable(chat: Chat): void {
  const refusal = unrecordable(chat)
  if (refusal) throw refusal
}

/**
 * A connection that comes into rooms, with what it got of them: one row. Into a room that it is in already it does not come again,
 * so that each coming has one going; then what it read is recorded alone.
 */
export async function recordJoin(chat: Chat, caller: Caller, rooms: VisitedRoom[], how: string): Promise<void> {
  if (chat.recording === 'off' || rooms.length === 0) return
  requireRecordable(chat)
  const { session, address } = caller
  const attending = { live: caller.live!.id, member: chat.member, principal: caller.user.id, session }
  await transaction(chat.db, async tx => {
    const before = await attend(
      tx,
      attending,
      rooms.map(({ row }) => row.id),
    )
    const comes = rooms.filter(({ row }) => !before.has(row.id))
    const reads = rooms.filter(({ row, messages }) => before.has(row.id) && messages.length > 0)
    const visited = comes.map(({ row, messages }) => ({
      ...recordedRoom(chat, row),
      position: row.last_seq,
      ...(messages.length > 0 ? { read: readingOf(messages) } : {}),
    }))
    const coming = { kind: 'join', actor: caller.user.id, data: { session, address, how, rooms: visited } }
    await noteEvents(tx, [
      ...(visited.length > 0 ? [coming] : []),
      ...reads.map(({ row, messages }) => readEvent(caller, row, messages)),
    ])
  })
}

/** Who is in rooms and stands in no record of coming: he came before recording began, or was taken for gone while he was not. */
export async function recordStaying(chat: Chat, staying: { live: string; caller: Caller; rooms: string[] }[]) {
  if (chat.recording === 'off' || staying.length === 0) return
  await transaction(chat.db, async tx => {
    await noteEvents(
      tx,
      staying.map(({ caller, rooms }) => ({
        ...{ kind: 'join', actor: caller.user.id, rooms: rooms.map(id => ({ id })) },
        data: { session: caller.session, address: caller.address, how: 'still there' },
      })),
    )
    for (const { live, caller, rooms } of staying)
      await attend(tx, { live, member: chat.member, principal: caller.user.id, session: caller.session }, rooms)
  })
}

export async function recordRead(
  chat: Chat,
  caller: Caller,
  room: { id: string; last_seq: number },
  messages: { seq: number }[],
): Promise<void> {
  if (chat.recording === 'off') return
  requireRecordable(chat)
  await noteEvents(chat.db, [readEvent(caller, room, messages)])
}

function readEvent(
  { user, session }: Caller,
  room: { id: string; last_seq: number },
  messages: { seq: number }[],
): NewEvent {
  const data = { session, ...readingOf(messages) }
  return { kind: 'read', actor: user.id, room: room.id, position: room.last_seq, data }
}

/** A search with its words, and what it found in which rooms. */
export async function recordSearch(
  chat: Chat,
  caller: Caller,
  { rooms: within, ...asked }: Input<'message.search'>,
  found: { room: string; seq: number }[],
): Promise<void> {
  if (chat.recording === 'off') return
  requireRecordable(chat)
  const byRoom = Map.groupBy(found, one => one.room)
  const rooms = [...byRoom].map(([id, messages]) => ({ id, read: readingOf(messages), seqs: messages.map(m => m.seq) }))
  await noteEvents(chat.db, [
    {
      kind: 'search',
      actor: caller.user.id,
      rooms,
      data: { ...asked, ...(within ? { within } : {}), session: caller.session },
    },
  ])
}

export async function recordDownload(chat: Chat, user: string, { id, room, seq, name, size, type, sha256 }: FileRow) {
  chat.log.debug({ doing: 'downloaded', file: id, room, user }, 'file')
  if (chat.recording === 'off') return
  requireRecordable(chat)
  const position = seq ?? undefined
  await noteEvents(chat.db, [
    { kind: 'download', actor: user, room, position, data: { file: { id, name, size, type, sha256 } } },
  ])
}

function readingOf(messages: { seq: number }[]): Reading {
  const seqs = messages.map(message => message.seq)
  return { from: seqs.length > 0 ? Math.min(...seqs) : 0, through: Math.max(0, ...seqs), count: seqs.length }
}

function recordedRoom(chat: Chat, row: RoomRow): RecordedRoom {
  const { id, name, category_name: category, type, privacy, chat_history: logged } = row
  return { id, name, uri: roomUri(chat.settings.domain, id), category, type, privacy, logged }
}

const lookMs = 1_000
/** Counting a long outbox costs the store time: so many times that long it is left alone. */
const restFactor = 20

/** Looks how much waits in the outbox, and stops what is recorded when it is too much. */
export function watchBacklog(chat: Chat): Running {
  let restUntil = 0
  return repeatEvery(
    lookMs,
    async () => {
      if (chat.recording === 'off') return showBacklog(chat, { rows: 0, ageSeconds: 0, behind: false })
      if (performance.now() < restUntil) return
      const { recording, settings } = await readCompliance(chat.db)
      const beganAt = performance.now()
      const { rows, ageSeconds } = await readBacklog(chat.db, settings.maxRows + 1)
      const endedAt = performance.now()
      restUntil = endedAt + restFactor * (endedAt - beganAt) - lookMs
      const behind = rows > settings.maxRows / 2 || ageSeconds > settings.maxAgeSeconds / 2
      if (!recording) return showBacklog(chat, { rows, ageSeconds, behind: false })
      const isFull = rows > settings.maxRows || ageSeconds > settings.maxAgeSeconds
      if (isFull !== (chat.recording === 'full'))
        chat.log.warn(
          { rows, ageSeconds },
          isFull ? 'the outbox is full: nothing is posted or read' : 'the outbox takes events again',
        )
      chat.recording = isFull ? 'full' : 'on'
      showBacklog(chat, { rows, ageSeconds, behind })
    },
    error => chat.log.warn({ err: error }, 'the look at the outbox waits for the store'),
  )
}

function showBacklog(chat: Chat, { rows, ageSeconds, behind }: { rows: number; ageSeconds: number; behind: boolean }) {
  chat.recordingBehind = behind
  chat.metrics.compliance.backlog.set(rows)
  chat.metrics.compliance.age.set(ageSeconds)
  chat.metrics.compliance.full.set(chat.recording === 'full' ? 1 : 0)
}
