const longest = 1_000
/** No host of anybody: what still is of this one after reading is a path. */
const base = 'https://own.invalid'

/**
 * Where to go after signing in, as a path of ours; `/` where it is anything else. Browsers take \ for /, drop tabs and line breaks,
 * and resolve /.//host to //host: hence what the parser made of it is looked at, not what came.
 */
export function ownPath(next: unknown): string {
  if (typeof next !== 'string' || next.length > longest || !next.startsWith('/')) return '/'
  if (/[\\\p{Cc}\p{Z}]/u.test(next)) return '/'
  const url = URL.parse(next, base)
  if (url?.origin !== base) return '/'
  const path = `${url.pathname}${url.search}${url.hash}`
  return /^\/(?!\/)/.test(path) && !path.includes('\\') ? path : '/'
}
