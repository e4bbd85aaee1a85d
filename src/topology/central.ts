import { createHash } from 'node:crypto'
import { Refusal } from '../protocol/error.ts'
import { type Connection, type Db, isUniqueViolation, type Queryable, transaction } from '../store/db.ts'

/** What was published, without its text. */
export type PublicationCard = {
  version: number
  /** 0 for the first one. */
  basedOn: number
  /** The version whose text it brings back. */
  restores: number | null
  /** SHA-256 of the document, hexadecimal. */
  hash: string
  /** Who, as the program says. */
  author: string
  /** Who, as the database knows. */
  role: string
  note: string
  at: Date
  /** Tells two publications of one version apart, where a store was restored in between. */
  mark: string
}
export type Publication = PublicationCard & { document: string }
export type Adoption = { version: number; author: string; role: string; note: string; at: Date; mark: string }

export type Draft = { document: string; author: string; note: string; restores?: number | undefined }
/** What the author had before him: its number, and its mark where that is known. 0: nothing was published. */
export type Basis = { version: number; mark?: string | undefined }
export type Published = { version: number; mark: string; changed: boolean }

/** What the rules say of a document, in sentences. One with errors is never published. */
export type Verdict = { errors: string[]; advice: string[] }

const maxNoteCharacters = 500
const maxDocumentBytes = 1_000_000

const card = `version, coalesce(based_on, 0) AS "basedOn", restores, hash, author, role, note, at, mark`

/** The version of that number, or the newest one. */
export async function readPublication(q: Queryable, version?: number): Promise<Publication | undefined> {
  const { rows } = await q.query<Publication>(
    `SELECT ${card}, document FROM publication WHERE $1::int IS NULL OR version = $1 ORDER BY version DESC LIMIT 1`,
    [version ?? null],
  )
  return rows[0]
}

/** Newest first; `before` is the version of the last one that was seen. */
export async function listPublications(q: Queryable, limit: number, before?: number): Promise<PublicationCard[]> {
  const { rows } = await q.query<PublicationCard>(
    `SELECT ${card} FROM publication WHERE $2::int IS NULL OR version < $2 ORDER BY version DESC LIMIT $1`,
    [limit, before ?? null],
  )
  return rows
}

export async function publicationsSince(q: Queryable, version: number): Promise<PublicationCard[]> {
  const { rows } = await q.query<PublicationCard>(
    `SELECT ${card} FROM publication WHERE version > $1 ORDER BY version`,
    [version],
  )
  return rows
}

export async function listAdoptions(q: Queryable): Promise<Adoption[]> {
  const { rows } = await q.query<Adoption>('SELECT version, author, role, note, at, mark FROM adoption ORDER BY number')
  return rows
}

/**
 * Publishes, if `basis` is what stands there: otherwise `conflict`, and nothing is changed. The document that stands there already
 * is not published again, whoever did it and whatever his basis was; so a publisher who got no answer asks again.
 */
export async function publishTopology(db: Db, draft: Draft, basis: Basis, verdict: Verdict): Promise<Published> {
  requireSound(draft, verdict)
  try {
    return await transaction(db, tx => publishUnderLock(tx, draft, basis))
  } catch (error) {
    // Only who does not take the lock can have come between.
    if (isUniqueViolation(error)) throw await conflict(db, basis, await readPublication(db), error)
    throw error
  }
}

async function publishUnderLock(tx: Connection, draft: Draft, basis: Basis): Promise<Published> {
  await tx.query('SELECT pg_advisory_xact_lock(9, 3)')
  const current = await readPublication(tx)
  const planned = await planPublication(tx, draft, basis, current)
  if (!planned.changed) return { version: current!.version, mark: current!.mark, changed: false }
  const { rows } = await tx.query<{ version: number; mark: string }>(
    `INSERT INTO publication (based_on, restores, document, author, note)
     VALUES (nullif($1::int, 0), $2, $3, $4, $5) RETURNING version, mark`,
    [basis.version, draft.restores ?? null, draft.document, draft.author, draft.note],
  )
  return { ...rows[0]!, changed: true }
}

/** What publishing would do now; throws what it would throw. Without `q` there is no store yet. */
export async function planPublication(
  q: Queryable | undefined,
  { document }: Draft,
  basis: Basis,
  current: Publication | undefined,
): Promise<{ changed: boolean }> {
  if (current?.document === document) return { changed: false }
  const isBasis = (current?.version ?? 0) === basis.version && (basis.mark ?? current?.mark) === current?.mark
  if (!isBasis) throw await conflict(q, basis, current)
  return { changed: true }
}

/** Throws where the draft may be published on no basis at all. */
export function requireSound({ document, note }: Draft, { errors }: Verdict): void {
  if (Buffer.byteLength(document) > maxDocumentBytes)
    throw new Refusal('too_large', `The document has more than ${maxDocumentBytes.toLocaleString('en')} bytes.`)
  if (document.includes('\0'))
    throw new Refusal('invalid_argument', 'The document holds U+0000, which is in no text. Take it out.')
  if (note.length > maxNoteCharacters || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(note))
    throw new Refusal('invalid_argument', `Give a note of one line and at most ${maxNoteCharacters} characters.`)
  if (errors.length > 0)
    throw new Refusal('invalid_argument', 'The document has errors. Mend them, then publish it again.', {
      details: { errors },
    })
}

async function conflict(
  q: Queryable | undefined,
  basis: Basis,
  current: Publication | undefined,
  cause?: unknown,
): Promise<Refusal> {
  const there = q && (await readPublication(q, basis.version))
  const had = basis.version === 0 ? 'no version' : `version ${basis.version}`
  const isOfHere = basis.version === 0 || (there !== undefined && (basis.mark ?? there.mark) === there.mark)
  const since = q && isOfHere ? await publicationsSince(q, basis.version) : []
  const told = since.map(({ version, author, at, note, restores }) => ({ version, author, at, note, restores }))
  const newest = since.at(-1)
  const details = { basedOn: basis.version, since: told }
  // Another history, in which numbers say nothing of what its author had.
  if (!newest)
    return new Refusal(
      'conflict',
      `Yours is based on ${had}, which is not what stands in this store: was it restored, or is it another one? Look at it with pchat topology history, take over what is there, then publish yours with --based-on ${current?.version ?? 0}.`,
      { details, cause },
    )
  return new Refusal(
    'conflict',
    `Yours is based on ${had}, and ${newest.author} published version ${newest.version} at ${newest.at.toISOString()}${newest.note ? ` (${newest.note})` : ''}. Take over what changed since, then publish yours with --based-on ${newest.version}.`,
    { details, cause },
  )
}

/** Says that this store, restored from an older copy or made anew, is the one to follow; servers then go back to its newest version. */
export async function adoptCentral(db: Db, author: string, note: string): Promise<Adoption> {
  return transaction(db, async tx => {
    await tx.query('SELECT pg_advisory_xact_lock(9, 3)')
    const { rows } = await tx.query<Adoption>(
      `INSERT INTO adoption (version, author, note) SELECT max(version), $1, $2 FROM publication HAVING max(version) > 0
       RETURNING version, author, role, note, at, mark`,
      [author, note],
    )
    if (!rows[0])
      throw new Refusal('not_found', 'Nothing is published in this store. Publish the topology first, then adopt it.')
    return rows[0]
  })
}

/** What the newest publication is, and whether the one that a replica holds stands in this store. */
export type Head = {
  store: string
  version: number
  mark: string | null
  /** Mark of the publication that has the number of the replica's. */
  markThere: string | null
  /** Its hash. */
  hashThere: string | null
  adoptions: string[]
}

export async function readHead(q: Queryable, replicaVersion: number): Promise<Head> {
  const { rows } = await q.query<Head>(
    `SELECT central.id AS store, coalesce(newest.version, 0) AS version, newest.mark,
            there.mark AS "markThere", there.hash AS "hashThere",
            ARRAY(SELECT mark::text FROM adoption ORDER BY number) AS adoptions
     FROM central LEFT JOIN (SELECT version, mark FROM publication ORDER BY version DESC LIMIT 1) newest ON true
     LEFT JOIN publication there ON there.version = $1`,
    [replicaVersion],
  )
  return rows[0]!
}

export function hashOf(document: string): string {
  return createHash('sha256').update(document).digest('hex')
}
