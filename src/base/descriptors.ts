import { readFileSync } from 'node:fs'

/** How many files and sockets this process may have open; undefined where there is no bound, or no /proc to tell it. */
export function descriptorLimit(): number | undefined {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return limit === undefined ? undefined : Number(limit)
  } catch {
    return undefined
  }
}
