import { type OneStore, splitHosts } from '../store/address.ts'
import { type Db, openDb } from '../store/db.ts'
import { readClock } from '../store/server.ts'
import { type Check, ok } from './doctor-check.ts'
import { checkHost, checkPair } from './probe-store.ts'

/** Who connects and then says nothing is not waited for. */
const looking = { max: 1, statementMs: 8_000 }

/**
 * A database beside the pool's: each of its hosts by itself, then by `work` what it holds; that gets the connection to the one that
 * takes writes, or to another one that answers. `whileAway` is told beside the mend of a host that is not reached.
 */
export async function checkDatabase(
  area: string,
  connectionString: string,
  work: (db: Db | undefined) => Promise<Check[]>,
  whileAway = '',
): Promise<Check[]> {
  const hosts = (splitHosts(connectionString) ?? []).map(({ name, connectionString }) => ({
    ...{ name, backup: false, db: openDb({ connectionString }, looking) },
  }))
  try {
    const seen = await Promise.all(hosts.map(host => checkHost(host, 1)))
    const facts = seen.flatMap(one => one.facts ?? [])
    const primary = hosts.find((_, n) => seen[n]!.facts?.isStandBy === false)
    const db = (primary ?? hosts.find((_, n) => seen[n]!.facts !== undefined))?.db
    const pair = hosts.length > 1 && facts.length > 0 ? [checkPair(facts)] : []
    const each = seen.flatMap(({ checks, facts }) => (facts ? checks.filter(isOfAny) : checks.map(toldOf(whileAway))))
    return [...[...each, ...pair].map(one => ({ ...one, area })), ...(await work(db))]
  } finally {
    await Promise.allSettled(hosts.map(host => host.db.end()))
  }
}

/** What a database must take at once is counted for the pool's store. */
const isOfAny = ({ check }: Check) => !check.endsWith(': connections')
const toldOf = (whileAway: string) => (one: Check) => ({ ...one, mend: `${one.mend} ${whileAway}`.trim() })

/** One beside the embedded store, where `madeWhen` says it is made. */
export async function checkBeside(
  area: string,
  store: OneStore,
  madeWhen: string,
  work: (db: Db) => Promise<Check[]>,
): Promise<Check[]> {
  const db = openDb(store, looking)
  try {
    await readClock(db)
  } catch (error) {
    // Whatever else it is, the checks of `work` say it.
    if ((error as { code?: string }).code === '3D000') {
      await db.end()
      return [{ area, check: 'embedded', ...ok('none yet', madeWhen) }]
    }
  }
  try {
    return await work(db)
  } finally {
    await db.end()
  }
}
