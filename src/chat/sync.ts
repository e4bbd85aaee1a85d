import { refuseRoom } from '../domain/access.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Message } from '../protocol/message.ts'
import type { Input, Result, SyncRoom } from '../protocol/request.ts'
import { changedSince } from '../store/message.ts'
import { principalsByIds } from '../store/principal.ts'
import { toRoom } from '../store/room.ts'
import { listInvitations, type SyncedMessage, type SyncedRow, syncRooms } from '../store/sync.ts'
import { requirePerson } from './access.ts'
import type { Caller, Chat, Standing } from './chat.ts'
import { requireLive } from './live.ts'

const maxInvitations = 200
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
  const rows = await syncRooms(chat.db, caller.user.id, asked, { history, site: chat.site, withSeq: sameEpoch })
  // An empty answer of the statement says nothing of the person.
  const first = rows[0]
  const known = first && !first.account_disabled && first.enabled
  const enabled = known || (await requirePerson(chat, caller)).enabled
  const answer: Result<'session.sync'> = {
    epoch: chat.epoch,
    rooms: [],
    refused: [],
    // An administrator for whom the policy is off reads nothing.
    invitations: enabled ? await readInvitations(chat, caller) : [],
  }
  const refused = new Map<string, string>()
  for (const row of rows) {
    const refusal = refuseSync(row)
    if (refusal) {
      refused.set(row.wanted, refusal.code)
      continue
    }
    const room = row as SyncedRow & { id: string }
    const synced = await toSyncRoom(chat, room, sameEpoch)
    answer.rooms.push(answer.rooms.length < maxSyncedRooms ? synced : { ...synced, messages: [], gap: true })
    session.enter(room.id, standingOf(room))
  }
  // In the order of asking: that of the rows would tell which of them exist.
  answer.refused = asked.flatMap(({ room }) => (refused.has(room) ? [{ room, code: refused.get(room)! }] : []))
  return answer
}

function standingOf(row: SyncedRow): Standing {
  return {
    lastSeq: row.last_seq,
    revision: row.revision,
    stamp: { room: row.list_version, scope: row.scope_version, directory: row.directory, settings: row.settings },
    shown: { room: row.version, category: row.category_version },
  }
}

/** The statement's facts, judged by the same function as every other request. */
function refuseSync(row: SyncedRow): Refusal | null {
  if (row.id === null) return notFound('room')
  const person = { administrator: row.administrator, enabled: row.enabled, disabled: row.account_disabled }
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

const maxChanged = 100

async function toSyncRoom(chat: Chat, row: SyncedRow & { id: string }, sameEpoch: boolean): Promise<SyncRoom> {
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
    ...(known && !reset && row.revision > (row.since_revision ?? 0) ? { changed: await readChanged(chat, row) } : {}),
    // Versions of another store are no measure of this one's.
    ...(row.since_version === null || !sameEpoch || row.since_version < row.version
      ? { info: toRoom(row, chat.settings.domain, true) }
      : {}),
  }
}

async function readChanged(chat: Chat, row: SyncedRow & { id: string }): Promise<NonNullable<SyncRoom['changed']>> {
  const changed = await changedSince(chat.db, row.id, row.since_revision ?? 0, row.first_seq, maxChanged)
  return changed.length > maxChanged ? 'reload' : changed
}

function toMessage(row: SyncedMessage): Message {
  if (row.text === null) return { seq: row.seq, at: row.at, removed: true }
  return Object.fromEntries(
    Object.entries(row).filter(([, value]) => value !== null && value !== false),
  ) as unknown as Message
}

async function readInvitations(chat: Chat, caller: Caller): Promise<Result<'session.sync'>['invitations']> {
  const rows = await listInvitations(chat.db, caller.user.id, maxInvitations)
  if (rows.length === 0) return []
  const people = await principalsByIds(
    chat.db,
    rows.flatMap(row => row.by ?? []),
  )
  return rows.map(row => ({
    room: row.id,
    by: (row.by && people.get(row.by)) || null,
    at: row.at.toISOString(),
    info: toRoom(row, chat.settings.domain, true),
  }))
}
