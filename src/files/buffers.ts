import { maxPieceBytes } from './objects.ts'

/** What all uploads of a process may hold in memory; when many come at once, their pieces are smaller. */
const bufferedBytes = 64 * 1024 * 1024
export const minPieceBytes = 64 * 1024

/** A buffer for one piece: `capacity` bytes of it, and the room that sealing needs. */
export type Lent = { buffer: ArrayBuffer; capacity: number }

/** Lends memory for the pieces of uploads, and knows all that is lent. */
export type Lender = {
  /** One more upload, which fills one buffer while the other is put. */
  begin(): void
  end(): void
  /** At most for `most` bytes. `used`: a buffer that came back, taken again where it fits. */
  take(most: number, used?: Lent): Lent
  give(lent: Lent): void
  /** What is lent, in bytes. */
  lent(): number
}

/**
 * Each upload may have its share of `total`, and never more than is left of it; but the smallest piece always, so that a thousand uploads
 * of 64 KiB pass the total. `roomFor`: what a piece needs where it is sealed.
 */
export function openLender(roomFor: (length: number) => number, total = bufferedBytes): Lender {
  let [uploads, lent] = [0, 0]
  const roomOf = (most: number) => {
    const share = Math.min(total / (2 * Math.max(1, uploads)), total - lent, maxPieceBytes, most)
    return Math.max(minPieceBytes, Math.floor(share / minPieceBytes) * minPieceBytes)
  }
  return {
    begin() {
      uploads += 1
    },
    end() {
      uploads -= 1
    },
    take(most, used) {
      const capacity = roomOf(Math.max(1, Math.ceil(most / minPieceBytes) * minPieceBytes))
      lent += capacity
      const isFit = used?.capacity === capacity
      return isFit ? used : { buffer: new ArrayBuffer(roomFor(capacity)), capacity }
    },
    give({ capacity }) {
      lent -= capacity
    },
    lent: () => lent,
  }
}
