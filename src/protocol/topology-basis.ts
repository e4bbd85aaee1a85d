const firstLine = /^(\uFEFF?)# based on version (\d{1,9}) \(mark ([0-9a-f-]{36})\)[^\n]*(?:\n|$)/

/** What is exported, with a first line that says what it is. So what a change is based on goes with the file, whoever changes it. */
export function withBasis({ document, version, mark }: { document: string; version: number; mark: string }): string {
  const line = `# based on version ${version} (mark ${mark}): pchat topology publish reads this line, and leaves it out\n`
  return document.startsWith('\uFEFF') ? `\uFEFF${line}${document.slice(1)}` : `${line}${document}`
}

/** The document without that line, and what the line says. */
export function splitBasis(text: string): { document: string; basis?: { version: number; mark: string } } {
  const found = firstLine.exec(text)
  if (!found) return { document: text }
  const [line, mark = '', version, ofPublication] = found
  return { document: mark + text.slice(line.length), basis: { version: Number(version), mark: ofPublication! } }
}
