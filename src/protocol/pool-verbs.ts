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

/** One of the pools of the organisation. */
export const PoolEntry = Type.Object({
  name: Text({ description: 'what it is called in options and verbs' }),
  displayName: Text(),
  url: Text({ description: 'where browsers and programs reach it' }),
  own: optional(Type.Literal(true, { description: 'the one that answers' })),
  default: optional(Type.Literal(true, { description: 'rooms of this site are created and managed there' })),
  handOver: optional(Type.Literal(true, { description: 'session.handOver opens it' })),
})
export type PoolEntry = Static<typeof PoolEntry>

/** Which servers serve, and which pools there are. */
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
  'pool.list': verb(
    'Pools of the organisation, by display name; none where there is one only',
    {},
    { pools: Type.Array(PoolEntry) },
  ),
} as const
