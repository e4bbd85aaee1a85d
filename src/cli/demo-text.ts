import type { PastMessage } from '../store/seed.ts'
import { lines, type Theme } from './demo-data.ts'

const bonds = ['DBR 35', 'OAT 33', 'UST 10y', 'GILT 32', 'BTP 30', 'SEK 5y']
/** Same numbers every time: a screenshot of the demo can be made again. */
export function openRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

function pick<T>(random: () => number, from: T[]): T {
  return from[Math.floor(random() * from.length)]!
}

const twoDigits = (n: number) => String(n).padStart(2, '0')

export function sayLine(random: () => number, theme: Theme): string {
  return pick(random, lines[theme]).replace(/\{(\w+)\}/g, (_, place: string) => {
    if (place === 'n') return String(2 + Math.floor(random() * 60))
    if (place === 'price') return (95 + random() * 10).toFixed(2)
    if (place === 'ratio') return (1 + random() * 4).toFixed(2)
    if (place === 'time')
      return `${twoDigits(7 + Math.floor(random() * 12))}:${twoDigits(5 * Math.floor(random() * 12))}`
    return pick(random, bonds)
  })
}

const report = `## What happened
At 14:05 the link to site B lost packets. Orders were taken by site A without loss.

## What we did
1. Traffic moved to site A at 14:09
2. The provider replaced the optical module at 15:40
3. Traffic moved back at 16:00 after twenty minutes without an error

## What follows
- Second path ordered, delivery in two weeks
- Alarm threshold lowered from 1 % to 0.1 %`

const dayMs = 86_400_000
const pastDays = 21

/** Conversations over the last three weeks, in working hours, ending shortly before `now`. */
export function pastOf(random: () => number, theme: Theme, authors: string[], count: number, now: Date): PastMessage[] {
  const start = now.getTime() - pastDays * dayMs
  const instants = Array.from({ length: count }, () => {
    const day = Math.floor(random() * pastDays)
    return start + day * dayMs + (random() * 9 - 9) * 3_600_000 + dayMs
  }).sort((a, b) => a - b)
  return instants.map((at, i) =>
    message(random, theme, authors, new Date(Math.min(at, now.getTime() - (count - i) * 1000))),
  )
}

function message(random: () => number, theme: Theme, authors: string[], at: Date): PastMessage {
  const author = pick(random, authors)
  const roll = random()
  if (theme === 'operations' && roll < 0.01)
    return { author, at, title: 'Report: packet loss to site B', text: report, format: 'markdown' }
  const text = sayLine(random, theme)
  return {
    author,
    at,
    text,
    format: /[*`]/.test(text) ? 'markdown' : 'plain',
    ...(roll > 0.985 ? { alert: true } : {}),
  }
}
