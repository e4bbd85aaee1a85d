import { Compile } from 'typebox/compile'
import { isAlias, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { sizeFault } from './depth.ts'
import { type Fault, faultsOf } from './fault.ts'
import { withDefaults } from './option.ts'
import { parserWords } from './parser-words.ts'
import { openPlaces, type Place, type Places, placeAt, placeOfKey } from './place.ts'
import { isOptionName, Topology, topologySchema } from './schema.ts'

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
  } catch {
    // The library is made for any text; should one break it, that is no reason to end. What it says may hold what stands there.
    return { faults: [{ ...start, path: '', message: 'This cannot be read. Write plain YAML or JSON.' }] }
  }
}

const tooLarge = `The document has more than ${maxDocumentBytes.toLocaleString('en')} bytes, and no topology needs that many. Is this the right file?`

function readText(text: string): Read | { faults: Fault[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, merge: false, prettyErrors: false })
  const wrong = [...document.errors, ...document.warnings].map(({ code, pos }) => ({
    ...placeAt(lines, pos[0]),
    path: '',
    message: `${parserWords(code)} The document is YAML or JSON, in one piece; docs/topology.md has examples.`,
  }))
  if (wrong.length > 0) return { faults: cut(wrong) }
  const strange = strangeParts(document, lines)
  if (strange.length > 0) return { faults: cut(strange) }
  const places = openPlaces(document, lines)
  const value = withDefaults(topologySchema, document.toJS() ?? {})
  const faults = faultsOf(value, places)
  if (faults.length > 0) return { faults: cut(faults) }
  // The same question to the compiled schema, which gives the type; should they disagree, nothing is made of the document.
  if (!compiled.Check(value)) throw new Error('schema and faults disagree')
  return { topology: value, places }
}

/** What YAML can say and a topology does not: references to other parts, tags, members that stand twice. */
function strangeParts(document: ReturnType<typeof parseDocument>, lines: LineCounter): Fault[] {
  const found: Fault[] = []
  const tell = (place: Place, message: string) => void found.push({ ...place, path: '', message })
  visit(document, {
    Node(_, node) {
      const place = placeAt(lines, node.range?.[0] ?? 0)
      if (isAlias(node))
        tell(
          place,
          'This stands for another part. Write out what it stands for; put a text that begins with * in quotes.',
        )
      else if (node.anchor !== undefined)
        tell(place, 'A name with & stands before a part. Take it away; put a text that begins with & in quotes.')
      else if (node.tag !== undefined)
        tell(place, 'A tag says what kind of value follows. Take it away; put a text that begins with ! in quotes.')
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

/** What is no name of an option may be anything, a secret too. */
function shown(name: string): string {
  return isOptionName(name) ? name : 'What'
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
