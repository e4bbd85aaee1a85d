import type { ErrorCode } from 'yaml'

/** What the parser found, in words of ours: its own repeat the text, and a secret may stand there. */
const sentences: Partial<Record<ErrorCode, string>> = {
  BAD_DQ_ESCAPE: 'A text in double quotes has a backslash that means nothing. Write two of them, or use single quotes.',
  BAD_INDENT: 'This line begins too far left or right. Options of one part begin in one column.',
  BAD_SCALAR_START: 'A text cannot begin like this. Put it in quotes.',
  BLOCK_AS_IMPLICIT_KEY: 'A group or a list begins in the middle of a line. Begin it in a line of its own.',
  BLOCK_IN_FLOW: 'A group or a list of lines stands in brackets. Write it in brackets, too, or all of it in lines.',
  MISSING_CHAR: 'Something is missing here: a quote, a bracket, a comma, a hyphen, or the colon behind a name.',
  MULTILINE_IMPLICIT_KEY: 'The name of an option goes over several lines. A colon is missing, or a quote.',
  MULTIPLE_DOCS: 'A second document begins here. Take one of them away.',
  TAB_AS_INDENT: 'Tabs stand before this. Use blanks.',
  TAG_RESOLVE_FAILED: 'A tag says what kind of value follows. Take it away.',
  BAD_ALIAS: 'This stands for another part. Write out what it stands for; put a text that begins so in quotes.',
}

export function parserWords(code: ErrorCode): string {
  return sentences[code] ?? 'This is not understood. Mend what stands here; put a text with signs in it in quotes.'
}
