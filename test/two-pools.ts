import { createHash, randomBytes } from 'node:crypto'
import type { PoolPlace } from '../src/chat/known-pools.ts'
import type { ServeOptions } from '../src/cli/serve-options.ts'
import type { Input } from '../src/protocol/request.ts'
import { type Answer, askHttp } from './ask-http.ts'
import { openSite, type Person, type Site } from './harness.ts'

/** Two pools of one organisation, each a server with a store of its own; the first one is the default of its site. */
export type TwoPools = {
  main: Site
  north: Site
  /** What both are told; may be changed while they run. */
  places: PoolPlace[]
  keys: Uint8Array[]
  stop(): Promise<void>
}

export async function openTwoPools(
  more: { main?: Partial<ServeOptions>; north?: Partial<ServeOptions>; both?: Partial<ServeOptions> } = {},
): Promise<TwoPools> {
  const places: PoolPlace[] = []
  const keys: Uint8Array[] = [randomBytes(32)]
  const pools = { list: () => places, keys }
  const main = await openSite({ pool: 'pchat', site: 'london', pools, ...more.both, ...more.main })
  const north = await openSite({ pool: 'north', site: 'oslo', pools, ...more.both, ...more.north })
  places.push(
    { name: 'pchat', displayName: 'Main rooms', url: main.url, default: true },
    { name: 'north', displayName: 'North rooms', url: north.url },
  )
  return {
    ...{ main, north, places, keys },
    async stop() {
      await main.stop()
      await north.stop()
    },
  }
}

export const newVerifier = () => randomBytes(32).toString('base64url')
export const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url')

/** A ticket of a person for a pool, and what makes it count. */
export async function giveTicket(person: Person, pool: string): Promise<{ handOver: string; verifier: string }> {
  const verifier = newVerifier()
  const { ticket } = await person.call('session.handOver', { pool, challenge: challengeOf(verifier) })
  return { handOver: ticket, verifier }
}

export function arrive(site: Pick<Site, 'url'>, input: Input<'session.signIn'>): Promise<Answer<'session.signIn'>> {
  return askHttp(site.url, undefined, 'session.signIn', input)
}
