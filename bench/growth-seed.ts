import { Client } from 'pg'
import { progress } from './figures.ts'
import type { BenchServer } from './server.ts'
import { roomId, uuidOf } from './world.ts'

/** One message each six seconds: ten millions are two years. */
const EACH_MS = 6_000
const BEGAN_MS = Date.now() - 700 * 24 * 3_600_000
/** When the n-th message was posted. */
export const instantOf = (n: number) => new Date(BEGAN_MS + n * EACH_MS).toISOString()

type Store = Pick<BenchServer, 'databaseSocket'>

async function withStore<T>(server: Store, work: (db: Client) => Promise<T>): Promise<T> {
  const db = new Client({ host: server.databaseSocket, user: 'pchat', database: 'pchat' })
  await db.connect()
  try {
    return await work(db)
  } finally {
    await db.end()
  }
}

/** Everybody's password is the administrator's: to hash thousands of them is what the bench wants to measure, not wait for. */
export function givePasswords(server: Store): Promise<unknown> {
  return withStore(server, db =>
    db.query(
      "UPDATE principal SET password_hash = (SELECT password_hash FROM principal WHERE name = 'admin@example.com') WHERE name LIKE 'user%'",
    ),
  )
}

/** Everybody of `users` follows `rooms` rooms, in which a group of theirs stands: rooms of nobody else than `readers`. */
export function followRooms(server: Store, reader: number, rooms: number[]): Promise<unknown> {
  const ids = rooms.map(roomId)
  return withStore(server, async db => {
    await db.query(
      `INSERT INTO room_user (member, room, followed, read_seq) SELECT $1, unnest($2::uuid[]), true, 0
       ON CONFLICT (member, room) DO UPDATE SET followed = true`,
      [uuidOf('user', reader), ids],
    )
    await db.query(
      `INSERT INTO room_entry (room, role, principal) SELECT unnest($2::uuid[]), 0, $1 ON CONFLICT DO NOTHING`,
      [uuidOf('user', reader), ids],
    )
  })
}

/**
 * As many words as there are in a language: a frequent one is in a tenth of all messages, in each room, another in a
 * thousandth, a rare one in a millionth. */
const textSql = (rooms: number) => `'message ' || n || ' ' || md5(n::text) || ' and so on as people write '
  || (ARRAY['report', 'meeting', 'lunch', 'price', 'server', 'holiday', 'review', 'draft', 'invoice', 'travel'])[1 + (n + n / ${rooms}) % 10]
  || CASE WHEN n % 1000 = 7 THEN ' heron' ELSE '' END || CASE WHEN n % 1000000 = 500 THEN ' pangolin' ELSE '' END`

/**
 * Messages up to `total` over the first `rooms` rooms, by turns, as posts would have left them. Beyond a million the word index is
 * made anew at the end: row by row it would take several times as long.
 */
export async function fillMessages(
  server: Store,
  { from, total, rooms, users }: { from: number; total: number; rooms: number; users: number },
): Promise<void> {
  const anew = total - from > 500_000
  await withStore(server, async db => {
    const { rows } = await db.query<{ indexdef: string }>(
      "SELECT indexdef FROM pg_indexes WHERE indexname = 'message_words'",
    )
    if (anew) await db.query('DROP INDEX message_words')
    await db.query('SET synchronous_commit = off')
    for (let begin = from; begin < total; begin += SLICE) {
      const end = Math.min(total, begin + SLICE)
      await db.query(
        `INSERT INTO message (room, seq, author, client_id, at, text)
         SELECT md5('room ' || n % ${rooms})::uuid, n / ${rooms} + 1, md5('user ' || (n * 31 + n / ${rooms}) % ${users})::uuid,
                gen_random_uuid(), to_timestamp(${BEGAN_MS / 1000}) + n * interval '${EACH_MS} milliseconds', ${textSql(rooms)}
           FROM generate_series($1::bigint, $2::bigint - 1) n`,
        [begin, end],
      )
      progress(`${end} messages are in the store`)
    }
    await db.query(
      `UPDATE room_head h SET last_seq = m.last_seq, last_at = m.last_at
         FROM (SELECT room, max(seq) AS last_seq, max(at) AS last_at FROM message GROUP BY room) m WHERE m.room = h.room`,
    )
    if (anew) {
      await db.query("SET maintenance_work_mem = '1GB'")
      await db.query(rows[0]!.indexdef)
      progress('the word index is made')
    }
    await db.query('VACUUM ANALYZE')
    await db.query('CHECKPOINT')
  })
}
const SLICE = 250_000
