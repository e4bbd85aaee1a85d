import { createHash } from 'node:crypto'

/** Trees of hashes as RFC 6962 §2.1 has them: leaves and nodes cannot be taken for each other. SHA-256, 32 bytes each. */

export function leafHash(text: string): Buffer {
  return createHash('sha256').update('\0').update(text).digest()
}

function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update('\x01').update(left).update(right).digest()
}

/** Root over at least one leaf. */
export function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) throw new RangeError('A tree has at least one leaf.')
  // Level by level: an odd one out goes up unchanged, which is the same tree as the split at the largest power of two.
  let level = leaves
  while (level.length > 1) {
    const above: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2)
      above.push(i + 1 < level.length ? nodeHash(level[i]!, level[i + 1]!) : level[i]!)
    level = above
  }
  return level[0]!
}

/** One step from a leaf to the root: the neighbour, and the side that it stands on. */
export type Step = { side: 'left' | 'right'; hash: Uint8Array }

/** What a leaf needs to be proven under the root, nearest first; empty where it is the only one. */
export function pathOf(leaves: readonly Uint8Array[], index: number): Step[] {
  const path: Step[] = []
  let level = leaves
  let at = index
  while (level.length > 1) {
    const other = at % 2 === 0 ? at + 1 : at - 1
    if (other < level.length) path.push({ side: at % 2 === 0 ? 'right' : 'left', hash: level[other]! })
    const above: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2)
      above.push(i + 1 < level.length ? nodeHash(level[i]!, level[i + 1]!) : level[i]!)
    level = above
    at = Math.floor(at / 2)
  }
  return path
}

/** Whether the leaf stands under the root by this path. */
export function isUnder(root: Uint8Array, leaf: Uint8Array, path: readonly Step[]): boolean {
  let hash = leaf
  for (const { side, hash: other } of path) hash = side === 'left' ? nodeHash(other, hash) : nodeHash(hash, other)
  return Buffer.from(root).equals(hash)
}
