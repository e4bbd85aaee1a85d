import { type Document, isCollection, isMap, isSeq, parseDocument } from 'yaml'
import { isRecord, type OptionSchema, type Steps, schemaAt, valueAt } from './topology-schema.ts'
import { spliced } from './topology-splice.ts'

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
  return edited(text, document => {
    const parent = steps.slice(0, -1)
    if (parent.length > 0 && !isCollection(document.getIn(parent, true)))
      document.setIn(parent, document.createNode({}))
    const node = document.getIn(steps, true)
    // The same node keeps the comment behind it.
    if (typeof value !== 'object' && isPlain(node)) Object.assign(node, { value, source: undefined, type: undefined })
    else document.setIn(steps, document.createNode(value))
  })
}

function isPlain(node: unknown): node is { value: unknown } {
  return typeof node === 'object' && node !== null && 'value' in node && !isCollection(node)
}

/** The text without an option or a part; groups that it leaves empty go with it, where they may be left out. */
export function withoutValue(text: string, steps: Steps, schema: OptionSchema): string {
  return edited(text, document => {
    keepLeadingComment(document, steps)
    document.deleteIn(steps)
    for (let at = steps.slice(0, -1); at.length > 0; at = at.slice(0, -1)) {
      const node = document.getIn(at, true)
      const mayGo = typeof at.at(-1) === 'string' && schemaAt(schema, at)?.default !== undefined
      if (!mayGo || !isCollection(node) || node.items.length > 0 || isSeq(node)) break
      document.deleteIn(at)
    }
  })
}

/** What stands above the first item of a list is often about all of them. */
function keepLeadingComment(document: Document, steps: Steps): void {
  const list = document.getIn(steps.slice(0, -1), true)
  if (!isSeq(list) || steps.at(-1) !== 0 || list.items.length < 2) return
  const [first, second] = list.items as { commentBefore?: string | null }[]
  const innerOf = (item: unknown) =>
    isMap(item) ? (item.items[0]?.key as { commentBefore?: string | null }) : undefined
  if (first?.commentBefore && second && !second.commentBefore) second.commentBefore = first.commentBefore
  const [one, other] = [innerOf(first), innerOf(second)]
  if (one?.commentBefore && other && !other.commentBefore) other.commentBefore = one.commentBefore
}

/** The text with one more part in a list, at its end. */
export function withItem(text: string, steps: Steps, value: unknown): string {
  return edited(text, document => {
    if (isSeq(document.getIn(steps, true))) document.addIn(steps, document.createNode(value))
    else document.setIn(steps, document.createNode([value]))
  })
}

function edited(text: string, change: (document: Document) => void): string {
  const document = parse(text)
  if (document.contents === null) document.contents = document.createNode({ version: 1 }) as never
  const print = isJson(text)
    ? (one: Document) => JSON.stringify(one.toJS(), null, 2)
    : (one: Document) => one.toString({ lineWidth: 0 })
  const before = print(parse(text))
  change(document)
  const after = print(document)
  const kept = spliced(text, before, after)
  return kept !== undefined && meansSame(kept, after) ? kept : after
}

function meansSame(one: string, other: string): boolean {
  const [first, second] = [parse(one), parse(other)]
  return first.errors.length === 0 && JSON.stringify(first.toJS()) === JSON.stringify(second.toJS())
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
