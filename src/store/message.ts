import type { Message, MessageFormat, PostedMessage } from '../protocol/message.ts'
import type { PrincipalKind } from '../protocol/principal.ts'
import type { Queryable } from './db.ts'
import { deniedMessageSql } from './denial.ts'

export type MessageRow = {
  room: string
  seq: number
  at: Date
  author: string
  author_kind: PrincipalKind
  author_name: string
  author_display_name: string
  client_id: string
  format: MessageFormat
  alert: boolean
  title: string | null
  text: string | null
  file: PostedMessage['file'] | null
  revision: number
}

/** Over `message m JOIN principal a ON a.id = m.author`. */
export const messageColumns = `m.room, m.seq, m.at, m.author, a.kind AS author_kind, a.name AS author_name,
  a.display_name AS author_display_name, m.client_id, m.format, m.alert, m.title, m.text, m.file, m.revision`

/** By name: the next version's schema may give one of the two tables a column that the other has not. */
const keptColumns = 'room, seq, author, client_id, at, format, alert, title, text, file, revision'

export function toMessage(row: MessageRow): Message {
  const at = row.at.toISOString()
  if (row.text === null) return { seq: row.seq, at, removed: true }
  return {
    seq: row.seq,
    at,
    author: { id: row.author, kind: row.author_kind, name: row.author_name, displayName: row.author_display_name },
    text: row.text,
    format: row.format,
    clientId: row.client_id,
    ...(row.alert ? { alert: true } : {}),
    ...(row.title === null ? {} : { title: row.title }),
    ...(row.file === null ? {} : { file: row.file }),
    ...(row.revision > 0 ? { replaced: true } : {}),
  }
}

/** A page ends early rather than grow beyond this: stories can be long, and an answer stands in memory. */
const maxPageBytes = 1024 * 1024

/**
 * Ascending by seq, at most `limit` and 1 MiB of text, one message at least: the newest before `before`, or the oldest after
 * `after`, or the newest of all.
 */
export async function listMessages(
  q: Queryable,
  room: string,
  range: {
    firstSeq: number
    lastSeq: number
    before?: number | undefined
    after?: number | undefined
    limit: number
  },
): Promise<Message[]> {
  const forward = range.after !== undefined
  const low = Math.max(range.firstSeq, (range.after ?? 0) + 1)
  const high = Math.min(range.lastSeq, (range.before ?? Number.MAX_SAFE_INTEGER) - 1)
  if (low > high) return []
  const order = forward ? 'ASC' : 'DESC'
  const { rows } = await q.query<MessageRow>({
    name: forward ? 'list-after' : 'list-before',
    text: `SELECT ${messageColumns} FROM (
             SELECT p.*, sum(coalesce(octet_length(p.text), 0)) OVER w AS bytes, row_number() OVER w AS place FROM (
               SELECT * FROM message WHERE room = $1 AND seq >= $2 AND seq <= $3 ORDER BY seq ${order} LIMIT $4) p
             WINDOW w AS (ORDER BY p.seq ${order})) m
             JOIN principal a ON a.id = m.author
            WHERE m.bytes <= ${maxPageBytes} OR m.place = 1 ORDER BY m.seq`,
    values: [room, low, high, range.limit],
  })
  return rows.map(toMessage)
}

/**
 * What a hub needs to close a gap: the messages of a range, kept or passing, with those that are gone left out. Removed
 * ones are left out too: their content is no longer there to deliver.
 */
export async function readRange(
  q: Queryable,
  room: string,
  fromSeq: number,
  throughSeq: number,
): Promise<PostedMessage[]> {
  const { rows } = await q.query<MessageRow>({
    name: 'range',
    text: `SELECT ${messageColumns} FROM (
             SELECT ${keptColumns} FROM message WHERE room = $1 AND seq BETWEEN $2 AND $3 AND text IS NOT NULL
             UNION ALL SELECT ${keptColumns} FROM passing_message WHERE room = $1 AND seq BETWEEN $2 AND $3) m
             JOIN principal a ON a.id = m.author ORDER BY m.seq`,
    values: [room, fromSeq, throughSeq],
  })
  return rows.map(row => toMessage(row) as PostedMessage)
}

/**
 * Takes the content of messages away or puts a text in its place; answers their sequences. Under the room's lock. What a denial holds
 * is refused by the store, or left as it is with `spares`: then behind holdDenials.
 */
export async function replaceMessages(
  q: Queryable,
  room: string,
  seqs: number[],
  text: string | null,
  revision: number,
  spares = false,
): Promise<number[]> {
  const { rows } = await q.query<{ seq: number }>(
    `UPDATE message m SET text = $3, title = CASE WHEN $3::text IS NULL THEN NULL ELSE title END, file = NULL,
            format = 'plain', revision = $4
      WHERE room = $1 AND seq = ANY ($2::bigint[]) AND text IS NOT NULL AND NOT ($5 AND ${deniedMessageSql}) RETURNING seq`,
    [room, seqs, text, revision, spares],
  )
  return rows.map(row => row.seq).sort((a, b) => a - b)
}

/** Raises the room's revision and answers it. Under the room's lock. */
export async function raiseRevision(
  q: Queryable,
  room: string,
  firstSeq?: number,
): Promise<{ revision: number; firstSeq: number; lastSeq: number }> {
  const { rows } = await q.query<{ revision: number; firstSeq: number; lastSeq: number }>(
    `UPDATE room_head SET revision = revision + 1, first_seq = greatest(first_seq, coalesce($2, first_seq)) WHERE room = $1
     RETURNING revision, first_seq AS "firstSeq", last_seq AS "lastSeq"`,
    [room, firstSeq],
  )
  await q.query("INSERT INTO change (kind, subject) VALUES ('history', $1)", [room])
  return rows[0]!
}

/** What was removed or replaced since a revision, for messages that are still in the room; one more than `limit` says "too many". */
export async function changedSince(
  q: Queryable,
  room: string,
  revision: number,
  firstSeq: number,
  limit: number,
): Promise<{ seq: number; text?: string }[]> {
  const { rows } = await q.query<{ seq: number; text: string | null }>(
    'SELECT seq, text FROM message WHERE room = $1 AND revision > $2 AND revision > 0 AND seq >= $3 ORDER BY seq LIMIT $4',
    [room, revision, firstSeq, limit + 1],
  )
  return rows.map(row => (row.text === null ? { seq: row.seq } : { seq: row.seq, text: row.text }))
}

/** First sequence that a clear up to `until` leaves: everything posted at or before that instant goes. */
export async function firstSeqAfter(q: Queryable, room: string, until: string): Promise<number> {
  const { rows } = await q.query<{ seq: number }>(
    `SELECT CASE WHEN h.last_at <= $2::timestamptz THEN h.last_seq + 1
                 ELSE coalesce(seq_after($1, $2::timestamptz),
                               (SELECT max(m.seq) + 1 FROM message m WHERE m.room = $1 AND m.seq >= h.first_seq), h.first_seq) END AS seq
       FROM room_head h WHERE h.room = $1`,
    [room, until],
  )
  return rows[0]?.seq ?? 1
}
