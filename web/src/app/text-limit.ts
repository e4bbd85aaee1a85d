/** Names and descriptions are as long as the original's. */
const maxNameCharacters = 256

/** Characters as the server counts them: one outside the basic plane is one. */
export function characters(text: string): number {
  return [...text.normalize('NFC')].length
}

export function isTooLong(text: string): boolean {
  return characters(text.trim()) > maxNameCharacters
}

export function countWords(text: string): string {
  const count = characters(text.trim())
  if (count > maxNameCharacters) return `${count - maxNameCharacters} too many: at most ${maxNameCharacters}.`
  return `${count} of ${maxNameCharacters}.`
}
