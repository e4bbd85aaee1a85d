import { isRecord, type Schema } from './option.ts'
import { type Place, type Places, shownPath } from './place.ts'
import { isOptionName, topologySchema } from './schema.ts'
import { secretPattern } from './text.ts'

/**
 * What is wrong with the text of a document: a place, the JSON pointer of the part, and a sentence with the mend. What stands there is
 * not said again, unless it is a number where one is asked for, or the name of an option: it may be a secret at the wrong place.
 */
export type Fault = Place & { path: string; message: string }

/** Everything that does not fit the schema, each at the part that does not. */
export function faultsOf(value: unknown, places: Places): Fault[] {
  return differ(topologySchema, value, '').map(({ path, member, message }) => ({
    ...places(member === undefined ? path : `${path}/${escaped(member)}`),
    ...{ path, message: `${shownPath(path)}: ${message}` },
  }))
}

/** `member`: what stands in the part and is no option. */
type Told = { path: string; member?: string; message: string }

/** The compiled schema stops after a few; who mends a document wants to know all of them. */
function differ(schema: Schema, value: unknown, path: string): Told[] {
  const keyword = brokenBy(schema, value)
  if (keyword) return [{ path, message: `${refusal(keyword, schema, value)} It is: ${wordsOf(schema)}.` }]
  if (Array.isArray(value)) return value.flatMap((item, i) => differ(schema.items!, item, `${path}/${i}`))
  if (!isRecord(value)) return []
  const { properties = {}, required = [] } = schema
  const members = Object.keys(value)
  const missing = required.filter(name => !Object.hasOwn(value, name))
  return [
    ...missing.map(name => ({ path, message: `${name} is missing. Add it: ${wordsOf(properties[name])}.` })),
    ...members
      .filter(name => !Object.hasOwn(properties, name))
      .slice(0, maxUnknown)
      .map(name => ({ path, member: name, message: unknownOption(name, schema) })),
    ...members
      .filter(name => Object.hasOwn(properties, name))
      .flatMap(name => differ(properties[name]!, value[name], `${path}/${name}`)),
  ]
}

const maxUnknown = 100

/** The first word of the schema that the value itself breaks; what is in it comes later. */
function brokenBy(schema: Schema, value: unknown): string | undefined {
  if (schema.const !== undefined) return value === schema.const ? undefined : 'const'
  if (schema.enum) return schema.enum.includes(value as string) ? undefined : 'enum'
  if (!isOfType(schema.type, value)) return 'type'
  const { minimum = value, maximum = value, minItems = 0, maxItems, maxLength, pattern } = schema
  if (typeof value === 'number' && (value < (minimum as number) || value > (maximum as number))) return 'range'
  if (Array.isArray(value) && value.length < minItems) return 'minItems'
  if (Array.isArray(value) && maxItems !== undefined && value.length > maxItems) return 'maxItems'
  if (typeof value !== 'string') return undefined
  if (maxLength !== undefined && [...value].length > maxLength) return 'maxLength'
  return pattern === undefined || new RegExp(pattern, 'u').test(value) ? undefined : 'pattern'
}

function isOfType(type: string | undefined, value: unknown): boolean {
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isRecord(value)
  return type === 'integer' ? Number.isInteger(value) : typeof value === type
}

function refusal(keyword: string, schema: Schema | undefined, found: unknown): string {
  if (schema?.pattern === secretPattern)
    return 'A secret does not stand in the document. Say where it stands: env:NAME or file:/path.'
  if (schema?.enum) return `Give one of ${schema.enum.join(', ')}.`
  if (schema?.const !== undefined) return `Give ${JSON.stringify(schema.const)}.`
  if (keyword === 'minItems') return `Give at least ${schema?.minItems}.`
  if (keyword === 'maxItems') return `Give at most ${schema?.maxItems?.toLocaleString('en')}.`
  if (keyword === 'maxLength') return `Give at most ${schema?.maxLength?.toLocaleString('en')} characters.`
  if (keyword === 'pattern') return `This text has not the form of it. ${formOf(schema)}`
  return `Give ${typeWords(schema)}, not ${kindOf(found, schema)}.`
}

function formOf(schema: Schema | undefined): string {
  const pattern = schema?.pattern ?? ''
  if (pattern.startsWith('^/[')) return 'Give a whole path, which begins with /.'
  if (pattern.startsWith('^(/|\\./)')) return 'Give a path that begins with / or ./.'
  if (pattern.includes('s3://'))
    return 'Give a whole path, or an address of the form s3://bucket/folder?endpoint=https://s3.example.com&region=eu-1, without keys.'
  if (pattern.startsWith('^https?'))
    return 'Give an address with nothing behind its host, such as https://files.example.net.'
  if (pattern.includes('\\.[a-z0-9]')) return 'Give a name in small letters, such as chat1.example.com.'
  if (pattern.startsWith('^[0-9a-fA-F')) return 'Give an IP address, such as 10.0.0.11.'
  if (pattern.startsWith('^[^\\p')) return 'Give a text without line breaks.'
  if (pattern.startsWith('^[^\\s:/')) return 'Give a name without blanks, colons and slashes.'
  if (pattern.startsWith('^(/[^\\s')) return 'Give host and port, such as localhost:3310, or the path of a socket.'
  return 'Give a name of letters, digits, - and _.'
}

/** `a whole number from 1 to 65,535`. */
function typeWords(schema: Schema | undefined): string {
  if (schema?.const !== undefined) return JSON.stringify(schema.const)
  if (schema?.enum) return schema.enum.join(', ')
  if (schema?.type === 'integer') {
    const { minimum = 0, maximum = 0 } = schema
    return `a whole number from ${minimum.toLocaleString('en')} to ${maximum.toLocaleString('en')}`
  }
  const words = { boolean: 'true or false', array: 'a list', object: 'a group of options', string: 'a text' }
  return words[schema?.type as keyof typeof words] ?? 'something else'
}

function kindOf(found: unknown, schema: Schema | undefined): string {
  if (found === null) return 'nothing'
  if (Array.isArray(found)) return 'a list'
  if (isRecord(found)) return 'a group of options'
  if (typeof found === 'number') return schema?.type === 'integer' ? String(found) : 'a number'
  return typeof found === 'string' ? 'a text' : 'true or false'
}

function wordsOf(schema: Schema | undefined): string {
  return schema?.description ?? 'an option of this document'
}

function unknownOption(name: string, schema: Schema | undefined): string {
  const known = Object.keys(schema?.properties ?? {})
  const near = known.find(one => distance(one.toLowerCase(), name.slice(0, 60).toLowerCase()) <= 2)
  const called = (near && /^[A-Za-z]+$/.test(name)) || isOptionName(name) ? `no option ${name}` : 'no such option'
  return `There is ${called} here. ${near ? `Is ${near} meant?` : `There are: ${known.join(', ')}.`}`
}

/** How many letters differ (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= other.length; j += 1)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)))
    row = next
  }
  return row[other.length]!
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
