import type { Queryable } from './db.ts'

/** What compliance has to record, written in the transaction of what it records, and taken from here by its service. */

/** Who did it, as he was called then. */
export type Actor = { id: string; name: string; displayName: string; email?: string | null }
/** The room as it was then. */
export type RecordedRoom = { id: string; name: string; uri: string; category: string; type: string; privacy: string }

export type OutboxEvent = {
  /** UUID. Rows are taken and deleted by it, never by a high-water mark: an earlier one may commit later. */
  id: string
  at: Date
  kind: string
  room: string | null
  /** Place in the room: the number of the message, or of the newest one when it happened. */
  position: number | null
  /** JSON text, as it was written. */
  data: string
}

export type NewEvent = {
  kind: string
  room?: string | undefined
  position?: number | undefined
  data: object
}

/** Notes what happens now. The same transaction does it. */
export async function noteEvents(tx: Queryable, events: NewEvent[]): Promise<void> {
  if (events.length === 0) return
  await tx.query({
    name: 'outbox-note',
    text: `INSERT INTO outbox (at, kind, room, position, data)
           SELECT date_trunc('milliseconds', clock_timestamp()), e.kind, e.room, e.position, e.data
             FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::json[]) AS e (kind, room, position, data)`,
    values: [
      events.map(event => event.kind),
      events.map(event => event.room ?? null),
      events.map(event => event.position ?? null),
      events.map(event => JSON.stringify(event.data)),
    ],
  })
}

/** The oldest ones, in the order in which they happened as far as they are there. */
export async function takeEvents(q: Queryable, limit: number): Promise<OutboxEvent[]> {
  const { rows } = await q.query<OutboxEvent>({
    name: 'outbox-take',
    text: 'SELECT id, at, kind, room, position, data::text AS data FROM outbox ORDER BY at, room, position, id LIMIT $1',
    values: [limit],
  })
  return rows
}

/** After they stand in the archive. */
export async function dropEvents(q: Queryable, ids: string[]): Promise<void> {
  await q.query({ name: 'outbox-drop', text: 'DELETE FROM outbox WHERE id = ANY ($1::uuid[])', values: [ids] })
}

/** How much waits, counted up to `most`, and for how long already. */
export async function readBacklog(q: Queryable, most: number): Promise<{ rows: number; ageSeconds: number }> {
  const { rows } = await q.query<{ rows: number; age: number | null }>(
    `SELECT (SELECT count(*) FROM (SELECT FROM outbox LIMIT $1) o) AS rows,
            (SELECT extract(epoch FROM clock_timestamp() - min(at))::float8 FROM outbox) AS age`,
    [most],
  )
  return { rows: rows[0]!.rows, ageSeconds: Math.max(0, rows[0]!.age ?? 0) }
}
