/** Text that is HTML or SVG already. Only `markup` makes it, so that what is not ours is always escaped. */
export type Markup = { readonly markup: string }
type Part = string | number | Markup | Part[] | undefined

const escapes: { [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** A tag for templates: strings are escaped, markup stands as it is, lists follow one another, undefined is nothing. */
export function markup(texts: TemplateStringsArray, ...parts: Part[]): Markup {
  return { markup: texts.reduce((all, text, index) => all + render(parts[index - 1]) + text) }
}

function render(part: Part): string {
  if (part === undefined) return ''
  if (Array.isArray(part)) return part.map(render).join('')
  if (typeof part === 'object') return part.markup
  return String(part).replace(/[&<>"']/g, character => escapes[character]!)
}
