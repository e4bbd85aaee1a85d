import { Refusal } from '../protocol/error.ts'
import type { Match, MessageFilter } from '../protocol/request.ts'
import { isMemberSql, meSql } from './access.ts'
import { type Connection, type Db, planForValues, transaction } from './db.ts'
import { type MessageRow, messageColumns } from './message.ts'

/** The indexed text of a message: must stand exactly as in the index of migration 0001. */
const wordsSql = "to_tsvector('simple', coalesce(m.title || ' ', '') || m.text)"
const bodySql = "(coalesce(m.title || ' ', '') || m.text)"

const maxWords = 20

type Conditions = { sql: string[]; values: unknown[] }

/** Words as conditions over `message m`, beginning with parameter number `from`. */
function wordConditions(text: string, match: Match, matchCase: boolean, from: number): Conditions {
  const words = match === 'exact' ? [text.trim()] : text.trim().split(/\s+/).slice(0, maxWords)
  const toQuery = match === 'exact' ? 'phraseto_tsquery' : 'plainto_tsquery'
  const values: unknown[] = [...words]
  const query = words.map((_, i) => `${toQuery}('simple', $${from + i})`).join(match === 'any' ? ' || ' : ' && ')
  const sql = [`${wordsSql} @@ (${query})`]
  const asTyped = (i: number) =>
    matchCase ? `position($${from + i} IN ${bodySql}) > 0` : `position(lower($${from + i}) IN lower(${bodySql})) > 0`
  // The index knows words without case and punctuation: what was asked more exactly is looked at again.
  if (match === 'exact' || matchCase)
    sql.push(`(${words.map((_, i) => asTyped(i)).join(match === 'any' ? ' OR ' : ' AND ')})`)
  return { sql, values }
}

type Filter = Omit<MessageFilter, 'authors'> & { authors?: string[] | undefined }

function filterConditions(filter: Filter, from: number, defaultMatch: Match): Conditions {
  const sql: string[] = []
  const values: unknown[] = []
  const bind = (value: unknown) => {
    values.push(value)
    return `$${from + values.length - 1}`
  }
  if (filter.authors) sql.push(`m.author = ANY (${bind(filter.authors)}::uuid[])`)
  if (filter.from) sql.push(`m.at >= ${bind(filter.from)}::timestamptz`)
  if (filter.until) sql.push(`m.at <= ${bind(filter.until)}::timestamptz`)
  if (filter.text !== undefined && filter.text.trim() !== '') {
    const words = wordConditions(
      filter.text,
      filter.match ?? defaultMatch,
      filter.matchCase ?? false,
      from + values.length,
    )
    sql.push(...words.sql)
    values.push(...words.values)
  }
  return { sql, values }
}

export type SearchCursor = { at: string; room: string; seq: number }
export type FoundRow = MessageRow & { room_revision: number }
export type SearchOptions = {
  rooms: string[] | undefined
  limit: number
  after: SearchCursor | undefined
  withinMs?: number
}

/** Newest first, in rooms that the user may read whose history is kept. Rights are inside the query. */
export function searchMessages(db: Db, user: string, filter: Filter, options: SearchOptions): Promise<FoundRow[]> {
  const search = async (tx: Connection) => {
    await limitTime(tx, options.withinMs ?? searchWithinMs)
    return searchIn(tx, user, filter, options)
  }
  return transaction(db, search, 'ISOLATION LEVEL REPEATABLE READ READ ONLY').catch(refuseLong)
}

/** Millions of matches are read before the newest are known, and nobody waits for them so long. */
const searchWithinMs = 15_000
const ended = '57014'

async function limitTime(tx: Connection, ms: number): Promise<void> {
  await tx.query("SELECT set_config('statement_timeout', $1, true)", [`${ms}`])
}

/** Not `unavailable`: whoever tried the same again would load the store the same again. */
function refuseLong(error: unknown): never {
  if ((error as { code?: unknown }).code === ended)
    throw new Refusal('too_large', 'This search finds too much. Name rooms, authors or a time, or rarer words.')
  throw error
}

async function searchIn(tx: Connection, user: string, filter: Filter, options: SearchOptions): Promise<FoundRow[]> {
  const conditions = filterConditions(filter, 7, 'any')
  await planForValues(tx)
  const { rows } = await tx.query<FoundRow>(
    `WITH ${meSql('$1')},
     readable AS MATERIALIZED (
       SELECT r.id, h.first_seq, h.revision AS room_revision FROM room r JOIN room_head h ON h.room = r.id JOIN category c ON c.id = h.category
        WHERE r.deleted_at IS NULL AND NOT h.disabled AND c.chat_history AND ($2::uuid[] IS NULL OR r.id = ANY ($2)) AND ${isMemberSql}),
     hit AS MATERIALIZED (
       SELECT m.*, d.room_revision FROM message m JOIN readable d ON d.id = m.room AND m.seq >= d.first_seq
        WHERE m.room = ANY (ARRAY (SELECT id FROM readable)) AND m.text IS NOT NULL
          ${conditions.sql.map(condition => `AND ${condition}`).join(' ')}
          AND ($3::timestamptz IS NULL OR (m.at, m.room, m.seq) < ($3, $4::uuid, $5::bigint))
        ORDER BY m.at DESC, m.room DESC, m.seq DESC LIMIT $6)
     SELECT ${messageColumns}, m.room_revision FROM hit m JOIN principal a ON a.id = m.author ORDER BY m.at DESC, m.room DESC, m.seq DESC`,
    [
      user,
      options.rooms ?? null,
      options.after?.at ?? null,
      options.after?.room ?? null,
      options.after?.seq ?? null,
      options.limit,
      ...conditions.values,
    ],
  )
  return rows
}

/** Sequences of a room that a filter matches, ascending, above `afterSeq`. All words by default, as an administrator removes what he named. */
export async function matchingSeqs(
  tx: Connection,
  room: string,
  filter: Filter,
  afterSeq: number,
  limit: number,
): Promise<number[]> {
  const conditions = filterConditions(filter, 4, 'all')
  await planForValues(tx)
  const { rows } = await tx.query<{ seq: number }>(
    `SELECT m.seq FROM message m JOIN room_head h ON h.room = m.room
      WHERE m.room = $1 AND m.seq > $2 AND m.seq >= h.first_seq AND m.text IS NOT NULL ${conditions.sql.map(c => `AND ${c}`).join(' ')}
      ORDER BY m.seq LIMIT $3`,
    [room, afterSeq, limit, ...conditions.values],
  )
  return rows.map(row => row.seq)
}
