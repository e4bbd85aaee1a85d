import { Gauge, type Registry } from 'prom-client'

/** As far as it is shown: what the service that moves events says of the archive. */
type Report = {
  entries: number
  batchAt: string | null
  adapters: { name: string; through: number; failures: number }[]
}

/** Of the outbox and the archive: shown by each server, and by the compliance service where it runs alone. */
export function addComplianceMetrics(registry: Registry, aggregator: 'max') {
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge<Label>({ name, help, labelNames, aggregator, registers: [registry] })
  const backlog = gauge(
    'pchat_compliance_backlog_events',
    'events that wait for the compliance service, counted up to the bound',
  )
  const age = gauge('pchat_compliance_backlog_age_seconds', 'age of the oldest event that waits for it')
  const full = gauge(
    'pchat_compliance_full',
    '1 while too much waits for the compliance service, so that nothing is posted or read',
  )
  const batch = gauge('pchat_compliance_batch_seconds', 'when the archive got its last batch, in seconds since 1970')
  const told = gauge(
    'pchat_compliance_told_age_seconds',
    'since the service that moves events said how far it is; only while what happens is recorded',
  )
  const behind = gauge('pchat_compliance_adapter_behind_entries', 'entries that an adapter has not written yet', [
    'adapter',
  ])
  const failures = gauge('pchat_compliance_adapter_failures', 'times in a row that an adapter failed', ['adapter'])
  const storeUp = gauge('pchat_compliance_store_up', '1 while the store answers a compliance service that runs alone')
  const archiveUp = gauge('pchat_compliance_archive_up', '1 while the archive answers it; only once there is one')
  // 0 would be a batch of 1970, a service that was heard this moment, and a database that is away.
  for (const one of [batch, told, storeUp, archiveUp]) one.remove()
  return {
    backlog,
    age,
    full,
    storeUp,
    archiveUp,
    /** What was seen last is not what is, where nothing is seen. */
    hideOutbox() {
      for (const one of [backlog, age, full, told]) one.remove()
    },
    hideArchive() {
      for (const one of [batch, told]) one.remove()
      behind.reset()
      failures.reset()
    },
    /** `toldSeconds`: since it was said; undefined where nobody is to say anything. */
    show({ entries, batchAt, adapters }: Report, toldSeconds: number | undefined) {
      if (batchAt !== null) batch.set(Date.parse(batchAt) / 1_000)
      if (toldSeconds === undefined) told.remove()
      else told.set(toldSeconds)
      // One that was removed is shown no more.
      behind.reset()
      failures.reset()
      for (const one of adapters) {
        behind.set({ adapter: one.name }, Math.max(0, entries - one.through))
        failures.set({ adapter: one.name }, one.failures)
      }
    },
  }
}
