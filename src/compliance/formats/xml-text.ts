/** An element with its attributes and what is inside, which is XML already. Attributes that are undefined are left out. */
export function element(
  name: string,
  attributes: Record<string, string | number | boolean | undefined>,
  ...inside: string[]
): string {
  const given = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${xmlText(String(value))}"`],
  )
  return inside.length === 0 ? `<${name}${given.join('')}/>` : `<${name}${given.join('')}>${inside.join('')}</${name}>`
}

const names: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
}

/** Text that any reader gives back as it was; what XML 1.0 has no place for becomes U+FFFD. */
export function xmlText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}')
    .replaceAll(/[&<>"\n\r\t]/g, found => names[found]!)
}

export const xmlHead = '<?xml version="1.0" encoding="utf-8"?>\n'
