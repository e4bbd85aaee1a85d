import type { MessageFilter } from '../protocol/message-verbs.ts'
import { inScopeSql, memberSql, meSql } from './access.ts'
import type { Queryable } from './db.ts'
import { type MessageRow, messageColumns } from './message.ts'
import { closeSlice, type Front, type Head, lastOfPage, nextSlices, type Place, settle } from './search-front.ts'
import { type Words, wordsInSql, wordValues } from './search-words.ts'

export type Filter = Omit<MessageFilter, 'authors'> & { authors?: string[] | undefined }
export type SearchCursor = { at: string; room: string; seq: number }
/** One search, its words parsed. */
export type SearchQuery = {
  user: string
  filter: Filter
  words: Words | undefined
  rooms: string[] | undefined
  limit: number
  after: SearchCursor | undefined
}

/** The rooms of user $1 that a search reads, all or those of $2. By the person, not by the room: he stands in few of very many. */
export const readableSql = `${meSql('$1')},
     mine AS MATERIALIZED (SELECT e.room FROM room_entry e WHERE e.principal = ANY (ARRAY (SELECT ancestor FROM me)) AND e.role = 0),
     readable AS MATERIALIZED (
       SELECT r.id, h.first_seq, h.last_seq, h.last_at, h.revision FROM room r JOIN room_head h ON h.room = r.id JOIN category c ON c.id = h.category
        WHERE r.deleted_at IS NULL AND NOT h.disabled AND c.chat_history AND ($2::uuid[] IS NULL OR r.id = ANY ($2))
          AND ${memberSql(inScopeSql, 'r.id IN (SELECT room FROM mine)')})`

const msSql = (at: string) => `(extract(epoch FROM ${at}) * 1000)::float8`

export type Rooms = { heads: Head[]; rooms: number; messages: number; nextMs: number | undefined }

type HeadRow = {
  id: string
  first_seq: number
  revision: number
  seq: number | null
  at_ms: number
  last_ms: number
  rooms: number
  messages: number
}

/**
 * Rooms that the user may read, those with the newest messages first, each from where the search begins in it. `nextMs`: of what
 * is in none of them yet nothing is later.
 */
export async function readRooms(q: Queryable, search: SearchQuery, offset: number, limit: number): Promise<Rooms> {
  const until = earliest(search.filter.until, search.after)
  const { rows } = await q.query<HeadRow>({
    name: 'search-rooms',
    text: `WITH ${readableSql},
     page AS (SELECT *, count(*) OVER () AS rooms, sum(last_seq - first_seq + 1) OVER () AS messages FROM readable
               WHERE last_seq >= first_seq AND ($6::timestamptz IS NULL OR last_at >= $6) ORDER BY last_at DESC, id DESC OFFSET $3 LIMIT $4)
     SELECT p.id, p.first_seq, p.revision, p.rooms, p.messages::float8 AS messages, ${msSql('p.last_at')} AS last_ms,
            CASE WHEN p.last_at > $5::timestamptz THEN e.seq ELSE p.last_seq END AS seq,
            ${msSql('CASE WHEN p.last_at > $5 THEN e.at ELSE p.last_at END')} AS at_ms
       FROM page p
       LEFT JOIN LATERAL (
            SELECT m.seq, m.at FROM message m
             WHERE p.last_at > $5 AND m.room = p.id AND m.seq >= p.first_seq AND m.seq < coalesce(seq_after(p.id, $5), p.last_seq + 1)
             ORDER BY m.seq DESC LIMIT 1) e ON true
      ORDER BY p.last_at DESC, p.id DESC`,
    values: [search.user, search.rooms ?? null, offset, limit, until, search.filter.from ?? null],
  })
  const heads = rows.flatMap(({ id, first_seq, revision, seq, at_ms }) =>
    seq === null ? [] : [{ room: id, firstSeq: first_seq, revision, seq, atMs: at_ms }],
  )
  const { rooms, messages } = rows[0] ?? { rooms: 0, messages: 0 }
  const nextMs = offset + rows.length < rooms ? rows.at(-1)!.last_ms : undefined
  return { heads, rooms, messages, nextMs }
}

/** No match is later; null where nothing says so. */
function earliest(until: string | undefined, after: SearchCursor | undefined): string | null {
  if (until === undefined || after === undefined) return until ?? after?.at ?? null
  return Date.parse(until) < Date.parse(after.at) ? until : after.at
}

type SliceRow = { n: number; oldest_ms: number; seqs: number[] | null; ats: number[] | null }

/** One round: reads the next windows, and settles what they brought. */
export async function walk(q: Queryable, search: SearchQuery, front: Front): Promise<void> {
  const last = lastOfPage(front)
  const slices = nextSlices(front)
  const { filter, after } = search
  const { rows } = await q.query<SliceRow>({
    name: 'search-walk',
    // The windows are cut inside the join: a plan that reads the whole table for some of it cannot come of this.
    text: `SELECT w.n::int, ${msSql('min(m.at)')} AS oldest_ms, array_agg(m.seq::float8) FILTER (WHERE m.hit) AS seqs,
                  array_agg(${msSql('m.at')}) FILTER (WHERE m.hit) AS ats
             FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS w (room, low, high, n)
            CROSS JOIN LATERAL (
                  SELECT m.seq, m.at, m.text IS NOT NULL AND ($4::timestamptz IS NULL OR m.at >= $4)
                         AND ($5::uuid[] IS NULL OR m.author = ANY ($5))
                         AND ($6::timestamptz IS NULL OR m.at >= $6) AND ($7::timestamptz IS NULL OR m.at <= $7)
                         AND ($8::timestamptz IS NULL OR (m.at, m.room, m.seq) < ($8, $9::uuid, $10::bigint))
                         AND ${wordsInSql(11)} AS hit
                    FROM message m WHERE m.room = w.room AND m.seq >= w.low AND m.seq <= w.high
                   ORDER BY m.seq DESC LIMIT w.high - w.low + 1) m
            GROUP BY w.n`,
    values: [
      slices.map(slice => slice.head.room),
      slices.map(slice => slice.low),
      slices.map(slice => slice.head.seq),
      last ? new Date(last.atMs).toISOString() : null,
      filter.authors ?? null,
      filter.from ?? null,
      filter.until ?? null,
      after?.at ?? null,
      after?.room ?? null,
      after?.seq ?? null,
      ...wordValues(search.words),
    ],
  })
  const brought = new Map(rows.map(row => [row.n, row]))
  slices.forEach((slice, i) => {
    const row = brought.get(i + 1)
    const { room } = slice.head
    const found: Place[] = (row?.seqs ?? []).map((seq, n) => ({ room, seq, atMs: row!.ats![n]! }))
    closeSlice(front, slice, found, row?.oldest_ms)
  })
  settle(front, filter.from === undefined ? -Infinity : Date.parse(filter.from))
}

/** The messages themselves, in the order of the places. */
export async function readFound(q: Queryable, places: Place[]): Promise<MessageRow[]> {
  if (places.length === 0) return []
  const { rows } = await q.query<MessageRow>({
    name: 'search-found',
    text: `SELECT ${messageColumns} FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS w (room, seq, n)
             JOIN message m ON m.room = w.room AND m.seq = w.seq JOIN principal a ON a.id = m.author ORDER BY w.n`,
    values: [places.map(place => place.room), places.map(place => place.seq)],
  })
  return rows
}
