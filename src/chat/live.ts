import { type Action, roomRights } from '../domain/access.ts'
import { Refusal } from '../protocol/error.ts'
import type { Message } from '../protocol/message.ts'
import type { Me } from '../protocol/principal.ts'
import type { Input, Result } from '../protocol/request.ts'
import type { Limits } from '../protocol/session-verbs.ts'
import { MAX_FRAME_BYTES, PROTOCOL_VERSION } from '../protocol/version.ts'
import { transaction } from '../store/db.ts'
import { listMessages } from '../store/message.ts'
import { findRoom, toRoom } from '../store/room.ts'
import { readRoomUser } from '../store/room-user.ts'
import { requireRoom } from './access.ts'
import { addressesOf } from './apart.ts'
import type { Caller, Chat, Live, Standing } from './chat.ts'
import { withPools } from './pools.ts'
import { recordJoin } from './record.ts'

export function limitsOf(chat: Chat): Limits {
  const { settings } = chat
  return {
    textCodePoints: settings.maxTextCodePoints,
    storyBytes: settings.maxStoryBytes,
    historyOnJoin: settings.defaultChatHistory,
    frameBytes: MAX_FRAME_BYTES,
    participantUpdateLimit: settings.participantUpdateLimit,
    fileBytes: settings.maxFileBytes,
  }
}

export function opened(chat: Chat, me: Me): Result<'session.open'> {
  const { roomManagementUrl } = chat.settings
  return {
    ...{ me, version: PROTOCOL_VERSION, ...addressesOf(chat), epoch: chat.epoch, limits: limitsOf(chat) },
    ...(roomManagementUrl === '' ? {} : { roomManagementUrl }),
    ...withPools(chat),
  }
}

/** What binds to the connection; refused where there is none. */
export function requireLive(caller: Caller): Live {
  if (!caller.live) throw new Refusal('invalid_argument', 'This verb binds a live session. Send it over the WebSocket.')
  return caller.live
}

export async function joinRoom(chat: Chat, caller: Caller, input: Input<'room.join'>): Promise<Result<'room.join'>> {
  // Registered before anything is read: what is posted meanwhile is held and follows the answer.
  const pending = requireLive(caller).begin(input.room)
  try {
    await learnRoster(chat, caller, input.room, 'read')
    const { standing, result, row } = await readJoin(chat, caller, input)
    await recordJoin(chat, caller, [{ row, messages: result.messages }], 'room.join')
    // In one turn: whoever comes or goes after this list was made is told.
    const participants = participantsWith(chat, caller, input.room)
    pending.settle(standing)
    return { ...result, ...(participants ? { participants } : {}) }
  } catch (error) {
    pending.abandon()
    throw error
  }
}

function readJoin(chat: Chat, caller: Caller, input: Input<'room.join'>) {
  return transaction(
    chat.db,
    async tx => {
      const access = await requireRoom(chat, caller, input.room, 'read', tx)
      const row = (await findRoom(tx, input.room))!
      const user = await readRoomUser(tx, caller.user.id, input.room)
      const limit = input.history ?? chat.settings.defaultChatHistory
      const messages: Message[] =
        row.chat_history && limit > 0
          ? await listMessages(tx, row.id, { firstSeq: row.first_seq, lastSeq: row.last_seq, limit })
          : []
      const result: Result<'room.join'> = {
        room: toRoom(row, chat.settings.domain, true),
        rights: roomRights(access.person, access.scope, access.facts),
        epoch: chat.epoch,
        lastSeq: row.last_seq,
        firstSeq: row.first_seq,
        revision: row.revision,
        readSeq: user.readSeq,
        followed: user.followed,
        messages,
      }
      const standing: Standing = {
        lastSeq: row.last_seq,
        revision: row.revision,
        stamp: access.stamp,
        shown: { room: row.version, category: row.category_version },
      }
      return { standing, result, row }
    },
    'ISOLATION LEVEL REPEATABLE READ READ ONLY',
  )
}

/** The roster with the one who comes in, as the others were told of it; nothing in a large room. */
function participantsWith(chat: Chat, caller: Caller, room: string) {
  const { roster, settings } = chat
  // Asked first: listing a room of thousands at each join would cost their square while it fills.
  if (roster.isLarge(room)) return undefined
  const others = (roster.told?.(room) ?? roster.list(room)).filter(principal => principal.id !== caller.user.id)
  return others.length + 1 > settings.participantUpdateLimit ? undefined : [...others, caller.user]
}

/**
 * Asks the other servers who is in the room, where that is not known here. Only for who may know it; and decided again after
 * the waiting, so that nobody is told of what came after his right ended.
 */
async function learnRoster(chat: Chat, caller: Caller, room: string, action: Action): Promise<void> {
  if (chat.roster.isKnown?.(room) ?? true) return
  await requireRoom(chat, caller, room, action)
  await chat.roster.known?.(room)
}

/** How many are in each of the rooms, over all servers. */
export async function countParticipants(chat: Chat, rooms: string[]): Promise<Map<string, number>> {
  return (await chat.roster.counts?.(rooms)) ?? new Map(rooms.map(room => [room, chat.roster.count(room)]))
}

export async function partRoom(_chat: Chat, caller: Caller, input: Input<'room.part'>): Promise<Result<'room.part'>> {
  requireLive(caller).part(input.room)
  return {}
}

export async function listParticipants(
  chat: Chat,
  caller: Caller,
  input: Input<'participant.list'>,
): Promise<Result<'participant.list'>> {
  await learnRoster(chat, caller, input.room, 'seeLists')
  await requireRoom(chat, caller, input.room, 'seeLists')
  return { participants: chat.roster.list(input.room) }
}
