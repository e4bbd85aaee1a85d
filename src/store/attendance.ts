import type { Connection, Queryable } from './db.ts'
import { deadAfterMs } from './server.ts'

/** Who is in which rooms over which connection, while compliance is on. Each JOIN in the outbox has one PART, whoever dies. */

export type Attending = { live: string; member: string; principal: string; session: string }

/** Nothing where compliance is off. Answers the rooms that the connection was in already. */
export async function attend(
  tx: Connection,
  { live, member, principal, session }: Attending,
  rooms: string[],
): Promise<Set<string>> {
  // One that is there is held by being written: whoever ends the connection comes before, and it begins anew, or after.
  await tx.query({
    name: 'attend-begin',
    text: `INSERT INTO attendance (live, member, principal, session, rooms)
           SELECT $1, $2, $3, $4, '{}' WHERE (SELECT recording FROM pool)
           ON CONFLICT (live) DO UPDATE SET live = excluded.live`,
    values: [live, member, principal, session],
  })
  // Two joins of one connection come one after the other here, each with what the one before has left.
  const { rows } = await tx.query<{ before: string[] }>({
    name: 'attend',
    text: `UPDATE attendance a SET rooms = ARRAY(SELECT DISTINCT r FROM unnest(b.rooms || $2::uuid[]) r)
             FROM (SELECT live, rooms FROM attendance WHERE live = $1 FOR UPDATE) b
            WHERE a.live = b.live RETURNING b.rooms AS before`,
    values: [live, rooms],
  })
  return new Set(rows[0]?.before)
}

/** Over `gone (principal, session, rooms, why)`. */
const partSql = `
  INSERT INTO outbox (at, kind, data)
  SELECT clock_timestamp(), 'part', json_build_object('actor', recorded_actor(g.principal), 'session', g.session, 'why', g.why,
         'rooms', (SELECT coalesce(json_agg(o.room), '[]') FROM (SELECT recorded_room(r) AS room FROM unnest(g.rooms) r) o WHERE o.room IS NOT NULL))
    FROM gone g WHERE cardinality(g.rooms) > 0 AND (SELECT recording FROM pool)`

/** Connections that have ended: one row each, naming its rooms. Whoever was told already is not told again. */
export async function endAttendance(q: Queryable, lives: string[], why: string): Promise<number> {
  const { rowCount } = await q.query({
    name: 'end-attendance',
    text: `WITH gone AS (DELETE FROM attendance WHERE live = ANY ($1::uuid[]) RETURNING principal, session, rooms, $2::text AS why) ${partSql}`,
    values: [lives, why],
  })
  return rowCount ?? 0
}

/** Rooms that connections have left while they went on. */
export async function leaveRooms(q: Queryable, left: { live: string; room: string }[]): Promise<void> {
  await q.query({
    name: 'leave-rooms',
    text: `
      WITH gone AS (
        UPDATE attendance a SET rooms = ARRAY(SELECT r FROM unnest(a.rooms) r WHERE r <> ALL (l.rooms))
          FROM (SELECT live, array_agg(room) AS rooms FROM unnest($1::uuid[], $2::uuid[]) AS t (live, room) GROUP BY live) l
         WHERE a.live = l.live AND a.rooms && l.rooms
        RETURNING a.principal, a.session, l.rooms, 'left' AS why) ${partSql}`,
    values: [left.map(one => one.live), left.map(one => one.room)],
  })
}

/** Connections of processes that are dead, whoever of the living looks first. */
export async function endDeadAttendance(q: Queryable): Promise<number> {
  const { rowCount } = await q.query({
    name: 'end-dead-attendance',
    text: `
      WITH gone AS (
        DELETE FROM attendance a
         WHERE NOT EXISTS (SELECT FROM server_process p WHERE p.id = a.member AND p.beat_at > clock_timestamp() - make_interval(secs => $1))
        RETURNING a.principal, a.session, a.rooms, 'server gone' AS why) ${partSql}`,
    values: [deadAfterMs / 1_000],
  })
  return rowCount ?? 0
}

/** Everybody leaves what is recorded with its end. In the transaction that ends it, before. */
export async function endAllAttendance(tx: Queryable): Promise<void> {
  await tx.query(
    `WITH gone AS (DELETE FROM attendance RETURNING principal, session, rooms, 'recording ends' AS why) ${partSql}`,
  )
}

/** Connections of one process that are noted, each with its rooms. */
export async function listAttendance(q: Queryable, member: string): Promise<Map<string, Set<string>>> {
  const { rows } = await q.query<{ live: string; rooms: string[] }>(
    'SELECT live, rooms FROM attendance WHERE member = $1',
    [member],
  )
  return new Map(rows.map(row => [row.live, new Set(row.rooms)]))
}
