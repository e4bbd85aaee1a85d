import type { Connection, Queryable } from './db.ts'

/** One post as the store takes it. `clientId` null has no repeat (no such post yet). */
export type NewPost = {
  room: string
  author: string
  clientId: string
  content: Uint8Array
  format: string
  alert: boolean
  title: string | null
  text: string
  file: string | null
  /** False where the category keeps no history: then the row goes to passing_message. */
  kept: boolean
}

export type Opened = {
  rooms: Map<string, { category: string; listVersion: number; disabled: boolean; lastSeq: number; firstSeq: number }>
  categories: Map<string, { lockKey: number; scopeVersion: number; chatHistory: boolean }>
  directory: number
  settings: number
  /** By place in the arrays that were given, from 0. */
  repeats: Map<number, { seq: number; at: Date; content: Buffer }>
}

type OpenRow = {
  what: string
  ord: number | null
  id: string
  category: string
  version: number
  flag: boolean
  seq: number
  first_seq: number
  at: Date
  content: Buffer
}

/** Locks and reads for a batch, in one round trip. What it answers holds until the transaction ends. */
export async function openPosts(
  tx: Connection,
  categoryKeys: number[],
  posts: { room: string; author: string; clientId: string }[],
): Promise<Opened> {
  const { rows } = await tx.query<OpenRow>({
    name: 'post-open',
    text: 'SELECT * FROM post_open($1, $2, $3, $4)',
    values: [categoryKeys, posts.map(p => p.room), posts.map(p => p.author), posts.map(p => p.clientId)],
  })
  const opened: Opened = { rooms: new Map(), categories: new Map(), directory: 0, settings: 0, repeats: new Map() }
  for (const row of rows) {
    if (row.what === 'room')
      opened.rooms.set(row.id, {
        category: row.category,
        listVersion: row.version,
        disabled: row.flag,
        lastSeq: row.seq,
        firstSeq: row.first_seq,
      })
    else if (row.what === 'category')
      opened.categories.set(row.id, { lockKey: row.ord ?? 0, scopeVersion: row.version, chatHistory: row.flag })
    else if (row.what === 'repeat')
      opened.repeats.set((row.ord ?? 0) - 1, { seq: row.seq, at: row.at, content: row.content })
    else if (row.what === 'directory') opened.directory = row.version
    else if (row.what === 'settings') opened.settings = row.version
  }
  return opened
}

/** Numbers and writes the posts, in the order given. Answers place, seq and instant of each. Under openPosts of the same transaction. */
export async function writePosts(tx: Connection, posts: NewPost[]): Promise<{ seq: number; at: Date }[]> {
  const { rows } = await tx.query<{ ord: number; seq: number; at: Date }>({
    name: 'post-write',
    text: `
    WITH post AS (
      SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::text[], $6::boolean[], $7::text[], $8::text[], $9::jsonb[], $10::boolean[])
             WITH ORDINALITY AS t (room, author, client_id, content, format, alert, title, text, file, kept, ord)
    ), n AS (
      SELECT room, count(*) AS n FROM post GROUP BY room
    ), raised AS (
      UPDATE room_head h
         SET last_seq = h.last_seq + n.n,
             -- the store's clock, not now(): the locks were waited for
             last_at = greatest(date_trunc('milliseconds', clock_timestamp()), h.last_at)
        FROM n WHERE h.room = n.room
      RETURNING h.room, h.last_seq - n.n AS base, h.last_seq AS top, h.last_at AS at
    ), numbered AS MATERIALIZED (
      SELECT p.*, r.base + row_number() OVER (PARTITION BY p.room ORDER BY p.ord) AS seq, r.at FROM post p JOIN raised r USING (room)
    ), kept AS (
      INSERT INTO message (room, seq, author, client_id, at, format, alert, title, text, file)
      SELECT room, seq, author, client_id, at, format, alert, title, text, file FROM numbered WHERE kept
    ), passing AS (
      INSERT INTO passing_message (room, seq, author, client_id, at, format, alert, title, text, file)
      SELECT room, seq, author, client_id, at, format, alert, title, text, file FROM numbered WHERE NOT kept
    ), repeats AS (
      INSERT INTO repeat (room, author, client_id, seq, at, content) SELECT room, author, client_id, seq, at, content FROM numbered
    ), changes AS (
      INSERT INTO change (kind, subject, from_seq, through_seq) SELECT 'post', room, base + 1, top FROM raised
    )
    SELECT ord, seq, at FROM numbered ORDER BY ord`,
    values: [
      posts.map(p => p.room),
      posts.map(p => p.author),
      posts.map(p => p.clientId),
      posts.map(p => p.content),
      posts.map(p => p.format),
      posts.map(p => p.alert),
      posts.map(p => p.title),
      posts.map(p => p.text),
      posts.map(p => p.file),
      posts.map(p => p.kept),
    ],
  })
  return rows
}

/** A batch of repeats only still writes, so that its commit waits for the stand-by too. */
export async function touchRoom(tx: Connection, room: string): Promise<void> {
  await tx.query('UPDATE room_head SET last_at = last_at WHERE room = $1', [room])
}

/** Category and lock key of rooms, to know which locks a batch needs. Read again where openPosts says that a room moved. */
export async function roomCategories(
  q: Queryable,
  rooms: string[],
): Promise<Map<string, { category: string; lockKey: number }>> {
  const { rows: found } = await q.query<{ room: string; category: string; lock_key: number }>({
    name: 'room-categories',
    text: `SELECT h.room, h.category, c.lock_key FROM room_head h JOIN category c ON c.id = h.category JOIN room r ON r.id = h.room
            WHERE h.room = ANY ($1::uuid[]) AND r.deleted_at IS NULL`,
    values: [rooms],
  })
  return new Map(found.map(row => [row.room, { category: row.category, lockKey: row.lock_key }]))
}
