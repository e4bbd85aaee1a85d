/** localStorage with JSON in it. Storage can be full or forbidden: then it is as if nothing had been kept. */
export function readKept<Value>(key: string, fallback: Value, isValid: (value: unknown) => value is Value): Value {
  try {
    const text = localStorage.getItem(key)
    if (text === null) return fallback
    const value: unknown = JSON.parse(text)
    return isValid(value) ? value : fallback
  } catch {
    return fallback
  }
}

/** False where the browser would not keep it. */
export function keep(key: string, value: unknown): boolean {
  try {
    if (value === undefined) localStorage.removeItem(key)
    else localStorage.setItem(key, JSON.stringify(value))
    return true
  } catch {
    return false
  }
}
