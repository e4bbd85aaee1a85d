import type { PoolEntry } from '../protocol/pool-verbs.ts'
import type { Input, Result } from '../protocol/request.ts'
import type { Caller, Chat } from './chat.ts'
import type { PoolPlace } from './known-pools.ts'

/** All pools by display name, with this one marked; none where a server was told of no other. */
export function poolEntries(chat: Chat): PoolEntry[] {
  const all = chat.pools?.list() ?? []
  if (!all.some(one => one.name === chat.pool) || all.length < 2) return []
  const mayHandOver = (chat.pools?.keys.length ?? 0) > 0
  return all
    .map(({ name, displayName, url, default: isDefault }) => ({
      ...{ name, displayName, url },
      ...(name === chat.pool ? { own: true as const } : mayHandOver ? { handOver: true as const } : {}),
      ...(isDefault ? { default: true as const } : {}),
    }))
    .sort((a, b) => a.displayName.localeCompare(b.displayName, 'en') || (a.name < b.name ? -1 : 1))
}

/** The same as a part of an answer, which says nothing of pools where there is one. */
export function withPools(chat: Chat): { pools?: PoolEntry[] } {
  const pools = poolEntries(chat)
  return pools.length === 0 ? {} : { pools }
}

/** Another pool that this server was told of. */
export function otherPool(chat: Chat, name: string): PoolPlace | undefined {
  return name === chat.pool ? undefined : chat.pools?.list().find(one => one.name === name)
}

/** pool.list */
export async function listPools(chat: Chat, _caller: Caller, _input: Input<'pool.list'>): Promise<Result<'pool.list'>> {
  return { pools: poolEntries(chat) }
}
