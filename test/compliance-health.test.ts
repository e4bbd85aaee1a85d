import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openHealth } from '../src/cli/compliance-health.ts'
import { openTestDatabase, type TestDatabase } from './database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.drop())

const report = {
  ...{ holder: 'here', entries: 12, batch: 3, batchAt: '2026-11-30T00:00:00.000Z' },
  adapters: [{ name: 'books', through: 10, at: null, failures: 1, lastError: 'full' }],
}

/** A service whose archive answers when it is let, and how often it was asked. */
async function open() {
  let asked = 0
  let answer = () => {}
  let stuck = false
  const health = await openHealth({
    ...{ host: '127.0.0.1', port: 0, store: database.db },
    service: {
      isActive: () => true,
      async report() {
        asked += 1
        if (stuck) await new Promise<void>(resolve => (answer = resolve))
        return report
      },
    },
  })
  const ready = async () => {
    const from = performance.now()
    const response = await fetch(`${health.url}/readyz`)
    const { notes } = (await response.json()) as { notes: string[] }
    return { code: response.status, notes, ms: performance.now() - from }
  }
  /** Undefined where it is not shown. */
  const values = async (...names: string[]) => {
    const text = await (await fetch(`${health.url}/metrics`)).text()
    return names.map(name => new RegExp(`^pchat_compliance_${name}(?:{\\S+})? (\\S+)$`, 'm').exec(text)?.[1])
  }
  return {
    ...{ health, ready, values },
    asked: () => asked,
    stick: (is: boolean) => {
      stuck = is
      if (!is) answer()
    },
  }
}

const ofArchive = ['archive_up', 'batch_seconds', 'adapter_behind_entries', 'adapter_failures']
const ofStore = ['store_up', 'backlog_events', 'backlog_age_seconds', 'full']

test('[CP93] an archive that hangs is asked once until it ends, told as away, and what it said before is shown no more', async () => {
  const { health, ready, values, asked, stick } = await open()
  try {
    expect(await ready()).toMatchObject({
      code: 200,
      notes: ['nothing is recorded', 'adapters fail: books'],
    })
    expect(await values(...ofArchive)).toEqual(['1', String(Date.parse(report.batchAt) / 1_000), '2', '1'])
    expect(asked()).toBe(1)
    stick(true)
    await sleep(1_100)
    for (const one of await Promise.all([ready(), ready(), ready()]))
      expect(one).toMatchObject({ code: 503, notes: ['archive away', 'nothing is recorded'] })
    await sleep(1_200)
    const again = await ready()
    expect(again.code).toBe(503)
    expect(again.ms).toBeLessThan(1_000)
    expect(asked()).toBe(2)
    expect(await values(...ofArchive)).toEqual(['0', undefined, undefined, undefined])
    expect(await values(...ofStore)).toEqual(['1', '0', '0', '0'])
    // What it says at its end counts from then on.
    stick(false)
    await sleep(50)
    expect((await ready()).code).toBe(200)
    expect(asked()).toBe(2)
    expect((await values('archive_up'))[0]).toBe('1')
  } finally {
    await health.stop()
  }
}, 30_000)

test('[CP93] a store that hangs is away, nothing is shown of it, and no statement of the look is left there', async () => {
  const { health, ready, values } = await open()
  const holder = await database.db.connect()
  try {
    expect((await ready()).code).toBe(200)
    await holder.query('BEGIN')
    await holder.query('SET LOCAL idle_in_transaction_session_timeout = 0')
    await holder.query('LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE')
    await sleep(1_100)
    const away = await ready()
    expect(away).toMatchObject({ code: 503, notes: ['store away', 'adapters fail: books'] })
    expect(away.ms).toBeLessThan(4_500)
    await sleep(600)
    const { rows } = await holder.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
    expect(rows[0]!.n).toBe(0)
    expect(await values(...ofStore)).toEqual(['0', undefined, undefined, undefined])
    expect((await values('archive_up'))[0]).toBe('1')
  } finally {
    await holder.query('ROLLBACK')
    holder.release()
  }
  await sleep(1_100)
  expect(await ready()).toMatchObject({ code: 200 })
  expect(await values(...ofStore)).toEqual(['1', '0', '0', '0'])
  await health.stop()
}, 30_000)
