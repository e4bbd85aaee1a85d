import { randomBytes, randomUUID } from 'node:crypto'
import { readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { adopt, attachStore, markKey, OtherStore } from '../src/files/attach.ts'
import { checkFiles } from '../src/files/check.ts'
import { collect, findStrays } from '../src/files/collect.ts'
import { openFolder } from '../src/files/folder.ts'
import { noKeys, parseKeys } from '../src/files/keys.ts'
import type { Objects } from '../src/files/objects.ts'
import { rekeyFiles } from '../src/files/rekey.ts'
import { appendPiece } from '../src/store/file-piece.ts'
import { holdFile } from '../src/store/file-upkeep.ts'
import { turnPartitions } from '../src/store/upkeep.ts'
import { type FileSite, openFileSite, openRoomFor, postFile, putFile } from './files.ts'
import { makeFolder } from './folder.ts'
import type { Person } from './harness.ts'
import { runPchat } from './pchat.ts'
import { codeOf, getFile, patch, sha256, someBytes } from './upload.ts'

let site: FileSite
let ann: Person
let objects: Objects
beforeAll(async () => {
  site = await openFileSite({ lookMs: 600_000 })
  ann = await site.addUser('ann@example.com')
  objects = { db: site.db, store: await openFolder(site.folder), keys: noKeys }
})
afterAll(async () => {
  await site.stop()
  await rm(site.folder, { recursive: true, force: true })
})

const keysOf = async (file: string) => {
  const { rows } = await site.db.query<{ key: string }>(
    'SELECT p.key FROM file f JOIN file_piece p ON p.body = f.body WHERE f.id = $1',
    [file],
  )
  return rows.map(row => row.key)
}
async function stored(): Promise<Set<string>> {
  const keys = new Set<string>()
  for await (const { key } of objects.store.list()) keys.add(key)
  return keys
}
const ageAll = () => site.db.query("UPDATE file SET unreferenced_at = unreferenced_at - interval '8 days'")

test('[FI22] a file whose message was removed goes after the grace time, not before, and not under a hold', async () => {
  const room = await openRoomFor(site, [ann])
  const [gone, kept, held] = [
    await postFile(ann, room, someBytes(1_000, 1)),
    await postFile(ann, room, someBytes(1_000, 2)),
    await postFile(ann, room, someBytes(1_000, 3)),
  ]
  const keys = { gone: await keysOf(gone.file), kept: await keysOf(kept.file), held: await keysOf(held.file) }
  await holdFile(site.db, held.file, true)
  for (const { seq } of [gone, held]) await site.admin.call('message.remove', { room: room.id, seq })
  expect(await collect(objects, 7)).toMatchObject({ files: 0 })
  await ageAll()
  expect(await collect(objects, 7)).toMatchObject({ files: 1 })
  const there = await stored()
  expect([...keys.gone, ...keys.kept, ...keys.held].map(key => there.has(key))).toEqual([false, true, true])
  expect(await codeOf(await getFile(site, ann, kept.file))).toBe('ok')
  await holdFile(site.db, held.file, false)
  expect(await collect(objects, 7)).toMatchObject({ files: 1 })
})

test('[FI22] files of a cleared and of a deleted room go as well, and never what was posted a moment ago', async () => {
  const [cleared, deleted] = [await openRoomFor(site, [ann]), await openRoomFor(site, [ann])]
  const one = await postFile(ann, cleared, someBytes(500, 11))
  await site.admin.call('room.clear', { room: cleared.id, until: new Date(Date.now() + 60_000).toISOString() })
  const other = await postFile(ann, deleted, someBytes(500, 12))
  await site.admin.call('room.delete', { room: deleted.id })
  const fresh = await postFile(ann, cleared, someBytes(500, 13))
  const files = [one.file, other.file, fresh.file]
  await collect(objects, 0)
  const { rows } = await site.db.query<{ id: string; state: string }>(
    'SELECT id, state FROM file WHERE id = ANY ($1)',
    [files],
  )
  const state = new Map(rows.map(row => [row.id, row.state]))
  expect(files.map(file => state.get(file))).toEqual(['removed', 'removed', 'ready'])
})

test('[FI22] what was announced or put and never posted goes when its time is over; a post whose place was not noted stays', async () => {
  const room = await openRoomFor(site, [ann])
  const begun = await ann.call('file.begin', { room: room.id, name: 'a.bin', size: 100 })
  await patch(ann, begun.upload, 0, someBytes(50))
  const put = await putFile(ann, room, someBytes(70, 21))
  const late = await postFile(ann, room, someBytes(70, 22))
  const waiting = await putFile(ann, room, someBytes(70, 23))
  await site.db.query('UPDATE file SET seq = NULL, posted_at = NULL WHERE id = $1', [late.file])
  await site.db.query("UPDATE file SET expires_at = now() - interval '1 minute' WHERE id = ANY ($1)", [
    [begun.file, put, late.file],
  ])
  expect(await collect(objects, 7)).toMatchObject({ files: 2 })
  expect(await codeOf(await getFile(site, ann, late.file))).toBe('ok')
  expect(await ann.code('file.post', { room: room.id, file: waiting, clientId: randomUUID() })).toBe('ok')
  expect(await ann.code('file.post', { room: room.id, file: put, clientId: randomUUID() })).toBe('not_found')
})

test('[FI13] bytes that another file has too stay when one of them goes', async () => {
  const room = await openRoomFor(site, [ann])
  const bytes = someBytes(5_000, 31)
  const [one, other] = [await postFile(ann, room, bytes), await postFile(ann, room, bytes)]
  const [key] = await keysOf(other.file)
  await site.admin.call('message.remove', { room: room.id, seq: one.seq })
  expect(await collect(objects, 0)).toMatchObject({ files: 1 })
  expect(sha256(new Uint8Array(await (await getFile(site, ann, other.file)).arrayBuffer()))).toBe(sha256(bytes))
  await site.admin.call('message.remove', { room: room.id, seq: other.seq })
  await collect(objects, 0)
  expect((await stored()).has(key!)).toBe(false)
})

test('[FI23] an object whose row was never written is removed later; a row is not written for an object that was removed', async () => {
  const room = await openRoomFor(site, [ann])
  const { file, upload } = await ann.call('file.begin', { room: room.id, name: 'a.bin', size: 100 })
  const { rows } = await site.db.query<{ body: string }>('SELECT body FROM file WHERE id = $1', [file])
  const key = `${'0'.repeat(64)}-${randomBytes(8).toString('hex')}`
  await site.db.query('INSERT INTO file_garbage VALUES ($1, clock_timestamp())', [key])
  await objects.store.put(key, someBytes(40))
  const piece = { body: rows[0]!.body, start: 0, size: 40, key, sealedBy: '' }
  await collect(objects, 7)
  expect((await stored()).has(key)).toBe(false)
  expect(await appendPiece(site.db, file, piece, 30)).toBe(null)
  // Nothing of it was done: the upload goes on from the beginning.
  expect((await patch(ann, upload, 0, someBytes(100, 41))).status).toBe(204)
  expect(await ann.code('file.post', { room: room.id, file, clientId: randomUUID() })).toBe('ok')
})

test('[FI24] the checker finds what is missing, changed and unknown, and the command says so', async () => {
  const room = await openRoomFor(site, [ann])
  expect(await checkFiles(objects, async () => 0)).toMatchObject({ missing: [], changed: [] })
  const [lost, bad] = [await postFile(ann, room, someBytes(900, 51)), await postFile(ann, room, someBytes(900, 52))]
  const [[lostKey], [badKey]] = [await keysOf(lost.file), await keysOf(bad.file)]
  const pathOf = (key: string) => join(site.folder, key.slice(0, 2), key)
  const saved = [await readFile(pathOf(lostKey!)), await readFile(pathOf(badKey!))]
  await rm(pathOf(lostKey!))
  await writeFile(pathOf(badKey!), Buffer.alloc(900, 'x'))
  const stray = `${'1'.repeat(64)}-${randomBytes(8).toString('hex')}`
  await objects.store.put(stray, Buffer.from('stray'))
  const { host, user, database } = site.database.address
  const url = `postgres://${user}@${encodeURIComponent(host)}/${database}`
  const pchat = runPchat(['file', 'check', '--json', '--file-store', site.folder], { env: { PCHAT_DATABASE_URL: url } })
  expect(await pchat.ended).toBe(1)
  expect(JSON.parse(pchat.said())).toMatchObject({ missing: [lostKey], changed: [badKey], strays: 1 })
  // Noted by then, and removed a day later: an upload may be on its way.
  expect(await findStrays(objects)).toBe(0)
  await site.db.query("UPDATE file_garbage SET due_at = now() - interval '1 second' WHERE key = $1", [stray])
  await collect(objects, 7)
  expect((await stored()).has(stray)).toBe(false)
  await writeFile(pathOf(lostKey!), saved[0]!)
  await writeFile(pathOf(badKey!), saved[1]!)
  expect(await checkFiles(objects, async () => 0)).toMatchObject({ missing: [], changed: [] })
})

test('[FI17] after a rekey everything is sealed by the first key, and the old one is not needed', async () => {
  const room = await openRoomFor(site, [ann])
  const bytes = someBytes(200_000, 61)
  const { file } = await postFile(ann, room, bytes)
  const key = randomBytes(32).toString('base64')
  const sealed: Objects = { ...objects, keys: parseKeys(key) }
  const old = (await keysOf(file))[0]!
  expect(await rekeyFiles(sealed)).toMatchObject({ written: expect.any(Number), faults: [] })
  expect((await keysOf(file))[0]).not.toBe(old)
  expect(await rekeyFiles(sealed)).toEqual({ written: 0, faults: [] })
  const report = await checkFiles(sealed, async () => 0)
  expect(report).toMatchObject({ missing: [], changed: [] })
  // A download that began before still reads what it knows.
  await collect(sealed, 7)
  expect((await stored()).has(old)).toBe(true)
  await site.db.query(
    "UPDATE file_garbage SET due_at = now() - interval '1 second' WHERE due_at < now() + interval '1 hour'",
  )
  await collect(sealed, 7)
  for (const path of await readdir(site.folder, { recursive: true }))
    if (/-[0-9a-f]{16}$/.test(path))
      expect((await readFile(join(site.folder, path))).includes(bytes.subarray(0, 64))).toBe(false)
  const other = await site.another({ files: { store: await openFolder(site.folder), keys: parseKeys(key) } })
  expect(sha256(new Uint8Array(await (await getFile(other, ann, file)).arrayBuffer()))).toBe(sha256(bytes))
  await other.stop()
  await rekeyFiles({ ...sealed, keys: { ...sealed.keys, sealing: undefined } })
})

test('[FI17] a rekey leaves what is missing or changed and says so, goes on with the rest, and ends with 1', async () => {
  const room = await openRoomFor(site, [ann])
  const [lost, bad, long, good] = [
    (await postFile(ann, room, someBytes(900, 64))).file,
    (await postFile(ann, room, someBytes(900, 65))).file,
    (await postFile(ann, room, someBytes(900, 66))).file,
    (await postFile(ann, room, someBytes(900, 67))).file,
  ]
  const keys = [(await keysOf(lost))[0]!, (await keysOf(bad))[0]!, (await keysOf(long))[0]!]
  const paths = keys.map(key => join(site.folder, key.slice(0, 2), key))
  const saved = await Promise.all(paths.map(path => readFile(path)))
  await rm(paths[0]!)
  await writeFile(paths[1]!, Buffer.alloc(900, 'x'))
  await writeFile(paths[2]!, Buffer.concat([saved[2]!, Buffer.from('more')]))
  const keyFile = join(await makeFolder('pchat-key'), 'keys')
  const key = randomBytes(32).toString('base64')
  await writeFile(keyFile, key)
  const { host, user, database } = site.database.address
  const pchat = runPchat(['file', 'rekey', '--json', '--file-store', site.folder, '--file-key-file', keyFile], {
    env: { PCHAT_DATABASE_URL: `postgres://${user}@${encodeURIComponent(host)}/${database}` },
  })
  expect(await pchat.ended).toBe(1)
  const { faults } = JSON.parse(pchat.said()) as { faults: string[] }
  expect(faults.map(fault => fault.split(':')[0]).sort()).toEqual([...keys].sort())
  expect([(await keysOf(lost))[0], (await keysOf(bad))[0], (await keysOf(long))[0]]).toEqual(keys)
  const { rows } = await site.db.query(
    'SELECT p.sealed_by <> $2 AS sealed FROM file f JOIN file_piece p ON p.body = f.body WHERE f.id = $1',
    [...[good, '']],
  )
  expect(rows).toEqual([{ sealed: true }])
  for (const [n, path] of paths.entries()) await writeFile(path, saved[n]!)
  const back: Objects = { ...objects, keys: { ...parseKeys(key), sealing: undefined } }
  expect((await rekeyFiles(back)).faults).toEqual([])
  await rm(join(keyFile, '..'), { recursive: true })
})

test('[FI23] a slow store removes what is due; an object that cannot be removed keeps no other, and is named no more', async () => {
  const room = await openRoomFor(site, [ann])
  const { file } = await ann.call('file.begin', { room: room.id, name: 'a.bin', size: 40 })
  const { rows } = await site.db.query<{ body: string }>('SELECT body FROM file WHERE id = $1', [file])
  const [stuck, slow] = ['2', '3'].map(digit => `${digit.repeat(64)}-${randomBytes(8).toString('hex')}`) as [
    string,
    string,
  ]
  await objects.store.put(stuck, someBytes(40))
  await objects.store.put(slow, someBytes(40))
  await site.db.query(
    `INSERT INTO file_garbage VALUES ($1, now() - interval '2 hours'), ($2, now() - interval '1 hour')`,
    [stuck, slow],
  )
  const remove = async (key: string) => {
    if (key === stuck) throw new Error('stuck')
    // Longer than a transaction may be idle.
    await sleep(3_500)
    await objects.store.remove(key)
  }
  await expect(collect({ ...objects, store: { ...objects.store, remove } }, 7)).rejects.toThrow('stuck')
  expect([(await stored()).has(slow), (await stored()).has(stuck)]).toEqual([false, true])
  const { rows: left } = await site.db.query(
    'SELECT key, due_at > now() AS later FROM file_garbage WHERE key IN ($1, $2)',
    [...[stuck, slow]],
  )
  expect(left).toEqual([{ key: stuck, later: true }])
  const piece = { body: rows[0]!.body, start: 0, size: 40, key: stuck, sealedBy: '' }
  expect(await appendPiece(site.db, file, piece, 30)).toBe(null)
  await site.db.query("UPDATE file_garbage SET due_at = now() - interval '1 second' WHERE key = $1", [stuck])
  await collect(objects, 7)
  expect((await stored()).has(stuck)).toBe(false)
}, 20_000)

test('[FI16] the sealed bytes of another file under the key of one’s own are not served', async () => {
  const keys = parseKeys(randomBytes(32).toString('base64'))
  const sealing = await site.another({ files: { store: await openFolder(site.folder), keys } })
  const caller = sealing.at(ann)
  const room = await openRoomFor(site, [ann])
  const put = async (seed: number) => {
    const { file, upload } = await caller.call('file.begin', { room: room.id, name: 'a.bin', size: 900 })
    await patch(ann, upload.replace(/^http:\/\/[^/]+/, sealing.url), 0, someBytes(900, seed))
    return { file, path: join(site.folder, (await keysOf(file))[0]!.replace(/^(..)/, '$1/$1')) }
  }
  const [own, secret] = [await put(62), await put(63)]
  const before = await readFile(own.path)
  expect(before.includes(someBytes(900, 62).subarray(0, 64))).toBe(false)
  await writeFile(own.path, await readFile(secret.path))
  expect(await codeOf(await getFile(sealing, ann, own.file))).toBe('internal')
  await writeFile(own.path, before)
  expect(sha256(new Uint8Array(await (await getFile(sealing, ann, own.file)).arrayBuffer()))).toBe(
    sha256(someBytes(900, 62)),
  )
  await sealing.stop()
  await site.db.query("UPDATE file SET expires_at = now() - interval '1 minute' WHERE id = ANY ($1)", [
    [own.file, secret.file],
  ])
  await collect(objects, 7)
})

test('[FI25] a server with another folder than the pool’s serves no files and says so, until it is told that this is the one', async () => {
  const empty = await makeFolder('pchat-unmounted')
  const store = await openFolder(empty)
  await expect(attachStore({ db: site.db, store })).rejects.toThrow(OtherStore)
  const other = await site.another({ files: { store, keys: noKeys } })
  const { notes } = (await (await fetch(`${other.url}/readyz`)).json()) as { notes: string[] }
  expect(notes).toContain('file store away')
  const room = await openRoomFor(site, [ann])
  expect(await other.at(ann).code('file.begin', { room: room.id, name: 'a', size: 1 })).toBe('unavailable')
  expect(await codeOf(await getFile(other, ann, randomUUID()))).toBe('unavailable')
  await other.stop()
  await adopt({ db: site.db, store }, true)
  await attachStore({ db: site.db, store })
  await rm(empty, { recursive: true })
  await adopt(objects, true)
})

test('[FI25] a server whose store is not the pool’s neither collects nor finishes anything', async () => {
  const room = await openRoomFor(site, [ann])
  const unfinished = await putFile(ann, room, someBytes(90, 51))
  const key = `${'1'.repeat(64)}-${randomBytes(8).toString('hex')}`
  await objects.store.put(key, someBytes(40))
  await site.db.query('INSERT INTO file_garbage VALUES ($1, clock_timestamp())', [key])
  await site.db.query("UPDATE file SET state = 'scanning' WHERE id = $1", [unfinished])
  const empty = await makeFolder('pchat-unmounted')
  const store = await openFolder(empty)
  const removed = vi.fn(store.remove)
  const asked = vi.fn(store.get)
  const other = await site.another({ files: { store: { ...store, remove: removed, get: asked }, keys: noKeys } })
  await new Promise(resolve => setTimeout(resolve, 500))
  await other.stop()
  expect([...new Set(asked.mock.calls.map(call => call[0]))]).toEqual([markKey])
  expect(removed).not.toHaveBeenCalled()
  const { rowCount } = await site.db.query('SELECT FROM file_garbage WHERE key = $1', [key])
  expect([rowCount, (await stored()).has(key)]).toEqual([1, true])
  await rm(empty, { recursive: true })
})

test('[FI25] of servers that begin at once with a store each, one has the pool’s and the others are told', async () => {
  const places = await Promise.all(Array.from({ length: 4 }, () => makeFolder('pchat-first')))
  const stores = await Promise.all(places.map(openFolder))
  for (let round = 0; round < 5; round += 1) {
    await site.db.query('UPDATE pool SET file_store = NULL')
    const came = await Promise.allSettled(stores.map(store => attachStore({ db: site.db, store })))
    expect(came.map(one => one.status).filter(status => status === 'fulfilled')).toHaveLength(1)
    for (const one of came) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(OtherStore)
  }
  for (const place of places) await rm(place, { recursive: true })
  await adopt(objects, true)
})

test('[FI25] a store that goes away and comes back while the server runs is noticed', async () => {
  const [parent, empty] = [await makeFolder('pchat-mount'), await makeFolder('pchat-unmounted')]
  const mount = join(parent, 'files')
  await symlink(site.folder, mount)
  const other = await site.another({ files: { store: await openFolder(mount), keys: noKeys, lookMs: 20 } })
  const room = await openRoomFor(site, [ann])
  const begin = () => other.at(ann).code('file.begin', { room: room.id, name: 'a', size: 1 })
  expect(await begin()).toBe('ok')
  await rm(mount)
  await symlink(empty, mount)
  await vi.waitFor(async () => expect(await begin()).toBe('unavailable'), 5_000)
  await rm(mount)
  await symlink(site.folder, mount)
  await vi.waitFor(async () => expect(await begin()).toBe('ok'), 5_000)
  await other.stop()
  for (const folder of [parent, empty]) await rm(folder, { recursive: true })
})

test('[FI26] quotas of a room and of a user are kept, also when many announce at once', async () => {
  const room = await openRoomFor(site, [ann])
  await site.admin.call('settings.update', { settings: { roomFileBytes: 1_000 } })
  const begin = (size: number) => ann.code('file.begin', { room: room.id, name: 'a.bin', size })
  const codes = await Promise.all(Array.from({ length: 8 }, () => begin(300)))
  expect(codes.filter(code => code === 'ok')).toHaveLength(3)
  expect(codes.filter(code => code === 'too_large')).toHaveLength(5)
  expect(await begin(100)).toBe('ok')
  await site.db.query("UPDATE file SET expires_at = now() - interval '1 minute' WHERE room = $1", [room.id])
  await collect(objects, 7)
  expect(await begin(1_000)).toBe('ok')
  const { rows } = await site.db.query<{ used: number }>(
    "SELECT sum(size)::bigint AS used FROM file WHERE author = $1 AND state <> 'removed'",
    [ann.me.id],
  )
  await site.admin.call('settings.update', { settings: { roomFileBytes: 0, userFileBytes: rows[0]!.used + 500 } })
  expect([await begin(501), await begin(500)]).toEqual(['too_large', 'ok'])
  await site.admin.call('settings.update', { settings: { userFileBytes: 0 } })
})

test('[FI27] the list of a room holds what stands in it, by name, type and author; managers hear what it takes', async () => {
  const ben = await site.addUser('ben@example.com')
  const eve = await site.addUser('eve@example.com')
  const room = await openRoomFor(site, [ann, ben])
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  )
  const first = await postFile(ann, room, Buffer.from('one two three'), 'Plan of May.txt')
  const second = await postFile(ben, room, png, 'dot.png')
  const third = await postFile(ann, room, someBytes(100, 71), 'raw.bin')
  const removed = await postFile(ann, room, someBytes(100, 72), 'gone.bin')
  await site.admin.call('message.remove', { room: room.id, seq: removed.seq })
  const names = async (more = {}) =>
    (await ben.call('file.list', { room: room.id, ...more })).files.map(file => file.name)
  expect(await names()).toEqual(['raw.bin', 'dot.png', 'Plan of May.txt'])
  expect(await names({ text: 'plan' })).toEqual(['Plan of May.txt'])
  expect(await names({ type: 'image/' })).toEqual(['dot.png'])
  expect(await names({ type: 'text/plain' })).toEqual(['Plan of May.txt'])
  expect(await names({ authors: [ann.me.name] })).toEqual(['raw.bin', 'Plan of May.txt'])
  const page = await ben.call('file.list', { room: room.id, limit: 2 })
  expect(page.files.map(file => file.id)).toEqual([third.file, second.file])
  expect((await ben.call('file.list', { room: room.id, limit: 2, after: page.next! })).files).toMatchObject([
    { id: first.file, seq: first.seq, author: { name: ann.me.name }, size: 13 },
  ])
  expect(page.usage).toBeUndefined()
  expect(await eve.code('file.list', { room: room.id })).toBe('forbidden')
  await site.admin.call('room.update', { room: room.id, managers: { add: [ben.me.name] } })
  expect((await ben.call('file.list', { room: room.id })).usage).toMatchObject({ files: 4, maxBytes: 0 })
})

test('[FI10] the place of a file is noted before what it is known by is dropped', async () => {
  const room = await openRoomFor(site, [ann])
  const { file, seq } = await postFile(ann, room, someBytes(100, 90))
  await site.db.query('UPDATE file SET seq = NULL, posted_at = NULL WHERE id = $1', [file])
  await turnPartitions(site.db, Date.now() + 60 * 24 * 3_600_000)
  const { rows } = await site.db.query<{ seq: number }>('SELECT seq FROM file WHERE id = $1', [file])
  expect(rows[0]!.seq).toBe(seq)
})

test('[FI45] the row of a removed file goes after 40 days, and until then a repeat of its post is answered as it was', async () => {
  const room = await openRoomFor(site, [ann])
  const bytes = someBytes(100, 95)
  const file = await putFile(ann, room, bytes)
  const input = { room: room.id, file, clientId: randomUUID() }
  const first = await ann.call('file.post', input)
  const unposted = await putFile(ann, room, someBytes(100, 96))
  await site.admin.call('message.remove', { room: room.id, seq: first.seq })
  await site.db.query("UPDATE file SET expires_at = now() - interval '1 minute' WHERE id = $1", [unposted])
  await collect(objects, 0)
  const left = async () =>
    (await site.db.query<{ id: string }>('SELECT id FROM file WHERE id = ANY ($1)', [[file, unposted]])).rows.length
  const age = (days: number) =>
    site.db.query('UPDATE file SET removed_at = now() - make_interval(days => $2) WHERE id = ANY ($1)', [
      ...[[file, unposted], days],
    ])
  await age(39)
  await collect(objects, 0)
  expect(await left()).toBe(2)
  expect(await ann.call('file.post', input)).toMatchObject({ seq: first.seq, repeated: true })
  await age(41)
  await collect(objects, 0)
  expect(await left()).toBe(0)
  expect(await ann.code('file.post', input)).toBe('not_found')
  expect(await ann.code('file.get', { file })).toBe('not_found')
})

test('[FI45] the row of a removed file stays while a message brings it or it is held, and its time begins when it was first seen', async () => {
  const room = await openRoomFor(site, [ann])
  const standing = (await postFile(ann, room, someBytes(100, 97))).file
  const held = await putFile(ann, room, someBytes(100, 98))
  const early = await putFile(ann, room, someBytes(100, 99))
  // As earlier programs, or a restored database, may have left them.
  await site.db.query(
    `UPDATE file SET state = 'removed', body = NULL, held = id = $2,
            removed_at = CASE WHEN id <> $3 THEN now() - interval '1 year' END WHERE id IN ($1, $2, $3)`,
    [standing, held, early],
  )
  await collect(objects, 0)
  const { rows } = await site.db.query<{ id: string; noted: boolean }>(
    "SELECT id, removed_at > now() - interval '1 minute' AS noted FROM file WHERE id IN ($1, $2, $3)",
    [standing, held, early],
  )
  expect(new Map(rows.map(row => [row.id, row.noted]))).toEqual(
    new Map([
      [standing, false],
      [held, false],
      [early, true],
    ]),
  )
})
