import { Refusal } from '../protocol/error.ts'
import type { Principal } from '../protocol/principal.ts'
import { type Db, planForValues, type Queryable, transaction } from './db.ts'
import { passingSql } from './file-upkeep.ts'
import { firstSeqAfter } from './message.ts'
import { principalColumns } from './principal.ts'
import { filterConditions } from './search.ts'
import type { Filter } from './search-walk.ts'
import { readWords } from './search-words.ts'

/** Nobody waits longer to hear what he might remove. */
const statementMs = 15_000
const sampled = 20
const shownCharacters = 500

export type Doomed = { seq: number; at: Date; author: Principal; title: string | null; text: string | null }
type DoomedRow = Principal & { seq: number; at: Date; title: string | null; text: string | null; n: number }

/** How many messages a removal of `what` would take, and the first of them; of one snapshot, without a lock. */
export function previewRemoval(
  db: Db,
  room: string,
  what: { seq: number } | { filter: Filter },
): Promise<{ count: number; sample: Doomed[] }> {
  return reading(db, async tx => {
    const values: unknown[] = [room, sampled]
    const conditions = await conditionsOf(tx, what, values)
    if (conditions === undefined) return { count: 0, sample: [] }
    const { rows } = await tx.query<DoomedRow>(
      `WITH hit AS MATERIALIZED (
         SELECT m.seq FROM message m JOIN room_head h ON h.room = m.room WHERE m.room = $1 AND m.seq >= h.first_seq AND ${conditions})
       SELECT ${principalColumns}, m.seq, m.at, m.title, left(m.text, ${shownCharacters}) AS text, (SELECT count(*) FROM hit) AS n
         FROM (SELECT seq FROM hit ORDER BY seq LIMIT $2) first JOIN message m ON m.room = $1 AND m.seq = first.seq
         JOIN principal p ON p.id = m.author ORDER BY m.seq`,
      values,
    )
    if (rows.length === 0 && 'seq' in what) return previewPassing(tx, room, what.seq)
    return { count: rows[0]?.n ?? 0, sample: rows.map(toDoomed) }
  })
}

/** Undefined where nothing can match. */
async function conditionsOf(tx: Queryable, what: { seq: number } | { filter: Filter }, values: unknown[]) {
  if ('seq' in what) return `m.text IS NOT NULL AND m.seq = $${values.push(what.seq)}`
  const words = await readWords(tx, what.filter, 'all')
  return words === 'nothing' ? undefined : filterConditions(what.filter, words, values)
}

/** Of a message that was not kept only its file is left to remove. */
async function previewPassing(tx: Queryable, room: string, seq: number) {
  const { rows } = await tx.query<DoomedRow>(
    `SELECT ${principalColumns}, f.seq, f.posted_at AS at, NULL AS title, NULL AS text, 1 AS n
       FROM file f JOIN principal p ON p.id = f.author JOIN room_head h ON h.room = f.room
      WHERE f.room = $1 AND f.seq = $2 AND f.seq >= h.first_seq AND ${passingSql}`,
    [room, seq],
  )
  return { count: rows.length, sample: rows.map(toDoomed) }
}

function toDoomed({ id, kind, name, displayName, seq, at, title, text }: DoomedRow): Doomed {
  return { seq, at, title, text, author: { id, kind, name, displayName } }
}

/** Where a clear up to `until` would let the room begin, and how many messages it would take; of those not kept, the ones with files. */
export function previewClear(db: Db, room: string, until: string): Promise<{ firstSeq: number; messages: number }> {
  return reading(db, async tx => {
    const after = await firstSeqAfter(tx, room, until)
    const { rows } = await tx.query<{ first_seq: number; messages: number }>(
      `SELECT greatest(h.first_seq, $2) AS first_seq,
              (SELECT count(*) FROM message m WHERE m.room = $1 AND m.seq >= h.first_seq AND m.seq < $2 AND m.text IS NOT NULL)
              + (SELECT count(*) FROM file f WHERE f.room = $1 AND f.posted_at <= $3 AND ${passingSql}) AS messages
         FROM room_head h WHERE h.room = $1`,
      [room, after, until],
    )
    return { firstSeq: rows[0]?.first_seq ?? 1, messages: rows[0]?.messages ?? 0 }
  })
}

const ended = '57014'

async function reading<T>(db: Db, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const read = async (tx: Queryable) => {
    await planForValues(tx)
    await tx.query(`SET LOCAL statement_timeout = ${statementMs}; SET LOCAL jit = off`)
    return work(tx)
  }
  try {
    return await transaction(db, read, 'ISOLATION LEVEL REPEATABLE READ READ ONLY')
  } catch (error) {
    // Not `unavailable`: whoever tried the same again would load the store the same again.
    if ((error as { code?: unknown }).code !== ended) throw error
    throw new Refusal('too_large', 'There is too much to count in one go. Give a shorter time, or rarer words.')
  }
}
