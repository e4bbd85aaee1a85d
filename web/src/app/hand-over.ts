import { useSyncExternalStore } from 'react'
import { type HandOverSecret, makeHandOverSecret } from '../../../src/client/pool.ts'
import type { PoolEntry } from '../../../src/protocol/pool-verbs.ts'
import type { Me } from '../../../src/protocol/principal.ts'
import { useChat } from './chat.ts'
import { http, type SignedIn } from './http.ts'
import { keep, readKept } from './kept.ts'
import { parseRoute, type Route, routeHash } from './route.ts'
import { askStep } from './session.ts'
import { createStore } from './store.ts'

/**
 * One pool opened by the sign-in at another. The window there links to /arrive here. This page makes a secret and keeps it, goes to
 * /hand-over there with its hash, and comes back with a ticket that counts with the secret only. Tickets stand behind #, which no server
 * and no log sees.
 */

/** Who comes, from which pool, and where to. */
export type Arrival = { from: string; as: string; next: string }

/** What the address asks for. */
type Asked =
  | ({ step: 'arrive' } & Arrival)
  | { step: 'give'; pool: string; challenge: string }
  | { step: 'finish'; ticket: string }

/** Read once: a ticket is taken out of the address, where it would stay in the history. */
export const asked = readAsked()
/** While one of these pages is open, nothing else of the window is. */
export const passing = createStore(asked !== undefined)

function readAsked(): Asked | undefined {
  const { pathname, hash } = location
  if (pathname !== '/arrive' && pathname !== '/hand-over') return undefined
  const params = new URLSearchParams(hash.slice(1))
  const text = (name: string) => params.get(name) ?? ''
  if (pathname === '/hand-over') return { step: 'give', pool: text('pool'), challenge: text('challenge') }
  if (!params.has('ticket')) return { step: 'arrive', from: text('from'), as: text('as'), next: ownHash(text('next')) }
  history.replaceState(null, '', pathname)
  return { step: 'finish', ticket: text('ticket') }
}

/** A place of this window, whatever was asked for. */
function ownHash(hash: string): string {
  return routeHash(parseRoute(hash))
}

/** Where another pool opens: signed in by this one, where that can be. */
export function poolHref(pool: PoolEntry, own: PoolEntry | undefined, me: Me, next: Route = { page: 'home' }): string {
  if (!pool.handOver || own === undefined) return pool.url
  const params = new URLSearchParams({ from: own.name, as: me.name, next: routeHash(next) })
  return `${pool.url}/arrive#${params}`
}

/** The pools of this window's sign-in, anew when the server says others; undefined where there is one. */
export function usePools(): { all: readonly PoolEntry[]; own: PoolEntry | undefined } | undefined {
  const { client } = useChat()
  const all = useSyncExternalStore(
    hear => client.on('state', hear),
    () => client.pools,
  )
  return all === undefined ? undefined : { all, own: all.find(one => one.own) }
}

const keptKey = 'pchat.arrival'
type Kept = HandOverSecret & Arrival & { replace: boolean }

const cameKey = 'pchat.cameFrom'
type Came = { name: string; displayName: string }

/** The pool that this browser came from the last time, so that one comes back in by it. */
export function cameFrom(): Came | undefined {
  const none: Came = { name: '', displayName: '' }
  const isCame = (value: unknown): value is Came =>
    typeof value === 'object' && value !== null && 'name' in value && 'displayName' in value
  const came = readKept(cameKey, none, isCame)
  return came.name === '' ? undefined : came
}

/** Whoever is signed in here already, and is not the one who comes. */
export async function findOther({ as }: Pick<Arrival, 'as'>): Promise<SignedIn | 'same' | undefined> {
  const present = await http.session()
  if (present === null) return undefined
  return present.me.name.toLowerCase() === as.toLowerCase() ? 'same' : present
}

/** Leads to the other pool for its word. */
export async function ask({ from, as, next }: Arrival, replace: boolean): Promise<void> {
  const { url, displayName, pool } = await http.beginHandOver(from)
  keep(cameKey, { name: from, displayName } satisfies Came)
  const kept: Kept = { ...(await makeHandOverSecret()), from, as, next, replace }
  sessionStorage.setItem(keptKey, JSON.stringify(kept))
  location.replace(`${url}/hand-over#${new URLSearchParams({ pool, challenge: kept.challenge })}`)
}

/** Gives the word, and leads back. False where nobody is signed in here. */
export async function give(pool: string, challenge: string): Promise<boolean> {
  const present = await http.session()
  if (present === null) return false
  const { ticket, url } = await http.handOver({ pool, challenge }, present.csrf)
  location.replace(`${url}/arrive#${new URLSearchParams({ ticket })}`)
  return true
}

/**
 * Signs in with the ticket. 'not asked' where this page did not ask for one: then somebody else sent it. Whoever else was signed in here in the
 * meantime is named, and stays.
 */
export async function finish(ticket: string): Promise<'done' | 'not asked' | { name: string; arrival: Arrival }> {
  const kept = takeKept()
  if (kept === undefined) return 'not asked'
  const { from, as, verifier, replace } = kept
  const next = ownHash(kept.next)
  const present = await findOther({ as })
  // The pool was opened twice at once: the other window was first.
  if (present === 'same') {
    location.replace(`/${next}`)
    return 'done'
  }
  if (present !== undefined && !replace) return { name: present.me.name, arrival: { from, as, next } }
  try {
    await http.arrive({ ticket, verifier, replace }, present?.csrf)
  } catch (error) {
    if (!askStep(error)) throw error
    history.replaceState(null, '', `/${next}`)
    passing.set(false)
    return 'done'
  }
  location.replace(`/${next}`)
  return 'done'
}

/** Once: a page that is loaded again begins anew. */
function takeKept(): Kept | undefined {
  try {
    const text = sessionStorage.getItem(keptKey)
    sessionStorage.removeItem(keptKey)
    return text === null ? undefined : (JSON.parse(text) as Kept)
  } catch {
    return undefined
  }
}
