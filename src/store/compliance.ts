import type { Connection, Queryable } from './db.ts'

/** What compliance is set to, for the whole pool. */
export type ComplianceSettings = {
  /** Beyond these the outbox takes no more: posting and reading stop. */
  maxRows: number
  maxAgeSeconds: number
}

export const defaultCompliance: ComplianceSettings = { maxRows: 1_000_000, maxAgeSeconds: 3 * 24 * 3600 }

export async function readCompliance(q: Queryable): Promise<{ recording: boolean; settings: ComplianceSettings }> {
  const { rows } = await q.query<{ recording: boolean; compliance: Partial<ComplianceSettings> }>(
    'SELECT recording, compliance FROM pool',
  )
  const { recording, compliance } = rows[0]!
  return { recording, settings: { ...defaultCompliance, ...compliance } }
}

/** Under the exclusive lock of the settings: what began before is not recorded, what begins after is. */
export async function changeCompliance(
  tx: Connection,
  change: { recording?: boolean | undefined; settings?: Partial<ComplianceSettings> | undefined },
): Promise<void> {
  await tx.query('UPDATE pool SET recording = coalesce($1, recording), compliance = compliance || $2::jsonb', [
    change.recording ?? null,
    JSON.stringify(change.settings ?? {}),
  ])
}
