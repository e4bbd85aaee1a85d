import { type Db, type Queryable, transaction } from './db.ts'
import { deniedMessageSql, holdDenials, isDeniedRoom } from './denial.ts'
import { noteFileSeq } from './file.ts'
import { readClock } from './server.ts'
import { countDaysBefore } from './usage-count.ts'

const weekMs = 7 * 24 * 3_600_000
const minuteMs = 60_000

type Partitioned = { parent: string; spanMs: number; ahead: number; keepMs: number }
/** How long a repeat is known (clients do not retry a post after 30 days), and a message without history kept for hubs. */
const partitioned: Partitioned[] = [
  { parent: 'repeat', spanMs: weekMs, ahead: 1, keepMs: 30 * 24 * 3_600_000 },
  { parent: 'passing_message', spanMs: minuteMs, ahead: 5, keepMs: minuteMs },
]

function partitionName(parent: string, startMs: number): string {
  return `${parent}_${new Date(startMs).toISOString().slice(0, 16).replace(/[-T:]/g, '')}`
}

function partitionStart(parent: string, name: string): number {
  const digits = name.slice(parent.length + 1)
  return Date.parse(
    `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}T${digits.slice(8, 10)}:${digits.slice(10, 12)}Z`,
  )
}

/** Makes partitions ahead of time and drops those whose last row is too old. One server does it at a time; another finds it done. */
export async function turnPartitions(db: Db, atMs?: number): Promise<void> {
  // The store's clock wrote the rows: one server whose own is ahead would drop what the others still need.
  const nowMs = atMs ?? (await readClock(db)).getTime()
  for (const { parent, spanMs, ahead, keepMs } of partitioned) {
    const first = Math.floor(nowMs / spanMs) * spanMs
    for (let i = 0; i <= ahead; i += 1) await makePartition(db, parent, first + i * spanMs, spanMs)
    // What was posted on a day is known by its repeats alone.
    if (parent === 'repeat') await countDaysBefore(db, new Date(nowMs - keepMs))
    const { rows } = await db.query<{ name: string }>(
      'SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass',
      [parent],
    )
    for (const { name } of rows) {
      if (name === `${parent}_default`) continue
      if (partitionStart(parent, name) + spanMs + keepMs >= nowMs) continue
      // Whose post is known by its repeat alone, since its server was killed, would count as never posted.
      if (parent === 'repeat') await noteFileSeq(db)
      await db.query(`DROP TABLE IF EXISTS ${name}`)
    }
    // Rows land here only where no partition was made in time (a server that was stopped for long).
    await db.query(`DELETE FROM ${parent}_default WHERE at < $1`, [new Date(nowMs - keepMs)])
  }
}

async function makePartition(db: Db, parent: string, startMs: number, spanMs: number): Promise<void> {
  const name = partitionName(parent, startMs)
  const { rowCount } = await db.query('SELECT FROM pg_class WHERE relname = $1', [name])
  if (rowCount) return
  const from = new Date(startMs).toISOString()
  const to = new Date(startMs + spanMs).toISOString()
  try {
    await db.query(`CREATE TABLE IF NOT EXISTS ${name} PARTITION OF ${parent} FOR VALUES FROM ('${from}') TO ('${to}')`)
    // Of a week one day is asked for. Made while it is empty, it costs posts next to nothing.
    if (parent === 'repeat')
      await db.query(`CREATE INDEX IF NOT EXISTS ${name}_at ON ${name} USING brin (at) WITH (autosummarize = on)`)
  } catch (error) {
    // 23514: the default partition holds rows of this span, which stay there. 42P17, 42P07: another server was quicker.
    if (!['23514', '42P17', '42P07', '23505'].includes((error as { code?: string }).code ?? '')) throw error
  }
}

const changeMinutes = 10

/** Changes are kept for minutes: a hub that was away longer reads its rooms anew. */
export async function dropOldChanges(db: Db): Promise<void> {
  await db.query(`DELETE FROM change WHERE at < now() - interval '${changeMinutes} minutes'`)
  await db.query("DELETE FROM directory_change WHERE at < now() - interval '1 day'")
}

const sliceRows = 5_000

/** How long until a room is looked through again of which something may not be deleted. Lifting a denial does not wait for it. */
const deniedMinutes = 60

type Purge = { room: string; through_seq: number; whole: boolean; after_seq: number; denied: number }

/** Deletes one slice of what clears and deletions left behind, but for what a denial holds. Answers whether there may be more. */
export function purgeSlice(db: Db): Promise<boolean> {
  return transaction(db, async tx => {
    await holdDenials(tx)
    const { rows } = await tx.query<Purge>(
      `SELECT room, through_seq, whole, after_seq, denied FROM purge WHERE look_at IS NULL OR look_at < clock_timestamp()
        ORDER BY whole, room LIMIT 1 FOR UPDATE SKIP LOCKED`,
    )
    const work = rows[0]
    if (!work) return false
    const page = await purgePage(tx, work)
    const denied = (work.after_seq === 0 ? 0 : work.denied) + page.denied
    const key = [work.room, work.whole]
    if (page.looked === sliceRows)
      await tx.query('UPDATE purge SET after_seq = $3, denied = $4 WHERE room = $1 AND whole = $2', [
        ...[...key, page.last, denied],
      ])
    else if (denied > 0 || (work.whole && (await isDeniedRoom(tx, work.room))))
      await tx.query(
        `UPDATE purge SET after_seq = 0, denied = $3, look_at = clock_timestamp() + interval '${deniedMinutes} minutes'
          WHERE room = $1 AND whole = $2`,
        [...key, denied],
      )
    else {
      if (work.whole) await tx.query('DELETE FROM room WHERE id = $1 AND deleted_at IS NOT NULL', [work.room])
      await tx.query('DELETE FROM purge WHERE room = $1 AND whole = $2', key)
    }
    return true
  })
}

async function purgePage(tx: Queryable, { room, whole, through_seq, after_seq }: Purge) {
  const { rows } = await tx.query<{ looked: number; last: number | null; denied: number }>(
    `WITH page AS MATERIALIZED (
       SELECT m.seq, ${deniedMessageSql} AS denied FROM message m
        WHERE m.room = $1 AND m.seq > $4 AND ($2 OR m.seq <= $3) ORDER BY m.seq LIMIT $5),
     gone AS (DELETE FROM message m USING page p WHERE m.room = $1 AND m.seq = p.seq AND NOT p.denied)
     SELECT count(*)::int AS looked, max(seq) AS last, count(*) FILTER (WHERE denied)::int AS denied FROM page`,
    [room, whole, through_seq, after_seq, sliceRows],
  )
  return rows[0]!
}

export async function notePurge(q: { query: Db['query'] }, room: string, throughSeq: number): Promise<void> {
  await q.query(
    `INSERT INTO purge (room, through_seq) VALUES ($1, $2)
     ON CONFLICT (room, whole) DO UPDATE SET through_seq = greatest(purge.through_seq, excluded.through_seq), after_seq = 0, look_at = NULL`,
    [room, throughSeq],
  )
}

/** Moves the word index's pending list into the index, so that no post has to. */
export async function flushWordIndex(db: Db): Promise<void> {
  await db.query("SELECT gin_clean_pending_list('message_words')")
}
