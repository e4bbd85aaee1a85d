import { Refusal } from '../protocol/error.ts'

/**
 * Names compare after NFC, trim and case folding. JavaScript has no folding of its own: lower, upper, lower makes ß, ẞ and SS
 * one (ẞ has no upper case but itself), and the sigma that lower case writes at the end of a word is made the common one.
 */
export function nameKey(name: string): string {
  const folded = name.normalize('NFC').trim().toLowerCase().toUpperCase().toLowerCase()
  return folded.replaceAll('ς', 'σ').normalize('NFC')
}

export function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

const maxNameCodePoints = 256

/** A name of a room, category or principal: trimmed, NFC, 1 to 256 code points, something to see, no control characters. */
export function checkedName(what: string, name: string): string {
  const clean = name.normalize('NFC').trim()
  // Characters that show nothing (zero width, fillers) leave a name that nobody can point at.
  if (/^[\p{Z}\p{Default_Ignorable_Code_Point}]*$/u.test(clean))
    throw new Refusal('invalid_argument', `${what} is empty. Give a name of 1 to ${maxNameCodePoints} characters.`)
  if (codePoints(clean) > maxNameCodePoints)
    throw new Refusal('invalid_argument', `${what} is longer than ${maxNameCodePoints} characters. Shorten it.`)
  // Controls and line separators would break lists and logs; direction overrides would let a name pass for another.
  if (/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(clean))
    throw new Refusal('invalid_argument', `${what} holds a control character. Remove it.`)
  return clean
}

export function checkedDescription(text: string): string {
  const clean = text.trim()
  if (codePoints(clean) > maxNameCodePoints)
    throw new Refusal('invalid_argument', `description is longer than ${maxNameCodePoints} characters. Shorten it.`)
  return clean
}
