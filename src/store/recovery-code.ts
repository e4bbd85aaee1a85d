import type { Connection, Queryable } from './db.ts'

/** The old ones count no more. */
export async function replaceRecoveryCodes(tx: Connection, principal: string, hashes: Uint8Array[]): Promise<void> {
  await tx.query('DELETE FROM recovery_code WHERE principal = $1', [principal])
  await tx.query('INSERT INTO recovery_code (principal, code_hash) SELECT $1, unnest($2::bytea[])', [principal, hashes])
}

/** True once for each code. */
export async function useRecoveryCode(q: Queryable, principal: string, hash: Uint8Array): Promise<boolean> {
  const { rowCount } = await q.query('DELETE FROM recovery_code WHERE principal = $1 AND code_hash = $2', [
    principal,
    hash,
  ])
  return rowCount === 1
}

export async function deleteRecoveryCodes(q: Queryable, principal: string): Promise<void> {
  await q.query('DELETE FROM recovery_code WHERE principal = $1', [principal])
}
