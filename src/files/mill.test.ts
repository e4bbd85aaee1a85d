import { randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { noKeys, parseKeys } from './keys.ts'
import { type Mill, openMill } from './mill.ts'
import { gather, sha256 } from './objects.ts'
import { unseal } from './seal.ts'

const keys = parseKeys(randomBytes(32).toString('base64'))
const opened: Mill[] = []
afterEach(async () => {
  for (const mill of opened.splice(0)) await mill.close()
})
function open(ring = noKeys, threads = 2) {
  const mill = openMill(ring, threads)
  opened.push(mill)
  return mill
}

function filled(mill: Mill, plain: Buffer): ArrayBuffer {
  const buffer = new ArrayBuffer(mill.roomFor(plain.length))
  new Uint8Array(buffer).set(plain)
  return buffer
}

/** One piece of an upload that counts. */
async function put(mill: Mill, upload: string, at: number, plain: Buffer) {
  const ground = await mill.grind(filled(mill, plain), plain.length, 'name', upload, at)
  mill.count(upload, ground.stream, at + plain.length)
  return ground
}

async function* chunksOf(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000)
}

test('[FI40] a piece is hashed and sealed by a thread, in the one buffer that it came in, and opens as it was', async () => {
  const mill = open(keys)
  for (const length of [1, 65_535, 65_536, 65_537, 4 * 1024 * 1024]) {
    const plain = randomBytes(length)
    const buffer = filled(mill, plain)
    const grinding = mill.grind(buffer, length, 'name', `of ${length}`, 0)
    // It is elsewhere from here on, not copied.
    expect(buffer.byteLength).toBe(0)
    const ground = await grinding
    expect(ground.buffer.byteLength).toBe(ground.length)
    const sealed = Buffer.from(ground.buffer, 0, ground.length)
    expect([ground.hash, ground.sealedBy]).toEqual([sha256(sealed), keys.sealing])
    expect(sealed.includes(plain.subarray(0, 32)) && length > 32).toBe(false)
    const object = { name: 'name', sealedBy: ground.sealedBy, size: length }
    const read = async ({ first, last }: { first: number; last: number }) => chunksOf(sealed.subarray(first, last + 1))
    expect((await gather(unseal(keys, object, { first: 0, last: length - 1 }, read))).equals(plain)).toBe(true)
  }
})

test('[FI40] without a key a piece stays as it is, in a larger buffer too', async () => {
  const mill = open()
  const plain = randomBytes(1_000)
  const buffer = new ArrayBuffer(4_096)
  new Uint8Array(buffer).set(plain)
  const ground = await mill.grind(buffer, 1_000, 'name', 'upload', 0)
  expect([ground.length, ground.hash, ground.sealedBy]).toEqual([1_000, sha256(plain), ''])
  expect(Buffer.from(ground.buffer, 0, 1_000).equals(plain)).toBe(true)
})

test('[FI40] many uploads at once have each its own hash, of the bytes before they were sealed', async () => {
  const mill = open(keys)
  const uploads = Array.from({ length: 12 }, (_, n) => ({ upload: `${n}`, bytes: randomBytes(200_000 + n) }))
  await Promise.all(
    uploads.map(async ({ upload, bytes }) => {
      for (let at = 0; at < bytes.length; at += 70_000) await put(mill, upload, at, bytes.subarray(at, at + 70_000))
    }),
  )
  for (const { upload, bytes } of uploads) expect(await mill.hashOf(upload, bytes.length)).toBe(sha256(bytes))
  expect(await mill.hashOf('0', uploads[0]!.bytes.length)).toBeUndefined()
  expect(await mill.hash(chunksOf(uploads[1]!.bytes))).toBe(sha256(uploads[1]!.bytes))
})

test('[FI46] what does not count is in no hash: of an upload that began elsewhere, has a gap, or was ground and not counted, none is known', async () => {
  const mill = open()
  const bytes = randomBytes(300)
  await put(mill, 'later', 100, bytes.subarray(100))
  await put(mill, 'gap', 0, bytes.subarray(0, 100))
  await put(mill, 'gap', 200, bytes.subarray(200))
  await mill.grind(filled(mill, bytes), 300, 'name', 'open', 0)
  for (const upload of ['later', 'gap', 'open']) expect(await mill.hashOf(upload, 300)).toBeUndefined()
})

test('[FI46] of two requests at one place, whose bytes are others, the one that counts does not count for the other', async () => {
  const mill = open()
  const [first, second] = [randomBytes(300), randomBytes(300)]
  const one = await mill.grind(filled(mill, first), 300, 'name', 'upload', 0)
  const two = await mill.grind(filled(mill, second), 300, 'name', 'upload', 0)
  mill.count('upload', one.stream, 300)
  expect(await mill.hashOf('upload', 300)).toBeUndefined()
  mill.count('upload', two.stream, 300)
  expect(await mill.hashOf('upload', 300)).toBe(sha256(second))
})

test('[FI40] a thread that dies takes with it what it was at, and another one goes on', async () => {
  const mill = open(keys, 1)
  const bytes = randomBytes(4 * 1024 * 1024)
  await put(mill, 'upload', 0, bytes)
  const lost = mill.grind(filled(mill, bytes), bytes.length, 'name', 'other', 0)
  const reading = mill.hash(
    (async function* () {
      yield bytes
      await mill.close()
      yield bytes
    })(),
  )
  await expect(reading).rejects.toThrow('thread')
  await lost.catch(error => expect(error.message).toContain('thread'))
  expect(await mill.hashOf('upload', bytes.length)).toBeUndefined()
  await put(mill, 'upload', 0, bytes)
  expect(await mill.hashOf('upload', bytes.length)).toBe(sha256(bytes))
})

test('[FI40] what is downloaded is opened by a thread, whole and in part, and nothing that was changed is', async () => {
  const mill = open(keys)
  const size = 700_000
  const plain = randomBytes(size)
  const ground = await mill.grind(filled(mill, plain), size, 'name', 'upload', 0)
  const sealed = Buffer.from(ground.buffer, 0, ground.length)
  const object = { name: 'name', sealedBy: ground.sealedBy, size }
  const from = (bytes: Buffer) => async (range: { first: number; last: number }) =>
    chunksOf(bytes.subarray(range.first, range.last + 1))
  const ranges = [
    [0, size - 1],
    [65_535, 65_536],
    [300_000, 650_000],
    [size - 1, size - 1],
  ] as const
  for (const [first, last] of ranges) {
    const opened = await gather(unseal(keys, object, { first, last }, from(sealed), mill.open))
    expect(opened.equals(plain.subarray(first, last + 1))).toBe(true)
  }
  // What was read is not written to: others may have it.
  expect(sha256(sealed)).toBe(ground.hash)
  const changed = Buffer.from(sealed)
  changed[600_000]! ^= 1
  const reading = gather(unseal(keys, object, { first: 0, last: size - 1 }, from(changed), mill.open))
  await expect(reading).rejects.toThrow('is not what was put there')
  const cut = gather(unseal(keys, object, { first: 0, last: size - 1 }, from(sealed.subarray(0, 400_000)), mill.open))
  await expect(cut).rejects.toThrow('is not what was put there')
})
