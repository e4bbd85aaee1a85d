import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import type { Match } from '../protocol/message-verbs.ts'
import type { Connection, Db } from './db.ts'
import { type SearchPace, searchMessages } from './search.ts'
import type { SearchCursor } from './search-walk.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.drop())

////////////////////////////////////////////////////////////////// rooms full of messages, and what a plain scan finds in them

const uuid = (name: string) =>
  createHash('md5')
    .update(name)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
const user = (n: number) => uuid(`user ${n}`)
const room = (n: number) => uuid(`room ${n}`)
const beganMs = Date.parse('2026-01-01T00:00:00Z')
const instant = (n: number) => new Date(beganMs + n).toISOString()

const authors = 3
/** As people write, and letters of which locales think differently, and signs that patterns know. */
const bodies = [
  ['report', 'Report', 'quick report', 'the quick fox', 'fox report quick', 'REPORT by fox', 'lunch', '🦊'],
  ['Straße', 'STRASSE', 'İSTANBUL', 'istanbul', 'ıstanbul', '\u212aELVIN', 'kelvin', 'ΟΔΟΣ οδος', 'Müller', 'müllerei'],
  [
    '100% sure',
    'a_b',
    'ab',
    'back\\slash',
    'e-mail@example.org',
    'http://example.org/fox',
    'fox-report',
    ':) fox',
    '1.5e-3',
  ],
].flat()
const questions = [
  ...bodies,
  'fox quick',
  'quick :)',
  ':)',
  'example',
  'org',
  'müller',
  'straße fox',
  'kelvin istanbul',
  'b',
]

type Posted = { body: number; author: number; later: number; isRemoved: boolean; title: boolean; gap: boolean }
type RoomOf = { posts: Posted[]; cleared: number; isMine: boolean; isKept: boolean; isOpen: boolean }

const someRoom: fc.Arbitrary<RoomOf> = fc.record({
  posts: fc.array(
    fc.record({
      body: fc.nat(bodies.length - 1),
      author: fc.nat(authors - 1),
      // Mostly the same instant, in one room as in others.
      later: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(3)),
      isRemoved: fc.integer({ min: 0, max: 7 }).map(n => n === 0),
      title: fc.integer({ min: 0, max: 5 }).map(n => n === 0),
      gap: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
    }),
    { minLength: 5, maxLength: 60, size: 'max' },
  ),
  cleared: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(45)),
  isMine: fc.integer({ min: 0, max: 5 }).map(n => n > 0),
  isKept: fc.integer({ min: 0, max: 7 }).map(n => n > 0),
  isOpen: fc.boolean(),
})
const someWorld = fc.array(someRoom, { minLength: 1, maxLength: 7, size: 'max' })

const seldom = <T>(some: fc.Arbitrary<T>) => fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, some)
const someInstant = seldom(fc.nat(60).map(instant))
const someQuestion = fc.record({
  text: fc.option(fc.constantFrom(...questions), { nil: undefined, freq: 6 }),
  match: fc.constantFrom<Match | undefined>(undefined, 'any', 'all', 'exact'),
  matchCase: fc.option(fc.boolean(), { nil: undefined }),
  authors: seldom(fc.uniqueArray(fc.nat(authors).map(user), { maxLength: 3 })),
  from: someInstant,
  until: someInstant,
  rooms: seldom(fc.uniqueArray(fc.nat(8).map(room), { maxLength: 5 })),
  limit: fc.integer({ min: 1, max: 12 }),
  pace: fc.record<SearchPace>({
    rooms: fc.integer({ min: 1, max: 4 }),
    roomRows: fc.integer({ min: 1, max: 3 }),
    roundRows: fc.integer({ min: 1, max: 6 }),
    mostRows: fc.integer({ min: 1, max: 12 }),
    // Never all at once, at once after the first window, or by what is guessed.
    perMatch: fc.constantFrom(0, 2, 1e9),
    perScan: fc.constantFrom(1e-9, 16, 1e9),
  }),
})
type Question = typeof someQuestion extends fc.Arbitrary<infer T> ? T : never

async function fill(db: Db, rooms: RoomOf[]): Promise<void> {
  await db.query(
    'TRUNCATE principal, affiliation, category, category_scope, room, room_head, room_entry, message CASCADE',
  )
  await db.query(
    `INSERT INTO principal (id, kind, name, name_key, display_name) SELECT id, 'user', id::text, id::text, 'Somebody' FROM unnest($1::uuid[]) id`,
    [Array.from({ length: authors + 1 }, (_, n) => user(n))],
  )
  await db.query('INSERT INTO affiliation SELECT id, id FROM principal')
  for (const kept of [true, false])
    await db.query('INSERT INTO category (id, name, chat_history) VALUES ($1, $2, $3)', [
      uuid(`${kept}`),
      `${kept}`,
      kept,
    ])
  await db.query('INSERT INTO category_scope (category, principal, denied) SELECT id, $1, false FROM category', [
    user(0),
  ])
  for (const [n, { posts, cleared, isMine, isKept, isOpen }] of rooms.entries()) {
    await db.query('INSERT INTO room (id, name, name_key, privacy, created_by) VALUES ($1, $2, $2, $3, $4)', [
      room(n),
      `room ${n}`,
      isOpen ? 'open' : 'closed',
      user(0),
    ])
    if (isMine) await db.query('INSERT INTO room_entry (room, role, principal) VALUES ($1, 0, $2)', [room(n), user(0)])
    let at = 0
    let seq = 0
    const rows = posts.map(post => {
      at += post.later
      seq += post.gap ? 3 : 1
      return { seq, at: instant(at), author: user(post.author), ...textOf(post) }
    })
    await db.query(
      `INSERT INTO message (room, seq, author, client_id, at, title, text)
       SELECT $1, seq, author, gen_random_uuid(), at, title, text FROM json_to_recordset($2) AS m (seq bigint, author uuid, at timestamptz, title text, text text)`,
      [room(n), JSON.stringify(rows)],
    )
    await db.query(
      `INSERT INTO room_head (room, category, last_seq, first_seq, revision, last_at) VALUES ($1, $2, $3, $4, $5, $6)`,
      [room(n), uuid(`${isKept}`), seq, Math.min(cleared, seq) + 1, n, instant(at)],
    )
  }
  await db.query('ANALYZE message')
}

function textOf({ body, isRemoved, title }: Posted) {
  return { title: title && !isRemoved ? 'Fox tale' : null, text: isRemoved ? null : bodies[body]! }
}

type Found = { room: string; seq: number; at: string; revision: number; text: string }

/** All that a search has to find, by one plain statement without an index of words. */
async function scan(db: Db, question: Question, rooms: RoomOf[]): Promise<Found[]> {
  const readable = rooms.flatMap(({ isMine, isKept, isOpen }, n) => (isKept && (isMine || isOpen) ? [room(n)] : []))
  const text = question.text?.trim()
  const words = text === undefined ? [] : question.match === 'exact' ? [text] : text.split(/\s+/)
  const each = words.map(
    (_, i) => `${question.match === 'exact' ? 'phraseto' : 'plainto'}_tsquery('simple', $${i + 7})`,
  )
  const isAll = question.match === 'all' || question.match === 'exact'
  const body = "(coalesce(m.title || ' ', '') || m.text)"
  const typed = words.map((_, i) =>
    question.matchCase ? `position($${i + 7} IN ${body}) > 0` : `position(lower($${i + 7}) IN lower(${body})) > 0`,
  )
  const { rows } = await db.query<{ room: string; seq: number; at: Date; revision: number; text: string }>(
    `SELECT m.room, m.seq, m.at, h.revision, m.text FROM message m JOIN room_head h ON h.room = m.room AND m.seq >= h.first_seq
      WHERE m.text IS NOT NULL AND m.room = ANY ($1) AND ($2::uuid[] IS NULL OR m.room = ANY ($2)) AND ($3::uuid[] IS NULL OR m.author = ANY ($3))
        AND m.at >= coalesce($4::timestamptz, '-infinity') AND m.at <= coalesce($5::timestamptz, 'infinity') AND $6
        ${words.length > 0 ? `AND to_tsvector('simple', ${body}) @@ (${each.join(isAll ? ' && ' : ' || ')})` : ''}
        ${words.length > 0 && (question.match === 'exact' || question.matchCase) ? `AND (${typed.join(isAll ? ' AND ' : ' OR ')})` : ''}
      ORDER BY m.at DESC, m.room DESC, m.seq DESC`,
    [
      readable,
      question.rooms ?? null,
      question.authors ?? null,
      question.from ?? null,
      question.until ?? null,
      true,
      ...words,
    ],
  )
  return rows.map(row => ({ ...row, at: row.at.toISOString() }))
}

/** Page by page, as a client asks. */
async function searchAll(db: Db, { rooms, limit, pace, ...filter }: Question): Promise<Found[]> {
  const found: Found[] = []
  let after: SearchCursor | undefined
  for (;;) {
    const page = await searchMessages(db, user(0), filter, { rooms, limit, after, pace })
    for (const { room, seq, at, text, room_revision } of page)
      found.push({ room, seq, at: at.toISOString(), revision: room_revision, text: text! })
    if (page.length < limit) return found
    after = found.at(-1)!
  }
}

test('[SR9] page by page a search finds what a scan of all messages finds, in its order, however small its windows are', async () => {
  const { db } = database
  let matched = 0
  await fc.assert(
    fc.asyncProperty(someWorld, fc.array(someQuestion, { minLength: 16, maxLength: 16 }), async (rooms, asked) => {
      await fill(db, rooms)
      for (const question of asked) {
        const expected = await scan(db, question, rooms)
        matched += expected.length
        expect(await searchAll(db, question)).toEqual(expected)
      }
    }),
    { numRuns: 30 },
  )
  expect(matched).toBeGreaterThan(500)
}, 120_000)

////////////////////////////////////////////////////////////////// what it costs

/** The statements of a search, and the messages that its windows cover. */
function watched(db: Db) {
  const seen = { statements: [] as string[], messages: 0 }
  const connect = async () => {
    const connection = await db.connect()
    const query = connection.query
    connection.query = ((statement: string | { name: string; values: unknown[] }, values?: unknown[]) => {
      if (typeof statement === 'string') seen.statements.push(statement)
      else if (statement.name === 'search-walk') {
        const [, lows, highs] = statement.values as [string[], number[], number[]]
        lows.forEach((low, i) => {
          seen.messages += highs[i]! - low + 1
        })
      }
      return (query as (...all: unknown[]) => unknown).call(connection, statement, values)
    }) as Connection['query']
    const release = connection.release
    connection.release = error => {
      connection.query = query
      release.call(connection, error)
    }
    return connection
  }
  return { seen, db: { ...db, query: db.query.bind(db), end: () => db.end(), connect } satisfies Db }
}

/** `count` messages over 20 rooms by turns, of which each tenth has the word. */
async function fillMany(db: Db, count: number): Promise<void> {
  await fill(
    db,
    Array.from({ length: 20 }, () => ({ posts: [], cleared: 0, isMine: true, isKept: true, isOpen: false })),
  )
  await db.query(
    `INSERT INTO message (room, seq, author, client_id, at, text)
     SELECT ($1::uuid[])[1 + n % 20], n / 20 + 1, $2, gen_random_uuid(), timestamptz '2026-01-01' + n * interval '1 second',
            CASE WHEN n = 17 THEN 'pangolin' WHEN (n / 20 + n) % 10 = 0 THEN 'report' ELSE 'lunch' END FROM generate_series(0, $3 - 1) n`,
    [Array.from({ length: 20 }, (_, n) => room(n)), user(1), count],
  )
  await db.query(
    `UPDATE room_head h SET last_seq = m.last_seq, last_at = m.last_at
       FROM (SELECT room, max(seq) AS last_seq, max(at) AS last_at FROM message GROUP BY room) m WHERE m.room = h.room`,
  )
  await db.query('ANALYZE message')
}

test('[SR10] a search of a common word reads as many messages of a long history as of a short one; a rare word goes to the index', async () => {
  const read: number[] = []
  for (const count of [4_000, 40_000]) {
    await fillMany(database.db, count)
    const { db, seen } = watched(database.db)
    const options = { rooms: undefined, limit: 51, after: undefined }
    expect(await searchMessages(db, user(0), { text: 'report' }, options)).toHaveLength(51)
    expect(seen.statements.filter(text => /to_tsvector/.test(text) && !/^EXPLAIN/.test(text))).toEqual([])
    expect(seen.messages).toBeGreaterThan(500)
    read.push(seen.messages)
    // From the middle on as well.
    const until = new Date(beganMs + count * 500).toISOString()
    seen.messages = 0
    expect(await searchMessages(db, user(0), { text: 'report', until }, options)).toHaveLength(51)
    expect(seen.messages).toBeLessThan(2_000)
    seen.messages = 0
    expect(await searchMessages(db, user(0), { text: 'pangolin' }, options)).toMatchObject([{ text: 'pangolin' }])
    expect(seen.messages).toBeLessThan(600)
    expect(seen.statements.filter(text => /to_tsvector/.test(text) && !/^EXPLAIN/.test(text))).toHaveLength(1)
  }
  expect(read[1]).toBe(read[0])
  // That nobody wrote it lately is no reason to read all that was written before.
  await database.db.query("UPDATE message SET text = 'lunch' WHERE seq > 1950")
  const { db, seen } = watched(database.db)
  expect(
    await searchMessages(db, user(0), { text: 'report' }, { rooms: undefined, limit: 51, after: undefined }),
  ).toHaveLength(51)
  expect(seen.statements.filter(text => /to_tsvector/.test(text) && !/^EXPLAIN/.test(text))).toEqual([])
}, 60_000)

test('[SR8] a search of many windows is ended when they take too long together', async () => {
  const { db } = database
  await fillMany(db, 40_000)
  const pace = { rooms: 100, roomRows: 1, roundRows: 1, mostRows: 1, perMatch: 1e9, perScan: 1e-9 }
  const search = (filter: { authors: string[] }) =>
    searchMessages(db, user(0), filter, { rooms: undefined, limit: 51, after: undefined, withinMs: 200, pace })
  const beganAt = performance.now()
  await expect(search({ authors: [user(2)] })).rejects.toMatchObject({ code: 'too_large' })
  expect(performance.now() - beganAt).toBeGreaterThan(190)
  expect((await db.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '0' }])
}, 60_000)
