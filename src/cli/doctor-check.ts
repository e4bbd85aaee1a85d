export type State = 'ok' | 'warning' | 'error'
/** One thing that was looked at: what was found, what is wanted, and what mends it. */
export type Check = { area: string; check: string; state: State; found: string; wanted: string; mend?: string }

export type Seen = Omit<Check, 'area' | 'check'>
export const ok = (found: string, wanted = found): Seen => ({ state: 'ok', found, wanted })
export const warning = (found: string, wanted: string, mend: string): Seen => ({
  state: 'warning',
  found,
  wanted,
  mend,
})
export const fault = (found: string, wanted: string, mend: string): Seen => ({ state: 'error', found, wanted, mend })

/** The check, or an error with the reason where looking failed or took too long. */
export async function look(
  area: string,
  check: string,
  wanted: string,
  mend: string,
  work: () => Promise<Seen>,
  withinMs = 8_000,
): Promise<Check> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${withinMs / 1000} s`)), withinMs)
  try {
    return { area, check, ...(await Promise.race([work(), late])) }
  } catch (error) {
    return { area, check, ...fault(sentence(error), wanted, mend) }
  } finally {
    clearTimeout(timer)
  }
}

export function sentence(error: unknown): string {
  const { message, code, cause } = error as Error & { code?: string; cause?: unknown }
  const reason = cause instanceof Error ? cause.message || (cause as { code?: string }).code : undefined
  return [message || code || String(error), reason && reason !== message ? `(${reason})` : ''].join(' ').trim()
}

export function bytes(count: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let unit = 0
  let shown = count
  while (shown >= 1024 && unit < units.length - 1) {
    shown /= 1024
    unit += 1
  }
  return `${shown < 10 && unit > 0 ? shown.toFixed(1) : Math.round(shown)} ${units[unit]}`
}

export function worstOf(checks: Check[]): State {
  return (['error', 'warning'] as const).find(state => checks.some(check => check.state === state)) ?? 'ok'
}

/** What is well on one line each; what is not with what is wanted and the mend. */
export function checkLines(checks: Check[]): string[] {
  const areaWidth = Math.max(...checks.map(({ area, check }) => `${area}: ${check}`.length))
  const count = (state: State) => checks.filter(check => check.state === state).length
  return [
    ...checks.flatMap(({ area, check, state, found, wanted, mend }) => [
      `${state.toUpperCase().padEnd(7)}  ${`${area}: ${check}`.padEnd(areaWidth)}  ${found}`,
      ...(state === 'ok' ? [] : [`${' '.repeat(9)}wanted: ${wanted}`]),
      ...(state === 'ok' || !mend ? [] : [`${' '.repeat(9)}mend:   ${mend}`]),
    ]),
    `${count('ok')} ok, ${count('warning')} warnings, ${count('error')} errors`,
  ]
}
