import { Refusal } from '../protocol/error.ts'
import { type Connection, type Db, planForValues, type Queryable, transaction } from './db.ts'
import { type MessageRow, messageColumns } from './message.ts'
import { type Front, type Head, lastOfPage, openFront, type Pace, settle } from './search-front.ts'
import {
  type Filter,
  type Rooms,
  readableSql,
  readFound,
  readRooms,
  type SearchCursor,
  type SearchQuery,
  walk,
} from './search-walk.ts'
import { readWords, type Words, wordConditions, wordsSql } from './search-words.ts'
import { limited, refuseLong } from './time-limit.ts'

export type FoundRow = MessageRow & { room_revision: number }
export type SearchOptions = {
  rooms: string[] | undefined
  limit: number
  after: SearchCursor | undefined
  withinMs?: number
  /** For tests: smaller windows, another choice between them and the index of words. */
  pace?: SearchPace
}
export type SearchPace = Pace & {
  /** How many messages of a window cost as much as one that the index of words names, or as one of a whole table has to. */
  perMatch: number
  perScan: number
}
/** Millions of messages may have to be read where matches are few and old, and nobody waits for them so long. */
const searchWithinMs = 15_000
/** Seen at 10,000,000 messages: see docs/performance-growth.md. */
const usualPace: SearchPace = { rooms: 1_000, roomRows: 4, roundRows: 512, mostRows: 65_536, perMatch: 1, perScan: 16 }

/** Of a word that it has not seen often the planner says half a percent. */
const manyShare = 0.01
const missedPart = 4

/** Newest first, in rooms that the user may read whose history is kept. Rights are of the same snapshot. */
export function searchMessages(db: Db, user: string, filter: Filter, options: SearchOptions): Promise<FoundRow[]> {
  const search = async (tx: Connection) => {
    const q = limited(tx, options.withinMs ?? searchWithinMs, tooLong)
    const words = await readWords(q, filter, 'any')
    if (words === 'nothing') return []
    return searchIn(q, { ...options, user, filter, words }, options.pace ?? usualPace)
  }
  return transaction(db, search, 'ISOLATION LEVEL REPEATABLE READ READ ONLY').catch(refuseLong(tooLong))
}

const tooLong = () =>
  new Refusal('too_large', 'This search finds too much. Name rooms, authors or a time, or rarer words.')

/**
 * From the newest message on, in windows, until the page is full: where matches are many, that costs what a page costs. Where they
 * are few, the store is asked for all of them at once, as soon as that seems cheaper.
 */
async function searchIn(q: Queryable, search: SearchQuery, pace: SearchPace): Promise<FoundRow[]> {
  const front = openFront(search.limit, pace)
  const rooms = await readRooms(q, search, 0, pace.rooms)
  const known = new Map<string, Head>()
  let messages = 0
  const take = ({ heads, nextMs }: Rooms) => {
    for (const head of heads) {
      known.set(head.room, head)
      front.open.push(head)
      messages += head.seq - head.firstSeq + 1
    }
    rooms.nextMs = nextMs
    settle(front, -Infinity)
  }
  take(rooms)
  const beganMs = front.open[0]?.atMs ?? -Infinity
  let atOnce: number | undefined
  for (let seen = pace.rooms; ; ) {
    if (isBehind(front, rooms.nextMs)) {
      take(await readRooms(q, search, seen, seen * 8))
      seen *= 9
      continue
    }
    if (front.open.length === 0) break
    await walk(q, search, front)
    const isWhole = rooms.nextMs === undefined
    if (lastOfPage(front) || front.open.length === 0 || !(search.words || search.filter.authors)) continue
    atOnce ??= await guessAtOnce(q, search, isWhole ? [...known.keys()] : search.rooms, pace)
    const left = stillToRead(front, isWhole ? messages : rooms.messages, beganMs, search.filter.from)
    // What many messages are known to have, or what no index knows, is first to be missed in a good part of what asking costs: it
    // may only be that nobody wrote it lately.
    const isMany = !search.words || atOnce > rooms.messages * pace.perMatch * manyShare
    if (atOnce < left && (!isMany || atOnce / missedPart <= front.read))
      return searchAtOnce(q, search, isWhole ? [...known.values()] : undefined)
  }
  const found = await readFound(q, front.found)
  return found.map(row => ({ ...row, room_revision: known.get(row.room)!.revision }))
}

/** Whether a room that was not looked at yet may hold a newer message than all that are. */
function isBehind(front: Front, nextMs: number | undefined): boolean {
  if (nextMs === undefined || nextMs < (lastOfPage(front)?.atMs ?? -Infinity)) return false
  return (front.open[0]?.atMs ?? -Infinity) <= nextMs
}

/** How many messages the windows have before them until the page is full or `from` is reached, if it goes on as it went. */
function stillToRead(front: Front, messages: number, beganMs: number, from: string | undefined): number {
  const { found, limit, read } = front
  const nowMs = front.open[0]!.atMs
  const bounds = [messages - read]
  if (found.length > 0) bounds.push((read * (limit - found.length)) / found.length)
  if (from !== undefined && nowMs < beganMs) bounds.push((read * (nowMs - Date.parse(from))) / (beganMs - nowMs))
  return Math.min(...bounds)
}

/**
 * What `searchAtOnce` costs, in messages of a window. By the planner's statistics: about right where matches are many, too many
 * where they are few, and then it is little all the same.
 */
async function guessAtOnce(q: Queryable, { words }: SearchQuery, rooms: string[] | undefined, pace: SearchPace) {
  if (!words) {
    const { rows } = await q.query<{ n: number }>("SELECT reltuples AS n FROM pg_class WHERE oid = 'message'::regclass")
    return rows[0]!.n < 0 ? Infinity : rows[0]!.n / pace.perScan
  }
  const { rows } = await q.query<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }>(
    `EXPLAIN (FORMAT JSON) SELECT FROM message m WHERE ${wordsSql} @@ $1::tsquery ${rooms ? 'AND m.room = ANY ($2::uuid[])' : ''}`,
    [words.query, ...(rooms ? [rooms] : [])],
  )
  return rows[0]!['QUERY PLAN'][0].Plan['Plan Rows'] * pace.perMatch
}

/** Reads every match that there is, and keeps the newest. `heads`: of all rooms, where they are known. */
async function searchAtOnce(q: Queryable, search: SearchQuery, heads: Head[] | undefined): Promise<FoundRow[]> {
  const { user, rooms, after, limit } = search
  const values: unknown[] = heads
    ? [heads.map(head => head.room), heads.map(head => head.firstSeq), heads.map(head => head.revision)]
    : [user, rooms ?? null, null]
  const readable = heads
    ? 'readable AS (SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS r (id, first_seq, revision))'
    : `${readableSql}, nothing AS (SELECT $3::text)`
  const within = heads ? 'm.room = ANY ($1::uuid[])' : '($2::uuid[] IS NULL OR m.room = ANY ($2))'
  values.push(after?.at ?? null, after?.room ?? null, after?.seq ?? null, limit)
  const conditions = filterConditions(search.filter, search.words, values)
  await planForValues(q)
  // A bitmap of a million matches has to fit, else whole pages are read again. Workers and compiling cost more than a rare word does.
  await q.query(
    `SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = ${search.words ? 0 : 2}`,
  )
  const { rows } = await q.query<FoundRow>(
    // OFFSET 0: the rooms by turns, with all matches of the whole store read for each, were seen to take minutes.
    `WITH ${readable},
     hit AS MATERIALIZED (
       SELECT m.*, d.revision AS room_revision
         FROM (SELECT * FROM message m WHERE ${within} AND ${conditions}
                  AND ($4::timestamptz IS NULL OR (m.at, m.room, m.seq) < ($4, $5::uuid, $6::bigint)) OFFSET 0) m
         JOIN readable d ON d.id = m.room AND m.seq >= d.first_seq
        ORDER BY m.at DESC, m.room DESC, m.seq DESC LIMIT $7)
     SELECT ${messageColumns}, m.room_revision FROM hit m JOIN principal a ON a.id = m.author ORDER BY m.at DESC, m.room DESC, m.seq DESC`,
    values,
  )
  return rows
}

/** Over `message m`; what it binds is put behind `values`. */
export function filterConditions(filter: Filter, words: Words | undefined, values: unknown[]): string {
  const bind = (value: unknown) => `$${values.push(value)}`
  const sql = ['m.text IS NOT NULL']
  if (filter.authors) sql.push(`m.author = ANY (${bind(filter.authors)}::uuid[])`)
  if (filter.from) sql.push(`m.at >= ${bind(filter.from)}::timestamptz`)
  if (filter.until) sql.push(`m.at <= ${bind(filter.until)}::timestamptz`)
  if (words) sql.push(...wordConditions(words, bind))
  return sql.join(' AND ')
}

/** Sequences of a room that a filter matches, ascending, above `afterSeq`. All words by default, as an administrator removes what he named. */
export async function matchingSeqs(
  tx: Connection,
  room: string,
  filter: Filter,
  afterSeq: number,
  limit: number,
): Promise<number[]> {
  const words = await readWords(tx, filter, 'all')
  if (words === 'nothing') return []
  const values: unknown[] = [room, afterSeq, limit]
  const conditions = filterConditions(filter, words, values)
  await planForValues(tx)
  const { rows } = await tx.query<{ seq: number }>(
    `SELECT m.seq FROM message m JOIN room_head h ON h.room = m.room
      WHERE m.room = $1 AND m.seq > $2 AND m.seq >= h.first_seq AND ${conditions} ORDER BY m.seq LIMIT $3`,
    values,
  )
  return rows.map(row => row.seq)
}
