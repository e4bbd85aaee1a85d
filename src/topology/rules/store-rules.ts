import type { Database } from '../connection-schema.ts'
import { isLoopback } from '../host.ts'
import { type Found, type Rule, repeated } from '../rule.ts'
import { allMachines, hostsOf, instancesOf, machinesOf, type PoolView, type View } from '../view.ts'

/** Databases of pools: where they are, and what may share one. */
export const storeRules: Rule[] = [
  {
    id: 'TR28',
    level: 'error',
    text: 'A pool has a PersistentChatStore; on a Standard Edition server the embedded one, unless another is named.',
    find: ({ pools }) =>
      pools
        .filter(({ pool, standard }) => !standard && pool.store === undefined)
        .map(({ pool, path }) => ({
          path,
          reason: `${pool.fqdn} has no store. Its servers and its web services share one, which only a machine of its own can hold inside.`,
          mend: 'Name a PostgreSQL as store, best on a machine of its own.',
        })),
  },
  {
    id: 'TR29',
    level: 'error',
    text: 'A database names each of its hosts once.',
    find: view =>
      databases(view).flatMap(({ pool, database, path }) =>
        repeated(
          instancesOf(pool, database).map((instance, i) => ({ instance, i })),
          one => one.instance,
        ).map(({ one }) => ({
          path: `${path}/hosts/${one.i}`,
          reason: `${hostsOf(database)[one.i]} stands there twice; a second host is the stand-by of the first.`,
          mend: 'Name the stand-by, or take one away.',
        })),
      ),
  },
  {
    id: 'TR30',
    level: 'error',
    text: 'The PersistentChatComplianceStore is another database than the store.',
    find: ({ pools }) =>
      pools
        .filter(one => [one.pool.store, one.pool.backupStore].some(store => isOne(one, store, one, archiveOf(one))))
        .map(({ path }) => ({
          path: `${path}/compliance/store`,
          reason: 'That is the database of the store: who may change what was said could change what was recorded.',
          mend: 'Give compliance a database of its own, best on another server.',
        })),
  },
  {
    id: 'TR31',
    level: 'error',
    text: 'No two pools have one database.',
    find: view => {
      const all = databases(view)
      return all.flatMap((one, i) =>
        all
          .slice(0, i)
          .some(other => other.pool !== one.pool && isOne(other.pool, other.database, one.pool, one.database))
          ? [
              {
                path: one.path,
                reason: `Database ${one.database.database} on ${hostsOf(one.database).join(', ')} is another pool's, and rooms never span pools.`,
                mend: 'Give each pool databases of its own.',
              },
            ]
          : [],
      )
    },
  },
  {
    id: 'TR32',
    level: 'error',
    text: 'The backup of a store is on other machines than the store.',
    find: ({ pools }) =>
      pools
        .filter(({ pool, whereIs }) =>
          (pool.store?.hosts ?? []).some(({ host }) =>
            (pool.backupStore?.hosts ?? []).some(other => whereIs(host) === whereIs(other.host)),
          ),
        )
        .map(({ path }) => ({
          path: `${path}/backupStore/hosts`,
          reason: 'A machine of the store has its backup, too: it would be away with it.',
          mend: "Name another site's copy.",
        })),
  },
  {
    id: 'TR33',
    level: 'advice',
    text: 'The store of a pool is on a database server of its own.',
    find: view => {
      const machines = new Set(allMachines(view).map(one => one.fqdn))
      return view.pools
        .filter(one => !one.standard)
        .flatMap(({ pool, path, whereIs }) =>
          (pool.store?.hosts ?? []).flatMap(({ host }, i) =>
            machines.has(whereIs(host))
              ? [
                  {
                    path: `${path}/store/hosts/${i}/host`,
                    reason: `${host} has another role, too. It may; but the store grows very large, and takes the disk's time from both.`,
                    mend: 'Best give the store a dedicated database server.',
                  },
                ]
              : [],
          ),
        )
    },
  },
  {
    id: 'TR34',
    level: 'error',
    text: 'A database server has the store of one pool, and the archive of one.',
    find: ({ pools }) => [
      ...findShared(pools, ({ pool }) => pool.store, 'store'),
      ...findShared(pools, archiveOf, 'compliance/store'),
    ],
  },
  {
    id: 'TR35',
    level: 'advice',
    text: 'The store of a pool of several servers has a stand-by.',
    find: ({ pools }) =>
      pools
        .filter(({ pool, servers }) => servers.length > 1 && hostsOf(pool.store).length === 1)
        .map(({ pool, path }) => ({
          path: `${path}/store/hosts`,
          reason: `${hostsOf(pool.store)[0]} is the only one that has what was said: while it is away nothing is answered.`,
          mend: 'Add its synchronous stand-by; docs/high-availability.md says how.',
        })),
  },
  {
    id: 'TR36',
    level: 'advice',
    text: 'Connections to databases and NATS on other machines are encrypted.',
    find: findPlain,
  },
  {
    id: 'TR37',
    level: 'error',
    text: 'Compliance needs a database of its own; on a Standard Edition server the one beside the embedded store, unless another is named.',
    find: ({ pools }) =>
      pools
        .filter(
          ({ pool }) => pool.compliance.enabled && pool.compliance.store === undefined && pool.store !== undefined,
        )
        .map(({ path }) => ({
          path: `${path}/compliance`,
          reason: 'Compliance is on and has no store: what happens would be refused, since it could not be recorded.',
          mend: 'Name a separate database as compliance.store, or switch it off.',
        })),
  },
  {
    id: 'TR38',
    level: 'error',
    text: 'Compliance needs a file store; on a Standard Edition server with the embedded store it is in dataDir, unless another is named.',
    find: ({ pools }) =>
      pools
        .filter(
          ({ pool }) => pool.compliance.enabled && pool.compliance.fileStore === undefined && pool.store !== undefined,
        )
        .map(({ path }) => ({
          path: `${path}/compliance`,
          reason:
            'Compliance is on and has no file store for the heads of the archive, without which its end could be cut off unseen.',
          mend: 'Name a folder as compliance.fileStore, the same on all servers, best on another machine.',
        })),
  },
  {
    id: 'TR39',
    level: 'error',
    text: 'Where several servers write the archive they have one key for it.',
    find: ({ pools }) =>
      pools
        .filter(({ pool, servers }) => pool.compliance.store && servers.length > 1 && !pool.compliance.keyFile)
        .map(({ path }) => ({
          path: `${path}/compliance`,
          reason:
            'Each server would make a key of its own, and no verifier could follow the archive from one to the next.',
          mend: 'Name the same file on all servers as compliance.keyFile.',
        })),
  },
  {
    id: 'TR40',
    level: 'advice',
    text: 'A compliance store is there for compliance that is on.',
    find: ({ pools }) =>
      pools
        .filter(({ pool }) => !pool.compliance.enabled && pool.compliance.store)
        .map(({ path }) => ({
          path: `${path}/compliance/enabled`,
          reason: 'There is a compliance store, and compliance is off: nothing is recorded.',
          mend: 'Switch it on (enabled: true), or take the store away.',
        })),
  },
  {
    id: 'TR41',
    level: 'advice',
    text: 'The compliance store is on another database server than the store.',
    find: ({ pools }) =>
      pools
        .filter(
          one => !isOne(one, one.pool.store, one, archiveOf(one)) && isBeside(one, one.pool.store, one, archiveOf(one)),
        )
        .map(({ path }) => ({
          path: `${path}/compliance/store/hosts`,
          reason: 'Store and archive share a database server. They may; but who rules it rules both.',
          mend: 'Best give compliance a server of its own.',
        })),
  },
]

type Kept = { pool: PoolView; database: Database; path: string }

function databases({ pools }: View): Kept[] {
  return pools.flatMap(pool =>
    [
      { database: pool.pool.store, path: `${pool.path}/store` },
      { database: pool.pool.backupStore, path: `${pool.path}/backupStore` },
      { database: pool.pool.compliance.store, path: `${pool.path}/compliance/store` },
    ].flatMap(({ database, path }) => (database === undefined ? [] : [{ pool, database, path }])),
  )
}

function archiveOf({ pool }: PoolView): Database | undefined {
  return pool.compliance.store
}

/** Whether two databases are on one PostgreSQL, whatever each pool calls its hosts. */
function isBeside(
  pool: PoolView,
  database: Database | undefined,
  other: PoolView,
  second: Database | undefined,
): boolean {
  const known = new Set(instancesOf(pool, database))
  return instancesOf(other, second).some(one => known.has(one))
}

function isOne(pool: PoolView, database: Database | undefined, other: PoolView, second: Database | undefined): boolean {
  return database?.database === second?.database && isBeside(pool, database, other, second)
}

/** Two pools in one database are told as that. */
function findShared(pools: PoolView[], databaseOf: (one: PoolView) => Database | undefined, at: string): Found[] {
  const all = pools.flatMap(pool =>
    [...new Set(instancesOf(pool, databaseOf(pool)))].map(instance => ({ instance, pool })),
  )
  return repeated(all, one => one.instance)
    .filter(({ one, first }) => !isOne(one.pool, databaseOf(one.pool), first.pool, databaseOf(first.pool)))
    .map(({ one, first }) => ({
      path: `${one.pool.path}/${at}/hosts`,
      reason: `${one.instance} has that of ${first.pool.pool.fqdn} already: what loads or fells one does so to the other.`,
      mend: 'Give each pool a database server, or a PostgreSQL on a port of its own.',
    }))
}

function findPlain(view: View): Found[] {
  const isElsewhere = (pool: PoolView, host: string) =>
    !isLoopback(host) && !(machinesOf(pool).length === 1 && pool.whereIs(host) === machinesOf(pool)[0])
  const plain = [
    ...databases(view)
      .filter(({ database }) => !database.tls)
      .flatMap(({ pool, database, path }) => database.hosts.map(({ host }) => ({ pool, host, path: `${path}/tls` }))),
    ...view.pools.flatMap(pool =>
      pool.pool.nats?.tls === false
        ? pool.pool.nats.servers.map(({ host }) => ({ pool, host, path: `${pool.path}/nats/tls` }))
        : [],
    ),
  ].filter(({ pool, host }) => isElsewhere(pool, host))
  return [...new Map(plain.map(one => [one.path, one])).values()].map(({ host, path }) => ({
    path,
    reason: `What goes to ${host} is not encrypted: passwords and messages are read by whoever has the network.`,
    mend: 'Leave tls out, or set it to true.',
  }))
}
