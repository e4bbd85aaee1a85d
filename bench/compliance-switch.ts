import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import type { BenchServer } from './server.ts'

/** Recording and the service beside the server, switched beside the verbs: the service is held back as one that was superseded. */
export type ComplianceSwitch = {
  record(on: boolean): Promise<void>
  /** Whether the service moves events. */
  move(on: boolean): Promise<void>
  waiting(): Promise<{ rows: number; ageSeconds: number }>
  /** Until nothing waits any more; answers how long that took. */
  drain(): Promise<number>
  end(): Promise<void>
}

export async function openComplianceSwitch({ databaseSocket: host }: BenchServer): Promise<ComplianceSwitch> {
  const store = new Client({ host, user: 'pchat', database: 'pchat' })
  await store.connect()
  await store.query('UPDATE pool SET recording = true')
  const archive = await openArchive(host)
  const waiting = async () => {
    const { rows } = await store.query<{ rows: number; age: number | null }>(
      'SELECT count(*)::int AS rows, extract(epoch FROM clock_timestamp() - min(at))::float8 AS age FROM outbox',
    )
    return { rows: rows[0]!.rows, ageSeconds: Math.max(0, rows[0]!.age ?? 0) }
  }
  let holding: NodeJS.Timeout | undefined
  const hold = () =>
    archive.query("UPDATE mover SET fence = fence + 1, until = clock_timestamp() + interval '10 seconds'")
  return {
    async record(on) {
      await store.query('UPDATE pool SET recording = $1', [on])
    },
    async move(on) {
      clearInterval(holding)
      holding = on ? undefined : setInterval(() => void hold(), 1_000)
      if (on) await archive.query("UPDATE mover SET until = '-infinity'")
      else await hold()
      // It looks each half second.
      await sleep(1_000)
    },
    waiting,
    async drain() {
      const beganAt = performance.now()
      while ((await waiting()).rows > 0) await sleep(50)
      return (performance.now() - beganAt) / 1_000
    },
    async end() {
      clearInterval(holding)
      await store.end()
      await archive.end()
    },
  }
}

/** The service makes it with the first thing that it has to move. */
async function openArchive(host: string): Promise<Client> {
  for (const deadline = Date.now() + 60_000; ; await sleep(200)) {
    const archive = new Client({ host, user: 'pchat', database: 'pchat_compliance' })
    try {
      await archive.connect()
      await archive.query('SELECT FROM mover')
      return archive
    } catch (error) {
      await archive.end().catch(() => {})
      if (Date.now() > deadline) throw error
    }
  }
}
