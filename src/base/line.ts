import { type Bucket, openBucket, refill } from './rate.ts'

/**
 * A token bucket for many who come at once. Who finds it empty is given a place in line, at the bucket's rate, and the place
 * is kept: who comes back at its time gets in before those who have none. Time comes in, so that it can be tested without
 * waiting.
 */
export type Line = {
  bucket: Bucket
  /** By key, when it is whose turn; ascending. */
  places: Map<string, number>
  /** Those who may come once more without a token, and since when. */
  paid: Map<string, number>
  /** When the last place comes up. */
  lastAt: number
}

export type LineRate = { perSecond: number; burst: number }

/** Who does not come for it loses his place. */
const keptMs = 60_000
/** Beyond, the oldest go: memory is bounded whatever comes. */
const maxKept = 100_000

export function openLine(burst: number, nowMs: number): Line {
  return { bucket: openBucket(burst, nowMs), places: new Map(), paid: new Map(), lastAt: nowMs }
}

/** Answers 0 where the key gets in, else the milliseconds until its turn. */
export function takePlace(line: Line, key: string, rate: LineRate, nowMs: number): number {
  forget(line.places, nowMs)
  forget(line.paid, nowMs)
  if (line.paid.delete(key)) return 0
  const { bucket } = line
  refill(bucket, rate.perSecond, rate.burst, nowMs)
  const place = line.places.get(key)
  if (isDue(place, nowMs) || hasSpare(line, rate, nowMs)) {
    // Those whose turn it is may come a little closer together than the rate; the next ones wait for that.
    bucket.tokens = Math.max(-rate.burst, bucket.tokens - 1)
    line.places.delete(key)
    return 0
  }
  return (place ?? keepPlace(line, key, rate, nowMs)) - nowMs
}

function isDue(place: number | undefined, nowMs: number): boolean {
  return place !== undefined && place <= nowMs
}

/** While places are promised, what comes in is theirs. A bucket that fills all the same says that many do not come for them. */
function hasSpare({ bucket, lastAt }: Line, { burst }: LineRate, nowMs: number): boolean {
  return bucket.tokens >= (lastAt > nowMs ? 1 + burst / 2 : 1)
}

/** The next place in line, also for a key that had one. Answers when it comes up. */
export function keepPlace(line: Line, key: string, { perSecond }: LineRate, nowMs: number): number {
  const stepMs = 1000 / perSecond
  const firstMs = nowMs + Math.max(0, 1 - line.bucket.tokens) * stepMs
  line.lastAt = Math.max(line.lastAt + stepMs, firstMs)
  keep(line.places, key, line.lastAt)
  return line.lastAt
}

/** The key gets in once more without a token, if it comes soon. */
export function payAhead(line: Line, key: string, nowMs: number): void {
  keep(line.paid, key, nowMs)
}

/** How many have a place that is still kept. */
export function countPlaces({ places }: Line, nowMs: number): number {
  forget(places, nowMs)
  return places.size
}

function keep(all: Map<string, number>, key: string, at: number): void {
  all.delete(key)
  if (all.size >= maxKept) all.delete(all.keys().next().value!)
  all.set(key, at)
}

function forget(all: Map<string, number>, nowMs: number): void {
  for (const [key, at] of all) {
    if (at + keptMs >= nowMs) return
    all.delete(key)
  }
}
