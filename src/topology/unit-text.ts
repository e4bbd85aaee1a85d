/** How words, paths and sentences stand in a unit file (systemd.syntax, systemd.unit: specifiers) and in a shell. Line breaks never get here. */

/** One word of a command line. */
export function commandWord(word: string): string {
  return quotedWord(word).replaceAll('$', '$$$$')
}

/** One word of a list of paths, or of Environment=. */
export function quotedWord(word: string): string {
  const literal = word.replaceAll('%', '%%')
  return /^[\w./:@,=+%-]+$/.test(literal) ? literal : `"${literal.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** The rest of a line as it is. One that ended in a backslash would go on in the next line, so it ends in another word. */
export function plainText(text: string): string {
  return text.replaceAll('%', '%%').replace(/\\$/, '\\ ')
}

/** One word as a shell takes it. */
export function shellWord(word: string): string {
  return /^[\w./:@,=%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
