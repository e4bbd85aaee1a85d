/** A run of sequence numbers, both ends included. A list of them is ascending, without overlaps and without neighbours. */
export type Range = { readonly from: number; readonly through: number }

export function addRange(ranges: readonly Range[], added: Range): readonly Range[] {
  if (added.through < added.from) return ranges
  const before = ranges.filter(range => range.through < added.from - 1)
  const after = ranges.filter(range => range.from > added.through + 1)
  const touched = ranges.slice(before.length, ranges.length - after.length)
  const from = Math.min(added.from, touched[0]?.from ?? added.from)
  const through = Math.max(added.through, touched.at(-1)?.through ?? added.through)
  return [...before, { from, through }, ...after]
}

export function removeRange(ranges: readonly Range[], removed: Range): readonly Range[] {
  if (removed.through < removed.from) return ranges
  return ranges.flatMap(range => {
    const left = { from: range.from, through: Math.min(range.through, removed.from - 1) }
    const right = { from: Math.max(range.from, removed.through + 1), through: range.through }
    return [left, right].filter(isFilled)
  })
}

/** The parts of `ranges` inside `within`. */
export function overlap(ranges: readonly Range[], within: Range): readonly Range[] {
  return ranges
    .map(range => ({ from: Math.max(range.from, within.from), through: Math.min(range.through, within.through) }))
    .filter(isFilled)
}

/** The parts of `within` that are in none of `ranges`. */
export function holes(ranges: readonly Range[], within: Range): readonly Range[] {
  if (!isFilled(within)) return []
  return ranges.reduce<readonly Range[]>(removeRange, [within])
}

export function rangeAt(ranges: readonly Range[], seq: number): Range | undefined {
  return ranges.findLast(range => range.from <= seq && seq <= range.through)
}

function isFilled(range: Range): boolean {
  return range.from <= range.through
}
