import { randomUUID } from 'node:crypto'
import type { Queryable } from './db.ts'

export type PastMessage = {
  author: string
  at: Date
  text: string
  format?: 'plain' | 'markdown'
  alert?: boolean
  title?: string
}

/**
 * Puts messages of the past into an empty room, ascending by `at`: for sample data and for load tests, not for people, who
 * post. Answers false, and changes nothing, where the room has messages already.
 */
export async function insertHistory(q: Queryable, room: string, messages: PastMessage[]): Promise<boolean> {
  const last = messages.at(-1)
  if (!last) return false
  const { rowCount } = await q.query(
    'UPDATE room_head SET last_seq = $2, last_at = $3 WHERE room = $1 AND last_seq = 0',
    [room, messages.length, last.at],
  )
  if (rowCount !== 1) return false
  await q.query(
    `INSERT INTO message (room, seq, author, client_id, at, format, alert, title, text)
     SELECT $1, t.ord, t.author, t.client_id, t.at, t.format, t.alert, t.title, t.text
       FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[], $6::boolean[], $7::text[], $8::text[])
            WITH ORDINALITY AS t (author, client_id, at, format, alert, title, text, ord)`,
    [
      room,
      messages.map(m => m.author),
      messages.map(() => randomUUID()),
      messages.map(m => m.at),
      messages.map(m => m.format ?? 'plain'),
      messages.map(m => m.alert ?? false),
      messages.map(m => m.title ?? null),
      messages.map(m => m.text),
    ],
  )
  return true
}
