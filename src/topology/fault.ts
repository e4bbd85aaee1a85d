import { isRecord, type Schema } from './option.ts'
import { type Place, type Places, shownPath, stepsOf } from './place.ts'
import { topologySchema } from './schema.ts'
import { secretPattern } from './text.ts'

/** What is wrong with the text of a document: a place, the JSON pointer of the part, and a sentence with the mend. */
export type Fault = Place & { path: string; message: string }

/** What the compiled schema says of a value that does not fit. */
export type SchemaError = { keyword: string; instancePath: string; params: object }

export function faultsOf(value: unknown, errors: SchemaError[], places: Places): Fault[] {
  const told = errors
    // One unknown member is told twice, by its own place and by that of what holds it; the latter names it.
    .filter(({ keyword }) => keyword !== 'boolean')
    .flatMap(error => explain(value, error))
  return told.map(({ path, message }) => ({ ...places(path), path, message: `${shownPath(path)}: ${message}` }))
}

type Told = { path: string; message: string }

function explain(value: unknown, { keyword, instancePath: path, params }: SchemaError): Told[] {
  const schema = schemaAt(path)
  const { requiredProperties = [], additionalProperties = [] } = params as {
    requiredProperties?: string[]
    additionalProperties?: string[]
  }
  if (keyword === 'required')
    return requiredProperties.map(name => ({
      path,
      message: `${name} is missing. Add it: ${wordsOf(schema?.properties?.[name])}.`,
    }))
  if (keyword === 'additionalProperties')
    return additionalProperties.slice(0, 100).map(name => ({
      path: `${path}/${escaped(name)}`,
      message: unknownOption(name, schema),
    }))
  return [{ path, message: `${refusal(keyword, schema, valueAt(value, path))} It is: ${wordsOf(schema)}.` }]
}

function refusal(keyword: string, schema: Schema | undefined, found: unknown): string {
  if (schema?.pattern === secretPattern)
    return 'A secret does not stand in the document. Say where it stands: env:NAME or file:/path.'
  if (schema?.enum) return `Give one of ${schema.enum.join(', ')}.`
  if (schema?.const !== undefined) return `Give ${JSON.stringify(schema.const)}.`
  if (keyword === 'minItems') return `Give at least ${schema?.minItems}.`
  if (keyword === 'maxItems') return `Give at most ${schema?.maxItems?.toLocaleString('en')}.`
  if (keyword === 'maxLength') return `Give at most ${schema?.maxLength?.toLocaleString('en')} characters.`
  if (keyword === 'pattern') return `"${shown(found)}" has not the form of this. ${formOf(schema)}`
  return `Give ${typeWords(schema)}, not ${kindOf(found)}.`
}

function formOf(schema: Schema | undefined): string {
  const pattern = schema?.pattern ?? ''
  if (pattern.startsWith('^/[')) return 'Give a whole path, which begins with /.'
  if (pattern.startsWith('^(/|\\./)')) return 'Give a path that begins with / or ./.'
  if (pattern.includes('s3://')) return 'Give a whole path, or an address that begins with s3://.'
  if (pattern.startsWith('^https?'))
    return 'Give an address with nothing behind its host, such as https://files.example.net.'
  if (pattern.includes('\\.[a-z0-9]')) return 'Give a name in small letters, such as chat1.example.com.'
  if (pattern.startsWith('^(/\\S')) return 'Give host and port, such as localhost:3310, or the path of a socket.'
  return 'Give a name of letters, digits, - and _.'
}

/** `integer 1 to 65,535`, for sentences and tables. */
export function typeWords(schema: Schema | undefined): string {
  if (schema?.const !== undefined) return JSON.stringify(schema.const)
  if (schema?.enum) return schema.enum.join(', ')
  if (schema?.type === 'integer') {
    const { minimum = 0, maximum = 0 } = schema
    return `a whole number from ${minimum.toLocaleString('en')} to ${maximum.toLocaleString('en')}`
  }
  const words = { boolean: 'true or false', array: 'a list', object: 'a group of options', string: 'a text' }
  return words[schema?.type as keyof typeof words] ?? 'something else'
}

function kindOf(found: unknown): string {
  if (found === null) return 'nothing'
  if (Array.isArray(found)) return 'a list'
  if (isRecord(found)) return 'a group of options'
  return typeof found === 'string' ? `the text "${shown(found)}"` : `${shown(found)}`
}

/** Wrong input may be long. */
function shown(found: unknown): string {
  const text = String(found)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

function wordsOf(schema: Schema | undefined): string {
  const words = schema?.description ?? 'an option of this document'
  return words[0]!.toLowerCase() === words[0] || /^[A-Z]{2}|^[A-Z][a-z]+[A-Z]/.test(words)
    ? words
    : words[0]!.toLowerCase() + words.slice(1)
}

function unknownOption(name: string, schema: Schema | undefined): string {
  const known = Object.keys(schema?.properties ?? {})
  const near = known.find(one => distance(one.toLowerCase(), name.slice(0, 60).toLowerCase()) <= 2)
  return `There is no option ${shown(name)} here. ${near ? `Is ${near} meant?` : `There are: ${known.join(', ')}.`}`
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

function schemaAt(path: string): Schema | undefined {
  let schema: Schema | undefined = topologySchema
  for (const step of stepsOf(path)) schema = schema?.items ?? schema?.properties?.[step]
  return schema
}

function valueAt(value: unknown, path: string): unknown {
  return stepsOf(path).reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], value)
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
