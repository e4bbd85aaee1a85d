import type { Queryable } from './db.ts'

/** What the service that moves events says of the archive: servers show it, who may not reach that. */
export type ServiceReport = {
  holder: string
  entries: number
  /** Number of the last one, 0 where there is none, and when it was written. */
  batch: number
  batchAt: string | null
  adapters: { name: string; through: number; at: string | null; failures: number; lastError: string | null }[]
}

export async function writeServiceReport(q: Queryable, report: ServiceReport): Promise<void> {
  await q.query(
    `INSERT INTO compliance_report (at, report) VALUES (clock_timestamp(), $1)
     ON CONFLICT (one) DO UPDATE SET at = excluded.at, report = excluded.report`,
    [JSON.stringify(report)],
  )
}

export type Told = { at: Date; ageSeconds: number; report: ServiceReport }
export async function readServiceReport(q: Queryable): Promise<Told | undefined> {
  const { rows } = await q.query<Told>(
    'SELECT at, extract(epoch FROM clock_timestamp() - at)::float8 AS "ageSeconds", report FROM compliance_report',
  )
  return rows[0]
}

/** What `pchat compliance verify` found. It stands in the audit record, which takes rows only. */
export type Proof = {
  by: string
  sound: boolean
  entries: number
  batches: number
  anchoredThrough: number
  /** What is wrong, where something is. */
  fault: string | null
}
export const proofAction = 'compliance.verify'

export async function readLastProof(q: Queryable): Promise<{ at: Date; proof: Proof } | undefined> {
  const { rows } = await q.query<{ at: Date; proof: Proof }>(
    'SELECT at, detail AS proof FROM audit WHERE action COLLATE "C" = $1 ORDER BY id DESC LIMIT 1',
    [proofAction],
  )
  return rows[0]
}
