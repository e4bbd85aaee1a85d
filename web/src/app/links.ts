const allowed = /^(https?:|mailto:|ma-chan:)/i
const address = /\b(?:https?:\/\/|mailto:|ma-chan:\/\/)[^\s<>"']+/gi

/** Links go to the web, to mail and to rooms, nowhere else (no javascript:, no data:). */
export function safeHref(href: string): string | undefined {
  return allowed.test(href.trim()) ? href.trim() : undefined
}

export type LinkPart = string | { href: string }

/** Plain text with its addresses cut out. A full stop or bracket that ends the sentence is no part of the address. */
export function splitLinks(text: string): LinkPart[] {
  const parts: LinkPart[] = []
  let from = 0
  for (const match of text.matchAll(address)) {
    const href = match[0].replace(/[.,;:!?)\]}]+$/, '')
    if (match.index > from) parts.push(text.slice(from, match.index))
    parts.push({ href })
    from = match.index + href.length
  }
  if (from < text.length) parts.push(text.slice(from))
  return parts
}
