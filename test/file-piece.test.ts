import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkFiles } from '../src/files/check.ts'
import { openFolder } from '../src/files/folder.ts'
import { noKeys, parseKeys } from '../src/files/keys.ts'
import { rekeyFiles } from '../src/files/rekey.ts'
import type { FileStore } from '../src/files/store.ts'
import { readPieces } from '../src/store/file-piece.ts'
import { type FileSite, openFileSite, openRoomFor, postFile } from './files.ts'
import type { Person } from './harness.ts'
import { codeOf, getFile, offsetOf, patch, sha256, someBytes } from './upload.ts'

let site: FileSite
let ann: Person
beforeAll(async () => {
  site = await openFileSite()
  ann = await site.addUser('ann@example.com')
})
afterAll(async () => {
  await site.stop()
  await rm(site.folder, { recursive: true, force: true })
})

const bodyOf = async (file: string) => {
  const { rows } = await site.db.query<{ body: string; pieces: number }>(
    'SELECT f.body, b.pieces FROM file f JOIN file_body b ON b.id = f.body WHERE f.id = $1',
    [file],
  )
  return rows[0]!
}

test('[FI11] a file of many small pieces is read whole and in part, some rows at a time', async () => {
  const room = await openRoomFor(site, [ann])
  const bytes = someBytes(1_500, 1)
  const { file, upload } = await ann.call('file.begin', { room: room.id, name: 'a.bin', size: bytes.length })
  for (let at = 0; at < bytes.length; at += 10)
    expect((await patch(ann, upload, at, bytes.subarray(at, at + 10))).status).toBe(204)
  const { body, pieces } = await bodyOf(file)
  expect(pieces).toBe(150)
  const some = await readPieces(site.db, body, 25, 1_499)
  expect([some.length, some[0]!.start]).toEqual([64, 20])
  expect((await readPieces(site.db, body, 30, 49)).map(piece => piece.start)).toEqual([30, 40])
  expect(await ann.code('file.post', { room: room.id, file, clientId: randomUUID() })).toBe('ok')
  const whole = new Uint8Array(await (await getFile(site, ann, file)).arrayBuffer())
  expect(sha256(whole)).toBe(sha256(bytes))
  const part = new Uint8Array(await (await getFile(site, ann, file, { range: 'bytes=105-1204' })).arrayBuffer())
  expect(sha256(part)).toBe(sha256(bytes.subarray(105, 1_205)))
})

test('[FI5] an upload in too many small pieces is refused, and nothing of it is kept', async () => {
  const room = await openRoomFor(site, [ann])
  const { file, upload } = await ann.call('file.begin', { room: room.id, name: 'a.bin', size: 200_000 })
  expect((await patch(ann, upload, 0, someBytes(10))).status).toBe(204)
  const { body, pieces } = await bodyOf(file)
  expect(pieces).toBe(1)
  const most = 1_000 + 3
  await site.db.query('UPDATE file_body SET pieces = $2 WHERE id = $1', [body, most - 1])
  expect((await patch(ann, upload, 10, someBytes(10))).status).toBe(204)
  const objects = async () => {
    let count = 0
    for await (const _ of (await openFolder(site.folder)).list()) count += 1
    return count
  }
  const before = await objects()
  const answer = await patch(ann, upload, 20, someBytes(10))
  expect([answer.status, await codeOf(answer)]).toEqual([413, 'too_large'])
  expect(await offsetOf(ann, upload)).toBe(20)
  expect(await objects()).toBe(before)
})

test('[FI24] what is removed while it is checked or written anew is no fault', async () => {
  const room = await openRoomFor(site, [ann])
  const store = await openFolder(site.folder)
  const removing = async (seed: number): Promise<FileStore> => {
    const { body } = await bodyOf((await postFile(ann, room, someBytes(900, seed))).file)
    return {
      ...store,
      async get(key, range) {
        const { rowCount } = await site.db.query('DELETE FROM file_piece WHERE body = $1 AND key = $2', [body, key])
        if (rowCount) await store.remove(key)
        return store.get(key, range)
      },
    }
  }
  const count = async () => (await site.db.query('SELECT FROM file_piece')).rowCount!
  const objects = { db: site.db, keys: noKeys }
  const checked = await removing(2)
  const before = await count()
  expect(await checkFiles({ ...objects, store: checked }, async () => 0)).toMatchObject({ missing: [], changed: [] })
  expect(await count()).toBe(before - 1)
  const keys = parseKeys('1'.repeat(64))
  const { faults } = await rekeyFiles({ ...objects, store: await removing(3), keys })
  expect([faults, await count()]).toEqual([[], before - 1])
})
