import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseKeys } from './keys.ts'
import { gather } from './objects.ts'
import { seal, unseal } from './seal.ts'

const [first, second] = [randomBytes(32).toString('base64'), randomBytes(32).toString('hex')]

function open(
  keys: string,
  sealed: { bytes: Buffer; sealedBy: string },
  size: number,
  from = 0,
  to = size - 1,
  name = 'a name',
) {
  const read = async (range: { first: number; last: number }) =>
    (async function* () {
      yield sealed.bytes.subarray(range.first, range.last + 1)
    })()
  return gather(unseal(parseKeys(keys), { name, sealedBy: sealed.sealedBy, size }, { first: from, last: to }, read))
}

test('[FI16] what is sealed is opened as it was, whole and in part', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 200_000 }), fc.nat(), fc.nat(), async (size, a, b) => {
      const plain = randomBytes(size)
      const [from, to] = [a % size, b % size].sort((x, y) => x - y) as [number, number]
      const sealed = seal(parseKeys(first), 'a name', plain)
      expect((await open(first, sealed, size, from, to)).equals(plain.subarray(from, to + 1))).toBe(true)
    }),
    { numRuns: 40 },
  )
})

test('[FI16] what stands in the store shows nothing of the bytes, and is another each time', () => {
  const plain = Buffer.alloc(100_000, 'secret')
  const [one, other] = [seal(parseKeys(first), 'a name', plain), seal(parseKeys(first), 'a name', plain)]
  expect(one.bytes.includes('secret')).toBe(false)
  expect(one.bytes.subarray(28).equals(other.bytes.subarray(28))).toBe(false)
})

test('[FI16] a changed, shortened or exchanged object is not opened', async () => {
  const plain = randomBytes(150_000)
  const sealed = seal(parseKeys(first), 'a name', plain)
  for (const at of [0, 6, 20, 30, 65_600, sealed.bytes.length - 1]) {
    const bytes = Buffer.from(sealed.bytes)
    bytes[at]! ^= 1
    // The id of the key in the head is for people: the row says which one it is.
    const opened = open(first, { ...sealed, bytes }, plain.length)
    if (at === 6) expect((await opened).equals(plain)).toBe(true)
    else await expect(opened).rejects.toThrow('not what was put there')
  }
  await expect(open(first, { ...sealed, bytes: sealed.bytes.subarray(0, -20) }, plain.length)).rejects.toThrow()
  const frames = Buffer.from(sealed.bytes)
  sealed.bytes.copy(frames, 28, 28 + 65_552, 28 + 2 * 65_552)
  await expect(open(first, { ...sealed, bytes: frames }, plain.length)).rejects.toThrow()
})

test('[FI16] what was sealed for one object is not opened as another', async () => {
  const plain = randomBytes(1_000)
  const sealed = seal(parseKeys(first), 'one', plain)
  expect((await open(first, sealed, 1_000, 0, 999, 'one')).equals(plain)).toBe(true)
  await expect(open(first, sealed, 1_000, 0, 999, 'other')).rejects.toThrow('not what was put there')
})

test('[FI17] the first key seals, all open; without its key an object is not opened', async () => {
  const plain = randomBytes(1_000)
  const old = seal(parseKeys(first), 'a name', plain)
  const both = `# since may\n${second}\n\n${first}   # until may\n`
  expect((await open(both, old, plain.length)).equals(plain)).toBe(true)
  const fresh = seal(parseKeys(both), 'a name', plain)
  expect(fresh.sealedBy).toBe(seal(parseKeys(second), 'a name', plain).sealedBy)
  expect(fresh.sealedBy).not.toBe(old.sealedBy)
  await expect(open(second, old, plain.length)).rejects.toThrow(`no key ${old.sealedBy}`)
})

test('[FI17] a key file that is none is refused with the line, and the line is not shown', () => {
  expect(() => parseKeys(`${first}\nc2hvcnQ=\n`)).toThrow(/^line 2 is no key of 32 bytes in base64$/)
  expect(() => parseKeys('# nothing\n')).toThrow('there is no key in it')
})
