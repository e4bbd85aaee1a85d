import type { Finding } from './check.ts'
import type { Found, Level } from './rule.ts'
import type { Topology } from './schema.ts'
import { hostsOf, type PoolView, viewOf } from './view.ts'

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
        .map(({ now }) => ({
          path: `${now.path}/fqdn`,
          reason: `${now.pool.name} is a pool with servers of its own, and Standard Edition begins anew on its machine.`,
          mend: 'Declare a new pool, and bring people and rooms over with pchat data export and import.',
        })),
  },
  {
    id: 'TR58',
    level: 'advice',
    text: 'Where the store of a pool becomes another database, it is told that what is in it does not move along.',
    find: (before, after) =>
      pairs(before, after)
        .filter(({ old, now }) => !now.standard || old.standard)
        .filter(({ old, now }) => isElsewhere(old, now))
        .map(({ now }) => ({
          path: now.pool.store ? `${now.path}/store` : now.path,
          reason: `The store of ${now.pool.fqdn} would be another database, and rooms and people stay behind in the old one.`,
          mend: 'Copy the database first, or name the old one.',
        })),
  },
]

/** What the rules of change find in going from one topology to the next. A change that is not sound is not to be published. */
export function checkChange(before: Topology, after: Topology): Finding[] {
  const [old, now] = [viewOf(before).pools, viewOf(after).pools]
  return changeRules.flatMap(({ id, level, find }) =>
    find(old, now).map(one => ({ rule: id, level, ...one, message: `${one.reason} ${one.mend}` })),
  )
}

/** A pool goes by its name on the bus, and by its full name. */
function pairs(before: PoolView[], after: PoolView[]): { old: PoolView; now: PoolView }[] {
  return after.flatMap(now => {
    const old =
      before.find(({ pool }) => pool.fqdn === now.pool.fqdn) ?? before.find(({ pool }) => pool.name === now.pool.name)
    return old ? [{ old, now }] : []
  })
}

/** No host in common: a stand-by that is added or promoted is no move. */
function isElsewhere({ pool: old }: PoolView, { pool: now }: PoolView): boolean {
  if (old.store === undefined || now.store === undefined) return old.store !== now.store
  if (old.store.database !== now.store.database) return true
  return !hostsOf(old.store).some(host => hostsOf(now.store).includes(host))
}
