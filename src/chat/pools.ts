import type { PoolEntry } from '../protocol/pool-verbs.ts'
import type { Input, Result } from '../protocol/request.ts'
import type { Caller, Chat } from './chat.ts'

/** A pool of the organisation, as a server is told of it. */
export type PoolPlace = {
  /** What it is called on the bus and in options; each has a name of its own. */
  name: string
  /** What people tell it from others by. */
  displayName: string
  /** Where browsers and programs reach it, without a slash at its end. */
  url: string
  /** At this server's site it is the one that rooms are created and managed in. */
  default?: boolean | undefined
}

/** What a server knows of the pools beside its own. */
export type PoolsKnown = {
  /** All of them, this one among them. Looked at each time: it may change while the server runs. */
  list: () => PoolPlace[]
  /** Sign what is handed over: the newest one, and all of them are taken. None: nothing is handed over. */
  keys: Uint8Array[]
}

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
