import { Refusal } from '../protocol/error.ts'
import type { PoolView } from '../protocol/pool-verbs.ts'
import type { Input, Result } from '../protocol/request.ts'
import { audit } from '../store/audit.ts'
import { transaction } from '../store/db.ts'
import {
  PoolFault,
  readPool,
  type SeenPool,
  setActiveServers,
  setPoolState,
  swapActiveServers,
} from '../store/server.ts'
import type { Caller, Chat } from './chat.ts'

/** pool.get: the servers of the pool, which of them take sessions, and what runs. */
export async function getPool(chat: Chat, _caller: Caller, _input: Input<'pool.get'>): Promise<Result<'pool.get'>> {
  return { pool: toView(await readPool(chat.db)) }
}

/** pool.update: who takes new sessions, and on which store the pool runs. Every server knows within a second or two. */
export async function updatePool(
  chat: Chat,
  caller: Caller,
  input: Input<'pool.update'>,
): Promise<Result<'pool.update'>> {
  const { activeServers, swap, state } = input
  if (activeServers !== undefined && swap)
    throw new Refusal('invalid_argument', 'Give activeServers or swap, not both.')
  try {
    await transaction(chat.db, async tx => {
      if (activeServers !== undefined) await setActiveServers(tx, activeServers)
      const swapped = swap ? { activeServers: await swapActiveServers(tx) } : {}
      if (state !== undefined) await setPoolState(tx, state)
      await audit(tx, caller.user.id, 'pool.update', 'pool', { ...input, ...swapped })
    })
  } catch (error) {
    throw error instanceof PoolFault ? new Refusal('invalid_argument', error.message) : error
  }
  return { pool: toView(await readPool(chat.db)) }
}

function toView({ state, servers }: SeenPool): PoolView {
  return {
    state,
    servers: servers.map(({ name, active, processes }) => {
      const alive = processes.filter(process => process.alive)
      return {
        name,
        active,
        alive: alive.length > 0,
        sessions: alive.reduce((sum, process) => sum + process.sessions, 0),
        processes: alive.map(({ id, url, program, sessions, draining, startedAt }) => ({
          id,
          url,
          program,
          sessions,
          draining,
          startedAt: startedAt.toISOString(),
        })),
      }
    }),
  }
}
