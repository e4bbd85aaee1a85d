import type { PoolSettings } from '../protocol/settings-verbs.ts'
import type { Connection, Queryable } from './db.ts'

/** Options that a site or a pool may have of its own, under the names that they have among the pool's settings. */
export const scopedOptions = [
  'defaultChatHistory',
  'maxFileBytes',
  'participantUpdateLimit',
  'roomManagementUrl',
] as const satisfies (keyof PoolSettings)[]
export type ScopedOptions = Partial<Pick<PoolSettings, (typeof scopedOptions)[number]>>

/** `site:<name>` or `pool:<name>`, folded; sites first, each by name. */
export async function readConfigurations(q: Queryable): Promise<{ scope: string; options: ScopedOptions }[]> {
  const { rows } = await q.query<{ scope: string; options: ScopedOptions }>(
    "SELECT scope, options FROM configuration ORDER BY scope NOT LIKE 'site:%', scope",
  )
  return rows
}

/** Makes the scope where there is none, sets some options and takes back those in `unset`. */
export async function putConfiguration(
  tx: Connection,
  scope: string,
  set: ScopedOptions,
  unset: string[],
): Promise<void> {
  await tx.query(
    `INSERT INTO configuration (scope, options) VALUES ($1, $2)
     ON CONFLICT (scope) DO UPDATE SET options = (configuration.options - $3::text[]) || excluded.options`,
    [scope, JSON.stringify(set), unset],
  )
}

/** False where there was none. */
export async function deleteConfiguration(tx: Connection, scope: string): Promise<boolean> {
  return (await tx.query('DELETE FROM configuration WHERE scope = $1', [scope])).rowCount === 1
}
