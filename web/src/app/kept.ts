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

/** The text itself, to see whether it is still the one that was read or written. */
export function keptText(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined
  } catch {
    return undefined
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

/** The texts of all keys that begin so. */
export function keptTexts(prefix: string): string[] {
  const texts: string[] = []
  try {
    for (let index = 0; index < localStorage.length; index++) {
      const key = localStorage.key(index)
      const text = key?.startsWith(prefix) ? localStorage.getItem(key) : null
      if (text !== null) texts.push(text)
    }
  } catch {
    return texts
  }
  return texts
}
