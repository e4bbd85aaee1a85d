import type { Queryable } from './db.ts'

/** What compliance has to record, written in the transaction of what it records, and taken from here by its service. */

/** Who did it, as he was called then. */
export type Actor = { id: string; name: string; displayName: string; email?: string | null }
/** The room as it was then. */
export type RecordedRoom = {
  id: string
  name: string
  uri: string
  /** Its name. */
  category: string
  type: string
  privacy: string
  /** Whether its category keeps history. */
  logged: boolean
}

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
  /** Who did it: named in the record as he is called now. */
  actor?: string | undefined
  room?: string | undefined
  position?: number | undefined
  /** More rooms, each by id and with what is known of it: named as they are called now. */
  rooms?: { id: string; [more: string]: unknown }[]
  /** At least one member, besides these. */
  data: Record<string, unknown>
}

/** Notes what happens now, in the transaction that does it, or before the answer leaves; nothing where compliance is off. */
export async function noteEvents(tx: Queryable, events: NewEvent[]): Promise<void> {
  if (events.length === 0) return
  await tx.query({
    name: 'outbox-note',
    text: `
      INSERT INTO outbox (at, kind, room, position, data)
      SELECT clock_timestamp(), e.kind, e.room, e.position,
             ('{"actor":' || coalesce(recorded_actor(e.actor)::text, 'null')
              || CASE WHEN e.room IS NULL THEN '' ELSE ',"room":' || coalesce(recorded_room(e.room)::text, 'null') END
              || CASE WHEN e.rooms IS NULL THEN '' ELSE ',"rooms":' || (
                   SELECT coalesce(jsonb_agg(coalesce(recorded_room((x->>'id')::uuid)::jsonb, '{}') || x), '[]')::text
                     FROM jsonb_array_elements(e.rooms) x) END
              || ',' || substr(e.data, 2))::json
        FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::bigint[], $5::jsonb[], $6::text[]) AS e (kind, actor, room, position, rooms, data)
       WHERE (SELECT recording FROM pool)`,
    values: [
      events.map(event => event.kind),
      events.map(event => event.actor ?? null),
      events.map(event => event.room ?? null),
      events.map(event => event.position ?? null),
      events.map(event => (event.rooms ? JSON.stringify(event.rooms) : null)),
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
