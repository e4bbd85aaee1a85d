import type { UsageInput } from './usage.ts'

export const periods = { 7: 'Last 7 days', 30: 'Last 30 days', 90: 'Last 90 days', 365: 'Last 365 days' } as const

/** As it stands in the address: days back from today, or two days of one's own. */
export type UsagePeriod = { days: string; from: string; until: string; inactive: string }

const dayPattern = /^\d{4}-\d{2}-\d{2}$/

export function readPeriod(query: string): UsagePeriod {
  const params = new URLSearchParams(query)
  const day = (name: string) => (dayPattern.test(params.get(name) ?? '') ? params.get(name)! : '')
  const days = params.get('days') ?? '30'
  return {
    days: days in periods || days === 'own' ? days : '30',
    from: day('from'),
    until: day('until'),
    inactive: day('inactive'),
  }
}

export function writePeriod({ days, from, until, inactive }: UsagePeriod): string {
  const own = days === 'own' ? { from, until } : {}
  const parts = { days, ...own, inactive }
  return new URLSearchParams(Object.entries(parts).filter(([, value]) => value !== '')).toString()
}

/** Days are those of UTC, as the server counts them. */
export function usageInput({ days, from, until, inactive }: UsagePeriod, now = new Date()): UsageInput {
  const day = (back: number) => new Date(now.getTime() - back * 86_400_000).toISOString().slice(0, 10)
  return {
    ...(days === 'own'
      ? { ...(from === '' ? {} : { from }), ...(until === '' ? {} : { until }) }
      : { from: day(Number(days) - 1), until: day(0) }),
    ...(inactive === '' ? {} : { inactiveSince: inactive }),
    limit: 10,
  }
}
