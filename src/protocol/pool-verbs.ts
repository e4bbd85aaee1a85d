import Type, { type Static } from 'typebox'
import { Instant, Uuid } from './ids.ts'
import { administrator, administratorOr, Flag, optional, Text, verb } from './verb.ts'

export const PoolState = Type.Union([Type.Literal('normal'), Type.Literal('failed-over')])

export const PoolView = Type.Object({
  state: PoolState,
  servers: Type.Array(
    Type.Object({
      name: Text(),
      active: Flag({ description: 'takes new sessions' }),
      alive: Flag(),
      sessions: Type.Integer(),
      processes: Type.Array(
        Type.Object({
          id: Uuid,
          url: Text({ description: 'WebSocket address' }),
          program: Text({ description: 'version of the program' }),
          sessions: Type.Integer(),
          draining: Flag(),
          startedAt: Instant,
        }),
      ),
    }),
  ),
})
export type PoolView = Static<typeof PoolView>
export type PoolServer = PoolView['servers'][number]

/** Which servers serve. */
export const poolVerbs = {
  'pool.get': verb(
    'Servers of the pool and who of them is active',
    {},
    { pool: PoolView },
    administratorOr('helpDesk'),
  ),
  'pool.update': verb(
    'Set which servers take new sessions, or swap them with those on stand-by; set the state of the pool',
    {
      activeServers: optional(Type.Array(Text(), { maxItems: 8 })),
      swap: optional(Type.Literal(true)),
      state: optional(PoolState),
    },
    { pool: PoolView },
    administrator,
  ),
} as const
