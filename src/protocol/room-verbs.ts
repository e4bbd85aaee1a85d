import Type from 'typebox'
import { AddinRef } from './addin.ts'
import { CategoryId, Instant, RoomId, Seq } from './ids.ts'
import { Message } from './message.ts'
import { Principal } from './principal.ts'
import { InvitationSetting, Privacy, Rights, Room, RoomRole, RoomType } from './room.ts'
import { Flag, Limit, ListChange, Nullable, optional, Refs, Text, verb, websocket } from './verb.ts'

/** `null`: everyone in the category's scope. */
const MemberListChange = Type.Union([Type.Null(), ...ListChange.anyOf])
const MemberList = Type.Union([Type.Null(), Refs])

const EntryCounts = Type.Object({ members: Type.Integer(), managers: Type.Integer(), presenters: Type.Integer() })
/** In the order of the rooms. */
const FoundCounts = Type.Object({
  members: Type.Union([Type.Integer(), Type.Null()], { description: 'null: everyone in scope' }),
  managers: Type.Integer(),
  presenters: Type.Integer(),
})

const roomMembers = {
  description: optional(Text()),
  type: optional(RoomType),
  privacy: optional(Privacy),
  invitations: optional(InvitationSetting),
  addin: optional(Nullable(AddinRef)),
}

/** Rooms, their lists, who follows and who is there. */
export const roomVerbs = {
  'room.create': verb(
    'Create a room; its creator becomes a manager',
    {
      category: CategoryId,
      name: Text(),
      ...roomMembers,
      members: optional(MemberList),
      managers: optional(Refs),
      presenters: optional(Refs),
    },
    { room: Room },
  ),
  'room.update': verb(
    'Change, move, disable or re-enable a room',
    {
      room: RoomId,
      ifVersion: optional(Type.Integer()),
      category: optional(CategoryId),
      name: optional(Text()),
      ...roomMembers,
      members: optional(MemberListChange),
      managers: optional(ListChange),
      presenters: optional(ListChange),
      disabled: optional(Flag()),
    },
    { room: Room },
  ),
  'room.get': verb(
    'A room with the first 100 of each list and their counts, where the caller may see them; members null: everyone in scope',
    { room: RoomId },
    {
      room: Room,
      rights: Rights,
      followed: Flag(),
      counts: optional(EntryCounts),
      members: optional(Type.Union([Type.Array(Principal), Type.Null()])),
      managers: optional(Type.Array(Principal)),
      presenters: optional(Type.Array(Principal)),
    },
  ),
  'room.members': verb(
    'One list of a room, page by page',
    { room: RoomId, role: RoomRole, limit: optional(Limit), after: optional(Text()) },
    { principals: Type.Array(Principal), next: optional(Text()) },
  ),
  'room.checkName': verb(
    'Whether a name is free, for who may create a room in the category, or rename the room',
    { name: Text(), category: optional(CategoryId), room: optional(RoomId) },
    { name: Text({ description: 'as it would be kept' }) },
  ),
  'room.find': verb(
    'The room directory',
    {
      text: optional(Text()),
      searchDescription: optional(Flag()),
      category: optional(CategoryId),
      mine: optional(Type.Union([Type.Literal('member'), Type.Literal('manager')])),
      counts: optional(Flag()),
      limit: optional(Limit),
      after: optional(Text()),
    },
    { rooms: Type.Array(Room), counts: optional(Type.Array(FoundCounts)), next: optional(Text()) },
  ),
  'room.join': verb(
    'Hear a room: history, then live',
    { room: RoomId, history: optional(Type.Integer({ minimum: 0, maximum: 500 })) },
    {
      room: Room,
      rights: Rights,
      epoch: Text(),
      lastSeq: Seq,
      firstSeq: Seq,
      revision: Type.Integer(),
      readSeq: Seq,
      followed: Flag(),
      messages: Type.Array(Message),
      participants: optional(Type.Array(Principal)),
    },
    websocket,
  ),
  'room.part': verb('Stop hearing a room', { room: RoomId }, {}, websocket),
  'room.follow': verb('Keep a room in the own list, read up to now', { room: RoomId }, {}),
  'room.unfollow': verb('Take a room off the own list', { room: RoomId }, {}),
  'room.markRead': verb('Read up to this message', { room: RoomId, seq: Seq }, {}),
  'room.clear': verb('Clear what was posted up to an instant', { room: RoomId, until: Instant }, { firstSeq: Seq }),
  'room.delete': verb('Delete a room and its messages', { room: RoomId }, {}),
  'invitation.dismiss': verb('Take an invitation off the list', { room: RoomId }, {}),
  'participant.list': verb('Who is in the room now', { room: RoomId }, { participants: Type.Array(Principal) }),
} as const
