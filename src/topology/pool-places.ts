import { join } from './path.ts'
import { type PoolView, urlOf, type View } from './view.ts'

/** A pool as the servers of all pools are told of it. */
export type PoolPlace = { name: string; displayName: string; url: string; default?: boolean | undefined }

const known = new WeakMap<View, Map<string | undefined, PoolPlace[]>>()

/**
 * All pools for a server at a site: where people sign in, and which one is for rooms there. Empty where there is one alone, or one that
 * nobody can sign in at. No part of how a server is started: it follows a change while it runs. Found once a site: there may be many
 * servers of many pools.
 */
export function poolPlaces(view: View, site: string | undefined): PoolPlace[] {
  const ofView = known.get(view) ?? new Map<string | undefined, PoolPlace[]>()
  known.set(view, ofView)
  const found = ofView.get(site) ?? findPlaces(view, site)
  ofView.set(site, found)
  return found
}

function findPlaces({ pools }: View, site: string | undefined): PoolPlace[] {
  if (pools.length < 2) return []
  const chosen = defaultPool(pools, site)
  return pools.flatMap(view => {
    const url = signInUrl(view)
    if (url === undefined) return []
    const { name, fqdn, displayName = fqdn } = view.pool
    return [{ name, displayName, url, ...(view === chosen ? { default: true } : {}) }]
  })
}

/** The one of the site, else the one of all sites. */
function defaultPool(pools: PoolView[], site: string | undefined): PoolView | undefined {
  const ofSite = pools.find(({ pool }) => site !== undefined && pool.defaultFor.sites.includes(site))
  return ofSite ?? pools.find(({ pool }) => pool.defaultFor.allSites)
}

/** The name of the next hop leads to all its machines; on Standard Edition everything is on one. */
export function signInUrl({ pool, standard, nextHop }: PoolView): string | undefined {
  // One has TLS where all have: none but a server of a loopback address does without.
  const first = nextHop?.servers.find(({ certificate }) => certificate.from !== 'none') ?? nextHop?.servers[0]
  if (!nextHop || !first) return undefined
  return urlOf({ ...first, fqdn: nextHop.fqdn }, standard ? pool.port : pool.webPort)
}

/** Where a server looks for them, where no other file is named. */
export function poolsFileOf(dataDir: string): string {
  return join(dataDir, 'pools.json')
}

/** The file as it is written. */
export function poolsText(pools: PoolPlace[]): string {
  return `${JSON.stringify({ pools }, null, 2)}\n`
}
