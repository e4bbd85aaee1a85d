import { operator } from '../domain/operator.ts'
import { type Connection, type Queryable, readThrough } from './db.ts'

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

/** What the store has of a room, for the comparison with the archive; also of deleted ones, until their rows are gone. */
export type StoredRoom = {
  room: string
  firstSeq: number
  lastSeq: number
  createdAt: Date
  lastAt: Date
  deleted: boolean
}
/** A message as the store has it by now. Of one that is not kept, or was lost, the repeat alone is left, without content. */
export type StoredMessage = {
  room: string
  seq: number
  at: Date
  author: string
  clientId: string
  place: 'message' | 'passing' | 'repeat'
  /** Null: taken away, or unknown. */
  text: string | null
  title: string | null
  format: string | null
  alert: boolean | null
  file: string | null
  revision: number
}
export type WaitingEvent = {
  id: string
  at: Date
  kind: string
  room: string | null
  position: number | null
  data: string
}

/** All rooms in the order of their ids, within one snapshot. */
export function readStoredRooms(tx: Connection): AsyncGenerator<StoredRoom> {
  return readThrough<StoredRoom>(
    tx,
    'stored_room',
    `SELECT r.id AS room, h.first_seq AS "firstSeq", h.last_seq AS "lastSeq", r.created_at AS "createdAt",
            CASE WHEN h.last_seq = 0 THEN r.created_at ELSE h.last_at END AS "lastAt", r.deleted_at IS NOT NULL AS deleted
       FROM room r JOIN room_head h ON h.room = r.id ORDER BY r.id`,
  )
}

/** All messages by room and number. Of several places for one number the first counts: message, passing, repeat. */
export function readStoredMessages(tx: Connection): AsyncGenerator<StoredMessage> {
  const columns = `room, seq, at, author, client_id AS "clientId"`
  const content = `text, title, format, alert, file->>'id' AS file, revision`
  return readThrough<StoredMessage>(
    tx,
    'stored_message',
    `SELECT ${columns}, 'message' AS place, ${content} FROM message
      UNION ALL SELECT ${columns}, 'passing', ${content} FROM passing_message
      UNION ALL SELECT ${columns}, 'repeat', NULL, NULL, NULL, NULL, NULL, 0 FROM repeat r
       WHERE NOT EXISTS (SELECT FROM message m WHERE m.room = r.room AND m.seq = r.seq)
         AND NOT EXISTS (SELECT FROM passing_message p WHERE p.room = r.room AND p.seq = r.seq)
      ORDER BY room, seq`,
  )
}

/** Posts that wait for the archive, by room and number. */
export function readWaitingPosts(tx: Connection): AsyncGenerator<WaitingEvent> {
  return readThrough<WaitingEvent>(
    tx,
    'waiting_post',
    `SELECT id, at, kind, room, position, data::text AS data FROM outbox WHERE kind = 'chat' ORDER BY room, position, id`,
  )
}

/** What says why messages are not there any more, and when recording was on: what of it waits for the archive. */
export function readWaitingReasons(tx: Connection): AsyncGenerator<WaitingEvent> {
  return readThrough<WaitingEvent>(
    tx,
    'waiting_reason',
    `SELECT id, at, kind, room, position, data::text AS data FROM outbox WHERE kind IN ('change', 'recording')`,
  )
}

export type ImportedPlaces = { room: string; at: Date; from: number; through: number }

/** Places of rooms that an import filled, as the audit record has them, which takes rows only. Gaps between are those of the archive. */
export function readImportedPlaces(tx: Connection): AsyncGenerator<ImportedPlaces> {
  return readThrough<ImportedPlaces>(
    tx,
    'imported_places',
    `SELECT subject AS room, at, (detail->>'from')::bigint AS "from", (detail->>'through')::bigint AS through FROM audit
      WHERE action COLLATE "C" = 'data.import' AND detail ? 'from' AND actor = '${operator.id}' ORDER BY id`,
  )
}

/** How far numbers go in rooms by now; those that are gone are not among them. */
export async function readLastSeqs(q: Queryable, rooms: string[]): Promise<Map<string, number>> {
  const { rows } = await q.query<{ room: string; seq: number }>(
    'SELECT room, last_seq AS seq FROM room_head WHERE room = ANY ($1::uuid[])',
    [rooms],
  )
  return new Map(rows.map(row => [row.room, row.seq]))
}
