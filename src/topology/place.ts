import { type Document, isCollection, isMap, isPair, isScalar, type LineCounter, type Node, type Pair } from 'yaml'

/** Where something stands in the text, from 1 on. */
export type Place = { line: number; column: number }
/** The place of what a JSON pointer names; of the nearest part around it where the document leaves it out. */
export type Places = (pointer: string) => Place

export function openPlaces(document: Document, lines: LineCounter): Places {
  return pointer => {
    let node: unknown = document.contents
    let offset = startOf(node)
    for (const name of stepsOf(pointer)) {
      const next = stepInto(node, name)
      if (next === undefined) break
      offset = next.offset
      node = next.node
    }
    return placeAt(lines, offset)
  }
}

/** The place of the name of a member: of one that must not be there, or that stands twice. */
export function placeOfKey(pair: Pair, lines: LineCounter): Place {
  return placeAt(lines, startOf(pair.key))
}

export function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset)
  return line < 1 ? { line: 1, column: 1 } : { line, column: col }
}

/** `/persistentChatPools/0/servers` as `['persistentChatPools', '0', 'servers']`. */
export function stepsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** `/persistentChatPools/0/port` as people write it: `persistentChatPools[0].port`. */
export function shownPath(pointer: string): string {
  const steps = stepsOf(pointer)
  if (steps.length === 0) return 'the document'
  return steps.map((step, i) => (/^\d+$/.test(step) ? `[${step}]` : i === 0 ? step : `.${step}`)).join('')
}

function startOf(node: unknown): number {
  return (node as Node | null | undefined)?.range?.[0] ?? 0
}

function stepInto(node: unknown, name: string): { node: unknown; offset: number } | undefined {
  if (!isCollection(node)) return undefined
  if (isMap(node)) {
    const pair = node.items.find(one => isPair(one) && isScalar(one.key) && String(one.key.value) === name)
    return pair && { node: pair.value, offset: startOf(pair.key) }
  }
  const item = node.items[Number(name)]
  return item === undefined || item === null ? undefined : { node: item, offset: startOf(item) }
}
