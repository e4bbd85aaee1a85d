import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../src/base/log.ts'
import { readAnchors } from '../src/compliance/anchor.ts'
import { readArchiveId, takeMover } from '../src/compliance/archive.ts'
import { openSigningKey, readPublicKeys } from '../src/compliance/head.ts'
import { migrateArchive } from '../src/compliance/migrate.ts'
import { openMover } from '../src/compliance/mover.ts'
import { verifyArchive } from '../src/compliance/verify.ts'
import { noteEvents, readBacklog } from '../src/store/outbox.ts'
import { openEmptyDatabase, openTestDatabase, type TestDatabase } from './database.ts'
import type { TestStore } from './global-setup.ts'
import { runPchat } from './pchat.ts'

const program = fileURLToPath(new URL('compliance-process.ts', import.meta.url))

let store: TestDatabase
let archive: TestDatabase
let folder: string
beforeEach(async () => {
  ;[store, archive, folder] = await Promise.all([
    openTestDatabase(),
    openEmptyDatabase(),
    mkdtemp(join(tmpdir(), 'pchat-stopped-')),
  ])
  await migrateArchive(archive.db)
  await store.db.query('UPDATE pool SET recording = true')
  await store.db.query('DELETE FROM outbox')
})
afterEach(async () => {
  await Promise.all([store.drop(), archive.drop(), rm(folder, { recursive: true, force: true })])
})

const room = randomUUID()
let noted = 0
async function note(count: number) {
  const events = Array.from({ length: count }, () => ({ kind: 'chat', room, position: ++noted, data: { text: 'x' } }))
  await noteEvents(store.db, events)
}
const left = async () => (await readBacklog(store.db, 100_000)).rows
async function untilMoved() {
  for (const deadline = Date.now() + 60_000; (await left()) > 0; await sleep(20))
    if (Date.now() > deadline) throw new Error('it is not moved')
}
const urlOf = ({ host, user, database }: TestStore) =>
  `postgres://${user}@/${database}?host=${encodeURIComponent(host)}`

test('[CP79] a service that was stopped and wakes after another took over forks nothing: one chain, each event once', async () => {
  const start = (name: string) =>
    runPchat([urlOf(store.address), urlOf(archive.address), folder, name], { program: [process.execPath, program] })
  const first = start('first')
  let second: typeof first | undefined
  try {
    await first.ready()
    noted = 0
    await note(50)
    await untilMoved()
    // Under way: somewhere in a move, or between two.
    await note(20_000)
    await sleep(400)
    first.kill('SIGSTOP')
    second = start('second')
    await second.ready()
    await untilMoved()
    await note(500)
    first.kill('SIGCONT')
    await note(500)
    await untilMoved()
    await note(500)
    await untilMoved()
    await sleep(1_500)
  } finally {
    for (const one of [first, second]) {
      one?.kill('SIGCONT')
      one?.kill('SIGTERM')
      await one?.ended
    }
  }
  const id = await readArchiveId(archive.db)
  const verdict = await verifyArchive(archive.db, {
    keys: await readPublicKeys(join(folder, 'compliance-key.pem')),
    anchors: await readAnchors(join(folder, 'compliance-anchors.jsonl'), id),
  })
  expect(verdict).toMatchObject({ sound: true, entries: noted })
  const { rows } = await archive.db.query<{ fence: number; position: number }>(
    'SELECT DISTINCT fence FROM batch ORDER BY fence',
  )
  expect(rows.length).toBe(2)
  const { rows: doubled } = await archive.db.query('SELECT position FROM entry GROUP BY position HAVING count(*) > 1')
  expect(doubled).toEqual([])
}, 120_000)

test('[CP80] a lease of a clock that was set back since holds nobody up, and one that lasts does', async () => {
  await takeMover(archive.db, 'dead')
  expect(await takeMover(archive.db, 'next')).toBeUndefined()
  await archive.db.query("UPDATE mover SET until = clock_timestamp() + interval '1 hour'")
  expect(await takeMover(archive.db, 'next')).toBe(2)
})

test('[CP81] an archive that answers late holds up the move alone: events are noted meanwhile, and moved once', async () => {
  const key = await openSigningKey(join(folder, 'key.pem'))
  const mover = openMover({
    ...{ store: store.db, archive: archive.db, key, anchorFile: undefined, holder: 'here', log: silentLog },
  })
  noted = 0
  const slow = await archive.db.connect()
  await slow.query('SET idle_in_transaction_session_timeout = 0; BEGIN; LOCK TABLE entry IN EXCLUSIVE MODE')
  const longest = { ms: 0 }
  for (const until = Date.now() + 7_000; Date.now() < until; await sleep(100)) {
    const beganAt = performance.now()
    await note(10)
    longest.ms = Math.max(longest.ms, performance.now() - beganAt)
  }
  expect(await left()).toBe(noted)
  // The archive's lock was waited for all the time.
  expect(longest.ms).toBeLessThan(3_000)
  await slow.query('ROLLBACK')
  slow.release()
  await untilMoved()
  await mover.stop()
  const verdict = await verifyArchive(archive.db, { keys: [key], anchors: [] })
  expect(verdict).toMatchObject({ sound: true, entries: noted })
}, 60_000)
