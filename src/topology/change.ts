import type { Finding } from './check.ts'
import type { Database } from './connection-schema.ts'
import type { Found, Level } from './rule.ts'
import type { Topology } from './schema.ts'
import { instancesOf, type PoolView, viewOf } from './view.ts'

/** A rule on what may become of a topology that is in use. */
type ChangeRule = {
  id: string
  level: Level
  text: string
  find(before: PoolView[], after: PoolView[]): Found[]
}

export const changeRules: ChangeRule[] = [
  {
    id: 'TR57',
    level: 'error',
    text: 'Standard Edition is a new deployment: a pool that runs on servers of its own does not become one.',
    find: (before, after) =>
      pairs(before, after)
        .filter(({ old, now }) => !old.standard && now.standard)
        .map(({ old, now }) => ({
          path: `${now.path}/${old.pool.fqdn === now.pool.fqdn ? 'fqdn' : 'name'}`,
          reason: `${now.pool.name} is a pool with servers of its own, and Standard Edition begins anew on its machine.`,
          mend: 'Declare a new pool under a name of its own, and bring people and rooms over with pchat data export and import.',
        })),
  },
  {
    id: 'TR58',
    level: 'advice',
    text: 'Where the store, the archive or the files of a pool come to be elsewhere, it is told that what is in them does not move along.',
    find: (before, after) =>
      pairs(before, after)
        .filter(({ old, now }) => !now.standard || old.standard)
        .flatMap(({ old, now }) =>
          kept.filter(one => isElsewhere(one.placesOf(old), one.placesOf(now))).map(tellOf(now)),
        ),
  },
]

/** What the rules of change find in going from one topology to the next. A change that is not sound is not to be published. */
export function checkChange(before: Topology, after: Topology): Finding[] {
  const [old, now] = [viewOf(before).pools, viewOf(after).pools]
  return changeRules.flatMap(({ id, level, find }) =>
    find(old, now).map(one => ({ rule: id, level, ...one, message: `${one.reason} ${one.mend}` })),
  )
}

type Pair = { old: PoolView; now: PoolView }

/** A pool goes by its full name. Under another one it is known by its name on the bus, where it has a machine or a database still. */
function pairs(before: PoolView[], after: PoolView[]): Pair[] {
  const stay = new Set(after.map(({ pool }) => pool.fqdn))
  return after.flatMap(now => {
    const old =
      before.find(({ pool }) => pool.fqdn === now.pool.fqdn) ??
      before.find(one => one.pool.name === now.pool.name && !stay.has(one.pool.fqdn) && isRelated(one, now))
    return old ? [{ old, now }] : []
  })
}

function isRelated(old: PoolView, now: PoolView): boolean {
  const machines = new Set(now.servers.map(one => one.fqdn))
  return old.servers.some(one => machines.has(one.fqdn)) || !isElsewhere(storePlaces(old), storePlaces(now))
}

/** No place in common: a stand-by that is added or promoted is no move. Where there was nothing, or is nothing, nothing moves. */
function isElsewhere(old: string[], now: string[]): boolean {
  return old.length > 0 && now.length > 0 && !old.some(place => now.includes(place))
}

type Kept = { what: string; at: string; placesOf(one: PoolView): string[]; isInside(one: PoolView): boolean }

const kept: Kept[] = [
  { what: 'store', at: 'store', placesOf: storePlaces, isInside: ({ pool }) => pool.store === undefined },
  { what: 'archive', at: 'compliance/store', placesOf: archivePlaces, isInside: ({ pool }) => !pool.compliance.store },
  { what: 'file store', at: 'fileStore', placesOf: filePlaces, isInside: ({ pool }) => pool.fileStore === undefined },
]

function tellOf(now: PoolView): (one: Kept) => Found {
  const { pool, path, servers } = now
  return ({ what, at, isInside }) => ({
    path: isInside(now) ? `${servers[0]?.path ?? path}/dataDir` : `${path}/${at}`,
    reason: `The ${what} of ${pool.fqdn} would be another one, and what is in it stays behind in the old one.`,
    mend: 'Copy it first, or name the old one.',
  })
}

function storePlaces(one: PoolView): string[] {
  return one.pool.store ? databasePlaces(one, one.pool.store) : dataPlaces(one, 'store')
}

/** The embedded one is of use only where something is recorded. */
function archivePlaces(one: PoolView): string[] {
  const { store, compliance } = one.pool
  if (compliance.store) return databasePlaces(one, compliance.store)
  return store === undefined && compliance.enabled ? dataPlaces(one, 'archive') : []
}

function filePlaces(one: PoolView): string[] {
  const { fileStore } = one.pool
  if (!fileStore) return dataPlaces(one, 'files')
  const isEverywhere = fileStore.shared || fileStore.place.startsWith('s3:')
  return isEverywhere ? [fileStore.place] : one.servers.map(({ fqdn }) => `${fqdn}:${fileStore.place}`)
}

function databasePlaces(one: PoolView, database: Database): string[] {
  return instancesOf(one, database).map(instance => `${instance}/${database.database}`)
}

/** In the data folder of the one machine. */
function dataPlaces({ servers }: PoolView, what: string): string[] {
  return servers.map(({ fqdn, dataDir }) => `${what} in ${fqdn}:${dataDir}`)
}
