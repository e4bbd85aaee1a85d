import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openEmptyDatabase, openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { silentLog } from '../base/log.ts'
import { noteEvents, readBacklog, takeEvents } from '../store/outbox.ts'
import { readAnchors } from './anchor.ts'
import {
  appendBatch,
  keepMover,
  lastHead,
  leaveMover,
  readArchiveId,
  readTexts,
  Superseded,
  takeMover,
} from './archive.ts'
import { openSigningKey, publicPem, readPublicKeys } from './head.ts'
import { migrateArchive } from './migrate.ts'
import { openMover } from './mover.ts'
import { exportProof } from './proof.ts'
import { verifyArchive } from './verify.ts'

let store: TestDatabase
let archive: TestDatabase
let folder: string
let keyFile: string
beforeEach(async () => {
  ;[store, archive, folder] = await Promise.all([
    openTestDatabase(),
    openEmptyDatabase(),
    mkdtemp(join(tmpdir(), 'pchat-archive-')),
  ])
  keyFile = join(folder, 'signing.pem')
  await migrateArchive(archive.db)
  await store.db.query('UPDATE pool SET recording = true')
  // The tests count their own events: that of the switch goes.
  await store.db.query('DELETE FROM outbox')
})
afterEach(async () => {
  await Promise.all([store.drop(), archive.drop(), rm(folder, { recursive: true, force: true })])
})

const anchorFile = () => join(folder, 'anchors.jsonl')
const actor = { id: randomUUID(), name: 'ann@example.com', displayName: 'Ann' }

async function note(count: number, kind = 'chat') {
  const room = randomUUID()
  await noteEvents(
    store.db,
    Array.from({ length: count }, (_, n) => ({
      kind,
      room,
      position: n + 1,
      // U+2028 ends lines for some readers, and may stand in JSON as it is.
      data: { actor, text: `message ${n + 1}`, more: 'one\u2028two' },
    })),
  )
}

/** Runs a mover until the outbox is empty and all heads are anchored. */
async function moveAll() {
  const key = await openSigningKey(keyFile)
  const mover = openMover({
    ...{ store: store.db, archive: archive.db, key, anchorFile: anchorFile(), holder: 'here', log: silentLog },
  })
  const id = await readArchiveId(archive.db)
  for (;;) {
    // In this order: what has left the outbox stands in the archive.
    const { rows } = await readBacklog(store.db, 10)
    const head = await lastHead(archive.db)
    const anchors = await readAnchors(anchorFile(), id)
    if (rows === 0 && (anchors.at(-1)?.batch ?? 0) === (head?.head.batch ?? 0)) break
    await sleep(20)
  }
  await mover.stop()
}

async function verdict() {
  const id = await readArchiveId(archive.db)
  return verifyArchive(archive.db, {
    keys: await readPublicKeys(keyFile),
    anchors: await readAnchors(anchorFile(), id),
  })
}

/** As the owner of the database may: without the triggers that keep others from it. */
async function tamper(sql: string) {
  await archive.db.query(`SET session_replication_role = replica; ${sql}; SET session_replication_role = DEFAULT`)
}

test('[CP2] what happened is moved into the archive, numbered without gaps, and leaves the outbox', async () => {
  await note(25)
  await moveAll()
  await note(5, 'change')
  await moveAll()
  const texts = await readTexts(archive.db, 1, 100)
  expect(texts.map(row => row.seq)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1))
  expect(JSON.parse(texts[24]!.text)).toMatchObject({
    seq: 25,
    kind: 'chat',
    position: 25,
    data: { text: 'message 25', actor },
  })
  expect(await readBacklog(store.db, 100)).toEqual({ rows: 0, ageSeconds: 0 })
  expect(await verdict()).toMatchObject({
    sound: true,
    batches: 2,
    entries: 30,
    anchors: 2,
    anchoredThrough: 30,
    firstBad: null,
  })
})

test('[CP3] what was archived before its mover was killed is not archived twice', async () => {
  await note(10)
  const fence = (await takeMover(archive.db, 'killed'))!
  const events = await takeEvents(store.db, 100)
  const appending = {
    archive: await readArchiveId(archive.db),
    fence,
    key: await openSigningKey(keyFile),
    now: () => new Date(),
  }
  await appendBatch(archive.db, events, appending)
  // Killed here: the events are still in the outbox.
  await leaveMover(archive.db, fence)
  await note(3)
  await moveAll()
  expect(await verdict()).toMatchObject({ sound: true, entries: 13 })
})

test('[CP4] one moves at a time; who was superseded writes nothing, however late it wakes', async () => {
  await note(4)
  const first = (await takeMover(archive.db, 'one'))!
  expect(await takeMover(archive.db, 'two')).toBeUndefined()
  expect(await keepMover(archive.db, first)).toBe(true)
  await archive.db.query("UPDATE mover SET until = now() - interval '1 second'")
  const second = (await takeMover(archive.db, 'two'))!
  expect(second).toBeGreaterThan(first)
  expect(await keepMover(archive.db, first)).toBe(false)
  const events = await takeEvents(store.db, 100)
  const key = await openSigningKey(keyFile)
  const appending = (fence: number) => ({ archive: '', fence, key, now: () => new Date() })
  await expect(appendBatch(archive.db, events, appending(first))).rejects.toBeInstanceOf(Superseded)
  expect(await readTexts(archive.db, 1, 10)).toEqual([])
})

test('[CP5] nobody changes, deletes or empties entries and heads by plain statements', async () => {
  await note(2)
  await moveAll()
  for (const statement of [
    "UPDATE entry SET text = '{}'",
    'DELETE FROM entry',
    'TRUNCATE entry',
    'UPDATE batch SET fence = 0',
    'DELETE FROM batch',
    'TRUNCATE batch',
  ])
    await expect(archive.db.query(statement), statement).rejects.toThrow('is only added to')
  expect(await verdict()).toMatchObject({ sound: true, entries: 2 })
})

const tamperings: [string, string, { what: string; seq?: number; batch?: number }][] = [
  [
    'changes a text',
    `UPDATE entry SET text = replace(text, 'message 3', 'message X') WHERE seq = 3`,
    { what: 'entry', batch: 1 },
  ],
  ['deletes an entry', 'DELETE FROM entry WHERE seq = 7', { what: 'entry', batch: 1, seq: 7 }],
  [
    'exchanges two entries',
    'UPDATE entry a SET text = b.text FROM entry b WHERE (a.seq, b.seq) IN ((2, 5), (5, 2))',
    { what: 'entry', batch: 1, seq: 2 },
  ],
  ['deletes the last entry', 'DELETE FROM entry WHERE seq = 20', { what: 'entry', batch: 2, seq: 20 }],
  [
    'cuts off the last batch',
    'DELETE FROM entry WHERE seq > 10; DELETE FROM batch WHERE number = 2',
    { what: 'anchor', batch: 2 },
  ],
  [
    'takes out the first batch',
    'DELETE FROM entry WHERE seq <= 10; DELETE FROM batch WHERE number = 1',
    { what: 'head', batch: 1 },
  ],
  ['changes a head', "UPDATE batch SET at = '2020-01-01T00:00:00.000Z' WHERE number = 1", { what: 'head', batch: 1 }],
  [
    'adds an entry',
    `INSERT INTO entry (seq, event, at, kind, text) VALUES (21, gen_random_uuid(), now(), 'chat', '{}')`,
    { what: 'entry', seq: 21 },
  ],
]
for (const [what, sql, found] of tamperings)
  test(`[CP6] it is found where a superuser ${what}`, async () => {
    await note(10)
    await moveAll()
    await note(10)
    await moveAll()
    await tamper(sql)
    const { sound, firstBad } = await verdict()
    expect(sound).toBe(false)
    expect(firstBad).toMatchObject(found)
    expect(firstBad!.sentence).not.toBe('')
  })

test('[CP6] an end that was written anew with the right key differs from what was anchored', async () => {
  await note(10)
  await moveAll()
  const { rows } = await archive.db.query('SELECT text FROM entry')
  await tamper('DELETE FROM entry; DELETE FROM batch')
  // Whoever has database and key makes a chain that is right in itself.
  await note(rows.length)
  const fence = (await takeMover(archive.db, 'forger'))!
  const appending = {
    archive: await readArchiveId(archive.db),
    fence,
    key: await openSigningKey(keyFile),
    now: () => new Date(),
  }
  await appendBatch(archive.db, await takeEvents(store.db, 100), appending)
  expect(await verdict()).toMatchObject({ sound: false, firstBad: { what: 'anchor', batch: 1 } })
})

test('[CP6] a head that another key has signed is found', async () => {
  await note(3)
  await moveAll()
  await rm(keyFile)
  await openSigningKey(keyFile)
  expect(await verdict()).toMatchObject({ sound: false, firstBad: { what: 'head', batch: 1 } })
})

test('[CP7] a line that was half written when the disk was full or the power went is passed over, and those after it count', async () => {
  await note(3)
  await moveAll()
  await appendFile(anchorFile(), '{"archive":"')
  await note(3)
  await moveAll()
  const anchors = await readAnchors(anchorFile(), await readArchiveId(archive.db))
  expect(anchors.map(anchor => anchor.batch)).toEqual([1, 2])
  expect(await verdict()).toMatchObject({ sound: true, anchors: 2, anchoredThrough: 6 })
  await writeFile(anchorFile(), '')
  expect(await verdict()).toMatchObject({ sound: true, anchors: 0, anchoredThrough: 0 })
})

test('[CP8] an export is checked by one file, with nothing but the export and the public key', async () => {
  for (let n = 0; n < 3; n += 1) {
    await note(7)
    await moveAll()
  }
  const target = join(folder, 'export')
  expect(await exportProof(archive.db, target, 9, 10)).toEqual({ first: 8, last: 14, batches: 1 })
  expect(await exportProof(archive.db, target, 1, 1_000)).toEqual({ first: 1, last: 21, batches: 3 })
  await writeFile(join(target, 'public.pem'), publicPem(await openSigningKey(keyFile)))
  const check = async (more: string[] = []) => {
    const child = spawnSync(process.execPath, ['verify.mjs', '--key', 'public.pem', '--json', ...more], { cwd: target })
    return {
      code: child.status,
      ...(JSON.parse(child.stdout.toString()) as { sound: boolean; firstBad: string | null }),
    }
  }
  const anchors = ['--anchors', anchorFile()]
  expect(await check(anchors)).toMatchObject({ code: 0, sound: true, entries: 21, batches: 3, first: 1, last: 21 })
  const whole = await readFile(join(target, 'entries.jsonl'), 'utf8')
  const lines = whole.trimEnd().split('\n')
  const changes: [string, string[]][] = [
    ['changed', lines.with(3, lines[3]!.replace('message 4', 'message 5'))],
    ['left out', lines.toSpliced(3, 1)],
    ['exchanged', lines.with(3, lines[4]!).with(4, lines[3]!)],
    ['added', [...lines, lines[0]!]],
    ['cut off', lines.slice(0, -1)],
  ]
  for (const [what, changed] of changes) {
    await writeFile(join(target, 'entries.jsonl'), `${changed.join('\n')}\n`)
    const found = await check()
    expect(found, what).toMatchObject({ code: 1, sound: false })
    expect(found.firstBad, what).toMatch(/^(Entry \d+ is missing|Of entries 1 to 7 |Behind entry 21 )/)
  }
  await writeFile(join(target, 'entries.jsonl'), whole)
  const other = join(folder, 'other.pem')
  await writeFile(join(target, 'public.pem'), publicPem(await openSigningKey(other)))
  expect(await check()).toMatchObject({ code: 1, firstBad: 'The signature of batch 1 is of another key.' })
})
