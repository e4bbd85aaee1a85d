import { readFileSync } from 'node:fs'
import { plainArray, textArray } from './array.ts'
import type { Connection, Queryable } from './db.ts'

/** One post as the store takes it. */
export type NewPost = {
  room: string
  author: string
  clientId: string
  /** Hash of what was posted, 32 hexadecimal digits. */
  content: string
  format: string
  alert: boolean
  title: string | null
  text: string
  file: string | null
  /** False where the category keeps no history: then the row goes to passing_message. */
  kept: boolean
}

export type Opened = {
  rooms: Map<string, { category: string; listVersion: number; disabled: boolean }>
  categories: Map<string, { lockKey: number; scopeVersion: number; chatHistory: boolean }>
  directory: number
  settings: number
  /** By place in the list that was given, from 0. */
  repeats: Map<number, { seq: number; atMs: number; content: string }>
}

type OpenRow = {
  what: string
  id: string
  category: string
  version: number
  flag: boolean
  place: number
  seq: number
  at_ms: number
  content: Buffer
}

/** Locks and reads for a batch, in one round trip. What it answers holds until the transaction ends. */
export async function openPosts(
  tx: Connection,
  categoryKeys: number[],
  posts: { room: string; author: { id: string }; clientId: string }[],
): Promise<Opened> {
  const { rows } = await tx.query<OpenRow>({
    name: 'post-take',
    text: 'SELECT what, id, category, version, flag, place, seq, at_ms, content FROM post_take($1, $2, $3, $4)',
    values: [
      categoryKeys,
      plainArray(posts.map(post => post.room)),
      plainArray(posts.map(post => post.author.id)),
      plainArray(posts.map(post => post.clientId)),
    ],
  })
  const opened: Opened = { rooms: new Map(), categories: new Map(), directory: 0, settings: 0, repeats: new Map() }
  for (const row of rows) take(opened, row)
  return opened
}

function take(opened: Opened, row: OpenRow): void {
  const { what, id, version, flag } = row
  if (what === 'room') opened.rooms.set(id, { category: row.category, listVersion: version, disabled: flag })
  else if (what === 'deleted') opened.rooms.delete(id)
  else if (what === 'category')
    opened.categories.set(id, { lockKey: row.place, scopeVersion: version, chatHistory: flag })
  else if (what === 'repeat')
    opened.repeats.set(row.place - 1, { seq: row.seq, atMs: row.at_ms, content: row.content.toString('hex') })
  else if (what === 'directory') opened.directory = version
  else if (what === 'settings') opened.settings = version
}

/** In a file of its own, so that the bench measures this very statement. Read once: the next version may take its place. */
const writeStatement = readFileSync(new URL('post-write.sql', import.meta.url), 'utf8')

export type Written = { seq: number; atMs: number }

/** Writes the posts, numbered in the order given, and answers in that order. Under openPosts of the same transaction. */
export async function writePosts(tx: Connection, posts: NewPost[]): Promise<Written[]> {
  const inRoom = new Map<string, number>()
  const places = posts.map(({ room }) => {
    const place = (inRoom.get(room) ?? 0) + 1
    inRoom.set(room, place)
    return place
  })
  const { rows } = await tx.query<{ room: string; base: number; at_ms: number }>({
    name: 'post-write',
    text: writeStatement,
    values: [
      plainArray(posts.map(post => post.room)),
      plainArray(places),
      plainArray(posts.map(post => post.author)),
      plainArray(posts.map(post => post.clientId)),
      plainArray(posts.map(post => `"\\\\x${post.content}"`)),
      plainArray(posts.map(post => post.format)),
      plainArray(posts.map(post => post.alert)),
      textArray(posts.map(post => post.title)),
      textArray(posts.map(post => post.text)),
      textArray(posts.map(post => post.file)),
      plainArray(posts.map(post => post.kept)),
    ],
  })
  const raised = new Map(rows.map(row => [row.room, row]))
  return posts.map(({ room }, index) => {
    const { base, at_ms: atMs } = raised.get(room)!
    return { seq: base + places[index]!, atMs }
  })
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
