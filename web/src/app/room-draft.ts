import type { Input } from '../../../src/protocol/request.ts'
import type { InvitationSetting, Privacy, Room, RoomType } from '../../../src/protocol/room.ts'

/** What a person fills in about a room, when it is made and when it is changed. */
export type RoomDraft = {
  category: string
  name: string
  description: string
  type: RoomType
  privacy: Privacy
  invitations: InvitationSetting
}

export function draftOf(room: Room): RoomDraft {
  const { category, name, description, type, privacy, invitations } = room
  return { category, name, description, type, privacy, invitations }
}

/** Only what was changed: what somebody else changed meanwhile stays, and a manager who moves nothing needs no right to. */
export function draftChanges(room: Room, draft: RoomDraft): Input<'room.update'> {
  const changes = Object.entries(draft).filter(([key, value]) => draftOf(room)[key as keyof RoomDraft] !== value)
  return { room: room.id, ifVersion: room.version, ...Object.fromEntries(changes) }
}
