import { Lexer } from 'yaml'
import type { Fault } from './fault.ts'

/** The form of document has six levels. What is deeper would only use up the stack of whoever reads it. */
const maxDepth = 50
const maxIndent = 100
/** A pool of eight servers has some two hundred. */
const maxWords = 100_000

/**
 * Looks at the words of the text one by one, before the tree is built, which a text that is deep or has too many parts would break or
 * hold up. Answers the fault, or nothing.
 */
export function sizeFault(text: string): Fault | undefined {
  let line = 1
  let column = 1
  let words = 0
  let brackets = 0
  let onLine = 0
  const fault = (message: string): Fault => ({ line, column, path: '', message })
  for (const word of new Lexer().lex(text)) {
    words += 1
    if (word === '[' || word === '{') brackets += 1
    else if ((word === ']' || word === '}') && brackets > 0) brackets -= 1
    else if (brackets === 0 && (word === '-' || word === '?' || word === ':')) onLine += 1
    if (brackets > maxDepth || onLine > maxDepth)
      return fault(
        `More than ${maxDepth} levels stand inside one another here. A topology has six: mend brackets and hyphens.`,
      )
    if (column === 1 && brackets === 0 && word.length > maxIndent && /^ +$/.test(word))
      return fault(`This line begins behind ${word.length} spaces. Two for each level are enough.`)
    if (words > maxWords)
      return fault(`The document goes on after ${maxWords.toLocaleString('en')} words. Is this the right file?`)
    const breaks = word.split('\n').length - 1
    if (breaks > 0) onLine = 0
    line += breaks
    column = breaks > 0 ? word.length - word.lastIndexOf('\n') : column + word.length
  }
  return undefined
}
