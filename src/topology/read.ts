import { Compile } from 'typebox/compile'
import { isAlias, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { sizeFault } from './depth.ts'
import { type Fault, faultsOf } from './fault.ts'
import { withDefaults } from './option.ts'
import { openPlaces, type Place, type Places, placeAt, placeOfKey } from './place.ts'
import { Topology, topologySchema } from './schema.ts'

export type Read = { topology: Topology; places: Places }

/** One that could be published and drawn is a hundredth of this. */
export const maxDocumentBytes = 1_000_000
/** Whoever mends has enough with these. */
const maxFaults = 100

const compiled = Compile(Topology)

/**
 * Reads a topology document, YAML or JSON. Answers the topology with all defaults filled in, and where everything stands; or what is
 * wrong, everything at once, each with its place and its mend. Never throws, whatever the text is.
 */
export function readTopology(text: string): Read | { faults: Fault[] } {
  const start: Place = { line: 1, column: 1 }
  if (Buffer.byteLength(text) > maxDocumentBytes) return { faults: [{ ...start, path: '', message: tooLarge }] }
  const large = sizeFault(text)
  if (large) return { faults: [large] }
  try {
    return readText(text)
  } catch (error) {
    // The library is made for any text; should one break it, that is no reason to end.
    const reason = error instanceof Error ? error.message : String(error)
    return { faults: [{ ...start, path: '', message: `This cannot be read (${reason}). Write plain YAML or JSON.` }] }
  }
}

const tooLarge = `The document has more than ${maxDocumentBytes.toLocaleString('en')} bytes, and no topology needs that many. Is this the right file?`

function readText(text: string): Read | { faults: Fault[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, merge: false, prettyErrors: false })
  const wrong = [...document.errors, ...document.warnings].map(({ message, pos }) => ({
    ...placeAt(lines, pos[0]),
    path: '',
    message: `${sentence(message)} The document is YAML or JSON, in one piece; docs/topology.md has examples.`,
  }))
  if (wrong.length > 0) return { faults: cut(wrong) }
  const strange = strangeParts(document, lines)
  if (strange.length > 0) return { faults: cut(strange) }
  const places = openPlaces(document, lines)
  const value = withDefaults(topologySchema, document.toJS() ?? {})
  const faults = faultsOf(value, places)
  if (faults.length > 0) return { faults: cut(faults) }
  // The same question to the compiled schema, which gives the type; should they disagree, nothing is made of the document.
  if (!compiled.Check(value)) throw new Error('it does not fit docs/topology.schema.json')
  return { topology: value, places }
}

/** What YAML can say and a topology does not: references to other parts, tags, members that stand twice. */
function strangeParts(document: ReturnType<typeof parseDocument>, lines: LineCounter): Fault[] {
  const found: Fault[] = []
  const tell = (place: Place, message: string) => void found.push({ ...place, path: '', message })
  visit(document, {
    Node(_, node) {
      const place = placeAt(lines, node.range?.[0] ?? 0)
      if (isAlias(node)) tell(place, `*${node.source} stands for another part. Write out what it stands for.`)
      else if (node.anchor !== undefined) tell(place, `&${node.anchor} names a part. Take the name away.`)
      else if (node.tag !== undefined) tell(place, `The tag ${node.tag} says what kind of value follows. Take it away.`)
    },
    Map(_, { items }) {
      const seen = new Set<string>()
      for (const pair of items) {
        const name = isPair(pair) && isScalar(pair.key) ? pair.key.value : undefined
        if (typeof name !== 'string') {
          tell(placeOfKey(pair, lines), 'The name of an option is a word. Mend what stands before the colon.')
          continue
        }
        if (seen.has(name)) tell(placeOfKey(pair, lines), `${shown(name)} stands here twice. Take one of them away.`)
        if (name === '__proto__') tell(placeOfKey(pair, lines), `There is no option ${name}. Take it away.`)
        seen.add(name)
      }
    },
  })
  return found
}

function shown(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}…` : name
}

function cut(faults: Fault[]): Fault[] {
  const sorted = [...faults].sort((a, b) => a.line - b.line || a.column - b.column)
  const isNew = (fault: Fault, i: number) =>
    !sorted.slice(0, i).some(one => one.line === fault.line && one.message === fault.message)
  return sorted
    .slice(0, 2 * maxFaults)
    .filter(isNew)
    .slice(0, maxFaults)
}

function sentence(message: string): string {
  const line = message.split('\n')[0]!.trim().slice(0, 200)
  return /[.!?]$/.test(line) ? line : `${line}.`
}
