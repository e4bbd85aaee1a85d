/** The least round number (1, 2 or 5 with zeros) that is not below; so that lines of a chart stand at numbers that are read at once. */
function roundAbove(value: number): number {
  if (value <= 1) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  const step = [1, 2, 5, 10].find(one => one * power >= value) ?? 10
  return step * power
}

/** Where the lines of a chart stand, from nothing to a round number above the largest value; whole numbers only. */
export function chartLines(largest: number): number[] {
  const top = roundAbove(largest)
  const count = top % 4 === 0 ? 4 : top % 5 === 0 ? 5 : top
  return Array.from({ length: count + 1 }, (_, at) => (top / count) * at)
}

/** Which labels of an axis are written, so that they do not run into each other. */
export function labelEvery(count: number, room: number): number {
  return Math.max(1, Math.ceil(count / room))
}
