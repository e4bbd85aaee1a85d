import { type Document, isCollection, isMap, isScalar, isSeq, type Node, type Pair, stringify } from 'yaml'
import type { Steps } from './topology-schema.ts'

/**
 * Changes of a text at the places of its own nodes, so that every other line stays as somebody wrote it. Each gives the texts that may
 * do; whoever asks parses them and takes the first that means what he wants. None: the shape is not one of these.
 */

type Lines = { eol: string; unit: number; indentSeq: boolean }
type Collection = Node & { items: unknown[]; flow?: boolean }
const oneLine = { lineWidth: 0, blockQuote: false } as const

function styleOf(text: string): Lines {
  const unit = /\n( +)[^\s#]/.exec(text)?.[1]?.length ?? 2
  return {
    eol: text.includes('\r\n') ? '\r\n' : '\n',
    unit: unit >= 2 && unit <= 8 ? unit : 2,
    indentSeq: !/^( *)(?:- +)?[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n\1- /m.test(text.replaceAll('\r', '')),
  }
}

/** One value for another. */
export function replacedTexts(document: Document, text: string, steps: Steps, value: unknown, isJson: boolean) {
  const node = document.getIn(steps, true)
  if (!isScalar(node) || !node.range) return []
  const [start, end] = node.range
  const quoted = JSON.stringify(value)
  const plain = stringify(value, oneLine).trimEnd()
  // Quotes that were not needed are the author's habit.
  const had = text.slice(start, end)
  const isHabit = /^["']/.test(had) && typeof value === 'string' && !/^["']/.test(stringify(node.value, oneLine))
  const single = had.startsWith("'") && !/['\n]/.test(String(value)) ? [`'${String(value)}'`] : []
  const all = isJson ? [quoted] : isHabit ? [...single, quoted] : [plain, quoted]
  const pair = pairAt(document, steps)
  const at = start === end && pair ? colonEnd(text, pair) : undefined
  if (at !== undefined) return all.map(one => splice(text, at, at, ` ${one}`))
  const tail = had.endsWith('\r\n') ? '\r\n' : had.endsWith('\n') ? '\n' : ''
  return all.map(one => splice(text, start, end, one + tail))
}

/** One more option in a group or part that is there. `parent` is it, and `value` may hold what the groups between are to hold. */
export function addedTexts(
  document: Document,
  text: string,
  parent: Steps,
  key: string,
  value: unknown,
  isJson: boolean,
) {
  const around = nodeAt(document, parent)
  if (isMap(around) && around.items.length > 0)
    return around.flow
      ? [flowAdded(around, text, { [key]: value }, isJson)]
      : [linesAdded(text, endOf(around, text), blockLines({ [key]: value }, columnOf(text, startOf(around)), text))]
  return filledTexts(document, text, parent, { [key]: value }, isJson)
}

/** One more item at the end of a list that is there. */
export function appendedTexts(document: Document, text: string, list: Steps, value: unknown, isJson: boolean) {
  const around = nodeAt(document, list)
  if (!isSeq(around) || around.items.length === 0) return filledTexts(document, text, list, [value], isJson)
  if (around.flow) return [flowAdded(around, text, [value], isJson)]
  const dash = columnOf(text, around.range![0])
  const gap = /^-( +)\S/.exec(text.slice(around.range![0]))?.[1] ?? ' '
  const body = stringify(value, { ...oneLine, indent: styleOf(text).unit, indentSeq: styleOf(text).indentSeq })
  const lines = body
    .trimEnd()
    .split('\n')
    .map((line, i) => `${' '.repeat(dash)}${i === 0 ? `-${gap}` : ' '.repeat(gap.length + 1)}${line}`)
  return [linesAdded(text, endOf(around, text), lines)]
}

/** A group or list that holds nothing gets its first member; what stands behind its name stays there. */
function filledTexts(document: Document, text: string, steps: Steps, value: object, isJson: boolean): string[] {
  const node = nodeAt(document, steps)
  const pair = pairAt(document, steps)
  if (!pair || isJson || nodeAt(document, steps.slice(0, -1))?.flow) {
    if (!node?.flow || !node.range) return []
    const [start, end] = node.range
    return [splice(text, start, end, isJson ? JSON.stringify(value) : flowText(value))]
  }
  const from = colonEnd(text, pair)
  const range = (pair.value as Node | null)?.range
  // `[]`, `{}` and `null` make room for lines.
  const bare = range && range[1] > range[0] ? splice(text, from, Math.max(from, range[1]), '') : text
  const column = columnOf(text, (pair.key as Node).range![0])
  const [, ...lines] = blockLines({ [String(steps.at(-1))]: value }, column, text)
  return [linesAdded(bare, from, lines)]
}

/** Without an option or a part, whose groups `emptied` go with it. Comments on lines of their own stay, but for those inside of a part. */
export function removedTexts(
  document: Document,
  text: string,
  steps: Steps,
  emptied: Steps[],
  isJson: boolean,
): string[] {
  const around = nodeAt(document, steps.slice(0, -1))
  if (!around) return []
  const index = indexIn(around, steps.at(-1)!)
  if (index < 0) return []
  const top = emptied.at(-1) ?? steps
  const outer = nodeAt(document, top.slice(0, -1))
  if (!outer) return []
  if (around.flow && !outer.flow && emptied.length > 0) {
    const [from, to, put] = blockCut(outer, text, indexIn(outer, top.at(-1)!))
    return [splice(text, from, to, put)]
  }
  if (outer.flow || around.flow) {
    const removed = emptied.length === 0 ? flowRemoved(around, text, index, isJson) : undefined
    return [removed ?? flowRemoved(outer, text, indexIn(outer, top.at(-1)!), isJson)].filter(one => one !== undefined)
  }
  const cuts: [from: number, to: number, put: string][] = [blockCut(around, text, index)]
  if (around.items.length === 1 && emptied.length === 0) {
    const pair = pairAt(document, steps.slice(0, -1))
    if (!pair) return []
    const at = colonEnd(text, pair)
    cuts.push([at, at, isSeq(around) ? ' []' : ' {}'])
  }
  for (const group of emptied) {
    const holder = nodeAt(document, group.slice(0, -1))
    const pair = pairAt(document, group)
    if (!holder || !pair) return []
    cuts.push(keyCut(text, pair))
  }
  // From the end, so that places before it stay true.
  cuts.sort((one, other) => other[0] - one[0])
  return [cuts.reduce((now, [from, to, put]) => splice(now, from, to, put), text)]
}

/** The lines of one member; of an item of a list, with the comment above it where each has one of its own. */
function blockCut(around: Collection, text: string, index: number): [number, number, string] {
  const item = around.items[index]
  const start = isSeq(around) ? dashBefore(text, startOfItem(item)) : startOfItem(item)
  const line = lineStart(text, start)
  const end = lineEnd(text, endOfItem(item, text))
  if (text.slice(line, start).trim() !== '') {
    // The first option of a part stands behind its dash, and the next one takes its place.
    const next = around.items[index + 1]
    const to = next === undefined ? end : startOfItem(next)
    return text.slice(end, to).trim() === '' && next !== undefined ? [start, to, ''] : [start, end, '']
  }
  const above = isSeq(around) && hasOwnComments(around, text, index) ? commentsAbove(text, line) : line
  const after = text[end] === '\r' ? end + 2 : end < text.length && text[end - 1] !== '\n' ? end + 1 : end
  return after === text.length && !text.endsWith('\n')
    ? [Math.max(0, eolBefore(text, above)), after, '']
    : [above, after, '']
}

/** The line of a group that holds nothing any more; a comment on it stays. */
function keyCut(text: string, pair: Pair): [number, number, string] {
  const start = (pair.key as Node).range![0]
  const line = lineStart(text, start)
  const colon = colonEnd(text, pair)
  const end = lineEnd(text, colon)
  const comment = text.slice(colon, end).trim()
  if (comment.startsWith('#')) return [start, end, comment]
  const isFirst = text.slice(line, start).trim() !== ''
  return isFirst ? [start, end, ''] : [line, Math.min(text.length, text[end] === '\r' ? end + 2 : end + 1), '']
}

function hasOwnComments(around: Collection, text: string, index: number): boolean {
  const has = (item: unknown) => {
    const line = lineStart(text, dashBefore(text, startOfItem(item)))
    return commentsAbove(text, line) < line
  }
  // What stands above the first one alone is about all of them.
  return index > 0 || around.items.slice(1).some(has)
}

function commentsAbove(text: string, line: number): number {
  let above = line
  while (above > 0) {
    const before = lineStart(text, above - 1)
    if (!/^\s*#/.test(text.slice(before, above))) break
    above = before
  }
  return above
}

function flowRemoved(around: Collection, text: string, index: number, isJson: boolean): string | undefined {
  const { items, range } = around
  if (!range || (!around.flow && !isJson) || index < 0) return undefined
  const [before, item, next] = [items[index - 1], items[index], items[index + 1]]
  if (next !== undefined) return splice(text, startOfItem(item), startOfItem(next), '')
  if (before !== undefined) return splice(text, endOfItem(before, text), endOfItem(item, text), '')
  return splice(text, range[0] + 1, range[1] - 1, '')
}

function flowAdded(around: Collection, text: string, more: object, isJson: boolean): string {
  const { eol, unit } = styleOf(text)
  const last = around.items.at(-1)
  const start = startOfItem(last)
  const indent = text.slice(lineStart(text, start), start)
  const isOwnLine = indent.trim() === '' && lineStart(text, start) > 0
  const step = isOwnLine && isJson ? (/\n(\t+| {2,})/.exec(text)?.[1] ?? ' '.repeat(unit)) : ''
  const isTight = /^\s*\{\s*"[^"]*":\S/.test(text)
  const written = isJson ? JSON.stringify(more, null, step === '' ? (isTight ? '' : 1) : step) : flowText(more)
  // Without the brackets around it.
  const inner = written.slice(1, -1).trim()
  const first = step === '' ? '' : step
  const lines = inner.split('\n').map((line, i) => (i === 0 ? line : indent + line.slice(first.length)))
  const body = step === '' ? inner.replace(/\n */g, isTight ? '' : ' ') : lines.join(eol)
  return splice(
    text,
    endOfItem(last, text),
    endOfItem(last, text),
    `,${isOwnLine ? eol + indent : isTight ? '' : ' '}${body}`,
  )
}

function flowText(value: object): string {
  return stringify(value, { ...oneLine, collectionStyle: 'flow' }).trimEnd()
}

function blockLines(value: object, column: number, text: string): string[] {
  const { unit, indentSeq } = styleOf(text)
  return stringify(value, { ...oneLine, indent: unit, indentSeq })
    .trimEnd()
    .split('\n')
    .map(line => ' '.repeat(column) + line)
}

function linesAdded(text: string, at: number, lines: string[]): string {
  const { eol } = styleOf(text)
  const end = lineEnd(text, at)
  const body = lines.join(eol)
  return text[end - 1] === '\n' && end === at ? splice(text, end, end, body + eol) : splice(text, end, end, eol + body)
}

function splice(text: string, from: number, to: number, put: string): string {
  return text.slice(0, from) + put + text.slice(to)
}

function nodeAt(document: Document, steps: Steps): Collection | undefined {
  const node = steps.length === 0 ? document.contents : document.getIn(steps, true)
  return isCollection(node) ? (node as Collection) : undefined
}

function pairAt(document: Document, steps: Steps): Pair | undefined {
  const around = nodeAt(document, steps.slice(0, -1))
  return isMap(around) ? (around.items[indexIn(around, steps.at(-1)!)] as Pair | undefined) : undefined
}

function indexIn(around: Collection, step: string | number): number {
  if (isSeq(around)) return typeof step === 'number' && step < around.items.length ? step : -1
  return (around.items as Pair[]).findIndex(({ key }) => isScalar(key) && key.value === step)
}

function isPair(item: unknown): item is Pair {
  return typeof item === 'object' && item !== null && 'key' in item && 'value' in item && !('range' in item)
}

function startOf(around: Collection): number {
  return startOfItem(around.items[0])
}

function startOfItem(item: unknown): number {
  return ((isPair(item) ? item.key : item) as Node).range![0]
}

function endOfItem(item: unknown, text: string): number {
  if (!isPair(item)) return endOf(item as Node, text)
  const value = item.value as Node | null
  return value?.range && value.range[1] > value.range[0] ? endOf(value, text) : colonEnd(text, item)
}

/** Of what it holds, without comments and blank lines behind it. */
function endOf(node: Node, text: string): number {
  if (isCollection(node) && !node.flow && node.items.length > 0) return endOfItem(node.items.at(-1), text)
  return node.range![1]
}

function colonEnd(text: string, pair: Pair): number {
  return text.indexOf(':', (pair.key as Node).range![1]) + 1
}

function dashBefore(text: string, at: number): number {
  return text.lastIndexOf('-', at - 1)
}

function columnOf(text: string, at: number): number {
  return at - lineStart(text, at) - (text.startsWith('\uFEFF') && lineStart(text, at) === 0 ? 1 : 0)
}

function lineStart(text: string, at: number): number {
  return at <= 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1
}

/** Before its line break; behind the break, where the place is there already, as after a text of several lines. */
function lineEnd(text: string, at: number): number {
  if (at > 0 && text[at - 1] === '\n') return at
  const found = text.indexOf('\n', at)
  return found < 0 ? text.length : text[found - 1] === '\r' ? found - 1 : found
}

function eolBefore(text: string, line: number): number {
  return text[line - 2] === '\r' ? line - 2 : line - 1
}
