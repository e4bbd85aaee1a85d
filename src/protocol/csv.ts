/** A file that cannot be read, with a sentence that says what to mend. */
export function unreadable(sentence: string): Error {
  return Object.assign(new Error(sentence), { code: 'unreadable' })
}

type CsvRow = { line: number; fields: string[] }

/**
 * Rows of a CSV file (RFC 4180), with commas, semicolons or tabs, whichever the first line has most of. Empty lines count for nothing.
 * Throws where a quote does not end.
 */
export function readCsv(text: string): CsvRow[] {
  const clean = text.replace(/^\ufeff/, '')
  const head = /[^\r\n]+/.exec(clean)?.[0] ?? ''
  const most = (marks: string[]) =>
    marks.reduce((best, mark) => (head.split(mark).length > head.split(best).length ? mark : best))
  const reader = { text: clean, mark: most([',', ';', '\t']), at: 0, line: 1 }
  const rows: CsvRow[] = []
  while (reader.at < clean.length) {
    const { line } = reader
    const fields = readLine(reader)
    if (fields.some(field => field.trim() !== '')) rows.push({ line, fields })
  }
  return rows
}

type Reader = { text: string; mark: string; at: number; line: number }

function readLine(reader: Reader): string[] {
  const fields: string[] = []
  for (;;) {
    fields.push(readField(reader))
    const end = reader.text[reader.at]
    reader.at += 1
    if (end === reader.mark) continue
    reader.line += 1
    return fields
  }
}

/** Up to the mark or the end of the line, which stays to be read. */
function readField(reader: Reader): string {
  const { text, mark } = reader
  const isEnd = (char: string | undefined) => char === undefined || char === mark || char === '\n'
  if (text[reader.at] === '"') {
    const quoted = readQuoted(reader)
    // What stands behind the closing quote is taken as it is: better kept than lost.
    let rest = ''
    for (; !isEnd(text[reader.at]); reader.at += 1) rest += text[reader.at]
    return quoted + rest.replace(/\r$/, '')
  }
  const from = reader.at
  while (!isEnd(text[reader.at])) reader.at += 1
  return text.slice(from, reader.at).replace(/\r$/, '')
}

function readQuoted(reader: Reader): string {
  const { text } = reader
  const began = reader.line
  let field = ''
  for (reader.at += 1; reader.at < text.length; reader.at += 1) {
    const char = text[reader.at]
    if (char === '"' && text[reader.at + 1] !== '"') {
      reader.at += 1
      return field
    }
    if (char === '"') reader.at += 1
    if (char === '\n') reader.line += 1
    field += char
  }
  throw unreadable(`The quote that begins in line ${began} does not end.`)
}
