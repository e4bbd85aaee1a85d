import { Refusal } from '../protocol/error.ts'
import { splitBasis, withBasis } from '../protocol/topology-basis.ts'
import type { Db } from '../store/db.ts'
import {
  adoptCentral,
  type Basis,
  type Draft,
  listAdoptions,
  listPublications,
  type Publication,
  planPublication,
  publishTopology,
  readPublication,
  requireSound,
  type Verdict,
} from '../topology/central.ts'
import { maxDocumentBytes } from '../topology/read.ts'
import { Misuse } from './shell/fault.ts'
import type { Io } from './shell/io.ts'
import { fail, print } from './shell/run.ts'
import { harmless, tableLines } from './shell/table.ts'
import type { Answer } from './shell/verb.ts'
import { authorHere, type CentralOptions, changeCentral, readCentral } from './topology-central-place.ts'
import { exactTextOf } from './topology-text.ts'
import { diff, show } from './topology-verbs.ts'

export type PublishOptions = CentralOptions & { basedOn?: number; note?: string; whatIf?: boolean; confirm?: boolean }

/** What is asked of the document's own rules. */
export type TopologyRules = {
  /** Of a document, which messages call `name`, and of going to it from the one that is published. */
  check(document: string, name: string, published?: string): Verdict
  /** What differs, line by line; none where they say the same. */
  compare(before: string, after: string): string[]
}

/** Lines for people that stand above the sentence of a refusal. */
class Explained extends Error {
  readonly lines: string[]
  constructor(cause: Refusal, lines: string[]) {
    super(cause.message, { cause })
    this.lines = lines
  }
}

async function run(options: CentralOptions, io: Io, work: () => Promise<Answer>): Promise<void> {
  try {
    print(io, options, await work())
  } catch (error) {
    if (!(error instanceof Explained)) return fail(error, options, io)
    const { lines, cause } = error
    if (!options.json) {
      for (const line of lines) io.err(`${harmless(line)}\n`)
      return fail(cause, options, io)
    }
    const { code, message, details } = cause as Refusal
    io.err(`${JSON.stringify({ error: { code, message, details: { ...details, lines } } })}\n`)
    io.exit(1)
  }
}

export function publishFile(file: string, options: PublishOptions, rules: TopologyRules, io: Io): Promise<void> {
  return run(options, io, async () => {
    const text = file === '-' ? await io.read(maxDocumentBytes + 1) : await exactTextOf(file)
    const { document, basis } = splitBasis(text)
    const draft: Draft = { document, author: authorHere(), note: options.note ?? '' }
    return put({ draft, name: file, text, basis }, options, rules, io)
  })
}

/** A new publication of an old text: by the rules of today, and refused like any other. */
export function rollback(version: number, options: PublishOptions, rules: TopologyRules, io: Io): Promise<void> {
  return run(options, io, async () => {
    const old = await readCentral(options, io, db => requirePublication(db, version))
    const { document } = old
    const draft: Draft = { document, author: authorHere(), note: options.note ?? '', restores: version }
    return put({ draft, name: `version ${version}`, text: document }, options, rules, io)
  })
}

/** A draft as its author has it: `text` is the file, in which lines are counted, and `basis` what its first line says. */
type Written = { draft: Draft; name: string; text: string; basis?: Basis | undefined }

async function put(written: Written, options: PublishOptions, rules: TopologyRules, io: Io): Promise<Answer> {
  const { draft, name, text } = written
  // Before anything is made for it.
  const alone = rules.check(text, name)
  requireSoundWith(draft, alone)
  const look = async (db: Db | undefined) => {
    const current = db && (await readPublication(db))
    const verdict = current ? rules.check(text, name, current.document) : alone
    requireSoundWith(draft, verdict)
    const basis = basisOf(current, written, options)
    return { current, verdict, basis }
  }
  if (options.whatIf)
    return readCentral(options, io, async db => {
      const { current, verdict, basis } = await look(db)
      const { changed } = await explainConflict(db, rules, () => planPublication(db, draft, basis, current))
      const version = (current?.version ?? 0) + (changed ? 1 : 0)
      return told({ version, changed, whatIf: true }, verdict, differencesOf(rules, current, draft))
    })
  return changeCentral(options, io, async db => {
    const { current, verdict, basis } = await look(db)
    const done = await explainConflict(db, rules, () => publishTopology(db, draft, basis, verdict))
    const differences = done.changed ? differencesOf(rules, current, draft) : []
    return told({ version: done.version, changed: done.changed }, verdict, differences)
  })
}

/** With `restores` it is what stands there now: who goes back says so of whatever there is. */
function basisOf(current: Publication | undefined, { draft, basis }: Written, { basedOn }: PublishOptions): Basis {
  if (basedOn !== undefined) return { version: basedOn }
  if (basis) return basis
  if (!current) return { version: 0 }
  if (draft.restores !== undefined || draft.document === current.document) return current
  throw new Misuse(
    `Version ${current.version} is published, and which one yours is based on is not known: its first line does not say so, as that of pchat topology export does. Look at what differs with pchat topology diff --published FILE, then add --based-on ${current.version}.`,
  )
}

function requireSoundWith(draft: Draft, verdict: Verdict): void {
  try {
    requireSound(draft, verdict)
  } catch (error) {
    if (error instanceof Refusal) throw new Explained(error, [...verdict.errors, ...verdict.advice])
    throw error
  }
}

/** With what the others changed since: who publishes has not seen it. */
async function explainConflict<T>(db: Db | undefined, rules: TopologyRules, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!db || !(error instanceof Refusal) || error.code !== 'conflict') throw error
    const { basedOn = 0, since = [] } = (error.details ?? {}) as { basedOn?: number; since?: unknown[] }
    // Of another history there is nothing to compare.
    const [before, current] = since.length === 0 ? [] : [await readPublication(db, basedOn), await readPublication(db)]
    if (basedOn === 0 || !before || !current) throw error
    const changes = differencesOf(rules, before, current)
    throw new Explained(error, [`What changed since version ${basedOn}:`, ...changes.map(line => `  ${line}`)])
  }
}

function differencesOf(rules: TopologyRules, before: { document: string } | undefined, after: { document: string }) {
  return before ? rules.compare(before.document, after.document) : []
}

type Outcome = { version: number; changed: boolean; whatIf?: boolean }

function told(outcome: Outcome, { advice }: Verdict, differences: string[]): Answer {
  const { version, changed, whatIf } = outcome
  const sentence = !changed
    ? `Version ${version} is that document. Nothing ${whatIf ? 'would change' : 'was changed'}.`
    : whatIf
      ? `It would be version ${version}.`
      : `Version ${version} is published.`
  return { value: { ...outcome, differences, advice }, lines: [...advice, ...differences, sentence] }
}

export function history(options: CentralOptions & { limit: number }, io: Io): Promise<void> {
  return run(options, io, () =>
    readCentral(options, io, async db => {
      const publications = db ? await listPublications(db, options.limit) : []
      const adoptions = db ? await listAdoptions(db) : []
      const value = { publications, adoptions }
      if (publications.length === 0) return { value, lines: ['Nothing was published here yet.'] }
      const rows = publications.map(one => ({
        at: one.at,
        cells: [`${one.version}`, one.restores === null ? '' : `version ${one.restores} again`, one],
      }))
      const oldest = publications.at(-1)!.at
      const adopted = adoptions
        .filter(one => one.at >= oldest)
        .map(one => ({ at: one.at, cells: ['', `adopted, at version ${one.version}`, one] }))
      const all = [...rows, ...adopted].sort((one, other) => other.at.getTime() - one.at.getTime())
      return {
        value,
        lines: tableLines([
          ['VERSION', 'PUBLISHED', 'BY', 'ROLE', 'WHAT', 'NOTE'],
          ...all.map(({ at, cells: [version, what, one] }) => {
            const { author, role, note } = one as Publication
            return [version as string, at.toISOString(), author, role, what as string, note]
          }),
        ]),
      }
    }),
  )
}

/** To the letter below its first line: what is published again without a change changes nothing. */
export async function exportText(options: CentralOptions & { version?: number }, io: Io): Promise<void> {
  await run(options, io, async () => {
    const found = await readPublished(options, io)
    if (!options.json) io.out(withBasis(found))
    return { value: found }
  })
}

/** The newest document that is published, to the letter. */
export async function publishedText(options: CentralOptions, io: Io): Promise<string> {
  return (await readPublished(options, io)).document
}

/** That version, or the newest one. */
function readPublished(options: CentralOptions & { version?: number }, io: Io): Promise<Publication> {
  return readCentral(options, io, db => requirePublication(db, options.version))
}

export async function showPublished(options: CentralOptions & { version?: number }, io: Io): Promise<void> {
  const found = await readOrFail(options, io, () => readPublished(options, io))
  if (!found) return
  const { version, author, at, document } = found
  if (!options.json) io.out(`Version ${version}, published by ${harmless(author)} at ${at.toISOString()}\n\n`)
  await show('-', options, reading(io, document))
}

export async function diffPublished(file: string, options: CentralOptions, io: Io): Promise<void> {
  const found = await readOrFail(options, io, () => readCentral(options, io, db => requirePublication(db)))
  if (found) await diff(['-', file], options, reading(io, found.document))
}

/** What is published is to the verbs of documents what they read from standard input. */
function reading(io: Io, document: string): Io {
  return { ...io, read: async () => document }
}

async function readOrFail<T>(options: CentralOptions, io: Io, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    fail(error, options, io)
    return undefined
  }
}

async function requirePublication(db: Db | undefined, version?: number): Promise<Publication> {
  const found = db && (await readPublication(db, version))
  if (found) return found
  const newest = db && version !== undefined ? await readPublication(db) : undefined
  throw new Refusal(
    'not_found',
    newest
      ? `There is no version ${version}; the newest one is ${newest.version}. See pchat topology history.`
      : 'Nothing was published here yet. Publish a document with pchat topology publish FILE.',
  )
}

export function adopt(options: PublishOptions, io: Io): Promise<void> {
  return run(options, io, async () => {
    const current = await readCentral(options, io, db => requirePublication(db))
    const { version, author, at } = current
    const what = `Servers follow this store at version ${version}, published by ${author} at ${at.toISOString()}, also those that had a newer or another one.`
    if (options.whatIf) return { value: { whatIf: true, version }, lines: [what] }
    if (!options.confirm) await askFirst(what, io)
    const note = options.note ?? ''
    requireSound({ document: '', author: '', note }, { errors: [], advice: [] })
    const adoption = await changeCentral(options, io, db => adoptCentral(db, authorHere(), note))
    return { value: adoption, lines: [`Adopted at version ${adoption.version}.`] }
  })
}

async function askFirst(what: string, io: Io): Promise<void> {
  if (!io.isAsked) throw new Misuse(`${what} Nobody can be asked here: add --confirm, or look at it with --what-if.`)
  io.err(`${what}\n`)
  if (!/^y(es)?$/i.test((await io.ask('Go on? [y/N] ')).trim())) throw new Error('Nothing was changed.')
}
