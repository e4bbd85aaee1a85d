import { Refusal } from '../protocol/error.ts'
import type { PoolSettings } from '../protocol/settings-verbs.ts'
import { checkedName, codePoints } from './name.ts'

type TextLimits = Pick<PoolSettings, 'maxTextCodePoints' | 'maxStoryBytes'>

/** Acceptable content of a post. A title makes it a story: its limit is bytes of UTF-8, that of a text code points. */
export function checkContent(content: { text: string; title?: string | undefined }, limits: TextLimits): void {
  if (content.text.trim() === '') throw new Refusal('invalid_argument', 'text is empty. Write something.')
  if (content.title !== undefined) {
    checkedName('title', content.title)
    const bytes = Buffer.byteLength(content.text)
    if (bytes > limits.maxStoryBytes)
      throw new Refusal(
        'too_large',
        `The story has ${bytes} bytes, the limit is ${limits.maxStoryBytes}. Shorten it or post it in parts.`,
      )
    return
  }
  // A string has at most twice as many code units as code points: most texts need no counting.
  if (content.text.length > limits.maxTextCodePoints) {
    const count = codePoints(content.text)
    if (count > limits.maxTextCodePoints)
      throw new Refusal(
        'too_large',
        `The text has ${count} characters, the limit is ${limits.maxTextCodePoints}. Shorten it, or give it a title to make it a story.`,
      )
  }
}

/** True where a string holds U+0000 or an unpaired surrogate, which no store and no peer takes. */
export function isBadText(text: string): boolean {
  return text.includes('\u0000') || !text.isWellFormed()
}
