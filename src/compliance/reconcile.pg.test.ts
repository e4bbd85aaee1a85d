import { randomUUID } from 'node:crypto'
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openEmptyDatabase, type TestDatabase } from '../../test/database.ts'
import { openSite, type Person, type Site } from '../../test/harness.ts'
import { silentLog } from '../base/log.ts'
import type { Room } from '../protocol/room.ts'
import { readBacklog } from '../store/outbox.ts'
import { lastHead } from './archive.ts'
import { openSigningKey } from './head.ts'
import { migrateArchive } from './migrate.ts'
import { openMover } from './mover.ts'
import { openAdapter, produceRange } from './produce.ts'
import { isReconciliationSigned, reconcile, signReconciliation } from './reconcile.ts'

let site: Site
let archive: TestDatabase
let ann: Person
let category: string
let room: Room
let folder: string

beforeAll(async () => {
  ;[site, folder] = await Promise.all([openSite(), mkdtemp(join(tmpdir(), 'pchat-reconcile-'))])
  ann = await site.addUser('ann@example.com')
  category = (await site.addCategory({ allowedMembers: ['example.com'] })).id
  room = await site.addRoom({ category, members: null })
  // Before recording: nothing of it is due.
  await post(2)
  await record(true)
})
afterAll(async () => {
  await site.stop()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  archive = await openEmptyDatabase()
  await migrateArchive(archive.db)
  return () => archive.drop()
})

const record = (on: boolean) => site.db.query('UPDATE pool SET recording = $1', [on])

async function post(count: number, to = room): Promise<number> {
  let last = 0
  for (let n = 0; n < count; n += 1)
    last = (await ann.call('message.post', { room: to.id, clientId: randomUUID(), text: `text ${n}\u2028` })).seq
  return last
}

/** A new outbox, room and archive, with so many posts moved. */
async function begin(count: number) {
  await record(false)
  await site.db.query('DELETE FROM outbox')
  room = await site.addRoom({ category, members: null })
  await record(true)
  await post(count)
  await move()
}

async function move() {
  const key = await openSigningKey(join(folder, 'key.pem'))
  const mover = openMover({
    ...{ store: site.db, archive: archive.db, key, anchorFile: undefined, holder: 'here', log: silentLog },
  })
  while ((await readBacklog(site.db, 1)).rows > 0) await new Promise(resolve => setTimeout(resolve, 20))
  await mover.stop()
}

async function found(folders: string[] = []) {
  const report = await reconcile({ store: site.db, archive: archive.db, folders })
  return { ...report, told: report.findings.map(({ what, seq, file }) => [what, seq, ...(file ? [file] : [])]) }
}

/** As a superuser may. */
async function tamper(sql: string) {
  await archive.db.query(`SET session_replication_role = replica; ${sql}; SET session_replication_role = DEFAULT`)
}

test('[CP70] store, archive and outbox agree: in the archive, on its way, and removed, replaced, cleared or deleted on record', async () => {
  await begin(6)
  await site.admin.call('message.remove', { room: room.id, seq: 3 })
  await site.admin.call('message.remove', { room: room.id, seq: 4, replaceWith: 'better' })
  const gone = await site.addRoom({ category, members: null })
  await post(2, gone)
  await site.admin.call('room.delete', { room: gone.id })
  const cleared = await site.addRoom({ category, members: null })
  await post(3, cleared)
  await site.admin.call('room.clear', { room: cleared.id, until: '2100-01-01T00:00:00.000Z' })
  await site.db.query('DELETE FROM message WHERE room = $1', [cleared.id])
  const silent = await site.addCategory({ allowedMembers: ['example.com'], chatHistory: false })
  const passing = await site.addRoom({ category: silent.id, members: null })
  await post(2, passing)
  await move()
  await post(3)
  const report = await found()
  expect(report.findings).toEqual([])
  // The six, two, three and two that were moved, the three that wait, and the first two of the very first room.
  expect(report).toMatchObject({ sound: true, archived: 13, waiting: 3, found: 0 })
  expect(report.messages).toBeGreaterThanOrEqual(16)
  const key = await openSigningKey(join(folder, 'key.pem'))
  const signed = signReconciliation(await reconcile({ store: site.db, archive: archive.db }), key)
  expect(isReconciliationSigned(signed, [key])).toBe(true)
  const changed = { ...signed, report: { ...signed.report, messages: 1 } }
  expect(isReconciliationSigned(changed, [key])).toBe(false)
})

test('[CP71] what is missing, doubled or different in the archive is found, by room and number', async () => {
  await begin(8)
  const at = (seq: number) => `kind = 'chat' AND room = '${room.id}' AND position = ${seq}`
  await tamper(`DELETE FROM entry WHERE ${at(3)}`)
  await tamper(
    `INSERT INTO entry (seq, event, at, kind, room, position, text)
     SELECT 1000, gen_random_uuid(), at, kind, room, position, text FROM entry WHERE ${at(5)}`,
  )
  await tamper(`UPDATE entry SET text = replace(text, 'text 6', 'text X') WHERE ${at(7)}`)
  await tamper(`DELETE FROM entry WHERE ${at(8)}`)
  const { told, sound } = await found()
  expect(told).toEqual([
    ['missing', 3],
    ['doubled', 5],
    ['differs', 7],
    ['missing', 8],
  ])
  expect(sound).toBe(false)
})

test('[CP71] what was lost out of the outbox is found, also where the store has lost the message too', async () => {
  await begin(2)
  await post(4)
  await site.db.query("DELETE FROM outbox WHERE kind = 'chat' AND position IN (3, 5, 6)")
  expect((await found()).told).toEqual([
    ['missing', 3],
    ['missing', 5],
    ['missing', 6],
  ])
  for (const table of ['message', 'repeat'])
    await site.db.query(`DELETE FROM ${table} WHERE room = $1 AND seq IN (3, 5, 6)`, [room.id])
  const { findings } = await found()
  expect(findings.map(({ what, sentence }) => [what, sentence])).toEqual([
    ['missing', 'Message 3 is neither in the store nor in the archive.'],
    ['missing', 'Messages 5 to 6 are neither in the store nor in the archive.'],
  ])
})

test('[CP72] what the store has lost or changed without a record is found', async () => {
  await begin(9)
  await site.db.query('DELETE FROM message WHERE room = $1 AND seq = 2', [room.id])
  await site.db.query("UPDATE message SET text = 'never said' WHERE room = $1 AND seq = 4", [room.id])
  await site.db.query('UPDATE message SET text = NULL, revision = 1 WHERE room = $1 AND seq = 5', [room.id])
  await site.db.query('UPDATE message SET author = $2 WHERE room = $1 AND seq = 6', [room.id, randomUUID()])
  expect((await found()).told).toEqual([
    ['lost', 2],
    ['differs', 4],
    ['differs', 5],
    ['differs', 6],
  ])
  // An older copy of the store: the room ends earlier.
  for (const table of ['message', 'repeat'])
    await site.db.query(`DELETE FROM ${table} WHERE room = $1 AND seq > 7`, [room.id])
  await site.db.query('UPDATE room_head SET last_seq = 7 WHERE room = $1', [room.id])
  expect((await found()).told).toContainEqual(['lost', 9])
  await site.db.query('UPDATE room_head SET first_seq = 8 WHERE room = $1', [room.id])
  expect((await found()).findings.map(one => one.sentence)).toContain(
    'Messages from 1 to 7 were cleared away, and no clear is recorded.',
  )
  await site.db.query('DELETE FROM message WHERE room = $1', [room.id])
  await site.db.query('DELETE FROM room WHERE id = $1', [room.id])
  expect((await found()).findings.at(-1)!.sentence).toContain('The store does not know room')
})

test('[CP73] what happened while recording was off is not asked for; when it was switched stands in the archive, by SQL too', async () => {
  await begin(3)
  await record(false)
  await post(3)
  await record(true)
  // So near to the switch that it cannot be told which side it was on, nothing is asked for.
  await sleep(20)
  await post(2)
  expect(await found()).toMatchObject({ sound: true, findings: [] })
  await move()
  const { rows } = await archive.db.query<{ on: boolean }>(
    `SELECT ((text::json) #>> '{data,on}')::boolean AS on FROM entry WHERE kind = 'recording' ORDER BY seq`,
  )
  expect(rows.map(row => row.on)).toEqual([true, false, true])
  expect(await found()).toMatchObject({ sound: true, archived: 5 })
  await tamper(`DELETE FROM entry WHERE kind = 'chat' AND position = 7 AND room = '${room.id}'`)
  expect((await found()).told).toEqual([['missing', 7]])
})

test('[CP74] files of JSON-lines adapters are compared line by line with the archive', async () => {
  await begin(7)
  const output = join(folder, 'lines')
  const settings = {
    ...{ name: 'lines', outputDirectory: output, oneRoomPerFile: false, roomDetails: false },
    ...{ userDetails: false, attachmentsManifest: false, custom: {} },
  }
  const adapter = await openAdapter('json-lines', settings)
  async function* noFile(): AsyncGenerator<Uint8Array> {}
  const production = { archive: archive.db, adapter, settings, readFile: noFile }
  const last = (await lastHead(archive.db))!.head.last
  await produceRange(production, 1, 3)
  await produceRange(production, 4, 6)
  await produceRange(production, 7, last)
  expect(await found([output])).toMatchObject({ sound: true, exports: { files: 3, entries: last } })
  const [one, two, three] = (await readdir(output)).sort(
    (a, b) => Number(a.split('-').at(-2)) - Number(b.split('-').at(-2)),
  )
  const whole = await readFile(join(output, two!), 'utf8')
  const changes: [string, number][] = [
    [whole.replace(/text \d/, 'text X'), 0],
    [`${whole.split('\n').slice(0, 2).join('\n')}\n`, 6],
    [whole.split('\n').toSpliced(0, 1).join('\n'), 4],
  ]
  for (const [text, seq] of changes) {
    await writeFile(join(output, two!), text)
    const { told } = await found([output])
    expect(told, text).toHaveLength(1)
    expect(told[0]).toMatchObject(seq === 0 ? ['export', expect.any(Number), two] : ['export', seq, two])
  }
  await writeFile(join(output, two!), whole)
  await appendFile(join(output, three!), whole)
  expect((await found([output])).told).toEqual([['export', last + 1, three]])
  await rm(join(output, three!))
  await rm(join(output, two!))
  await produceRange(production, 3, 4)
  await produceRange(production, 6, last)
  expect((await found([output])).findings.map(({ sentence }) => sentence.replace(/lines-\S+/g, 'file'))).toEqual([
    'Entries 3 to 3 are in file and in file',
    'Entries 5 to 5 are in no file.',
  ])
  expect(one).toMatch(/-1-3\.jsonl$/)
})
