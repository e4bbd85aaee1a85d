import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isUnder, leafHash, pathOf, rootOf } from './merkle.ts'

/** As RFC 6962 §2.1 writes it: split at the largest power of two below the number of leaves. */
function textbookRoot(texts: string[]): Buffer {
  const hash = (...parts: (Uint8Array | string)[]) => {
    const made = createHash('sha256')
    for (const part of parts) made.update(part)
    return made.digest()
  }
  if (texts.length === 1) return hash(Uint8Array.of(0), texts[0]!)
  let half = 1
  while (half * 2 < texts.length) half *= 2
  return hash(Uint8Array.of(1), textbookRoot(texts.slice(0, half)), textbookRoot(texts.slice(half)))
}

const texts = fc.array(fc.string(), { minLength: 1, maxLength: 40 })

test('[CP1] a batch of any size has the root that RFC 6962 gives it', () => {
  fc.assert(
    fc.property(texts, list => {
      expect(Buffer.from(rootOf(list.map(leafHash)))).toEqual(textbookRoot(list))
    }),
  )
})

test('[CP1] each entry is proven by its path, and no other text at no other place is', () => {
  fc.assert(
    fc.property(texts, fc.nat(), fc.string(), (list, n, other) => {
      const leaves = list.map(leafHash)
      const index = n % list.length
      const root = rootOf(leaves)
      expect(isUnder(root, leaves[index]!, pathOf(leaves, index))).toBe(true)
      if (other !== list[index]) expect(isUnder(root, leafHash(other), pathOf(leaves, index))).toBe(false)
      const elsewhere = (index + 1) % list.length
      if (list[elsewhere] !== list[index])
        expect(isUnder(root, leaves[elsewhere]!, pathOf(leaves, index))).toBe(list.length === 1)
    }),
  )
})
