import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { type Connection, confirmedTransaction, storeRefusal, transaction } from './db.ts'
import { type NewPost, type Opened, openPosts, touchRoom, writePosts } from './post.ts'
import { insertRoom, lockRoom, markRoomDeleted, raiseRoomAccess } from './room.ts'

let database: TestDatabase
let category: string
let key: number
beforeAll(async () => {
  database = await openTestDatabase()
  const { rows } = await database.db.query<{ id: string; lock_key: number }>(
    "INSERT INTO category (name) VALUES ('One') RETURNING id, lock_key",
  )
  category = rows[0]!.id
  key = rows[0]!.lock_key
})
afterAll(() => database.drop())

const author = randomUUID()

function addRoom(): Promise<string> {
  const name = randomUUID()
  return insertRoom(database.db, {
    category,
    name,
    nameKey: name,
    description: '',
    type: 'normal',
    privacy: 'open',
    invitations: 'inherit',
    allMembers: true,
    createdBy: author,
  })
}

function toPost(room: string, more: Partial<NewPost> = {}): NewPost {
  const content = randomUUID().replaceAll('-', '')
  return {
    ...{ room, author, clientId: randomUUID(), content, format: 'plain', alert: false },
    ...{ title: null, text: 'hello', file: null, kept: true, ...more },
  }
}

const open = (tx: Connection, posts: NewPost[]) =>
  openPosts(
    tx,
    [key],
    posts.map(({ room, clientId }) => ({ room, author: { id: author }, clientId })),
  )

/** As the queue posts. `write`: instead of the posts. */
function commit(posts: NewPost[], write = (tx: Connection): Promise<unknown> => writePosts(tx, posts)) {
  return confirmedTransaction(database.db, {
    open: tx => open(tx, posts),
    decide: async () => ({ write, commit: () => {} }),
  })
}

async function messages(room: string) {
  const { rows } = await database.db.query('SELECT seq, text FROM message WHERE room = $1 ORDER BY seq', [room])
  return rows
}

/** Posts that wait for a room that another transaction holds and changes meanwhile. */
async function openBehind(room: string, change: (tx: Connection) => Promise<void>): Promise<Opened> {
  const { db } = database
  const holder = await db.connect()
  await holder.query('BEGIN')
  await lockRoom(holder, room)
  const opened = transaction(db, tx => open(tx, [toPost(room)]))
  for (;;) {
    const { rowCount } = await db.query(
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%post_take%' AND datname = current_database()",
    )
    if (rowCount === 1) break
  }
  await change(holder)
  await holder.query('COMMIT')
  holder.release()
  return opened
}

test('[MS4] a batch is numbered room by room in the order given, and rooms keep their own counts', async () => {
  const [one, two] = await Promise.all([addRoom(), addRoom()])
  const batch = [one, two, one, one, two].map((room, n) => toPost(room, { text: `text ${n}` }))
  const { db } = database
  const numbers = async () => (await transaction(db, tx => writePosts(tx, batch))).map(({ seq }) => seq)
  expect(await numbers()).toEqual([1, 1, 2, 3, 2])
  expect(await numbers()).toEqual([4, 3, 5, 6, 4])
  const texts = ['text 0', 'text 2', 'text 3']
  expect(await messages(one)).toEqual([...texts, ...texts].map((text, n) => ({ seq: n + 1, text })))
})

test('[MS16] a batch that waited for a room knows it as it is now: deleted, moved, with the version that was raised', async () => {
  const [deleted, moved] = await Promise.all([addRoom(), addRoom()])
  const gone = await openBehind(deleted, tx => markRoomDeleted(tx, deleted))
  expect(gone.rooms.has(deleted)).toBe(false)
  expect([...gone.categories]).toEqual([
    [category, { lockKey: key, scopeVersion: expect.any(Number), chatHistory: true }],
  ])

  const other = randomUUID()
  const before = await transaction(database.db, tx => open(tx, [toPost(moved)]))
  const after = await openBehind(moved, tx => raiseRoomAccess(tx, moved, { category: other, disabled: true }))
  expect(after.rooms.get(moved)).toEqual({ category: other, disabled: true, listVersion: expect.any(Number) })
  expect(after.rooms.get(moved)!.listVersion).toBeGreaterThan(before.rooms.get(moved)!.listVersion)
})

test('[MS5] a repeat is found by its place in the batch, with what was posted first', async () => {
  const room = await addRoom()
  const [first, fresh] = [toPost(room), toPost(room)]
  const [written] = await transaction(database.db, tx => writePosts(tx, [first]))
  const opened = await transaction(database.db, tx => open(tx, [fresh, first]))
  expect([...opened.repeats]).toEqual([[1, { ...written, content: first.content }]])
})

test('[MS17] a statement that fails writes nothing, and its fault is told, not that of the COMMIT behind it', async () => {
  const room = await addRoom()
  const bad = toPost(room, { file: 'no JSON' })
  await expect(commit([toPost(room), bad])).rejects.toMatchObject({ code: '22P02' })
  expect(await messages(room)).toEqual([])
  await commit([toPost(room)])
  expect(await messages(room)).toEqual([{ seq: 1, text: 'hello' }])
})

test('[MS17] where COMMIT was answered with a rollback, nothing is acknowledged', async () => {
  const room = await addRoom()
  const swallowed = async (tx: Connection) => {
    void tx.query('SELECT 1 / 0').catch(() => {})
    await touchRoom(tx, room).catch(() => {})
  }
  const error = await commit([toPost(room)], swallowed).catch((fault: unknown) => fault)
  expect(storeRefusal(error)?.code).toBe('unavailable')
})
