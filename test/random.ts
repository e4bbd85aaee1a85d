import { openChance } from '../bench/load/chance.ts'

/** Chance that can be had again: one seed, one course. */
export type Random = {
  /** From 0 up to, not including, `end`. */
  below(end: number): number
  /** Whole numbers from `from` to `through`, both included. */
  between(from: number, through: number): number
  pick<T>(from: readonly T[]): T
  chance(share: number): boolean
  /** Another course that does not depend on how far this one is. */
  fork(name: string): Random
}

export function openRandom(seed: number): Random {
  const { next, below, pick } = openChance(seed)
  return {
    below,
    between: (from, through) => from + below(through - from + 1),
    pick,
    chance: share => next() < share,
    fork(name) {
      let mixed = seed >>> 0
      for (const letter of name) mixed = Math.imul(mixed ^ letter.codePointAt(0)!, 0x01000193) >>> 0
      return openRandom(mixed)
    },
  }
}

/** What `--name value` gives on a command line, else the default. */
export function numberOption(args: readonly string[], name: string, otherwise: number): number {
  const place = args.indexOf(`--${name}`)
  if (place < 0) return otherwise
  const value = Number(args[place + 1])
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} wants a whole number, such as --${name} 7.`)
  return value
}
