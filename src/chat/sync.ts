import { type PersonFacts, refuseRoom } from '../domain/access.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Message } from '../protocol/message.ts'
import type { Input, Result } from '../protocol/request.ts'
import type { SyncRoom } from '../protocol/session-verbs.ts'
import { toRoom } from '../store/room.ts'
import {
  type InvitationRow,
  maxChanged,
  readSync,
  type Synced,
  type SyncedMessage,
  type SyncedRow,
} from '../store/sync.ts'
import { requireEnabled } from './access.ts'
import { admitted } from './admission.ts'
import type { Caller, Chat, Live, Standing } from './chat.ts'
import { requireLive } from './live.ts'
import { recordJoin, type VisitedRoom } from './record.ts'

/** Rooms that are synced in full, newest first. */
const maxSyncedRooms = 1_000

export async function syncSession(
  chat: Chat,
  caller: Caller,
  input: Input<'session.sync'>,
): Promise<Result<'session.sync'>> {
  const session = requireLive(caller)
  const asked = [...new Map((input.rooms ?? []).map(room => [room.room, room])).values()]
  if (input.epoch === undefined && asked.some(room => room.seq !== undefined))
    throw new Refusal(
      'invalid_argument',
      'rooms name a seq, so epoch must say of which store it is. Send the epoch that you had.',
    )
  const sameEpoch = input.epoch === undefined || input.epoch === chat.epoch
  const history = chat.settings.defaultChatHistory
  const read = await admitted(chat, session.id, () =>
    readSync(chat.db, caller.user.id, asked, { history, site: chat.site, withSeq: sameEpoch }),
  )
  const person = requireEnabled(read.person)
  const answer: Result<'session.sync'> = {
    epoch: chat.epoch,
    rooms: [],
    refused: [],
    // An administrator for whom the policy is off reads nothing.
    invitations: person.enabled ? read.invitations.map(row => toInvitation(chat, row)) : [],
  }
  const refused = new Map<string, string>()
  const visited: (VisitedRoom & { standing: Standing })[] = []
  for (const row of read.rooms) {
    const refusal = refuseSync(person, row)
    if (refusal) {
      refused.set(row.wanted, refusal.code)
      continue
    }
    const room = row as SyncedRow & { id: string }
    const synced = toSyncRoom(chat, room, sameEpoch)
    const told = answer.rooms.length < maxSyncedRooms ? synced : { ...synced, messages: [], gap: true }
    answer.rooms.push(told)
    visited.push({ row: room, messages: told.messages, standing: standingOf(read, room) })
  }
  await recordVisit(chat, caller, session, visited)
  for (const { row, standing } of visited) session.enter(row.id, standing)
  // In the order of asking: that of the rows would tell which of them exist.
  answer.refused = asked.flatMap(({ room }) => (refused.has(room) ? [{ room, code: refused.get(room)! }] : []))
  return answer
}

/** Who left a room just now and is back has not left: he is known as coming while that is written. */
async function recordVisit(chat: Chat, caller: Caller, session: Live, visited: VisitedRoom[]) {
  if (chat.recording === 'off') return
  const pending = visited.map(({ row }) => session.begin(row.id))
  try {
    await recordJoin(chat, caller, visited, 'session.sync')
  } catch (error) {
    for (const one of pending) one.abandon()
    throw error
  }
}

function standingOf({ directory, settings }: Synced, row: SyncedRow): Standing {
  return {
    lastSeq: row.last_seq,
    revision: row.revision,
    stamp: { room: row.list_version, scope: row.scope_version, directory, settings },
    shown: { room: row.version, category: row.category_version },
  }
}

/** The statement's facts, judged by the same function as every other request. */
function refuseSync(person: PersonFacts, row: SyncedRow): Refusal | null {
  if (row.id === null) return notFound('room')
  // The scope comes flattened: allowed by some ancestor and denied by none.
  return refuseRoom(
    'read',
    person,
    { allowed: row.in_scope, denied: false, creator: false },
    {
      privacy: row.privacy,
      type: row.type,
      disabled: row.disabled,
      allMembers: row.all_members,
      memberEntry: row.member_entry,
      managerEntry: row.manager_entry,
      presenterEntry: false,
    },
  )
}

function toSyncRoom(chat: Chat, row: SyncedRow & { id: string }, sameEpoch: boolean): SyncRoom {
  const known = row.seq !== null
  const reset = known && (!sameEpoch || row.seq! > row.last_seq)
  const after = Math.max(row.seq ?? 0, row.first_seq - 1)
  const messages = known && !reset ? (row.messages ?? []).map(toMessage) : []
  const oldest = messages[0]?.seq ?? row.last_seq + 1
  const gap =
    known && !reset && (row.chat_history ? oldest > after + 1 && row.last_seq > after : row.last_seq > row.seq!)
  return {
    room: row.id,
    lastSeq: row.last_seq,
    firstSeq: row.first_seq,
    revision: row.revision,
    readSeq: row.read_seq,
    followed: row.followed,
    unread: row.chat_history ? Math.max(0, row.last_seq - Math.max(row.read_seq, row.first_seq - 1)) : 0,
    messages,
    gap,
    ...(reset ? { reset: true } : {}),
    ...(row.changed === null ? {} : { changed: toChanged(row.changed) }),
    // Versions of another store are no measure of this one's.
    ...(row.since_version === null || !sameEpoch || row.since_version < row.version
      ? { info: toRoom(row, chat.settings.domain, true) }
      : {}),
  }
}

function toChanged(changed: NonNullable<SyncedRow['changed']>): NonNullable<SyncRoom['changed']> {
  if (changed.length > maxChanged) return 'reload'
  return changed.map(({ seq, text }) => (text === null ? { seq } : { seq, text }))
}

function toMessage(row: SyncedMessage): Message {
  if (row.text === null) return { seq: row.seq, at: row.at, removed: true }
  return Object.fromEntries(
    Object.entries(row).filter(([, value]) => value !== null && value !== false),
  ) as unknown as Message
}

function toInvitation(chat: Chat, row: InvitationRow): Result<'session.sync'>['invitations'][number] {
  return {
    room: row.id,
    by: row.by,
    at: new Date(row.at).toISOString(),
    info: toRoom(row, chat.settings.domain, true),
  }
}
