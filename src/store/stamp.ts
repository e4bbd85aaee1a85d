import type { Connection, Queryable } from './db.ts'

/**
 * In the log of directory changes: everybody's rights may have changed (a global or a site's policy). No principal has
 * this id.
 */
export const everyone = '00000000-0000-0000-0000-000000000000'

/**
 * Raises the directory version and logs whose rights may have changed. Call it LAST: the exclusive lock keeps posts
 * waiting until the transaction ends, and a writer that took it first would hold them up while it waits for its rows.
 *
 * A group, organisational unit or domain among `principals` stands for all who are in it. Who was taken out of a group is
 * named himself, since the group no longer leads to him. Answers the new version; without principals nothing is raised.
 */
export async function raiseDirectory(tx: Connection, principals: string[]): Promise<number> {
  if (principals.length === 0) return (await readStamps(tx)).directory
  // A statement of its own: one that waited still sees the snapshot from before.
  await tx.query('SELECT pg_advisory_xact_lock(1, 0)')
  const { rows } = await tx.query<{ version: number }>(
    `WITH raised AS (UPDATE stamp SET version = version + 1 WHERE kind = 'directory' RETURNING version),
          logged AS (INSERT INTO directory_change (version, principal)
                     SELECT raised.version, named FROM raised, (SELECT DISTINCT unnest($1::uuid[]) AS named) AS n),
          told AS (INSERT INTO change (kind) VALUES ('directory'))
     SELECT version FROM raised`,
    [principals],
  )
  return rows[0]!.version
}

/** Raises the version of the pool's settings; last in its transaction, after raiseDirectory where both are needed. */
export async function raiseSettings(tx: Connection): Promise<number> {
  await tx.query('SELECT pg_advisory_xact_lock(2, 0)')
  const { rows } = await tx.query<{ version: number }>(
    `WITH raised AS (UPDATE stamp SET version = version + 1 WHERE kind = 'settings' RETURNING version),
          told AS (INSERT INTO change (kind) VALUES ('settings'))
     SELECT version FROM raised`,
  )
  return rows[0]!.version
}

export async function readStamps(q: Queryable): Promise<{ directory: number; settings: number }> {
  const { rows } = await q.query<{ directory: number; settings: number }>(
    `SELECT (SELECT version FROM stamp WHERE kind = 'directory') AS directory,
            (SELECT version FROM stamp WHERE kind = 'settings') AS settings`,
  )
  return rows[0]!
}

/**
 * Whose rights may have changed after `version`, and the version that this brings one to: both from one snapshot. Where
 * the log no longer reaches back that far, or the store is older than `version` (a restore), that is everyone.
 */
export async function directoryChangesSince(
  q: Queryable,
  version: number,
): Promise<{ version: number; principals: string[] }> {
  const { rows } = await q.query<{ version: number; known: number; principals: string[] }>(
    `SELECT s.version, count(DISTINCT c.version) AS known,
            coalesce(array_agg(DISTINCT c.principal) FILTER (WHERE c.principal IS NOT NULL), '{}') AS principals
       FROM stamp s LEFT JOIN directory_change c ON c.version > $1
      WHERE s.kind = 'directory' GROUP BY s.version`,
    [version],
  )
  const found = rows[0]!
  const whole = found.known === found.version - version
  return { version: found.version, principals: whole ? found.principals : [everyone] }
}

/** Those of `amongUsers` (ids) whom one of `principals` stands for, from whichever side is smaller. */
export async function affectedUsers(q: Queryable, principals: string[], amongUsers: string[]): Promise<string[]> {
  if (principals.includes(everyone)) return [...amongUsers]
  if (principals.length === 0 || amongUsers.length === 0) return []
  const meant = await q.query<{ member: string }>({
    name: 'stands-for',
    text: 'SELECT member FROM affiliation WHERE ancestor = ANY ($1::uuid[]) LIMIT $2',
    values: [principals, amongUsers.length],
  })
  if (meant.rows.length < amongUsers.length) {
    const members = new Set(meant.rows.map(row => row.member))
    return [...new Set(amongUsers)].filter(user => members.has(user))
  }
  const { rows } = await q.query<{ id: string }>(
    `SELECT u.id FROM (SELECT DISTINCT unnest($2::uuid[]) AS id) AS u
      WHERE EXISTS (SELECT FROM affiliation a WHERE a.member = u.id AND a.ancestor = ANY ($1::uuid[]))`,
    [principals, amongUsers],
  )
  return rows.map(row => row.id)
}
