import Type from 'typebox'
import { AddinRef } from './addin.ts'
import { CategoryId, Instant, PrincipalRef, RoomId, Seq } from './ids.ts'
import { Message } from './message.ts'
import { Principal } from './principal.ts'
import { BrokenGlass, InvitationSetting, Privacy, Rights, Room, RoomRole, RoomType } from './room.ts'
import {
  administrator,
  administratorOr,
  Flag,
  Limit,
  ListChange,
  Nullable,
  optional,
  Refs,
  Text,
  verb,
  websocket,
} from './verb.ts'

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
      glassBroken: optional(
        Type.Array(BrokenGlass, {
          description: 'for managers and administrators: who read the room without being a member, of the last 90 days',
        }),
      ),
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
  'room.list': verb(
    'All rooms with what they hold, for administrators',
    {
      filter: optional(Text({ description: 'the whole name; * stands for anything, ? for one character' })),
      searchDescription: optional(Flag({ description: 'the filter is held against the description too' })),
      category: optional(CategoryId),
      member: optional(PrincipalRef),
      manager: optional(PrincipalRef),
      addin: optional(AddinRef),
      disabled: optional(Flag()),
      privacy: optional(Privacy),
      type: optional(RoomType),
      invitations: optional(InvitationSetting),
      contentExceedsBytes: optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
      limit: optional(Limit),
      after: optional(Text()),
    },
    {
      rooms: Type.Array(
        Type.Object({
          room: Room,
          categoryName: Text(),
          contentBytes: Type.Integer({
            description: 'UTF-8 of titles and texts of kept messages, and the sizes of files',
          }),
          messages: Type.Integer({ description: 'kept, neither removed nor cleared' }),
          members: Type.Integer({ description: 'entries of the list' }),
          managers: Type.Integer(),
          presenters: Type.Integer(),
        }),
      ),
      next: optional(Text()),
      counting: optional(
        Flag({
          description: 'messages and contentBytes of some rooms are not yet counted to the end; ask again later',
        }),
      ),
    },
    administratorOr('helpDesk'),
  ),
  'room.previewMove': verb(
    'Which entries of a room a move into a category would purge; the first 100 of each list',
    { room: RoomId, category: CategoryId },
    {
      purged: Type.Object({
        members: Type.Array(Principal),
        managers: Type.Array(Principal),
        presenters: Type.Array(Principal),
      }),
      counts: Type.Object({ members: Type.Integer(), managers: Type.Integer(), presenters: Type.Integer() }),
    },
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
  'room.clear': verb(
    'Clear what was posted up to an instant, or only say how much that would be',
    { room: RoomId, until: Instant, dryRun: optional(Type.Literal(true, { description: 'changes nothing' })) },
    {
      firstSeq: Seq,
      messages: optional(Type.Integer({ description: 'with dryRun: that would go' })),
      denied: optional(
        Type.Integer({ description: 'with dryRun: whose deletion a compliance officer denied; the clear is refused' }),
      ),
    },
  ),
  'room.breakGlass': verb(
    'Read the history of a room without being a member, for a while and with a reason: it is recorded and its managers are told; 0 minutes end it',
    {
      room: RoomId,
      reason: optional(Text({ description: '10 to 500 characters; not needed to end it' })),
      minutes: optional(Type.Integer({ minimum: 0, maximum: 1440, description: 'without it 60' })),
    },
    { until: Instant },
    administrator,
  ),
  'room.delete': verb(
    'Delete a room and its messages',
    { room: RoomId, dryRun: optional(Type.Literal(true, { description: 'changes nothing' })) },
    {},
  ),
  'invitation.dismiss': verb('Take an invitation off the list', { room: RoomId }, {}),
  'participant.list': verb('Who is in the room now', { room: RoomId }, { participants: Type.Array(Principal) }),
} as const
