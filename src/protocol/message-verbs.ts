import Type, { type Static } from 'typebox'
import { ClientId, Instant, RoomId, Seq } from './ids.ts'
import { Message, MessageFormat, PostedMessage } from './message.ts'
import { Principal } from './principal.ts'
import { Flag, Limit, optional, Refs, Text, verb } from './verb.ts'

export const Match = Type.Union([Type.Literal('any'), Type.Literal('all'), Type.Literal('exact')])
export type Match = Static<typeof Match>

const MessageFilter = Type.Object(
  {
    authors: optional(Refs),
    from: optional(Instant),
    until: optional(Instant),
    text: optional(Text()),
    match: optional(Match),
    matchCase: optional(Flag()),
  },
  { additionalProperties: false },
)
export type MessageFilter = Static<typeof MessageFilter>

/** Posting, reading, searching and removing. */
export const messageVerbs = {
  'message.post': verb(
    'Post into a room',
    {
      room: RoomId,
      clientId: ClientId,
      text: Text(),
      format: optional(MessageFormat),
      alert: optional(Flag()),
      title: optional(Text()),
    },
    { seq: Seq, at: Text(), repeated: Flag() },
  ),
  'message.list': verb(
    'History by sequence',
    {
      room: RoomId,
      before: optional(Seq),
      after: optional(Seq),
      limit: optional(Limit),
    },
    { messages: Type.Array(Message), firstSeq: Seq, lastSeq: Seq, revision: Type.Integer() },
  ),
  'message.search': verb(
    'Search the rooms that the caller may read',
    {
      text: optional(Text()),
      match: optional(Match),
      matchCase: optional(Flag()),
      rooms: optional(Type.Array(RoomId, { maxItems: 1000 })),
      authors: optional(Refs),
      from: optional(Instant),
      until: optional(Instant),
      limit: optional(Limit),
      after: optional(Text()),
    },
    {
      matches: Type.Array(Type.Object({ room: RoomId, revision: Type.Integer(), message: PostedMessage })),
      next: optional(Text()),
    },
  ),
  'message.remove': verb(
    'Remove or replace messages, or only say which that would be; all words of the text count unless said otherwise',
    {
      room: RoomId,
      seq: optional(Seq),
      filter: optional(MessageFilter),
      replaceWith: optional(Text()),
      dryRun: optional(Type.Literal(true, { description: 'changes nothing' })),
    },
    {
      removed: Type.Integer({ description: 'with dryRun: that would be' }),
      denied: optional(Type.Integer({ description: 'that stay, since a compliance officer denied their deletion' })),
      sample: optional(
        Type.Array(
          Type.Object({
            seq: Seq,
            at: Text(),
            author: Principal,
            title: optional(Text()),
            text: optional(Text({ description: 'only where the caller may read the room' })),
          }),
          { description: 'with dryRun: the first 20' },
        ),
      ),
    },
  ),
} as const
