import { type Running, repeatEvery } from '../base/lifecycle.ts'
import type { Metrics } from '../base/metrics.ts'
import { errorCodes } from '../protocol/error.ts'
import { readCompliance } from '../store/compliance.ts'
import { readServiceReport } from '../store/compliance-report.ts'
import { countPool, type PoolCounts } from '../store/pool-count.ts'
import type { Chat } from './chat.ts'

/** More often than the counts are made, so that what is shown is seldom older than two minutes. */
const lookMs = 30_000

/** Shows what is counted once for the pool, and looks at the machine: `look` sets what it finds there. */
export function openMeasuring(
  chat: Pick<Chat, 'db' | 'log' | 'metrics'>,
  look: () => Promise<void>,
  everyMs = lookMs,
): Running {
  const { metrics } = chat
  // A counter that appears with its first refusal shows no rise for it.
  for (const code of Object.keys(errorCodes)) metrics.refusals.inc({ code }, 0)
  const store = repeatEvery(
    everyMs,
    () => measureStore(chat),
    error => chat.log.warn({ err: error }, 'counting the pool waits for the store'),
  )
  // Apart: a disk that does not answer hides no count.
  const machine = repeatEvery(everyMs, look, error =>
    chat.log.warn({ err: error }, 'the disk of the files is not seen'),
  )
  return {
    async stop() {
      await Promise.all([store.stop(), machine.stop()])
    },
  }
}

async function measureStore({ db, metrics }: Pick<Chat, 'db' | 'metrics'>): Promise<void> {
  const told = await readServiceReport(db)
  const { recording } = await readCompliance(db)
  if (told) metrics.compliance.show(told.report, recording ? told.ageSeconds : undefined)
  const counted = await countPool(db)
  if (!counted) return
  show(metrics.pool, counted.counts)
  metrics.pool.countedAge.set(counted.ageSeconds)
}

function show(pool: Metrics['pool'], counts: PoolCounts): void {
  for (const [role, count] of Object.entries(counts.entries)) pool.entries.set({ role }, count)
  for (const [state, count] of Object.entries(counts.rooms)) pool.rooms.set({ state }, count)
  for (const [state, count] of Object.entries(counts.accounts)) pool.accounts.set({ state }, count)
  pool.invitations.set(counts.invitations)
  pool.categories.set(counts.categories)
  pool.fileBytes.set(counts.fileBytes)
  pool.storeBytes.set(counts.storeBytes)
}
