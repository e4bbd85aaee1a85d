import { Refusal } from '../protocol/error.ts'

/** The pattern lets 2026-02-31 through; the store would not take it. */
export function checkedInstant<T extends string | undefined>(name: string, instant: T): T {
  if (instant !== undefined && Number.isNaN(Date.parse(instant)))
    throw new Refusal('invalid_argument', `${name} is no instant. Write it like 2026-11-24T09:30:00Z.`)
  return instant
}
