import type { Connection, Queryable } from './db.ts'

/** An adapter as it is set; what it is called stands for its place in the archive. */
export type AdapterSetting = {
  name: string
  /** One of the built-in ones, or the path of a module on the machines of the service. */
  type: string
  outputDirectory: string
  runIntervalSeconds: number
  oneRoomPerFile: boolean
  roomDetails: boolean
  userDetails: boolean
  attachmentsManifest: boolean
  transformation?: string | undefined
  custom: Record<string, string>
}

/** What compliance is set to, for the whole pool. */
export type ComplianceSettings = {
  /** Beyond these the outbox takes no more: posting and reading stop. */
  maxRows: number
  maxAgeSeconds: number
  adapters: AdapterSetting[]
}

export const defaultCompliance: ComplianceSettings = { maxRows: 1_000_000, maxAgeSeconds: 3 * 24 * 3600, adapters: [] }

export async function readCompliance(q: Queryable): Promise<{ recording: boolean; settings: ComplianceSettings }> {
  const { rows } = await q.query<{ recording: boolean; compliance: Partial<ComplianceSettings> }>(
    'SELECT recording, compliance FROM pool',
  )
  const { recording, compliance } = rows[0]!
  return { recording, settings: { ...defaultCompliance, ...compliance } }
}

/** Nobody else changes it until the transaction ends. */
export async function lockCompliance(tx: Connection): Promise<void> {
  await tx.query('SELECT FROM pool FOR NO KEY UPDATE')
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
