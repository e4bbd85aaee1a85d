/** Numbers as people read them: three digits that count, thousands with commas. */
export function showNumber(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

/** Milliseconds below a second, seconds above. */
export function showMs(ms: number): string {
  return ms < 1000 ? `${showNumber(ms)} ms` : `${showNumber(ms / 1000)} s`
}

export function showFigure(value: number | string): string {
  return typeof value === 'number' ? showNumber(value) : value
}

/** `0:45`, `12:00`, `1:02:03`. */
export function showClock(seconds: number): string {
  const whole = Math.round(seconds)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const padded = (value: number) => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${padded(minutes)}:${padded(rest)}` : `${minutes}:${padded(rest)}`
}
