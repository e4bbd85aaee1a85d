import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openLender } from '../src/files/buffers.ts'
import { scanWithClamd } from '../src/files/clamd.ts'
import { openFolder } from '../src/files/folder.ts'
import { noKeys } from '../src/files/keys.ts'
import { openMill } from '../src/files/mill.ts'
import { openWriter } from '../src/files/writer.ts'
import { findFile } from '../src/store/file.ts'
import { type FileSite, openFileSite, openRoomFor, putFile } from './files.ts'
import type { Person } from './harness.ts'
import { codeOf, getFile, offsetOf, patch, someBytes } from './upload.ts'

/** Listens as clamd does, takes everything, and says nothing until it is told to, but of what is quick; or hangs up. */
async function openSlowClamd() {
  const waiting: (() => void)[] = []
  let isAway = false
  const server = createServer(socket => {
    socket.on('error', () => {})
    let got = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk])
      if (!got.subarray(-4).equals(Buffer.alloc(4))) return
      const say = () => socket.end('stream: OK\0')
      if (isAway) socket.destroy()
      else if (got.includes('quick')) say()
      else waiting.push(say)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    scan: (bytes: AsyncIterable<Buffer>, signal?: AbortSignal) =>
      scanWithClamd({ host: '127.0.0.1', port }, bytes, { signal }),
    asked: () => waiting.length,
    away(is: boolean) {
      isAway = is
    },
    answer() {
      for (const say of waiting.splice(0)) say()
    },
    close: () => void server.close(),
  }
}

let site: FileSite
let ann: Person
let clamd: Awaited<ReturnType<typeof openSlowClamd>>
const answerMs = 300
beforeAll(async () => {
  clamd = await openSlowClamd()
  site = await openFileSite({ scan: clamd.scan, answerMs })
  ann = await site.addUser('ann@example.com')
})
afterAll(async () => {
  clamd.answer()
  await site.stop()
  clamd.close()
  await rm(site.folder, { recursive: true, force: true })
})

const post = (room: { id: string }, file: string) =>
  ann.ask('file.post', { room: room.id, file, clientId: randomUUID() }).then(answer => answer.error)
const stateOf = async (file: string) => (await findFile(site.db, file))?.state
/** No byte of it is 0, as the end of what clamd is sent. */
const words = (text: string) => Buffer.from(text.repeat(50))

test('[FI43] the last piece is answered after a while, the scan goes on behind it, and the file is posted when it is done', async () => {
  const room = await openRoomFor(site, [ann])
  const bytes = words('slow')
  const { file, upload } = await ann.call('file.begin', { room: room.id, name: 'a.txt', size: bytes.length })
  const before = performance.now()
  expect((await patch(ann, upload, 0, bytes)).status).toBe(204)
  expect(performance.now() - before).toBeGreaterThan(answerMs - 50)
  expect(clamd.asked()).toBe(1)
  expect(await post(room, file)).toMatchObject({ code: 'unavailable', retryAfterMs: expect.any(Number) })
  expect(await codeOf(await getFile(site, ann, file))).toBe('not_found')
  // Whoever lost the answer hears at once where it is, and no second scan begins.
  const asked = performance.now()
  expect(await offsetOf(ann, upload)).toBe(bytes.length)
  expect(performance.now() - asked).toBeLessThan(5_000)
  expect(clamd.asked()).toBe(1)
  clamd.answer()
  await vi.waitFor(async () => expect(await post(room, file)).toBeUndefined(), 10_000)
  expect(await codeOf(await getFile(site, ann, file))).toBe('ok')
})

test('[FI43] an upload that is scanned may be given up, and what the scanner says then changes nothing', async () => {
  const room = await openRoomFor(site, [ann])
  const { file, upload } = await ann.call('file.begin', { room: room.id, name: 'a.txt', size: 200 })
  expect((await patch(ann, upload, 0, words('gone'))).status).toBe(204)
  const headers = { authorization: `Bearer ${ann.token}`, 'tus-resumable': '1.0.0' }
  const before = performance.now()
  expect((await fetch(upload, { method: 'DELETE', headers })).status).toBe(204)
  expect(performance.now() - before).toBeLessThan(5_000)
  clamd.answer()
  expect((await fetch(upload, { method: 'DELETE', headers })).status).toBe(404)
  expect(await post(room, file)).toMatchObject({ code: 'not_found' })
  expect(await stateOf(file)).toBe('removed')
})

test('[FI43] a server that stops behind the answer ends the scan, passes nothing, and another one finishes the file', async () => {
  const store = await openFolder(site.folder)
  const other = await site.another({ files: { store, keys: noKeys, scan: clamd.scan, answerMs, scanOpen: true } })
  const at = other.at(ann)
  const room = await openRoomFor(site, [ann])
  const { file, upload } = await at.call('file.begin', { room: room.id, name: 'a.txt', size: 200 })
  const there = upload.replace(/^http:\/\/[^/]+/, other.url)
  expect((await patch(ann, there, 0, words('stop'))).status).toBe(204)
  const before = performance.now()
  await other.stop()
  expect(performance.now() - before).toBeLessThan(5_000)
  expect(await stateOf(file)).toBe('scanning')
  await vi.waitFor(
    async () => {
      clamd.answer()
      expect(await post(room, file)).toBeUndefined()
    },
    { timeout: 15_000, interval: 200 },
  )
}, 30_000)

test('[FI47] a file that waited for the scanner and is scanned for long keeps none behind it from its turn', async () => {
  const room = await openRoomFor(site, [ann])
  clamd.away(true)
  const long = await putFile(ann, room, words('long'))
  const quick = await putFile(ann, room, words('quick'))
  clamd.away(false)
  await vi.waitFor(() => expect(clamd.asked()).toBe(1), 10_000)
  await vi.waitFor(async () => expect(await post(room, quick)).toBeUndefined(), { timeout: 10_000, interval: 200 })
  expect(await stateOf(long)).toBe('scanning')
  clamd.answer()
  await vi.waitFor(async () => expect(await post(room, long)).toBeUndefined(), { timeout: 10_000, interval: 200 })
}, 30_000)

test('[FI42] what comes slowly counts after a while: what is no small piece after a minute, the rest after ten', async () => {
  const room = await openRoomFor(site, [ann])
  const size = 1_000_000
  const { file, upload } = await ann.call('file.begin', { room: room.id, name: 'a.bin', size })
  const { body } = (await findFile(site.db, file))!
  const mill = openMill(noKeys)
  const files = { db: site.db, store: await openFolder(site.folder), keys: noKeys, mill }
  let now = 0
  const lender = openLender(mill.roomFor)
  const writer = openWriter(files, lender, { upload: file, body: body!, offset: 0, end: size }, () => now)
  const bytes = someBytes(size, 42)
  let sent = 0
  const send = async (length: number, seconds: number) => {
    now += seconds * 1_000
    await writer.add(bytes.subarray(sent, sent + length))
    sent += length
  }
  const counted = (at: number) => vi.waitFor(async () => expect(await offsetOf(ann, upload)).toBe(at), 5_000)
  for (let n = 0; n < 12; n += 1) await send(10_000, 5)
  expect(await offsetOf(ann, upload)).toBe(0)
  await send(10_000, 6)
  await counted(130_000)
  // So slow that it would be a small piece: not before ten minutes.
  for (let n = 0; n < 11; n += 1) await send(100, 55)
  expect(await offsetOf(ann, upload)).toBe(130_000)
  await send(100, 60)
  await counted(131_200)
  await send(5, 1)
  await writer.flush()
  expect([writer.at(), await offsetOf(ann, upload)]).toEqual([131_205, 131_205])
  writer.close()
  expect(lender.held().lent).toBe(0)
  await mill.close()
  expect((await findFile(site.db, file))!.pieces).toBe(3)
})

test('[FI41] an upload that fails in the middle gives back what it was lent, and keeps what was there before', async () => {
  const room = await openRoomFor(site, [ann])
  const size = 20_000_000
  const { file, upload } = await ann.call('file.begin', { room: room.id, name: 'a.bin', size })
  const { body } = (await findFile(site.db, file))!
  const mill = openMill(noKeys)
  const store = await openFolder(site.folder)
  let puts = 0
  const failing = {
    ...store,
    async put(key: string, bytes: Buffer) {
      puts += 1
      if (puts === 2) throw new Error('no more')
      await store.put(key, bytes)
    },
  }
  const lender = openLender(mill.roomFor)
  const files = { db: site.db, store: failing, keys: noKeys, mill }
  const writer = openWriter(files, lender, { upload: file, body: body!, offset: 0, end: size })
  const sending = async () => {
    for (let at = 0; at < size; at += 65_536) await writer.add(someBytes(65_536, at))
    await writer.flush()
  }
  await expect(sending()).rejects.toThrow('no more')
  writer.close()
  expect(lender.held().lent).toBe(0)
  expect([writer.at(), await offsetOf(ann, upload)]).toEqual([4 * 1024 * 1024, 4 * 1024 * 1024])
  await mill.close()
})
