import type { Queryable } from './db.ts'

/** The id of the pool's file store; null: it has none yet. `locked`: nobody sets it until the transaction ends. */
export async function readFileStore(q: Queryable, locked?: 'locked'): Promise<string | null> {
  const { rows } = await q.query<{ file_store: string | null }>(
    `SELECT file_store FROM pool ${locked ? 'FOR NO KEY UPDATE' : ''}`,
  )
  return rows[0]!.file_store
}

export async function setFileStore(tx: Queryable, id: string): Promise<void> {
  await tx.query('UPDATE pool SET file_store = $1', [id])
}
