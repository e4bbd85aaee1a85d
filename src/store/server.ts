import { type Connection, type Db, type Queryable, transaction } from './db.ts'
import { newestSchema } from './migration.ts'

/** At most so many servers of a pool take sessions, and so many are known with those on stand-by. */
const maxActiveServers = 4
const maxServers = 8
/** A process that has not written its row for so long is dead. */
export const deadAfterMs = 10_000

export type PoolState = 'normal' | 'failed-over'

export type ServerProcess = {
  id: string
  server: string
  /** WebSocket address for clients. */
  url: string
  program: string
  sessions: number
  draining: boolean
  /** Version of the settings under which it records all that happens there; 0 where it does not. */
  records?: number
}
export type SeenProcess = Omit<ServerProcess, 'records'> & { startedAt: Date; beatAt: Date; alive: boolean }
export type SeenServer = { name: string; active: boolean; processes: SeenProcess[] }
export type SeenPool = { state: PoolState; servers: SeenServer[] }

/** What does not fit the pool: a sentence for the operator. */
export class PoolFault extends Error {}

/**
 * Makes a server known to its pool. It is active from the start while there are fewer than four; who comes later is on stand-by, as is
 * who comes for that. One that is known stays as it is. Throws PoolFault where the pool has eight already.
 */
export async function registerServer(db: Db, name: string, { standby = false } = {}): Promise<void> {
  await transaction(db, async tx => {
    const { rows } = await lockServers(tx)
    if (rows.some(row => row.name === name)) return
    if (rows.length >= maxServers)
      throw new PoolFault(
        `The pool has ${maxServers} servers already: ${rows.map(row => row.name).join(', ')}. Take one out with pchat pool remove-server, or start this one under the name of one of them.`,
      )
    const active = !standby && rows.filter(row => row.active).length < maxActiveServers
    await tx.query('INSERT INTO server (name, active) VALUES ($1, $2)', [name, active])
  })
}

/**
 * All known servers, in the order in which they came; nobody changes them until the transaction ends. A lock of its own: that of
 * the directory may be held for minutes by a first sync.
 */
async function lockServers(tx: Connection) {
  await tx.query('SELECT pg_advisory_xact_lock(5, 0)')
  return tx.query<{ name: string; active: boolean }>('SELECT name, active FROM server ORDER BY added_at, name')
}

/** Writes that the process lives. Not worth a flush of the disk, nor a wait for a stand-by. */
export async function beat(q: Queryable, process: ServerProcess): Promise<void> {
  await q.query({
    name: 'beat',
    text: `
    WITH hasty AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO server_process (id, server, url, program, schema, sessions, draining, records)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8 FROM hasty
    ON CONFLICT (id) DO UPDATE SET sessions = excluded.sessions, draining = excluded.draining, url = excluded.url,
      records = excluded.records, beat_at = clock_timestamp()`,
    values: [
      process.id,
      process.server,
      process.url,
      process.program,
      await newestSchema(),
      process.sessions,
      process.draining,
      process.records ?? 0,
    ],
  })
}

/** Processes that write to the store: those of the pool's servers, and those of Front End Servers, which are none of them. */
const allProcesses = `(SELECT server, program, schema, records, started_at, beat_at FROM server_process
    UNION ALL SELECT server, program, schema, records, started_at, beat_at FROM front_end_process) p`

/** Servers with a process that lives and does not record all that happens there under these settings, or newer ones. */
export async function listUnheard(q: Queryable, version: number): Promise<string[]> {
  const { rows } = await q.query<{ server: string }>(
    `SELECT DISTINCT server FROM ${allProcesses}
      WHERE records < $1 AND beat_at > clock_timestamp() - make_interval(secs => $2) ORDER BY server`,
    [version, deadAfterMs / 1000],
  )
  return rows.map(row => row.server)
}

/** Processes that live and whose program knows only schemas below this one. */
export async function processesBelow(
  q: Queryable,
  schema: number,
): Promise<{ server: string; program: string; schema: number }[]> {
  // Asked between migrations, and the first of them know no Front End Servers.
  const { rows: known } = await q.query<{ is: boolean }>("SELECT to_regclass('front_end_process') IS NOT NULL AS is")
  const { rows } = await q.query<{ server: string; program: string; schema: number }>(
    `SELECT server, program, schema FROM ${known[0]?.is ? allProcesses : 'server_process'}
      WHERE schema < $1 AND beat_at > clock_timestamp() - make_interval(secs => $2) ORDER BY server, started_at`,
    [schema, deadAfterMs / 1000],
  )
  return rows
}

export async function endProcess(q: Queryable, id: string): Promise<void> {
  await q.query('DELETE FROM server_process WHERE id = $1', [id])
}

/** Rows of the dead, once they tell nobody anything any more. */
export async function dropDeadProcesses(q: Queryable): Promise<void> {
  for (const table of ['server_process', 'front_end_process'])
    await q.query(`DELETE FROM ${table} WHERE beat_at < clock_timestamp() - interval '1 day'`)
}

type PoolRow = { state: PoolState; name: string | null; active: boolean } & Omit<SeenProcess, 'id'> & {
    id: string | null
  }

export async function readPool(q: Queryable): Promise<SeenPool> {
  const { rows } = await q.query<PoolRow>({
    name: 'pool',
    text: `
    SELECT pool.state, s.name, s.active, p.id, p.server, p.url, p.program, p.sessions, p.draining,
           p.started_at AS "startedAt", p.beat_at AS "beatAt", p.beat_at > clock_timestamp() - make_interval(secs => $1) AS alive
      FROM pool LEFT JOIN server s ON true LEFT JOIN server_process p ON p.server = s.name
     ORDER BY s.added_at, s.name, p.started_at, p.id`,
    values: [deadAfterMs / 1000],
  })
  const servers = new Map<string, SeenServer>()
  for (const { state: _, name, active, id, ...process } of rows) {
    if (name === null) continue
    const server = servers.get(name) ?? { name, active, processes: [] }
    servers.set(name, server)
    if (id !== null) server.processes.push({ id, ...process })
  }
  return { state: rows[0]!.state, servers: [...servers.values()] }
}

/** Exactly these servers take new sessions from now on; none where empty. Throws PoolFault, and changes nothing, where that cannot be. */
export async function setActiveServers(tx: Connection, names: string[]): Promise<void> {
  const { rows } = await lockServers(tx)
  const unknown = names.filter(name => !rows.some(row => row.name === name))
  if (unknown.length > 0)
    throw new PoolFault(
      `The pool knows no server ${unknown.join(', ')}; it knows ${rows.map(row => row.name).join(', ') || 'none'}. Name some of these, or start the server once.`,
    )
  if (new Set(names).size > maxActiveServers)
    throw new PoolFault(`At most ${maxActiveServers} servers of a pool are active. Name fewer.`)
  await tx.query('UPDATE server SET active = name = ANY ($1) WHERE active <> (name = ANY ($1))', [names])
}

/** The active ones stand by, and those on stand-by are active. Answers who is active now. */
export async function swapActiveServers(tx: Connection): Promise<string[]> {
  const { rows } = await lockServers(tx)
  const names = rows.filter(row => !row.active).map(row => row.name)
  if (names.length === 0)
    throw new PoolFault('No server is on stand-by, so there is nobody to swap with. Start one first.')
  await setActiveServers(tx, names)
  return names
}

/** Forgets a server that does not run any more. Throws PoolFault where it runs, or is not known. */
export async function removeServer(tx: Connection, name: string): Promise<void> {
  await lockServers(tx)
  const { rows } = await tx.query(
    'SELECT FROM server_process WHERE server = $1 AND beat_at > clock_timestamp() - make_interval(secs => $2)',
    [name, deadAfterMs / 1000],
  )
  if (rows.length > 0) throw new PoolFault(`The server ${name} is running. Stop it first.`)
  await tx.query('DELETE FROM server_process WHERE server = $1', [name])
  const { rowCount } = await tx.query('DELETE FROM server WHERE name = $1', [name])
  if (rowCount === 0) throw new PoolFault(`The pool knows no server ${name}. See pchat pool state.`)
}

/** The store's clock, which beats are written by. */
export async function readClock(q: Queryable): Promise<Date> {
  const { rows } = await q.query<{ at: Date }>('SELECT clock_timestamp() AS at')
  return rows[0]!.at
}

export async function setPoolState(tx: Connection, state: PoolState): Promise<void> {
  await tx.query('UPDATE pool SET state = $1', [state])
}
