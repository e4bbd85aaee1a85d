import type { Queryable } from './db.ts'

export type PasskeyRow = {
  id: string
  principal: string
  name: string
  publicKey: Uint8Array<ArrayBuffer>
  counter: number
  transports: string[]
  createdAt: Date
  lastUsedAt: Date | null
}

const columns = `id, principal, name, public_key AS "publicKey", counter, transports, created_at AS "createdAt",
  last_used_at AS "lastUsedAt"`

export async function listPasskeys(q: Queryable, principal: string): Promise<PasskeyRow[]> {
  const { rows } = await q.query<PasskeyRow>(
    `SELECT ${columns} FROM passkey WHERE principal = $1 ORDER BY created_at, id`,
    [principal],
  )
  return rows
}

export async function findPasskey(q: Queryable, id: string): Promise<PasskeyRow | undefined> {
  const { rows } = await q.query<PasskeyRow>(`SELECT ${columns} FROM passkey WHERE id = $1`, [id])
  return rows[0]
}

/** False where some account has it already. */
export async function insertPasskey(
  q: Queryable,
  made: Pick<PasskeyRow, 'id' | 'principal' | 'name' | 'publicKey' | 'counter' | 'transports'>,
): Promise<boolean> {
  const { rowCount } = await q.query(
    `INSERT INTO passkey (id, principal, name, public_key, counter, transports) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (id) DO NOTHING`,
    [made.id, made.principal, made.name, made.publicKey, made.counter, made.transports],
  )
  return rowCount === 1
}

/**
 * Notes a use. False where the passkey is gone, or its counter did not rise: a copy of it, or the same answer at another server.
 * Many authenticators count nothing and say 0 for ever.
 */
export async function usePasskey(q: Queryable, id: string, counter: number): Promise<boolean> {
  const { rowCount } = await q.query(
    `UPDATE passkey SET counter = $2, last_used_at = clock_timestamp()
      WHERE id = $1 AND (counter < $2 OR (counter = 0 AND $2::bigint = 0))`,
    [id, counter],
  )
  return rowCount === 1
}

export async function renamePasskey(q: Queryable, principal: string, id: string, name: string): Promise<boolean> {
  const { rowCount } = await q.query('UPDATE passkey SET name = $3 WHERE id = $2 AND principal = $1', [
    principal,
    id,
    name,
  ])
  return rowCount === 1
}

export async function deletePasskey(q: Queryable, principal: string, id: string): Promise<boolean> {
  return (await q.query('DELETE FROM passkey WHERE id = $2 AND principal = $1', [principal, id])).rowCount === 1
}

/** For which step of which kind a challenge was given out. */
export type ChallengePurpose = 'signIn' | 'ticket' | 'prove' | 'add'

const challengeMinutes = 5

export async function insertChallenge(
  q: Queryable,
  challenge: string,
  purpose: ChallengePurpose,
  principal: string | null,
): Promise<void> {
  await q.query(
    `INSERT INTO passkey_challenge (challenge, purpose, principal, expires_at)
     VALUES ($1, $2, $3, now() + interval '${challengeMinutes} minutes')`,
    [challenge, purpose, principal],
  )
}

/** Takes a challenge away, on whichever server it was given out; false where it is unknown, used, too old, or another's. */
export async function takeChallenge(
  q: Queryable,
  challenge: string,
  purpose: ChallengePurpose,
  principal: string | null,
): Promise<boolean> {
  const { rows } = await q.query<{ fits: boolean }>(
    `DELETE FROM passkey_challenge WHERE challenge = $1
     RETURNING purpose = $2 AND principal IS NOT DISTINCT FROM $3::uuid AND expires_at > now() AS fits`,
    [challenge, purpose, principal],
  )
  return rows[0]?.fits === true
}
