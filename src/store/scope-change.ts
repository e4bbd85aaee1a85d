import type { Principal } from '../protocol/principal.ts'
import type { RoomRole } from '../protocol/room.ts'
import type { ScopeChange } from '../protocol/simulation.ts'
import { type Connection, type Db, planForValues, type Queryable, transaction } from './db.ts'
import { principalColumns } from './principal.ts'
import { roleNumber } from './room.ts'

/** A scope as lists of principal ids. */
export type Scope = { allowed: string[]; denied: string[] }

export type Watch = {
  /** Told how much is done, from 0 to 1. */
  onProgress(progress: number): void
  /** Ends the statement that runs, there too. */
  signal: AbortSignal
  /** For tests: from how many people on they are no longer looked at one by one. */
  fewPeople?: number
}

/** Simulations that the store does at a time, whichever servers ask for them. */
const slots = 2
/** Nothing here takes so long: above the minute that the largest store is given, for one step of several. */
const statementMs = 60_000
/** Up to so many people are looked at one by one; for more it is cheaper to read who is in what from one end to the other. */
const usualFewPeople = 5_000
const sampled = 20
const roomsShown = 100
const entriesShown = 5

/**
 * What the category's scope would do if it were `after`: read from one snapshot, without a lock and without writing, so that
 * neither a post nor a change waits. Undefined where the category is gone, 'busy' where the store does enough of these already.
 *
 * In memory stand the ids of the entries' principals that change, never people, rooms or entries.
 */
export async function readScopeChange(
  db: Db,
  category: string,
  after: (now: Scope) => Scope,
  { onProgress, signal, fewPeople = usualFewPeople }: Watch,
): Promise<ScopeChange | 'busy' | undefined> {
  return transaction(
    db,
    async tx => {
      const end = await endWith(db, tx, signal)
      try {
        if (!(await takeSlot(tx))) return 'busy'
        await prepare(tx)
        const now = await readScope(tx, category)
        if (!now) return undefined
        const lists = listsOf(now, after(now))
        const { people, turned } = await readPeople(tx, lists)
        onProgress(0.1)
        const changed: Changed = { loses: [], regains: [], partly: [] }
        const slices = turned > fewPeople ? wide : narrow
        for (const [place, slice] of (turned === 0 ? [] : slices).entries()) {
          signal.throwIfAborted()
          await readChanged(tx, category, lists, slice, changed)
          onProgress(0.1 + (0.6 * (place + 1)) / slices.length)
        }
        signal.throwIfAborted()
        const lost = await readRooms(tx, category, changed.loses)
        onProgress(0.8)
        const regained = await readRooms(tx, category, changed.regains)
        onProgress(0.9)
        const partly = await countEntries(tx, category, changed.partly)
        return { version: now.version, ...people, ...lost, partly: { entryCount: partly }, regained }
      } finally {
        await end()
      }
    },
    'ISOLATION LEVEL REPEATABLE READ READ ONLY',
  )
}

/** Cancels what the connection runs once the signal comes. To be awaited before the connection serves anybody else. */
async function endWith(db: Db, tx: Connection, signal: AbortSignal): Promise<() => Promise<void>> {
  const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  let cancelling: Promise<unknown> | undefined
  const cancel = () => {
    cancelling = db.query('SELECT pg_cancel_backend($1)', [rows[0]!.pid]).catch(() => {})
  }
  signal.addEventListener('abort', cancel, { once: true })
  return async () => {
    signal.removeEventListener('abort', cancel)
    await cancelling
  }
}

/** Held until the transaction ends, however it ends. */
async function takeSlot(tx: Connection): Promise<boolean> {
  for (let slot = 0; slot < slots; slot += 1) {
    const { rows } = await tx.query<{ taken: boolean }>('SELECT pg_try_advisory_xact_lock(10, $1) AS taken', [slot])
    if (rows[0]!.taken) return true
  }
  return false
}

/** One core at most: posts and sessions want the others. */
async function prepare(tx: Connection): Promise<void> {
  await planForValues(tx)
  await tx.query(
    `SET LOCAL statement_timeout = ${statementMs}; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off;
     SET LOCAL max_parallel_workers_per_gather = 0`,
  )
}

async function readScope(q: Queryable, category: string): Promise<(Scope & { version: number }) | undefined> {
  const { rows } = await q.query<Scope & { version: number }>(
    `SELECT c.version, array(SELECT principal::text FROM category_scope WHERE category = c.id AND NOT denied) AS allowed,
            array(SELECT principal::text FROM category_scope WHERE category = c.id AND denied) AS denied
       FROM category c WHERE c.id = $1`,
    [category],
  )
  return rows[0]
}

/** Each principal of the two scopes once, with the lists that it stands on: parameters $1 to $5. */
function listsOf(now: Scope, then: Scope): unknown[] {
  const lists = [now.allowed, now.denied, then.allowed, then.denied].map(list => new Set(list))
  const all = [...new Set(lists.flatMap(list => [...list]))]
  return [all, ...lists.map(list => all.map(id => list.has(id)))]
}

const listedSql = `
  listed AS (SELECT * FROM unnest($1::uuid[], $2::bool[], $3::bool[], $4::bool[], $5::bool[])
                      AS l (principal, was_allowed, was_denied, will_allowed, will_denied)),
  -- Read once: a look-up for each of a hundred thousand takes ten times as long.
  live AS MATERIALIZED (SELECT id FROM principal WHERE kind = 'user' AND NOT disabled)`

const scopedSql = `
    SELECT a.member, bool_or(was_allowed) AND NOT bool_or(was_denied) AS was, bool_or(will_allowed) AND NOT bool_or(will_denied) AS will
      FROM listed JOIN affiliation a ON a.ancestor = listed.principal`

/**
 * Who is in scope before the change (`was`) and after it (`will`): users with accounts that are not switched off, those left out
 * who are in neither. From the lists down, since few of them hold many people.
 */
const stateSql = `
  scoped AS (${scopedSql} GROUP BY a.member),
  state AS MATERIALIZED (SELECT s.member, s.was, s.will FROM scoped s JOIN live ON live.id = s.member WHERE s.was OR s.will)`

/** The same of those alone for whom the two differ: only who is in a principal that is newly or no more on a list. */
const turnedSql = `
  touchable AS MATERIALIZED (
    SELECT DISTINCT a.member FROM listed l JOIN affiliation a ON a.ancestor = l.principal
     WHERE l.was_allowed <> l.will_allowed OR l.was_denied <> l.will_denied),
  turned AS MATERIALIZED (
    SELECT s.member, s.was, s.will FROM (${scopedSql} WHERE a.member IN (SELECT member FROM touchable) GROUP BY a.member) s
      JOIN live ON live.id = s.member WHERE s.was <> s.will)`

type PeopleRow = { gains: number; loses: number; gaining: Principal[]; losing: Principal[] }

async function readPeople(q: Queryable, lists: unknown[]) {
  const someSql = (condition: string) => `
    (SELECT coalesce(json_agg(one), '[]') FROM (
      SELECT ${principalColumns} FROM turned t JOIN principal p ON p.id = t.member WHERE ${condition} ORDER BY p.name_key LIMIT ${sampled}) one)`
  const { rows } = await q.query<PeopleRow>(
    `WITH ${listedSql}, ${turnedSql}
     SELECT count(*) FILTER (WHERE will) AS gains, count(*) FILTER (WHERE was) AS loses,
            ${someSql('t.will')} AS gaining, ${someSql('t.was')} AS losing
       FROM turned`,
    lists,
  )
  const { gains, loses, gaining, losing } = rows[0]!
  return {
    people: { gains: { users: gains, sample: gaining }, loses: { users: loses, sample: losing } },
    turned: gains + loses,
  }
}

/** Principals of entries, by what becomes of the effect of these. */
type Changed = Record<'loses' | 'regains' | 'partly', string[]>

/** A part of the principals that somebody is in whose scope changes: SQL over `affiliation a`, and its further parameters. */
type Slice = { turnedSql: string; sql: string; values: unknown[] }

/** All at once, from the people: an index look-up for each. */
const narrow: Slice[] = [{ turnedSql, sql: 'true', values: [] }]
const allTurnedSql = 'turned AS (SELECT * FROM state WHERE was <> will)'
/** An eighth each of all ids: each step reads who is in scope anew, and is told as progress. */
const wide: Slice[] = Array.from({ length: 8 }, (_, i) => ({
  turnedSql: allTurnedSql,
  sql: 'a.ancestor >= $7::uuid AND a.ancestor <= $8::uuid',
  values: [uuidOf((2 * i).toString(16), '0'), uuidOf((2 * i + 1).toString(16), 'f')],
}))

function uuidOf(first: string, rest: string): string {
  return [8, 4, 4, 4, 12]
    .map((length, i) => (i === 0 ? first + rest.repeat(length - 1) : rest.repeat(length)))
    .join('-')
}

/**
 * Whether somebody in a principal `t.principal` is in scope. IS TRUE keeps it a look-up, asked until one is found; where nobody is at
 * all it is not begun.
 */
const anySql = (era: 'was' | 'will') => `((SELECT coalesce(bool_or(${era}), false) FROM state) AND EXISTS (
  SELECT FROM affiliation a WHERE a.ancestor = t.principal AND (a.member IN (SELECT member FROM state WHERE ${era})) IS TRUE))`

async function readChanged(q: Queryable, category: string, lists: unknown[], slice: Slice, changed: Changed) {
  const { rows } = await q.query<{ principal: string; change: keyof Changed | null }>(
    `WITH ${listedSql}, ${stateSql}, ${slice.turnedSql},
     touched AS (
       SELECT a.ancestor AS principal, bool_or(t.was) AS some_lose
         FROM affiliation a JOIN turned t ON t.member = a.member WHERE ${slice.sql} GROUP BY a.ancestor),
     named AS MATERIALIZED (
       SELECT t.* FROM touched t
        WHERE EXISTS (SELECT FROM room_entry e JOIN room_head h ON h.room = e.room WHERE e.principal = t.principal AND h.category = $6 OFFSET 0))
     SELECT t.principal, CASE WHEN t.some_lose THEN CASE WHEN ${anySql('will')} THEN 'partly' ELSE 'loses' END
                              WHEN NOT ${anySql('was')} THEN 'regains' END AS change
       FROM named t`,
    [...lists, category, ...slice.values],
  )
  for (const { principal, change } of rows) if (change) changed[change].push(principal)
}

/** Entries of these principals ($2) that count in rooms of the category ($1). */
const countedSql = `
  unnest($2::uuid[]) AS c (id) JOIN room_entry e ON e.principal = c.id JOIN room_head h ON h.room = e.room AND h.category = $1
    JOIN room r ON r.id = e.room AND r.deleted_at IS NULL
   WHERE NOT (e.role = ${roleNumber.member} AND (r.privacy = 'open' OR r.all_members))
     AND NOT (e.role = ${roleNumber.presenter} AND r.type = 'normal')`

async function countEntries(q: Queryable, category: string, principals: string[]): Promise<number> {
  if (principals.length === 0) return 0
  const { rows } = await q.query<{ n: number }>(`SELECT count(*) AS n FROM ${countedSql}`, [category, principals])
  return rows[0]!.n
}

type RoomCount = { id: string; name: string; entries: number; room_count: number; entry_count: number }
type Lost = Pick<ScopeChange, 'rooms' | 'roomCount' | 'entryCount'>

async function readRooms(q: Queryable, category: string, principals: string[]): Promise<Lost> {
  if (principals.length === 0) return { rooms: [], roomCount: 0, entryCount: 0 }
  const { rows } = await q.query<RoomCount>(
    `SELECT * FROM (
       SELECT r.id, r.name, r.name_key, count(*) AS entries, count(*) OVER () AS room_count, sum(count(*)) OVER ()::bigint AS entry_count
         FROM ${countedSql} GROUP BY r.id) counted
      ORDER BY entries DESC, name_key, id LIMIT ${roomsShown}`,
    [category, principals],
  )
  const samples = await readSamples(
    q,
    category,
    principals,
    rows.map(row => row.id),
  )
  return {
    rooms: rows.map(({ id, name, entries }) => ({ room: { id, name }, entries, sample: samples.get(id) ?? [] })),
    roomCount: rows[0]?.room_count ?? 0,
    entryCount: rows[0]?.entry_count ?? 0,
  }
}

type Entry = ScopeChange['rooms'][number]['sample'][number]
const roles = Object.keys(roleNumber) as RoomRole[]

async function readSamples(q: Queryable, category: string, principals: string[], rooms: string[]) {
  const { rows } = await q.query<Principal & { room: string; role: number; place: number }>(
    `SELECT * FROM (
       SELECT e.room, e.role, ${principalColumns}, row_number() OVER (PARTITION BY e.room ORDER BY e.role, p.name_key) AS place
         FROM (SELECT e.* FROM ${countedSql} AND e.room = ANY ($3::uuid[])) e JOIN principal p ON p.id = e.principal) s
      WHERE s.place <= ${entriesShown} ORDER BY s.room, s.place`,
    [category, principals, rooms],
  )
  const samples = new Map<string, Entry[]>()
  for (const { room, role, place: _, ...principal } of rows) {
    const some = samples.get(room) ?? []
    some.push({ role: roles.find(name => roleNumber[name] === role)!, principal })
    samples.set(room, some)
  }
  return samples
}
