import type { KeyObject } from 'node:crypto'
import { type Connection, type Db, type Queryable, transaction } from '../store/db.ts'
import type { OutboxEvent } from '../store/outbox.ts'
import { entryText } from './entry.ts'
import { type Head, headHash, noHead, type SignedHead, signHead } from './head.ts'
import { leafHash, rootOf } from './merkle.ts'

/** How long a mover that is not heard of keeps its place. */
export const leaseSeconds = 10

/** Another one moves events now; whoever hears this begins anew, as one that waits. */
export class Superseded extends Error {
  constructor() {
    super('Another compliance service moves the events of this pool now.')
  }
}

export async function readArchiveId(q: Queryable): Promise<string> {
  const { rows } = await q.query<{ id: string }>('SELECT id FROM archive')
  return rows[0]!.id
}

/**
 * The fence of a lease that begins now, or undefined while another's lasts. One that would last longer than any is of a clock that
 * was set back since, and holds nobody up.
 */
export async function takeMover(q: Queryable, holder: string): Promise<number | undefined> {
  const { rows } = await q.query<{ fence: number }>(
    `UPDATE mover SET fence = fence + 1, holder = $1, until = clock_timestamp() + interval '${leaseSeconds} seconds'
      WHERE until < clock_timestamp() OR until > clock_timestamp() + interval '${2 * leaseSeconds} seconds' RETURNING fence`,
    [holder],
  )
  return rows[0]?.fence
}

export async function keepMover(q: Queryable, fence: number): Promise<boolean> {
  const { rowCount } = await q.query(
    `UPDATE mover SET until = clock_timestamp() + interval '${leaseSeconds} seconds' WHERE fence = $1`,
    [fence],
  )
  return rowCount === 1
}

/** Who moves events, and until when unless he says so again. */
export async function readMover(q: Queryable): Promise<{ holder: string; fence: number; isActive: boolean }> {
  const { rows } = await q.query<{ holder: string; fence: number; isActive: boolean }>(
    'SELECT holder, fence, until > clock_timestamp() AS "isActive" FROM mover',
  )
  return rows[0]!
}

/** A service that stops lets the next one begin at once. */
export async function leaveMover(q: Queryable, fence: number): Promise<void> {
  await q.query("UPDATE mover SET until = '-infinity' WHERE fence = $1", [fence])
}

type Appending = { archive: string; fence: number; key: KeyObject; now: () => Date }

/**
 * Appends what is not there yet, as one batch, and answers its head; undefined where all of it was there. The fence is checked
 * under the lock that every append takes: one that was superseded writes nothing. Throws Superseded.
 */
export function appendBatch(db: Db, events: OutboxEvent[], appending: Appending): Promise<SignedHead | undefined> {
  return transaction(db, async tx => {
    const { rows } = await tx.query<{ fence: number }>('SELECT fence FROM mover FOR UPDATE')
    if (rows[0]!.fence !== appending.fence) throw new Superseded()
    const known = await knownEvents(tx, events)
    const fresh = events.filter(event => !known.has(event.id))
    if (fresh.length === 0) return undefined
    const before = await lastHead(tx)
    const first = (before?.head.last ?? 0) + 1
    const texts = fresh.map((event, index) => entryText(first + index, event))
    const head: Head = {
      archive: appending.archive,
      batch: (before?.head.batch ?? 0) + 1,
      first,
      last: first + fresh.length - 1,
      root: Buffer.from(rootOf(texts.map(leafHash))).toString('hex'),
      previous: before ? headHash(before.head) : noHead,
      fence: appending.fence,
      at: appending.now().toISOString(),
    }
    const signed = signHead(head, appending.key)
    await insertEntries(tx, first, fresh, texts)
    await insertHead(tx, signed)
    return signed
  })
}

async function knownEvents(tx: Connection, events: OutboxEvent[]): Promise<Set<string>> {
  const { rows } = await tx.query<{ event: string }>('SELECT event FROM entry WHERE event = ANY ($1::uuid[])', [
    events.map(event => event.id),
  ])
  return new Set(rows.map(row => row.event))
}

async function insertEntries(tx: Connection, first: number, events: OutboxEvent[], texts: string[]): Promise<void> {
  await tx.query(
    `INSERT INTO entry (seq, event, at, kind, room, position, person, text)
     SELECT $1::bigint + e.nth - 1, e.event, e.at, e.kind, e.room, e.position, (e.text::json #>> '{data,actor,id}')::uuid, e.text
       FROM unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::uuid[], $6::bigint[], $7::text[])
            WITH ORDINALITY AS e (event, at, kind, room, position, text, nth)`,
    [
      first,
      events.map(event => event.id),
      events.map(event => event.at),
      events.map(event => event.kind),
      events.map(event => event.room),
      events.map(event => event.position),
      texts,
    ],
  )
}

async function insertHead(tx: Connection, { head, signature }: SignedHead): Promise<void> {
  await tx.query(
    `INSERT INTO batch (number, first_seq, last_seq, root, previous, fence, at, hash, signature)
     VALUES ($1, $2, $3, decode($4, 'hex'), decode($5, 'hex'), $6, $7, decode($8, 'hex'), $9)`,
    [head.batch, head.first, head.last, head.root, head.previous, head.fence, head.at, headHash(head), signature],
  )
}

type BatchRow = {
  archive: string
  number: number
  first_seq: number
  last_seq: number
  root: string
  previous: string
  fence: number
  at: string
  signature: string
}
const headColumns = `(SELECT id FROM archive) AS archive, number, first_seq, last_seq, encode(root, 'hex') AS root,
  encode(previous, 'hex') AS previous, fence, at, signature`

function toHead(row: BatchRow): SignedHead {
  const { archive, number: batch, first_seq: first, last_seq: last, root, previous, fence, at, signature } = row
  return { head: { archive, batch, first, last, root, previous, fence, at }, signature }
}

export async function lastHead(q: Queryable): Promise<SignedHead | undefined> {
  const { rows } = await q.query<BatchRow>(`SELECT ${headColumns} FROM batch ORDER BY number DESC LIMIT 1`)
  return rows[0] && toHead(rows[0])
}

/** Heads after a number, in order. */
export async function headsAfter(q: Queryable, number: number, limit: number): Promise<SignedHead[]> {
  const { rows } = await q.query<BatchRow>(
    `SELECT ${headColumns} FROM batch WHERE number > $1 ORDER BY number LIMIT $2`,
    [number, limit],
  )
  return rows.map(toHead)
}

/** Heads of the batches that hold entries of a range, in order. */
export async function headsOver(q: Queryable, first: number, last: number): Promise<SignedHead[]> {
  const { rows } = await q.query<BatchRow>(
    `SELECT ${headColumns} FROM batch WHERE last_seq >= $1 AND first_seq <= $2 ORDER BY number`,
    [first, last],
  )
  return rows.map(toHead)
}

/** Texts of entries of a range, in order; fewer where some are missing. */
export async function readTexts(q: Queryable, first: number, last: number): Promise<{ seq: number; text: string }[]> {
  const { rows } = await q.query<{ seq: number; text: string }>({
    name: 'archive-texts',
    text: 'SELECT seq, text FROM entry WHERE seq BETWEEN $1 AND $2 ORDER BY seq',
    values: [first, last],
  })
  return rows
}

/** An entry behind the last head, which nobody signed. */
export async function firstBeyond(q: Queryable, last: number): Promise<number | undefined> {
  const { rows } = await q.query<{ seq: number }>('SELECT seq FROM entry WHERE seq > $1 ORDER BY seq LIMIT 1', [last])
  return rows[0]?.seq
}

/** Where a period begins and ends in the archive; nothing where it holds no entry. By when things happened. */
export async function rangeOfPeriod(
  q: Queryable,
  from: Date,
  until: Date,
): Promise<{ first: number; last: number } | undefined> {
  const { rows } = await q.query<{ first: number | null; last: number | null }>(
    'SELECT min(seq) AS first, max(seq) AS last FROM entry WHERE at >= $1 AND at < $2',
    [from, until],
  )
  const { first, last } = rows[0]!
  return first === null ? undefined : { first, last: last! }
}

/** A small number for each person, the same for ever. */
export async function numberPersons(db: Db, persons: string[]): Promise<Map<string, number>> {
  const wanted = [...new Set(persons)].sort()
  await db.query(
    `INSERT INTO person_number (person) SELECT p FROM unnest($1::uuid[]) p
      WHERE NOT EXISTS (SELECT FROM person_number n WHERE n.person = p) ORDER BY p ON CONFLICT DO NOTHING`,
    [wanted],
  )
  const { rows } = await db.query<{ person: string; number: number }>(
    'SELECT person, number FROM person_number WHERE person = ANY ($1::uuid[])',
    [wanted],
  )
  return new Map(rows.map(row => [row.person, row.number]))
}
