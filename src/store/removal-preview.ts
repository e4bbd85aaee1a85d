import { Refusal } from '../protocol/error.ts'
import type { Principal } from '../protocol/principal.ts'
import { type Db, planForValues, type Queryable, transaction } from './db.ts'
import { deniedFileSql, deniedMessageSql } from './denial.ts'
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
type DoomedRow = Principal & { seq: number; at: Date; title: string | null; text: string | null; denied?: boolean }

/** How many messages a removal of `what` would take, the first of them, and how many a denial would keep; of one snapshot, without a lock. */
export function previewRemoval(
  db: Db,
  room: string,
  what: { seq: number } | { filter: Filter },
): Promise<{ count: number; denied: number; sample: Doomed[] }> {
  return reading(db, async tx => {
    const values: unknown[] = [room, sampled]
    const conditions = await conditionsOf(tx, what, values)
    if (conditions === undefined) return { count: 0, denied: 0, sample: [] }
    const { rows } = await tx.query<Partial<DoomedRow> & { n: number; denied: number }>(
      `WITH hit AS MATERIALIZED (
         SELECT m.seq, ${deniedMessageSql} AS denied FROM message m JOIN room_head h ON h.room = m.room WHERE m.room = $1 AND m.seq >= h.first_seq AND ${conditions})
       SELECT ${principalColumns}, m.seq, m.at, m.title, left(m.text, ${shownCharacters}) AS text, total.n, total.denied
         FROM (SELECT count(*) FILTER (WHERE NOT denied) AS n, count(*) FILTER (WHERE denied) AS denied FROM hit) total
         LEFT JOIN (SELECT seq FROM hit WHERE NOT denied ORDER BY seq LIMIT $2) first ON true
         LEFT JOIN message m ON m.room = $1 AND m.seq = first.seq LEFT JOIN principal p ON p.id = m.author ORDER BY m.seq`,
      values,
    )
    const { n, denied } = rows[0]!
    if (n + denied === 0 && 'seq' in what) return previewPassing(tx, room, what.seq)
    return { count: n, denied, sample: n === 0 ? [] : rows.map(row => toDoomed(row as DoomedRow)) }
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
    `SELECT ${principalColumns}, f.seq, f.posted_at AS at, NULL AS title, NULL AS text, ${deniedFileSql} AS denied
       FROM file f JOIN principal p ON p.id = f.author JOIN room_head h ON h.room = f.room
      WHERE f.room = $1 AND f.seq = $2 AND f.seq >= h.first_seq AND ${passingSql}`,
    [room, seq],
  )
  const going = rows.filter(row => row.denied !== true)
  return { count: going.length, denied: rows.length - going.length, sample: going.map(toDoomed) }
}

function toDoomed({ id, kind, name, displayName, seq, at, title, text }: DoomedRow): Doomed {
  return { seq, at, title, text, author: { id, kind, name, displayName } }
}

export type ClearPreview = { firstSeq: number; messages: number; denied: number }

/**
 * Where a clear up to `until` would let the room begin, and how many messages it would take; of those not kept, the ones with files.
 * Where a denial keeps one of them it takes none.
 */
export function previewClear(db: Db, room: string, until: string): Promise<ClearPreview> {
  return reading(db, async tx => {
    const after = await firstSeqAfter(tx, room, until)
    const { rows } = await tx.query<{ first_seq: number; was: number; messages: number; denied: number }>(
      `SELECT greatest(h.first_seq, $2) AS first_seq, h.first_seq AS was, going.messages + passing.files AS messages,
              going.denied + passing.denied AS denied
         FROM room_head h,
              LATERAL (SELECT count(*) AS messages, count(*) FILTER (WHERE ${deniedMessageSql}) AS denied FROM message m
                        WHERE m.room = $1 AND m.seq >= h.first_seq AND m.seq < $2 AND m.text IS NOT NULL) going,
              LATERAL (SELECT count(*) AS files, count(*) FILTER (WHERE ${deniedFileSql}) AS denied FROM file f
                        WHERE f.room = $1 AND f.posted_at <= $3 AND ${passingSql}) passing
        WHERE h.room = $1`,
      [room, after, until],
    )
    const { first_seq = 1, was = 1, messages = 0, denied = 0 } = rows[0] ?? {}
    return denied > 0 ? { firstSeq: was, messages: 0, denied } : { firstSeq: first_seq, messages, denied }
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
