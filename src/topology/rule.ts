import type { View } from './view.ts'

export type Level = 'error' | 'advice'

/** What a rule finds: a JSON pointer into the document, what is there and why it may not be, and what mends it. */
export type Found = { path: string; reason: string; mend: string }

/** One rule of the topology. `text` is its line in SPEC.md. */
export type Rule = { id: string; level: Level; text: string; find(view: View): Found[] }

/** Those that come again: all but the first of each key. */
export function repeated<T>(all: readonly T[], keyOf: (one: T) => string | undefined): { one: T; first: T }[] {
  const firsts = new Map<string, T>()
  return all.flatMap(one => {
    const key = keyOf(one)
    if (key === undefined) return []
    const first = firsts.get(key)
    if (first === undefined) firsts.set(key, one)
    return first === undefined ? [] : [{ one, first }]
  })
}

export function counted(number: number): string {
  return number.toLocaleString('en')
}
