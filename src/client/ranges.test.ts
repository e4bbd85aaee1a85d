import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addRange, holes, overlap, type Range, rangeAt, removeRange } from './ranges.ts'

const range = fc.tuple(fc.nat(40), fc.nat(12)).map(([from, length]) => ({ from, through: from + length - 1 }))
const step = fc.record({ add: fc.boolean(), range })
const walk = fc.array(step, { maxLength: 30 })

function seqs(ranges: readonly Range[]): number[] {
  return ranges.flatMap(({ from, through }) => Array.from({ length: through - from + 1 }, (_, index) => from + index))
}

/** The same as a set of numbers, which needs no cleverness. */
function play(steps: { add: boolean; range: Range }[]): { ranges: readonly Range[]; model: Set<number> } {
  const model = new Set<number>()
  let ranges: readonly Range[] = []
  for (const { add, range } of steps) {
    ranges = add ? addRange(ranges, range) : removeRange(ranges, range)
    for (const seq of seqs([range])) add ? model.add(seq) : model.delete(seq)
  }
  return { ranges, model }
}

const ascending = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b)

test('[CL1] ranges hold exactly what was added and not removed, ascending, apart, and none empty', () => {
  fc.assert(
    fc.property(walk, steps => {
      const { ranges, model } = play(steps)
      expect(seqs(ranges)).toEqual(ascending(model))
      for (const [index, { from, through }] of ranges.entries()) {
        expect(from).toBeLessThanOrEqual(through)
        expect(from).toBeGreaterThan((ranges[index - 1]?.through ?? Number.NEGATIVE_INFINITY) + 1)
      }
    }),
  )
})

test('[CL1] holes and overlap split a range into what is not known and what is', () => {
  fc.assert(
    fc.property(walk, range, (steps, within) => {
      const { ranges, model } = play(steps)
      expect(seqs(overlap(ranges, within))).toEqual(seqs([within]).filter(seq => model.has(seq)))
      expect(seqs(holes(ranges, within))).toEqual(seqs([within]).filter(seq => !model.has(seq)))
    }),
  )
})

test('[CL1] the range at a seq is the one that holds it', () => {
  fc.assert(
    fc.property(walk, fc.nat(60), (steps, seq) => {
      const { ranges, model } = play(steps)
      const found = rangeAt(ranges, seq)
      expect(found !== undefined).toBe(model.has(seq))
      if (found !== undefined) expect(found.from <= seq && seq <= found.through).toBe(true)
    }),
  )
})
