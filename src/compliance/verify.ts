import type { KeyObject } from 'node:crypto'
import { type Db, type Queryable, transaction } from '../store/db.ts'
import type { Anchor } from './anchor.ts'
import { firstBeyond, headsAfter, readArchiveId, readTexts } from './archive.ts'
import { readEntry } from './entry.ts'
import { headHash, isSigned, noHead, type SignedHead } from './head.ts'
import { leafHash, rootOf } from './merkle.ts'

export type Fault = {
  /** What it is about: an entry of the archive, a head, or an anchor outside. */
  what: 'entry' | 'head' | 'anchor'
  /** Number of the batch. */
  batch: number
  /** Place in the archive, where one entry can be named. */
  seq?: number
  sentence: string
}
export type Verdict = {
  sound: boolean
  archive: string
  batches: number
  entries: number
  /** Anchors that were compared, and the newest entry that one of them covers: what is younger can only be reconciled. */
  anchors: number
  anchoredThrough: number
  firstBad: Fault | null
}

const headsAtOnce = 200
const entriesAtOnce = 5_000

export type VerifyOptions = {
  keys: readonly KeyObject[]
  anchors: readonly Anchor[]
  onProgress?: (entries: number) => void
}

/**
 * Reads the whole archive and says whether it is what was signed: every entry under its head, heads in one chain without a gap,
 * signed by a known key, and equal to the anchors outside. One snapshot; the archive is appended to meanwhile.
 */
export function verifyArchive(db: Db, options: VerifyOptions): Promise<Verdict> {
  return transaction(
    db,
    async tx => {
      await tx.query('SET LOCAL idle_in_transaction_session_timeout = 0')
      const archive = await readArchiveId(tx)
      const verdict: Verdict = {
        ...{ sound: true, archive, batches: 0, entries: 0, anchors: options.anchors.length },
        ...{ anchoredThrough: Math.max(0, ...options.anchors.map(anchor => anchor.last)), firstBad: null },
      }
      const anchors = new Map(options.anchors.map(anchor => [anchor.batch, anchor]))
      const bad = (fault: Fault): Verdict => ({ ...verdict, sound: false, firstBad: fault })
      let before: SignedHead | undefined
      for (;;) {
        const heads = await headsAfter(tx, before?.head.batch ?? 0, headsAtOnce)
        if (heads.length === 0) break
        for (const signed of heads) {
          const fault =
            faultOfHead(signed, before, options.keys) ??
            faultOfAnchor(signed, anchors.get(signed.head.batch)) ??
            (await faultOfEntries(tx, signed))
          if (fault) return bad(fault)
          before = signed
          verdict.batches += 1
          verdict.entries = signed.head.last
          options.onProgress?.(verdict.entries)
        }
      }
      const fault = (await faultOfTail(tx, verdict.entries)) ?? faultOfMissing(options.anchors, before)
      return fault ? bad(fault) : verdict
    },
    'ISOLATION LEVEL REPEATABLE READ READ ONLY',
  )
}

/** What is wrong with a head alone, and behind the one before it. */
export function faultOfHead(
  signed: SignedHead,
  before: SignedHead | undefined,
  keys: readonly KeyObject[],
): Fault | undefined {
  const { batch, first, last, previous } = signed.head
  const fault = (sentence: string): Fault => ({ what: 'head', batch, sentence })
  const expected = (before?.head.batch ?? 0) + 1
  if (batch !== expected)
    return { what: 'head', batch: expected, sentence: `Batch ${expected} is missing; batch ${batch} follows instead.` }
  if (first !== (before?.head.last ?? 0) + 1 || last < first)
    return fault(`Batch ${batch} says entries ${first} to ${last}, after ${before?.head.last ?? 0}.`)
  if (previous !== (before ? headHash(before.head) : noHead))
    return fault(`Batch ${batch} does not follow the batch before it: that one was changed, or this one.`)
  if (!isSigned(signed, keys)) return fault(`The signature of batch ${batch} is of no known key.`)
  return undefined
}

function faultOfAnchor({ head }: SignedHead, anchor: Anchor | undefined): Fault | undefined {
  if (!anchor || anchor.hash === headHash(head)) return undefined
  return {
    ...{ what: 'anchor', batch: head.batch },
    sentence: `Batch ${head.batch} is not the one that was anchored on ${anchor.at}: the archive was written anew from here on.`,
  }
}

async function faultOfEntries(tx: Queryable, { head }: SignedHead): Promise<Fault | undefined> {
  const leaves: Buffer[] = []
  for (let first = head.first; first <= head.last; first += entriesAtOnce) {
    const last = Math.min(head.last, first + entriesAtOnce - 1)
    const rows = await readTexts(tx, first, last)
    for (const [index, { seq, text }] of rows.entries()) {
      const expected = first + index
      if (seq !== expected)
        return { what: 'entry', batch: head.batch, seq: expected, sentence: `Entry ${expected} is missing.` }
      leaves.push(leafHash(text))
    }
    if (rows.length < last - first + 1) {
      const expected = first + rows.length
      return { what: 'entry', batch: head.batch, seq: expected, sentence: `Entry ${expected} is missing.` }
    }
  }
  if (Buffer.from(rootOf(leaves)).toString('hex') === head.root) return undefined
  return (
    (await misplacedEntry(tx, head)) ?? {
      ...{ what: 'entry', batch: head.batch },
      sentence: `Of entries ${head.first} to ${head.last} at least one is not what was signed.`,
    }
  )
}

/** An entry says its place in its own text: one that stands elsewhere is named. */
async function misplacedEntry(tx: Queryable, head: SignedHead['head']): Promise<Fault | undefined> {
  for (const { seq, text } of await readTexts(tx, head.first, head.last)) {
    const said = saidSeq(text)
    if (said !== seq)
      return {
        what: 'entry',
        batch: head.batch,
        seq,
        sentence: `Entry ${seq} holds the text of ${said ?? 'no entry'}.`,
      }
  }
  return undefined
}

function saidSeq(text: string): number | undefined {
  try {
    return readEntry(text).seq
  } catch {
    return undefined
  }
}

async function faultOfTail(tx: Queryable, last: number): Promise<Fault | undefined> {
  const seq = await firstBeyond(tx, last)
  if (seq === undefined) return undefined
  return { what: 'entry', batch: 0, seq, sentence: `Entry ${seq} stands behind the last head.` }
}

/** An anchor of a batch that is not there any more: the end of the archive was cut off, or an older copy put in its place. */
function faultOfMissing(anchors: readonly Anchor[], last: SignedHead | undefined): Fault | undefined {
  const missing = anchors.filter(anchor => anchor.batch > (last?.head.batch ?? 0)).sort((a, b) => a.batch - b.batch)[0]
  if (!missing) return undefined
  return {
    ...{ what: 'anchor', batch: missing.batch },
    sentence: `Batch ${missing.batch}, anchored on ${missing.at}, is missing: entries from ${(last?.head.last ?? 0) + 1} on were cut off.`,
  }
}
