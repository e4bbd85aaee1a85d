import type { Connection, Queryable } from './db.ts'

/** Devices that ask to be signed in: the device knows a secret, its user types a short code at a browser. */

type NewDevice = { deviceHash: Buffer; userCode: string; client: string; address: string; seconds: number }

/** False where the code is somebody's already. */
export async function insertDevice(q: Queryable, made: NewDevice): Promise<boolean> {
  const { rowCount } = await q.query(
    `INSERT INTO device_sign_in (device_hash, user_code, client, address, expires_at)
     VALUES ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 second') ON CONFLICT DO NOTHING`,
    [made.deviceHash, made.userCode, made.client, made.address, made.seconds],
  )
  return rowCount === 1
}

/** Who asks under a code that nobody has answered yet. */
export async function findDevice(
  q: Queryable,
  userCode: string,
): Promise<{ client: string; address: string; createdAt: Date } | undefined> {
  const { rows } = await q.query<{ client: string; address: string; createdAt: Date }>(
    `SELECT client, address, created_at AS "createdAt" FROM device_sign_in
      WHERE user_code = $1 AND answer IS NULL AND expires_at > clock_timestamp()`,
    [userCode],
  )
  return rows[0]
}

/** Answers a code, once. False where it is unknown, too old, or answered. */
export async function answerDevice(
  q: Queryable,
  userCode: string,
  by: { answer: 'allowed' | 'denied'; principal: string; session: string },
): Promise<boolean> {
  const { rowCount } = await q.query(
    `UPDATE device_sign_in SET answer = $2, principal = $3, session = $4
      WHERE user_code = $1 AND answer IS NULL AND expires_at > clock_timestamp()`,
    [userCode, by.answer, by.principal, by.session],
  )
  return rowCount === 1
}

export type PolledDevice = {
  answer: 'allowed' | 'denied' | null
  principal: string | null
  session: string | null
  /** Polled again before `minSeconds` were over. */
  hasty: boolean
}

/** What a device may know. An answered one is used up by this. Undefined where it is unknown or too old. */
export async function pollDevice(
  tx: Connection,
  deviceHash: Buffer,
  minSeconds: number,
): Promise<PolledDevice | undefined> {
  const { rows } = await tx.query<PolledDevice>(
    `SELECT answer, principal, session,
            coalesce(polled_at > clock_timestamp() - $2 * interval '1 second', false) AS hasty
       FROM device_sign_in WHERE device_hash = $1 AND expires_at > clock_timestamp() FOR UPDATE`,
    [deviceHash, minSeconds],
  )
  const found = rows[0]
  if (!found) return undefined
  const text =
    found.answer === null || found.hasty
      ? 'UPDATE device_sign_in SET polled_at = clock_timestamp() WHERE device_hash = $1'
      : 'DELETE FROM device_sign_in WHERE device_hash = $1'
  await tx.query(text, [deviceHash])
  return found
}

/** Drops what no longer counts; for a background loop. */
export async function purgeDevices(q: Queryable): Promise<void> {
  await q.query('DELETE FROM device_sign_in WHERE expires_at <= clock_timestamp()')
}
