import type { Connection } from './db.ts'
import type { Held } from './directory-source.ts'

/** What a run does or would do. `leftOut` is no change: who cannot be taken, and why. */
export const directoryChanges = [
  'added',
  'returned',
  'renamed',
  'changed',
  'moved',
  'disabled',
  'enabled',
  'gone',
  'memberAdded',
  'memberRemoved',
  'administratorAdded',
  'administratorRemoved',
  'leftOut',
] as const
export type DirectoryChange = (typeof directoryChanges)[number]

export type Effect = { change: DirectoryChange; kind: string; name: string; detail: string }
export type Effects = { counts: Partial<Record<DirectoryChange, number>>; samples: Effect[] }

/** Writes down what the comparison found, before it is written: afterwards nobody knows what was. */
export async function noteEffects(tx: Connection, held: Held): Promise<void> {
  await tx.query(
    `INSERT INTO effect (change, kind, principal, name, detail)
     SELECT 'added', kind, principal, final_name, '' FROM todo WHERE fresh
     UNION ALL SELECT 'leftOut', kind, principal, name, coalesce(fault, conflict) FROM todo
      WHERE NOT gone AND (fault IS NOT NULL OR conflict IS NOT NULL)
     UNION ALL SELECT 'returned', t.kind, p.id, p.name, '' FROM todo t JOIN principal p ON p.id = t.principal
      WHERE t.was_gone AND t.kind <> 'domain'
     UNION ALL SELECT 'renamed', t.kind, p.id, t.final_name, 'was ' || p.name FROM todo t JOIN principal p ON p.id = t.principal
      WHERE t.final_name <> p.name
     UNION ALL SELECT 'changed', t.kind, p.id, p.name, concat_ws(', ',
            CASE WHEN p.display_name <> t.display_name THEN 'display name' END,
            CASE WHEN p.email IS DISTINCT FROM t.email THEN 'e-mail address' END)
       FROM todo t JOIN principal p ON p.id = t.principal
      WHERE NOT t.gone AND t.kind <> 'domain' AND (p.display_name <> t.display_name OR p.email IS DISTINCT FROM t.email)
     UNION ALL SELECT 'moved', p.kind, p.id, p.name, coalesce('to ' || coalesce(t.final_name, u.name), 'to no unit')
       FROM move m JOIN principal p ON p.id = m.principal LEFT JOIN principal u ON u.id = m.unit
       LEFT JOIN todo t ON t.principal = m.unit
      WHERE NOT EXISTS (SELECT FROM todo g WHERE g.principal = m.principal AND g.gone)
     UNION ALL SELECT 'gone', t.kind, p.id, p.name, '' FROM todo t JOIN principal p ON p.id = t.principal
      WHERE t.gone AND t.kind <> 'domain' AND p.source = $1
     UNION ALL SELECT 'disabled', t.kind, p.id, p.name, '' FROM todo t JOIN principal p ON p.id = t.principal
      WHERE NOT t.gone AND t.kind = 'user' AND t.disabled AND NOT p.disabled
     UNION ALL SELECT 'enabled', t.kind, p.id, p.name, '' FROM todo t JOIN principal p ON p.id = t.principal
      WHERE NOT t.gone AND t.kind = 'user' AND NOT t.disabled AND NOT t.was_gone AND p.disabled AND p.disabled_by = 'source'`,
    [held.source],
  )
}

/** Users who lose their access by what was compared, and how many of the source had it. */
export async function findLosses(tx: Connection, held: Held): Promise<{ lost: string[]; users: number }> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT p.id FROM todo t JOIN principal p ON p.id = t.principal
      WHERE p.source = $1 AND p.kind = 'user' AND NOT p.disabled AND (t.gone OR t.disabled)`,
    [held.source],
  )
  const { rows: all } = await tx.query<{ n: number }>(
    "SELECT count(*) AS n FROM principal WHERE source = $1 AND kind = 'user' AND NOT disabled",
    [held.source],
  )
  return { lost: rows.map(row => row.id), users: all[0]!.n }
}

/** Counts of the objects, with the first of each kind of change by name. */
export async function readEffects(tx: Connection, samples: number): Promise<Effects> {
  const { rows } = await tx.query<{ change: DirectoryChange; n: number }>(
    'SELECT change, count(*) AS n FROM effect GROUP BY change',
  )
  const { rows: first } = await tx.query<Effect>(
    `SELECT change, kind, name, detail
       FROM (SELECT *, row_number() OVER (PARTITION BY change ORDER BY name, detail) AS place FROM effect) AS e
      WHERE place <= $1 ORDER BY change, name, detail`,
    [samples],
  )
  return { counts: Object.fromEntries(rows.map(row => [row.change, row.n])), samples: first }
}

/** Counts the edges that stand there now, and notes some as long as there are few. */
export async function countEdges(tx: Connection, effects: Effects, samples: number): Promise<void> {
  const { rows } = await tx.query<{ added: boolean; n: number }>('SELECT added, count(*) AS n FROM edge GROUP BY added')
  for (const { added, n } of rows) {
    const change = added ? 'memberAdded' : 'memberRemoved'
    const before = effects.counts[change] ?? 0
    effects.counts[change] = before + n
    if (before >= samples) continue
    const some = await tx.query<Effect>(
      `SELECT $1::text AS change, coalesce(t.kind, p.kind) AS kind, coalesce(t.final_name, p.name) AS name,
              CASE WHEN $2 THEN 'into ' ELSE 'out of ' END || coalesce(h.final_name, g.name) AS detail
         FROM (SELECT * FROM edge WHERE added = $2 LIMIT $3) AS e
         LEFT JOIN principal p ON p.id = e.member LEFT JOIN todo t ON t.principal = e.member
         LEFT JOIN principal g ON g.id = e.grp LEFT JOIN todo h ON h.principal = e.grp ORDER BY 4, 3`,
      [change, added, samples - before],
    )
    effects.samples.push(...some.rows)
  }
}

export async function nameAdministrators(
  tx: Connection,
  effects: Effects,
  change: 'administratorAdded' | 'administratorRemoved',
  ids: string[],
  samples: number,
): Promise<void> {
  if (ids.length === 0) return
  effects.counts[change] = ids.length
  const { rows } = await tx.query<Effect>(
    `SELECT $1::text AS change, 'user' AS kind, coalesce(t.final_name, p.name) AS name, '' AS detail
       FROM unnest($2::uuid[]) AS i (id) LEFT JOIN principal p ON p.id = i.id LEFT JOIN todo t ON t.principal = i.id ORDER BY 3`,
    [change, ids.slice(0, samples)],
  )
  effects.samples.push(...rows)
}
