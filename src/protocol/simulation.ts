import Type, { type Static } from 'typebox'
import { RoomId, Uuid } from './ids.ts'
import { Principal } from './principal.ts'
import { RoomRole } from './room.ts'

const Sample = Type.Array(Principal, { description: 'the first by name' })

const Rooms = {
  rooms: Type.Array(
    Type.Object({
      room: Type.Object({ id: RoomId, name: Type.String() }),
      entries: Type.Integer(),
      sample: Type.Array(Type.Object({ role: RoomRole, principal: Principal })),
    }),
    { description: 'those with the most entries first, 100 at most' },
  ),
  roomCount: Type.Integer(),
  entryCount: Type.Integer(),
}

/**
 * What a change of a scope would do. People are users whose accounts are not switched off; the access policy is not looked at.
 *
 * An entry of a room stands for its user, or for the users in its group, unit or domain. It has effect while one of them is in
 * scope. Left out: members of rooms in which everyone in scope is a member, and presenters of rooms that are no auditorium.
 */
export const ScopeChange = Type.Object({
  version: Type.Integer({ description: 'of the category that was compared with; for ifVersion' }),
  gains: Type.Object({
    users: Type.Integer({ description: 'in scope after the change and not before' }),
    sample: Sample,
  }),
  loses: Type.Object({
    users: Type.Integer({ description: 'in scope before the change and not after' }),
    sample: Sample,
  }),
  stays: Type.Integer({ description: 'users in scope before and after' }),
  ...Rooms,
  partly: Type.Object(
    { entryCount: Type.Integer() },
    { description: 'entries that keep their effect, for fewer people than before' },
  ),
  regained: Type.Object(Rooms, { description: 'entries without effect that would have some again' }),
})
export type ScopeChange = Static<typeof ScopeChange>

export const Simulation = Type.Object({
  id: Uuid,
  state: Type.Union([Type.Literal('running'), Type.Literal('done'), Type.Literal('failed')]),
  progress: Type.Number({ minimum: 0, maximum: 1 }),
  result: Type.Optional(ScopeChange),
  reason: Type.Optional(Type.String({ description: 'why it failed, and what to do' })),
})
export type Simulation = Static<typeof Simulation>
