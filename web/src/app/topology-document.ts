import { type Document, isCollection, isMap, isScalar, isSeq, parseDocument } from 'yaml'
import { isRecord, type OptionSchema, type Steps, schemaAt, valueAt } from './topology-schema.ts'
import { addedTexts, appendedTexts, removedTexts, replacedTexts } from './topology-splice.ts'

/** What can be done with a text: its data, or why there is none. */
export type Reading = { value: Record<string, unknown>; fault?: undefined } | { value?: undefined; fault: string }

const options = { uniqueKeys: false, merge: false, prettyErrors: false } as const

function parse(text: string): Document {
  return parseDocument(text, options)
}

/** The data of a document, for the forms. What is wrong with it the server says. */
export function readDocument(text: string): Reading {
  try {
    const document = parse(text)
    const [error] = document.errors
    if (error) return { fault: `Line ${text.slice(0, error.pos[0]).split('\n').length} is not YAML.` }
    // Parts that stand for others the server refuses; here they must not grow.
    const value: unknown = document.toJS({ maxAliasCount: 0 }) ?? {}
    return isRecord(value) ? { value } : { fault: 'It is no document of options.' }
  } catch {
    return { fault: 'It is too deep, or names parts that stand elsewhere (*), which a topology does not.' }
  }
}

/** The text with another value of one option, and with everything else as it was: comments, order, blank lines. */
export function withValue(text: string, steps: Steps, value: unknown): string {
  const now = valueAt(readDocument(text).value, steps)
  if (Array.isArray(now) && Array.isArray(value) && now.length > 0 && value.length > 0)
    return withMembers(text, steps, now, value)
  return edited(
    text,
    document => {
      const parent = steps.slice(0, -1)
      if (parent.length > 0 && !isCollection(document.getIn(parent, true)))
        document.setIn(parent, document.createNode({}))
      const node = document.getIn(steps, true)
      // The same node keeps the comment behind it.
      if (typeof value !== 'object' && isPlain(node)) Object.assign(node, { value, source: undefined, type: undefined })
      else document.setIn(steps, document.createNode(value))
    },
    (document, isJson) => {
      if (typeof value !== 'object' && isScalar(document.getIn(steps, true)))
        return replacedTexts(document, text, steps, value, isJson)
      // Into the smallest part around it that is there already.
      let at = steps.length - 1
      while (at > 0 && !document.hasIn(steps.slice(0, at))) at -= 1
      const key = steps[at]
      if (typeof key !== 'string' || isCollection(document.getIn(steps.slice(0, at + 1), true))) return []
      if (document.hasIn(steps.slice(0, at + 1))) return []
      const inner = steps.slice(at + 1).reduceRight<unknown>((held, step) => ({ [step]: held }), value)
      return addedTexts(document, text, steps.slice(0, at), key, inner, isJson)
    },
  )
}

/** Only what differs between two lists of values is touched. */
function withMembers(text: string, steps: Steps, now: unknown[], value: unknown[]): string {
  const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)
  let next = text
  let from = 0
  while (from < Math.min(now.length, value.length) && isSame(now[from], value[from])) from += 1
  for (let gone = now.length - value.length; gone > 0; gone -= 1) next = withoutValue(next, [...steps, from], {})
  const kept = now.length > value.length ? now.toSpliced(from, now.length - value.length) : now
  value.forEach((one, i) => {
    if (i >= kept.length) next = withItem(next, steps, one)
    else if (!isSame(kept[i], one)) next = withValue(next, [...steps, i], one)
  })
  return next
}

function isPlain(node: unknown): node is { value: unknown } {
  return typeof node === 'object' && node !== null && 'value' in node && !isCollection(node)
}

/** The text without an option or a part; groups that it leaves empty go with it, where they may be left out. */
export function withoutValue(text: string, steps: Steps, schema: OptionSchema): string {
  const emptied: Steps[] = []
  const count = (document: Document, at: Steps) => {
    const node = document.getIn(at, true)
    return isMap(node) ? node.items.length : 0
  }
  const document = parse(text)
  for (let at = steps.slice(0, -1); at.length > 0; at = at.slice(0, -1)) {
    const mayGo = typeof at.at(-1) === 'string' && schemaAt(schema, at)?.default !== undefined
    if (!mayGo || count(document, at) !== 1) break
    emptied.push(at)
  }
  return edited(
    text,
    whole => {
      whole.deleteIn(steps)
      for (const group of emptied) whole.deleteIn(group)
    },
    (whole, isJson) => removedTexts(whole, text, steps, emptied, isJson),
  )
}

/** The text with one more part in a list, at its end. */
export function withItem(text: string, steps: Steps, value: unknown): string {
  return edited(
    text,
    document => {
      if (isSeq(document.getIn(steps, true))) document.addIn(steps, document.createNode(value))
      else document.setIn(steps, document.createNode([value]))
    },
    (document, isJson) => {
      if (document.hasIn(steps)) return appendedTexts(document, text, steps, value, isJson)
      const key = steps.at(-1)
      const around = document.getIn(steps.slice(0, -1), true) ?? document.contents
      return typeof key === 'string' && (isMap(around) || steps.length > 1)
        ? addedTexts(document, text, steps.slice(0, -1), key, [value], isJson)
        : []
    },
  )
}

/**
 * `change` makes the document that is wanted. The first of the texts of `splices` that means just that is taken; where none does, the
 * document is written anew as a whole.
 */
function edited(
  text: string,
  change: (document: Document) => void,
  splices: (document: Document, isJson: boolean) => string[],
): string {
  const document = parse(text)
  const isEmpty = document.contents === null
  if (isEmpty) document.contents = document.createNode({ version: 1 }) as never
  change(document)
  const json = isJson(text)
  const wanted = JSON.stringify(document.toJS())
  for (const spliced of isEmpty ? [] : splices(parse(text), json))
    if (means(spliced, wanted) && isJson(spliced) === json) return spliced
  return json ? JSON.stringify(document.toJS(), null, 2) : document.toString({ lineWidth: 0 })
}

function means(text: string, wanted: string): boolean {
  const document = parse(text)
  return document.errors.length === 0 && JSON.stringify(document.toJS()) === wanted
}

/** What is JSON stays so; it has no comments that could be lost. */
function isJson(text: string): boolean {
  if (!text.trimStart().startsWith('{')) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The place of a line in the text, for the cursor. */
export function lineRange(text: string, line: number): [start: number, end: number] {
  const lines = text.split('\n')
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0)
  return [start, start + (lines[line - 1]?.length ?? 0)]
}

/** A list of the document as data; empty where there is none. */
export function listAt(value: unknown, steps: Steps): Record<string, unknown>[] {
  const found = valueAt(value, steps)
  return Array.isArray(found) ? found.filter(isRecord) : []
}
