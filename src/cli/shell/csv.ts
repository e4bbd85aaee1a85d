/** Rows of a CSV file (RFC 4180): commas or semicolons, whichever the first line has more of; quotes doubled inside quotes. */
export function readCsv(text: string): { line: number; fields: string[] }[] {
  const clean = text.replace(/^\ufeff/, '')
  const first = clean.split(/\r?\n/, 1)[0] ?? ''
  const separator = first.split(';').length > first.split(',').length ? ';' : ','
  const rows: { line: number; fields: string[] }[] = []
  let fields: string[] = []
  let field = ''
  let line = 1
  let began = 1
  let quoted = false
  const end = () => {
    fields.push(field)
    field = ''
  }
  const endRow = () => {
    end()
    if (fields.some(one => one.trim() !== '')) rows.push({ line: began, fields })
    fields = []
  }
  for (let at = 0; at < clean.length; at += 1) {
    const char = clean[at]!
    if (char === '\n') line += 1
    if (quoted) {
      if (char !== '"') field += char
      else if (clean[at + 1] === '"') {
        field += '"'
        at += 1
      } else quoted = false
    } else if (char === '"' && field === '') quoted = true
    else if (char === separator) end()
    else if (char === '\n') {
      endRow()
      began = line
    } else if (char !== '\r') field += char
  }
  if (quoted) throw new Error(`The quote that begins in line ${began} does not end.`)
  if (field !== '' || fields.length > 0) endRow()
  return rows
}
