const indentOf = (line: string) => line.length - line.trimStart().length
const isItem = (line: string) => /^\s*-( |$)/.test(line)

/**
 * What a change did to a document as it is printed (`before` to `after`), done to the text as somebody wrote it: his indents, blank lines,
 * aligned comments and ends of lines stay in every line that the change does not touch. Undefined where the text differs from what is
 * printed in more than blanks; whoever calls proves that the result means what was wanted.
 */
export function spliced(text: string, before: string, after: string): string | undefined {
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : ''
  const end = text.includes('\r\n') ? '\r\n' : '\n'
  const [own, old, next] = [text.slice(mark.length).split(/\r?\n/), before.split('\n'), after.split('\n')]
  if (squeezed(own) !== squeezed(old)) return undefined
  const [owned, printed] = [lettersBefore(own), lettersBefore(old)]
  const most = Math.min(old.length, next.length)
  let head = 0
  while (head < most && old[head] === next[head]) head += 1
  let tail = 0
  while (tail < most - head && old.at(-1 - tail) === next.at(-1 - tail)) tail += 1
  // Where one line of his is printed as two, both are touched.
  while (!owned.includes(printed[head]!)) head -= 1
  while (!owned.includes(printed[old.length - tail]!)) tail -= 1
  // Blank lines belong to what comes behind them.
  const from = owned.indexOf(printed[head]!)
  const to = owned.indexOf(printed[old.length - tail]!)
  const alike = printed.slice(0, -1).flatMap((letters, i) => {
    const at = owned.lastIndexOf(letters)
    return old[i]!.trim() === '' || at < 0 || at >= own.length ? [] : [{ i, printed: old[i]!, own: own[at]! }]
  })
  const fresh = next.slice(head, next.length - tail).map(line => indented(line, alike, head))
  return mark + [...own.slice(0, from), ...fresh, ...own.slice(to)].join(end)
}

function squeezed(lines: string[]): string {
  return lines.join('').replaceAll(/\s/g, '')
}

/** How many letters stand before each line, and before the end. */
function lettersBefore(lines: string[]): number[] {
  const counts = [0]
  for (const line of lines) counts.push(counts.at(-1)! + squeezed([line]).length)
  return counts
}

type Alike = { i: number; printed: string; own: string }

/** As deep as what stands nearest to it and is printed as deep. */
function indented(line: string, alike: Alike[], at: number): string {
  if (line.trim() === '') return line
  const isSo = (one: Alike) => indentOf(one.printed) === indentOf(line) && isItem(one.printed) === isItem(line)
  const near = alike.findLast(one => one.i <= at && isSo(one)) ?? alike.find(isSo)
  if (near) return ' '.repeat(indentOf(near.own)) + line.trimStart()
  const above = alike.findLast(one => one.i < at)
  const shift = above ? indentOf(above.own) - indentOf(above.printed) : 0
  return ' '.repeat(Math.max(0, indentOf(line) + shift)) + line.trimStart()
}
