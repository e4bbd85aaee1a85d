import type { Connection, Queryable } from './db.ts'

/** Keeps the SHA-256 of the one-time set-up token; an older one no longer counts. Null: none counts. */
export async function writeSetupToken(q: Queryable, hash: Uint8Array | null): Promise<void> {
  await q.query('UPDATE pool SET setup_token_hash = $1', [hash])
}

export async function readSetupToken(tx: Connection): Promise<Buffer | null> {
  const { rows } = await tx.query<{ hash: Buffer | null }>('SELECT setup_token_hash AS hash FROM pool')
  return rows[0]!.hash
}
