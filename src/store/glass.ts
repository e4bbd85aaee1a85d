import type { Principal } from '../protocol/principal.ts'
import type { Connection, Queryable } from './db.ts'

/** Rooms whose history somebody reads without being a member, for a while. */

/** Until when from now on. */
export async function breakGlass(
  tx: Connection,
  { room, principal, reason, minutes }: { room: string; principal: string; reason: string; minutes: number },
): Promise<{ at: Date; until: Date }> {
  const { rows } = await tx.query<{ at: Date; until: Date }>(
    `INSERT INTO broken_glass (room, principal, reason, at, until)
     SELECT $1, $2, $3, now, now + $4 * interval '1 minute' FROM clock_timestamp() AS now RETURNING at, until`,
    [room, principal, reason, minutes],
  )
  return rows[0]!
}

/** Ends at once what of his stands open in the room. Undefined where nothing does. */
export async function endGlass(
  tx: Connection,
  room: string,
  principal: string,
): Promise<{ at: Date; until: Date; reason: string } | undefined> {
  const { rows } = await tx.query<{ at: Date; until: Date; reason: string }>(
    `UPDATE broken_glass SET until = clock_timestamp()
      WHERE room = $1 AND principal = $2 AND until > clock_timestamp() RETURNING at, until, reason`,
    [room, principal],
  )
  return rows.at(-1)
}

/** Whether he may read the room by it now, as far as it goes: a denial and a lost role end it too. */
export async function isGlassBroken(q: Queryable, room: string, principal: string): Promise<boolean> {
  const { rowCount } = await q.query(
    'SELECT FROM broken_glass WHERE room = $1 AND principal = $2 AND until > clock_timestamp() LIMIT 1',
    [room, principal],
  )
  return rowCount === 1
}

const keptDays = 90
const maxShown = 100

/** Newest first. */
export async function listGlass(
  q: Queryable,
  room: string,
): Promise<{ by: Principal; at: Date; until: Date; reason: string }[]> {
  const { rows } = await q.query<{ by: Principal; at: Date; until: Date; reason: string }>(
    `SELECT json_build_object('id', p.id, 'kind', p.kind, 'name', p.name, 'displayName', p.display_name) AS by, g.at, g.until, g.reason
       FROM broken_glass g JOIN principal p ON p.id = g.principal
      WHERE g.room = $1 AND g.at > now() - interval '${keptDays} days' ORDER BY g.id DESC LIMIT ${maxShown}`,
    [room],
  )
  return rows
}
