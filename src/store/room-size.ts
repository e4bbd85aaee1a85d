import { type Connection, type Db, planForValues, transaction } from './db.ts'

/**
 * How much the kept messages of a room take is counted once and carried on: `room_size` says up to which place, and under which
 * revision of the room. What was removed, replaced or cleared begins a room anew.
 */

/** A step reads at most so much, and is one short transaction: of 200 rooms the next 5,000 places. */
const roomsAtOnce = 200
const placesAtOnce = 5_000

/** Rooms whose count is behind: over `room r`, `room_head h` and `room_size s`. */
export const isUncountedSql = '(s.room IS NULL OR s.revision <> h.revision OR s.through_seq < h.last_seq)'

/** Counts on, for so long. False where there is more to count, or another process is at it. */
export async function countSizes(db: Db, withinMs: number): Promise<boolean> {
  const endsAt = performance.now() + withinMs
  while (performance.now() < endsAt) {
    const done = await transaction(db, countSome)
    if (done !== undefined) return done
  }
  return false
}

/** Undefined where it may go on. */
async function countSome(tx: Connection): Promise<boolean | undefined> {
  const { rows } = await tx.query<{ mine: boolean }>('SELECT pg_try_advisory_xact_lock(12, 0) AS mine')
  if (!rows[0]!.mine) return false
  await planForValues(tx)
  const { rowCount } = await tx.query(
    `WITH due AS (
       SELECT h.room, h.revision, h.last_seq, same.is AS same, s.messages, s.bytes,
              CASE WHEN same.is THEN s.through_seq ELSE h.first_seq - 1 END AS from_seq
         FROM room_head h JOIN room r ON r.id = h.room AND r.deleted_at IS NULL LEFT JOIN room_size s ON s.room = h.room
        CROSS JOIN LATERAL (SELECT s.revision IS NOT DISTINCT FROM h.revision AS is) same
        WHERE ${isUncountedSql} LIMIT ${roomsAtOnce}),
     slice AS (SELECT *, least(last_seq, from_seq + ${placesAtOnce}) AS through_seq FROM due)
     INSERT INTO room_size AS old (room, through_seq, revision, messages, bytes)
     SELECT d.room, d.through_seq, d.revision, m.n + CASE WHEN d.same THEN d.messages ELSE 0 END, m.bytes + CASE WHEN d.same THEN d.bytes ELSE 0 END
       FROM slice d CROSS JOIN LATERAL (
            SELECT count(*) AS n, coalesce(sum(octet_length(m.text) + coalesce(octet_length(m.title), 0)), 0) AS bytes FROM message m
             WHERE m.room = d.room AND m.seq > d.from_seq AND m.seq <= d.through_seq AND m.text IS NOT NULL) m
     ON CONFLICT (room) DO UPDATE
        SET through_seq = excluded.through_seq, revision = excluded.revision, messages = excluded.messages, bytes = excluded.bytes`,
  )
  return (rowCount ?? 0) === 0 ? true : undefined
}
