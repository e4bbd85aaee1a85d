/**
 * Arrays as PostgreSQL reads them. The driver's own way escapes each element with two replacements, which is a good part of what a
 * post costs; most elements need none.
 */
export function plainArray(values: (string | number | boolean)[]): string {
  return `{${values.join(',')}}`
}

/** Of texts, null among them. */
export function textArray(values: (string | null)[]): string {
  let list = ''
  for (const value of values) list += `${list === '' ? '' : ','}${value === null ? 'NULL' : quoted(value)}`
  return `{${list}}`
}

function quoted(value: string): string {
  return special.test(value) ? `"${value.replace(specials, '\\$&')}"` : `"${value}"`
}

const special = /["\\]/
const specials = /["\\]/g
