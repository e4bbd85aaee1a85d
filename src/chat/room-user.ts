import { eventFrame } from '../pool/frame.ts'
import type { Event } from '../protocol/event.ts'
import type { Input, Result } from '../protocol/request.ts'
import { dismissInvitation as dismissRow, follow, markRead as markReadRow, unfollow } from '../store/room-user.ts'
import { requirePerson, requireRoom } from './access.ts'
import type { Caller, Chat } from './chat.ts'

export async function followRoom(
  chat: Chat,
  caller: Caller,
  input: Input<'room.follow'>,
): Promise<Result<'room.follow'>> {
  await requireRoom(chat, caller, input.room, 'read')
  const seq = await follow(chat.db, caller.user.id, input.room)
  tellOthers(chat, caller, { event: 'room.followed', room: input.room })
  tellOthers(chat, caller, { event: 'room.read', room: input.room, seq })
  return {}
}

/** Answers the same for any room: whether there is one is not told. */
export async function unfollowRoom(
  chat: Chat,
  caller: Caller,
  input: Input<'room.unfollow'>,
): Promise<Result<'room.unfollow'>> {
  await requirePerson(chat, caller)
  if (await unfollow(chat.db, caller.user.id, input.room))
    tellOthers(chat, caller, { event: 'room.unfollowed', room: input.room })
  return {}
}

export async function markRead(
  chat: Chat,
  caller: Caller,
  input: Input<'room.markRead'>,
): Promise<Result<'room.markRead'>> {
  await requireRoom(chat, caller, input.room, 'read')
  const seq = await markReadRow(chat.db, caller.user.id, input.room, input.seq)
  tellOthers(chat, caller, { event: 'room.read', room: input.room, seq })
  return {}
}

export async function dismissInvitation(
  chat: Chat,
  caller: Caller,
  input: Input<'invitation.dismiss'>,
): Promise<Result<'invitation.dismiss'>> {
  await requireRoom(chat, caller, input.room, 'read')
  await dismissRow(chat.db, caller.user.id, input.room)
  return {}
}

/** To the user's other sessions: what he does on one device shows on all. */
function tellOthers(chat: Chat, caller: Caller, event: Event) {
  const except = caller.live?.id
  chat.bus.publish(`user.${caller.user.id}`, {
    head: { kind: 'user', user: caller.user.id, ...(except === undefined ? {} : { except }) },
    frame: eventFrame(event),
  })
}
