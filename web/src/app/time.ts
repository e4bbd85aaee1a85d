// 24 hours in every locale: nobody asks at night which half of the day a line belongs to, and columns align.
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const seconds = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium', hourCycle: 'h23' })
const short = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' })

export function clockTime(at: string): string {
  return clock.format(new Date(at))
}

/** Local time to the second, then the same instant in UTC to the millisecond. */
export function exactTime(at: string): string {
  const instant = new Date(at)
  return `${exact.format(instant)} · ${instant.toISOString().replace('T', ' ').replace('Z', ' UTC')}`
}

/** What a line of the stream shows on hover and focus: seconds here, milliseconds in UTC. */
export function pointedTime(at: string): string {
  const instant = new Date(at)
  return `${seconds.format(instant)} · ${instant.toISOString().replace('T', ' ').replace('Z', ' UTC')}`
}

export function shortTime(at: string): string {
  return short.format(new Date(at))
}

/** A key that is equal for two instants of the same local day. */
export function dayKey(at: string): string {
  const date = new Date(at)
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`
}

export function dayName(at: string, now = new Date()): string {
  const name = day.format(new Date(at))
  if (dayKey(at) === dayKey(now.toISOString())) return `Today, ${name}`
  if (dayKey(at) === dayKey(new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1).toISOString()))
    return `Yesterday, ${name}`
  return name
}

/** "3 minutes": how long a lock-out or a rate limit still holds. */
export function waitWords(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000))
  if (seconds < 90) return `${seconds} second${seconds === 1 ? '' : 's'}`
  const minutes = Math.ceil(seconds / 60)
  return `${minutes} minutes`
}

/** The instant of a date field (local day), at its start or just before the next day. */
export function dayInstant(date: string, edge: 'start' | 'end'): string | undefined {
  const [year, month, dayOfMonth] = date.split('-').map(Number)
  if (year === undefined || month === undefined || dayOfMonth === undefined || date === '') return undefined
  const instant = new Date(year, month - 1, edge === 'start' ? dayOfMonth : dayOfMonth + 1)
  return Number.isNaN(instant.getTime()) ? undefined : instant.toISOString()
}
