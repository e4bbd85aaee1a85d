import type { emoticons } from '../../../src/protocol/message.ts'

type Emoticon = keyof typeof emoticons
type EmoticonName = (typeof emoticons)[Emoticon]

/** How each emoticon of the protocol looks. Typed by the protocol's table, so that a new one there fails here. */
const pictures: { [Text in Emoticon]: { picture: string; name: (typeof emoticons)[Text] } } = {
  ':)': { picture: '😊', name: 'Smile' },
  ':(': { picture: '☹️', name: 'Frown' },
  ';)': { picture: '😉', name: 'Wink' },
  ':D': { picture: '😄', name: 'Laughing' },
  ':P': { picture: '😛', name: 'Tongue' },
  '8)': { picture: '😎', name: 'Cool' },
  ':S': { picture: '😕', name: 'Confused' },
  ':O': { picture: '😮', name: 'Shocked' },
  ":'(": { picture: '😢', name: 'Crying' },
  ':*': { picture: '😘', name: 'Kissing' },
  ':@': { picture: '😠', name: 'Angry' },
}

export type TextPart = string | { text: string; picture: string; name: EmoticonName }

export function emoticonLabel(part: Exclude<TextPart, string>): string {
  return `${part.name} ${part.text}`
}

function isEmoticon(text: string): text is Emoticon {
  return Object.hasOwn(pictures, text)
}

const escaped = Object.keys(pictures)
  .sort((a, b) => b.length - a.length)
  .map(text => text.replace(/[()*]/g, '\\$&'))
// Only as a word of its own: "(8)" in a list and "http://x:Port" are no faces.
const pattern = new RegExp(`(?<=^|\\s)(${escaped.join('|')})(?=$|[\\s.,!?])`, 'g')

export function splitEmoticons(text: string): TextPart[] {
  const parts: TextPart[] = []
  let from = 0
  for (const match of text.matchAll(pattern)) {
    const found = match[0]
    if (!isEmoticon(found)) continue
    if (match.index > from) parts.push(text.slice(from, match.index))
    parts.push({ text: found, ...pictures[found] })
    from = match.index + found.length
  }
  if (from < text.length) parts.push(text.slice(from))
  return parts
}
