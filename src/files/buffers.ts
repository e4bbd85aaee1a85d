import { maxPieceBytes } from './objects.ts'

/** What all uploads of a process may hold in memory; when many come at once, their pieces are smaller. */
const bufferedBytes = 64 * 1024 * 1024
export const minPieceBytes = 64 * 1024
/** For how long buffers are kept that nobody fills. */
const spareMs = 10_000

/** A buffer for one piece: `capacity` bytes of it, and the room that sealing needs. */
export type Lent = { buffer: ArrayBuffer; capacity: number }

/**
 * Lends memory for the pieces of uploads, and knows all that is lent. What came back is lent again: buffers of megabytes that are made
 * for each piece, and left to the garbage collector, keep it busy with the whole heap.
 */
export type Lender = {
  /** One more upload, which fills one buffer while the other is put. */
  begin(): void
  end(): void
  /** For a piece of at most `most` bytes. */
  take(most: number): Lent
  /** `buffer`: what is left of it to be lent again, where it was not lost. */
  give(lent: Lent, buffer?: ArrayBuffer): void
  /** What is lent, and what is kept beside it, in bytes. */
  held(): { lent: number; spare: number }
}

/**
 * Each upload may have its share of `total`, and never more than is left of it; but the smallest piece always, so that a thousand uploads
 * of 64 KiB pass the total. `roomFor`: what a piece needs where it is sealed.
 */
export function openLender(roomFor: (length: number) => number, total = bufferedBytes): Lender {
  let [uploads, lent] = [0, 0]
  let spares: Lent[] = []
  let dropping: NodeJS.Timeout | undefined
  const spareBytes = () => spares.reduce((sum, one) => sum + one.capacity, 0)

  /** The largest piece that may be filled now. */
  function share(): number {
    const bytes = Math.min(total / (2 * Math.max(1, uploads)), total - lent, maxPieceBytes)
    return toPowerOfTwo(Math.max(minPieceBytes, bytes), Math.floor)
  }

  function drop() {
    spares = []
  }

  return {
    begin() {
      uploads += 1
      clearTimeout(dropping)
    },
    end() {
      uploads -= 1
      if (uploads > 0) return
      clearTimeout(dropping)
      dropping = setTimeout(drop, spareMs).unref()
    },
    take(most) {
      const largest = share()
      const needed = Math.min(largest, toPowerOfTwo(Math.max(minPieceBytes, most), Math.ceil))
      const found = spares.find(({ capacity }) => capacity >= needed && capacity <= largest)
      const capacity = found?.capacity ?? needed
      spares = spares.filter(one => one !== found)
      lent += capacity
      while (spares.length > 0 && lent + spareBytes() > total) spares.shift()
      return found ?? { buffer: new ArrayBuffer(roomFor(capacity)), capacity }
    },
    give({ capacity }, buffer) {
      lent -= capacity
      if (buffer && lent + spareBytes() + capacity <= total) spares.push({ buffer, capacity })
    },
    held: () => ({ lent, spare: spareBytes() }),
  }
}

/** Few sizes, so that what came back fits. */
function toPowerOfTwo(bytes: number, round: (exponent: number) => number): number {
  return 2 ** round(Math.log2(bytes))
}
