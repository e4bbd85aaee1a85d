import Type, { type Static, type TSchema } from 'typebox'
import { RoomId, Seq } from './ids.ts'
import { PostedMessage } from './message.ts'
import { Principal } from './principal.ts'
import { BrokenGlass, Room } from './room.ts'

function event<Name extends string, Members extends Record<string, TSchema>>(name: Name, members: Members) {
  return Type.Object({ event: Type.Literal(name), ...members })
}

export const ClosedReason = Type.Union([Type.Literal('removed'), Type.Literal('disabled'), Type.Literal('deleted')])
export type ClosedReason = Static<typeof ClosedReason>

/** Everything that the server tells unasked. */
export const events = {
  'message.posted': event('message.posted', { room: RoomId, message: PostedMessage }),
  'message.removed': event('message.removed', {
    room: RoomId,
    seq: Seq,
    revision: Type.Integer(),
    text: Type.Optional(Type.String({ description: 'the replacement' })),
  }),
  'history.changed': event('history.changed', {
    room: RoomId,
    fromSeq: Seq,
    throughSeq: Seq,
    firstSeq: Seq,
    revision: Type.Integer(),
  }),
  'room.changed': event('room.changed', { room: Room }),
  'room.closed': event('room.closed', { room: RoomId, reason: ClosedReason }),
  'room.opened': event('room.opened', { room: Room }),
  'room.read': event('room.read', { room: RoomId, seq: Seq }),
  'room.followed': event('room.followed', { room: RoomId }),
  'room.unfollowed': event('room.unfollowed', { room: RoomId }),
  'participant.joined': event('participant.joined', {
    room: RoomId,
    principal: Principal,
    participants: Type.Integer(),
  }),
  'participant.left': event('participant.left', { room: RoomId, principal: Principal, participants: Type.Integer() }),
  'room.roster': event('room.roster', {
    room: RoomId,
    participants: Type.Integer(),
    suspended: Type.Boolean(),
    list: Type.Optional(
      Type.Array(Principal, { description: 'who is in the room now; also where several came at once' }),
    ),
  }),
  'room.glassBroken': event('room.glassBroken', { room: RoomId, ...BrokenGlass.properties }),
  'room.invited': event('room.invited', { room: RoomId, by: Type.Union([Principal, Type.Null()]) }),
} as const

export type EventName = keyof typeof events
export type EventOf<Name extends EventName> = Static<(typeof events)[Name]>
export type Event = { [Name in EventName]: EventOf<Name> }[EventName]
