import type { Connection, Queryable } from './db.ts'

/** Administrators by the word of a source. Whoever writes holds lockDirectory. */

/** Answers who became one. */
export async function giveAdministration(tx: Connection, users: string[]): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `UPDATE principal SET administrator = true, administrator_by = 'source'
      WHERE id = ANY ($1::uuid[]) AND NOT administrator RETURNING id`,
    [users],
  )
  return rows.map(row => row.id)
}

/**
 * From those only whom a source gave the right. Where nobody would administer any more one of them, `kept`, stays what he is: with
 * no administrator at all the set-up would open again.
 */
export async function takeAdministration(
  tx: Connection,
  users: string[],
): Promise<{ changed: string[]; kept: string | undefined }> {
  const { rows } = await tx.query<{ id: string; kept: boolean }>(
    `WITH losing AS MATERIALIZED (
       SELECT id, disabled FROM principal WHERE id = ANY ($1::uuid[]) AND administrator AND administrator_by = 'source')
     SELECT id, row_number() OVER (ORDER BY disabled, id) = 1 AND NOT EXISTS (
              SELECT FROM principal
               WHERE administrator AND NOT disabled AND NOT bot AND id NOT IN (SELECT id FROM losing)) AS kept
       FROM losing`,
    [users],
  )
  const changed = rows.filter(row => !row.kept).map(row => row.id)
  await tx.query('UPDATE principal SET administrator = false, administrator_by = NULL WHERE id = ANY ($1::uuid[])', [
    changed,
  ])
  return { changed, kept: rows.find(row => row.kept)?.id }
}

/** Whether nobody would administer any more without him. */
export async function isLastAdministrator(q: Queryable, id: string): Promise<boolean> {
  const { rows } = await q.query<{ last: boolean }>(
    `SELECT count(*) FILTER (WHERE id = $1) = 1 AND count(*) = 1 AS last
       FROM principal WHERE administrator AND NOT disabled AND NOT bot`,
    [id],
  )
  return rows[0]!.last
}
