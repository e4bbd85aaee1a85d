const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** East Asian wide and full width (UAX 11), and what is shown as a picture. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f1e6}-\u{1f1ff}\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u
const invisible = /^[\p{Mn}\p{Me}\p{Cf}]+$/u

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += invisible.test(segment) ? 0 : wide.test(segment) ? 2 : 1
  return width
}

/** What people wrote must not command the terminal, nor turn a line around. */
export function harmless(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, char => (/\s/.test(char) ? ' ' : '\ufffd'))
}

/** The lines of a table; the first row are the headings. */
export function tableLines(table: string[][]): string[] {
  const clean = table.map(row => row.map(harmless))
  const widths = clean[0]!.map((_, column) =>
    clean.reduce((most, row) => Math.max(most, widthOf(row[column] ?? '')), 0),
  )
  return clean.map(row =>
    row
      .map((text, column) => text + ' '.repeat(widths[column]! - widthOf(text)))
      .join('  ')
      .trimEnd(),
  )
}
