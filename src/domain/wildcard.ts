import { nameKey } from './name.ts'

/** Whether a name is like a pattern: `*` stands for any characters, `?` for one; case as in names. In no more than length times length steps. */
export function isLike(pattern: string, name: string): boolean {
  const [wanted, given] = [[...nameKey(pattern)], [...nameKey(name)]]
  let at = 0
  /** Where the last star stands, and up to where of the name it reaches so far. */
  let star = -1
  let reach = 0
  for (let i = 0; i < given.length; ) {
    if (wanted[at] === '*') {
      star = at
      at += 1
      reach = i
    } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === given[i])) {
      at += 1
      i += 1
    } else if (star >= 0) {
      at = star + 1
      reach += 1
      i = reach
    } else return false
  }
  return wanted.slice(at).every(one => one === '*')
}
