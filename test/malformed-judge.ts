import { errorCodes, type WireError } from '../src/protocol/error.ts'
import type { Target } from './malformed-target.ts'
import type { validInputs } from './malformed-valid.ts'
import type { Random } from './random.ts'

/** What every way of being wrong is given: whom it is sent to, and whom it tells what came of it. */
export type Run = {
  target: Target
  random: Random
  fault(text: string): void
  note(outcome: string): void
  inputs: ReturnType<typeof validInputs>
}

/** Judges one refusal. `codes`: which ones are right. */
export function judge(run: Run, what: string, error: WireError | undefined, codes?: string[]) {
  if (!error) return run.fault(`${what} was taken`)
  run.note(error.code)
  if (!Object.hasOwn(errorCodes, error.code) || error.code === 'internal' || error.code === 'unavailable')
    run.fault(`${what}: ${error.code} ${error.message} ${error.id ?? ''}`)
  else if (codes && !codes.includes(error.code)) run.fault(`${what}: ${error.code}, not ${codes.join(' or ')}`)
  else if (!error.message) run.fault(`${what}: ${error.code} says nothing`)
}

export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 160 ? `${text.slice(0, 160)}… (${text.length})` : text
}

/** Eight at a time. */
export async function inParallel<T>(all: T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = [...all]
  const lane = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one)
  }
  await Promise.all(Array.from({ length: 8 }, lane))
}
