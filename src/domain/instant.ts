import { Refusal } from '../protocol/error.ts'

/** The pattern lets 2026-02-31 through, and so does Date.parse, which makes it the 3rd of March; the store takes neither it nor a year 0. */
export function isInstant(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})T/.exec(text) ?? []
  const lastDay = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
  return !Number.isNaN(Date.parse(text)) && Number(year) > 0 && Number(day) <= lastDay
}

export function checkedInstant<T extends string | undefined>(name: string, instant: T): T {
  if (instant !== undefined && !isInstant(instant))
    throw new Refusal('invalid_argument', `${name} is no instant. Write it like 2026-11-24T09:30:00Z.`)
  return instant
}
