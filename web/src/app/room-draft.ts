import type { Result } from '../../../src/protocol/request.ts'
import type { InvitationSetting, Privacy, Room, RoomType } from '../../../src/protocol/room.ts'

/** What a person fills in about a room, when it is made and when it is changed. `addin`: id of one, or empty. */
export type RoomDraft = {
  category: string
  name: string
  description: string
  type: RoomType
  privacy: Privacy
  invitations: InvitationSetting
  addin: string
}
export type Card = Result<'room.get'>

export const emptyDraft: RoomDraft = {
  category: '',
  name: '',
  description: '',
  type: 'normal',
  privacy: 'closed',
  invitations: 'inherit',
  addin: '',
}

export function draftOf(room: Room): RoomDraft {
  const { category, name, description, type, privacy, invitations } = room
  return { category, name, description, type, privacy, invitations, addin: room.addin?.id ?? '' }
}

/** Only what was changed: what somebody else changed meanwhile stays, and a manager who moves nothing needs no right to. */
export function draftChanges(room: Room, draft: RoomDraft): Partial<RoomDraft> & { addin?: string } {
  const before = draftOf(room)
  const changes = Object.entries(draft).filter(([key, value]) => before[key as keyof RoomDraft] !== value)
  return Object.fromEntries(changes)
}
