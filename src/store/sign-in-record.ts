import type { Queryable } from './db.ts'

/** One sign-in or refused try. Either the principal is known, or the key of a typed name with what stands for it if there is none. */
export type SignInRow = {
  at: Date
  principal: string | null
  nameKey: string | null
  unknown: string | null
  address: string
  method: string
  outcome: string
  session: string | null
  /** Display name of the pool that it was handed over from, or to. */
  pool: string | null
}

/** With which names without an account are hashed: random, made with the store, and in no answer. */
export async function readSignInKey(q: Queryable): Promise<Buffer> {
  const { rows } = await q.query<{ key: Buffer }>('SELECT key FROM sign_in_key')
  return rows[0]!.key
}

/** Writes many at once. */
export async function insertSignIns(q: Queryable, rows: SignInRow[]): Promise<void> {
  await q.query({
    name: 'insert-sign-ins',
    text: `
    INSERT INTO sign_in (at, principal, unknown, address, method, outcome, session, pool)
    SELECT r.at, coalesce(r.principal, p.id), CASE WHEN coalesce(r.principal, p.id) IS NULL THEN r.unknown END,
           r.address, r.method, r.outcome, r.session, r.pool
      FROM unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::text[])
        AS r (at, principal, name_key, unknown, address, method, outcome, session, pool)
      LEFT JOIN principal p ON p.name_key = r.name_key AND p.kind = 'user' AND r.principal IS NULL
     ORDER BY r.at`,
    values: [
      rows.map(row => row.at),
      rows.map(row => row.principal),
      rows.map(row => row.nameKey),
      rows.map(row => row.unknown),
      rows.map(row => row.address),
      rows.map(row => row.method),
      rows.map(row => row.outcome),
      rows.map(row => row.session),
      rows.map(row => row.pool),
    ],
  })
}

export type SignInSeen = {
  id: number
  at: Date
  user: { id: string; name: string; displayName: string } | null
  unknown: string | null
  address: string
  method: string
  outcome: string
  session: string | null
  pool: string | null
}

/** Newest first, of one principal or of all; `before` is the id of the last one of the page before. */
export async function listSignIns(
  q: Queryable,
  page: { principal: string | undefined; limit: number; before: number | undefined },
): Promise<SignInSeen[]> {
  const { rows } = await q.query<SignInSeen>(
    `SELECT s.id, s.at, s.unknown, s.address, s.method, s.outcome, s.session, s.pool,
            CASE WHEN p.id IS NOT NULL THEN json_build_object('id', p.id, 'name', p.name, 'displayName', p.display_name) END AS "user"
       FROM sign_in s LEFT JOIN principal p ON p.id = s.principal
      WHERE ${page.principal === undefined ? '$3::uuid IS NULL' : 's.principal = $3'} AND s.id < $2::bigint
      ORDER BY s.id DESC LIMIT $1`,
    [page.limit, page.before ?? Number.MAX_SAFE_INTEGER, page.principal ?? null],
  )
  return rows
}

const sliceRows = 5_000

/** Drops a slice of what is too old. Answers whether there may be more. */
export async function purgeSignInRecord(q: Queryable, keepDays: number): Promise<boolean> {
  const { rowCount } = await q.query(
    `DELETE FROM sign_in WHERE id IN
       (SELECT id FROM sign_in WHERE at < now() - $1 * interval '1 day' ORDER BY at LIMIT ${sliceRows})`,
    [keepDays],
  )
  return rowCount === sliceRows
}
