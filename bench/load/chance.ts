/** Chance that can be had again: one seed, one course. */
export type Chance = {
  /** From 0 up to, not including, 1. */
  next(): number
  below(end: number): number
  pick<T>(from: readonly T[]): T
}

export function openChance(seed: number): Chance {
  let state = seed >>> 0
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number) => Math.floor(next() * end)
  return { next, below, pick: from => from[below(from.length)]! }
}

export type Arrivals = { stop(): void }
export type Arriving = { perSecond: number; act(): void }

/** Each kind comes by itself, at random and at its rate on the average (Poisson), however long what it starts takes. */
export function startArrivals(kinds: Arriving[], chance: Chance): Arrivals {
  const perSecond = kinds.reduce((sum, kind) => sum + kind.perSecond, 0)
  if (perSecond <= 0) return { stop() {} }
  const pauseMs = () => (-Math.log(1 - chance.next()) / perSecond) * 1000
  let dueAt = performance.now() + pauseMs()
  let timer = setTimeout(come, pauseMs())

  function come(): void {
    for (; dueAt <= performance.now(); dueAt += pauseMs()) pickKind().act()
    timer = setTimeout(come, Math.max(0, dueAt - performance.now()))
  }

  function pickKind(): Arriving {
    let left = chance.next() * perSecond
    for (const kind of kinds) {
      left -= kind.perSecond
      if (left < 0) return kind
    }
    return kinds.at(-1)!
  }
  return { stop: () => clearTimeout(timer) }
}
