import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ScannerAway } from '../src/files/clamd.ts'
import { collect } from '../src/files/collect.ts'
import type { Scan } from '../src/files/files.ts'
import { openFolder } from '../src/files/folder.ts'
import { noKeys } from '../src/files/keys.ts'
import { gather } from '../src/files/objects.ts'
import { postponeFile, setScanned, unfinishedFiles } from '../src/store/file.ts'
import { type FileSite, openFileSite, openRoomFor, postFile, putFile } from './files.ts'
import type { Person } from './harness.ts'
import { codeOf, getFile, patch, someBytes } from './upload.ts'

/** What stands in for the scanner here: it finds a word, or is away. How clamd is asked is tested beside its client. */
let away = false
let asked = 0
const scan = async (bytes: AsyncIterable<Buffer>) => {
  if (away) throw new ScannerAway('away')
  asked += 1
  const all = await gather(bytes)
  if (all.includes('hopeless')) throw new ScannerAway('never')
  return { found: all.includes('malware') ? 'Test.Word' : undefined }
}

let site: FileSite
let ann: Person
beforeAll(async () => {
  site = await openFileSite({ scan })
  ann = await site.addUser('ann@example.com')
})
afterAll(async () => {
  await site.stop()
  await rm(site.folder, { recursive: true, force: true })
})

const post = (room: { id: string }, file: string) =>
  ann.ask('file.post', { room: room.id, file, clientId: randomUUID() }).then(answer => answer.error)

test('[FI29] a flagged file is kept from everyone, recorded, and its uploader told; the same bytes are flagged again', async () => {
  const room = await openRoomFor(site, [ann])
  const bytes = Buffer.from(`${'x'.repeat(5_000)} malware`)
  const file = await putFile(ann, room, bytes, 'nice.txt')
  expect(await post(room, file)).toMatchObject({ code: 'forbidden', message: expect.stringContaining('Test.Word') })
  expect((await ann.call('file.get', { file })).file).toMatchObject({ state: 'flagged', finding: 'Test.Word' })
  expect(await codeOf(await getFile(site, ann, file))).toBe('not_found')
  expect(await codeOf(await getFile(site, site.admin, file))).toBe('not_found')
  const { entries } = await site.admin.call('audit.list', { limit: 5 })
  expect(entries).toContainEqual(
    expect.objectContaining({
      action: 'file.flagged',
      subject: file,
      actor: expect.objectContaining({ id: ann.me.id }),
    }),
  )
  const before = asked
  const again = await putFile(ann, room, bytes, 'other.txt')
  expect((await post(room, again))?.code).toBe('forbidden')
  expect(asked).toBe(before)
})

test('[FI29] what an operator says in place of the scanner holds for every file with these bytes, also for those posted', async () => {
  const room = await openRoomFor(site, [ann])
  const { file } = await postFile(ann, room, someBytes(400, 5))
  const { rows } = await site.db.query<{ body: string }>('SELECT body FROM file WHERE id = $1', [file])
  await setScanned(site.db, rows[0]!.body, 'Late.Word')
  expect(await codeOf(await getFile(site, ann, file))).toBe('not_found')
  await setScanned(site.db, rows[0]!.body, '')
  expect(await codeOf(await getFile(site, ann, file))).toBe('ok')
})

test('[FI29] what was found is not unsaid where a scanner is not asked', async () => {
  const room = await openRoomFor(site, [ann])
  const { file } = await postFile(ann, room, someBytes(400, 8))
  const { rows } = await site.db.query<{ body: string }>('SELECT body FROM file WHERE id = $1', [file])
  await setScanned(site.db, rows[0]!.body, 'Late.Word')
  await setScanned(site.db, rows[0]!.body, null)
  expect((await ann.call('file.get', { file })).file).toMatchObject({ state: 'flagged', finding: 'Late.Word' })
  expect(await codeOf(await getFile(site, ann, file))).toBe('not_found')
})

test('[FI30] while the scanner is away files wait, and are finished when it is back', async () => {
  const room = await openRoomFor(site, [ann])
  away = true
  const file = await putFile(ann, room, someBytes(600, 6))
  expect((await post(room, file))?.code).toBe('unavailable')
  expect(await codeOf(await getFile(site, ann, file))).toBe('not_found')
  away = false
  await vi.waitFor(async () => expect(await post(room, file)).toBeUndefined(), { timeout: 10_000, interval: 200 })
  expect(await codeOf(await getFile(site, ann, file))).toBe('ok')
})

test('[FI30] what waits for the scanner is not over meanwhile, for a week at most', async () => {
  const room = await openRoomFor(site, [ann])
  const [young, old] = [
    await putFile(ann, room, Buffer.from('hopeless, young')),
    await putFile(ann, room, Buffer.from('hopeless, old')),
  ]
  await site.db.query(
    `UPDATE file SET next_try_at = now(), tries = 0, expires_at = now() + interval '1 minute',
            created_at = CASE id WHEN $2 THEN now() - interval '8 days' ELSE created_at END WHERE id IN ($1, $2)`,
    [young, old],
  )
  const look = async (id: string) => {
    const { rows } = await site.db.query<{ tries: number; long: boolean }>(
      "SELECT tries, expires_at > now() + interval '1 hour' AS long FROM file WHERE id = $1",
      [id],
    )
    return rows[0]!
  }
  await vi.waitFor(
    async () => {
      for (const id of [young, old]) expect((await look(id)).tries).toBeGreaterThan(0)
    },
    { timeout: 10_000, interval: 200 },
  )
  expect([(await look(young)).long, (await look(old)).long]).toEqual([true, false])
}, 15_000)

test('[FI30] files that can never be scanned keep no other one from its turn, and come less and less often', async () => {
  const room = await openRoomFor(site, [ann])
  for (let n = 0; n < 12; n += 1) await putFile(ann, room, Buffer.from(`hopeless ${n}`))
  away = true
  const file = await putFile(ann, room, Buffer.from('some hope'))
  away = false
  await vi.waitFor(async () => expect(await post(room, file)).toBeUndefined(), { timeout: 10_000, interval: 200 })
  const { rows } = await site.db.query<{ id: string }>(
    "SELECT id FROM file WHERE room = $1 AND state = 'scanning' ORDER BY created_at",
    [room.id],
  )
  // Of those that are due, the one that waited longest, not the oldest.
  const longest = rows.at(-1)!.id
  const tx = await site.db.connect()
  await tx.query('BEGIN')
  await tx.query(
    "UPDATE file SET lease = NULL, lease_until = NULL, next_try_at = now() - CASE id WHEN $2 THEN interval '1 hour' ELSE interval '1 second' END WHERE room = $1",
    [room.id, longest],
  )
  const [turn] = await unfinishedFiles(tx, 1)
  await tx.query('ROLLBACK')
  tx.release()
  expect(turn!.id).toBe(longest)
  const waits: number[] = []
  for (let n = 0; n < 12; n += 1) {
    await postponeFile(site.db, rows[0]!.id)
    const { rows: next } = await site.db.query<{ s: number }>(
      'SELECT extract(epoch FROM next_try_at - clock_timestamp())::float8 AS s FROM file WHERE id = $1',
      [rows[0]!.id],
    )
    waits.push(next[0]!.s)
  }
  expect(waits.every((wait, n) => n === 0 || wait > waits[n - 1]! - 1)).toBe(true)
  expect(Math.round(waits.at(-1)!)).toBe(300)
}, 20_000)

test('[FI30] a server that stops ends its scan at once, and what it did not scan does not pass', async () => {
  const open = await openFileSite({ scan: () => Promise.reject(new ScannerAway('away')) })
  const ben = await open.addUser('ben@example.com')
  const room = await openRoomFor(open, [ben])
  const files = [await putFile(ben, room, someBytes(600, 8)), await putFile(ben, room, someBytes(600, 9))]
  let began = () => {}
  const scanning = new Promise<void>(resolve => {
    began = resolve
  })
  const slow: Scan = (_bytes, signal) => {
    began()
    return new Promise((_resolve, reject) =>
      signal?.addEventListener('abort', () => reject(new ScannerAway('the scan was ended'))),
    )
  }
  const store = await openFolder(open.folder)
  const other = await open.another({ files: { store, keys: noKeys, scan: slow, scanOpen: true } })
  await scanning
  const before = performance.now()
  await other.stop()
  expect(performance.now() - before).toBeLessThan(5_000)
  const { rows } = await open.db.query('SELECT state FROM file WHERE id = ANY ($1)', [files])
  expect(rows).toEqual([{ state: 'scanning' }, { state: 'scanning' }])
  await open.stop()
  await rm(open.folder, { recursive: true, force: true })
}, 20_000)

test('[FI30] where it is set so, files pass while the scanner is away', async () => {
  const open = await openFileSite({ scan, scanOpen: true })
  const ben = await open.addUser('ben@example.com')
  const room = await openRoomFor(open, [ben])
  away = true
  const { file } = await postFile(ben, room, someBytes(600, 7))
  away = false
  expect(await codeOf(await getFile(open, ben, file))).toBe('ok')
  await open.stop()
  await rm(open.folder, { recursive: true, force: true })
})

const removeBytes = async (file: string) => {
  await site.db.query("UPDATE file SET expires_at = now() - interval '1 minute' WHERE id = $1", [file])
  await collect({ db: site.db, store: await openFolder(site.folder), keys: noKeys }, 7)
  const { rowCount } = await site.db.query("SELECT FROM file WHERE id = $1 AND state = 'removed' AND body IS NULL", [
    file,
  ])
  expect(rowCount).toBe(1)
}

test('[FI44] what was found in a file holds when its bytes are gone and come again, also where the scanner is away and files pass', async () => {
  const open = await site.another({
    files: { store: await openFolder(site.folder), keys: noKeys, scan, scanOpen: true },
  })
  const room = await openRoomFor(site, [ann])
  const bytes = Buffer.from(`${'y'.repeat(3_000)} malware`)
  await removeBytes(await putFile(ann, room, bytes))
  const before = asked
  away = true
  const { file, upload } = await open
    .at(ann)
    .call('file.begin', { room: room.id, name: 'again.txt', size: bytes.length })
  expect((await patch(ann, upload.replace(/^http:\/\/[^/]+/, open.url), 0, bytes)).status).toBe(204)
  away = false
  expect(await post(room, file)).toMatchObject({ code: 'forbidden', message: expect.stringContaining('Test.Word') })
  expect(asked).toBe(before)
  await open.stop()
})

test('[FI44] what a server of the version before has found is kept when the bytes go', async () => {
  const room = await openRoomFor(site, [ann])
  const bytes = someBytes(700, 78)
  const file = await putFile(ann, room, bytes)
  await site.db.query("UPDATE file_body SET finding = 'Old.Word' WHERE id = (SELECT body FROM file WHERE id = $1)", [
    file,
  ])
  await removeBytes(file)
  expect((await post(room, await putFile(ann, room, bytes)))?.code).toBe('forbidden')
})

test('[FI44] what an operator says in place of the scanner unsays it: the bytes are scanned when they come again', async () => {
  const room = await openRoomFor(site, [ann])
  const bytes = someBytes(700, 77)
  const flagged = await putFile(ann, room, bytes)
  const bodyOf = async (file: string) =>
    (await site.db.query<{ body: string }>('SELECT body FROM file WHERE id = $1', [file])).rows[0]!.body
  await setScanned(site.db, await bodyOf(flagged), 'Wrong.Word')
  await removeBytes(flagged)
  const again = await putFile(ann, room, bytes)
  expect((await post(room, again))?.code).toBe('forbidden')
  await setScanned(site.db, await bodyOf(again), '')
  expect(await post(room, again)).toBeUndefined()
  await site.db.query('UPDATE file SET seq = NULL, client_id = NULL WHERE id = $1', [again])
  await removeBytes(again)
  const before = asked
  expect(await post(room, await putFile(ann, room, bytes))).toBeUndefined()
  expect(asked).toBe(before + 1)
})
