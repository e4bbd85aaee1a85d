import type { Connection, Queryable } from './db.ts'

/** `sealedWith` names the key under which the secret is encrypted; null where it is kept as it is. */
export type KeptSecret = { secret: Uint8Array; sealedWith: string | null }
export type Totp = KeptSecret & { lastStep: number }

const columns = 'secret, sealed_with AS "sealedWith", last_step AS "lastStep"'

/** One that is being set up takes the place of another such one; the confirmed one stays. */
export async function beginTotp(q: Queryable, principal: string, { secret, sealedWith }: KeptSecret): Promise<void> {
  await q.query(
    `INSERT INTO totp (principal, confirmed, secret, sealed_with) VALUES ($1, false, $2, $3)
     ON CONFLICT (principal, confirmed) DO UPDATE SET secret = excluded.secret, sealed_with = excluded.sealed_with,
           last_step = 0, at = clock_timestamp()`,
    [principal, secret, sealedWith],
  )
}

export async function readTotp(q: Queryable, principal: string, confirmed: boolean): Promise<Totp | undefined> {
  const { rows } = await q.query<Totp>(
    `SELECT ${columns} FROM totp WHERE principal = $1 AND confirmed = $2 AND (confirmed OR at > now() - interval '1 hour')`,
    [principal, confirmed],
  )
  return rows[0]
}

/** What was being set up counts from now on, in place of the one before. The caller has locked the person. */
export async function confirmTotp(tx: Connection, principal: string, step: number): Promise<void> {
  await tx.query('DELETE FROM totp WHERE principal = $1 AND confirmed', [principal])
  await tx.query(
    'UPDATE totp SET confirmed = true, last_step = $2, at = clock_timestamp() WHERE principal = $1 AND NOT confirmed',
    [principal, step],
  )
}

/** Uses a code up: false where it, or a later one, was used already. Of two servers that ask at once one is told true. */
export async function useStep(
  q: Queryable,
  principal: string,
  step: number,
  { secret, sealedWith }: KeptSecret,
): Promise<boolean> {
  const { rowCount } = await q.query(
    'UPDATE totp SET last_step = $2, secret = $3, sealed_with = $4 WHERE principal = $1 AND confirmed AND last_step < $2',
    [principal, step, secret, sealedWith],
  )
  return rowCount === 1
}

export async function totpSince(q: Queryable, principal: string): Promise<Date | undefined> {
  const { rows } = await q.query<{ at: Date }>('SELECT at FROM totp WHERE principal = $1 AND confirmed', [principal])
  return rows[0]?.at
}

export async function deleteTotp(q: Queryable, principal: string): Promise<boolean> {
  return (await q.query('DELETE FROM totp WHERE principal = $1 AND confirmed', [principal])).rowCount === 1
}
