import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { insertHistory } from '../src/store/seed.ts'
import { makeFolder } from './folder.ts'
import { openSite, type Person, type Site } from './harness.ts'
import { runPchat } from './pchat.ts'
import { shellOf } from './shell.ts'

let folder: string
let from: Site
let ann: Person
let desk: string
let gone: string
let archive: string
const removedSeq = 2

/** A site with walls, all kinds of messages, and gaps. */
beforeAll(async () => {
  folder = await makeFolder('pchat-data')
  archive = join(folder, 'all.zip')
  from = await openSite()
  const { admin } = from
  await admin.call('principal.create', { kind: 'organizationalUnit', name: 'Bank', displayName: 'Bank' })
  await admin.call('principal.create', {
    kind: 'organizationalUnit',
    name: 'Desk unit',
    displayName: 'Desk',
    in: 'Bank',
  })
  ann = await from.addUser('ann@example.com', { in: 'Desk unit', email: 'ann@mail.example.com' })
  await from.addUser('bob@other.example')
  await admin.call('principal.create', { kind: 'group', name: 'Analysts', displayName: 'Analysts' })
  await admin.call('group.update', { group: 'Analysts', add: ['bob@other.example'] })
  await admin.call('principal.create', { kind: 'user', name: 'left@example.com', displayName: 'Left' })
  await admin.call('principal.update', { principal: 'left@example.com', disabled: true })
  const { category } = await admin.call('category.create', {
    name: 'Trading',
    description: 'walls',
    invitations: true,
    allowedMembers: ['Bank', 'example.com'],
    deniedMembers: ['Analysts'],
    creators: ['ann@example.com'],
  })
  const other = await from.addCategory({ name: 'Other', allowedMembers: ['example.com'] })
  const lists = { members: ['ann@example.com', 'admin@example.com'], managers: ['ann@example.com'] }
  const room = await from.addRoom({
    name: 'Desk',
    category: category.id,
    privacy: 'secret',
    description: 'of the day',
    ...lists,
  })
  desk = room.id
  gone = (await from.addRoom({ name: 'Cleared', category: other.id, members: null })).id
  const post = (text: string, more: object = {}, where = desk) =>
    ann.call('message.post', { room: where, clientId: randomUUID(), text, ...more })
  for (const [text, more] of [
    ['one', {}],
    ['two', {}],
    ['three', { alert: true }],
    ['a story', { title: 'Story' }],
    ['*five*', { format: 'markdown' }],
    ['six', {}],
  ] as const)
    await post(text, more)
  await admin.call('message.remove', { room: desk, seq: removedSeq })
  await admin.call('message.remove', { room: desk, seq: 3, replaceWith: 'replaced' })
  const { at } = await post('to be cleared', {}, gone)
  await admin.call('room.clear', { room: gone, until: at })
  await from.addRoom({
    name: 'Hall',
    category: other.id,
    type: 'auditorium',
    members: ['ann@example.com'],
    presenters: ['ann@example.com'],
  })
  const made = await shellOf(from).machine('data', 'export', '--file-name', archive, '--json')
  if (made.code !== 0) throw new Error(made.err)
}, 60_000)
afterAll(() => from.stop())

/** All that an archive carries, as the store has it, by names: the same on both sides. */
async function stateOf(site: Site): Promise<object> {
  const rows = async (sql: string) => (await site.db.query(sql)).rows
  return {
    principals:
      await rows(`SELECT p.kind, p.name, p.display_name, p.email, u.name AS unit, p.disabled, p.bot FROM principal p
      LEFT JOIN principal u ON u.id = p.parent ORDER BY p.name_key`),
    members: await rows(
      'SELECT g.name AS grp, m.name FROM group_member JOIN principal g ON g.id = grp JOIN principal m ON m.id = member ORDER BY 1, 2',
    ),
    affiliations: await rows(
      'SELECT m.name, a.name AS ancestor FROM affiliation f JOIN principal m ON m.id = f.member JOIN principal a ON a.id = f.ancestor ORDER BY 1, 2',
    ),
    categories: await rows(
      'SELECT id, name, description, invitations, file_upload, chat_history FROM category ORDER BY name',
    ),
    scopes: await rows(
      'SELECT c.name AS category, p.name, s.denied FROM category_scope s JOIN category c ON c.id = s.category JOIN principal p ON p.id = s.principal ORDER BY 1, 2, 3',
    ),
    creators: await rows(
      'SELECT c.name AS category, p.name FROM category_creator s JOIN category c ON c.id = s.category JOIN principal p ON p.id = s.principal ORDER BY 1, 2',
    ),
    rooms:
      await rows(`SELECT r.id, r.name, r.description, c.name AS category, r.type, r.privacy, r.invitations, r.all_members, h.disabled, h.last_seq, h.first_seq, h.last_at
      FROM room r JOIN room_head h ON h.room = r.id JOIN category c ON c.id = h.category WHERE r.deleted_at IS NULL ORDER BY r.name`),
    entries: await rows(
      'SELECT r.name AS room, e.role, p.name FROM room_entry e JOIN room r ON r.id = e.room JOIN principal p ON p.id = e.principal ORDER BY 1, 2, 3',
    ),
    messages:
      await rows(`SELECT m.room, m.seq, p.name AS author, m.client_id, m.at, m.format, m.alert, m.title, m.text, m.revision > 0 AS changed
      FROM message m JOIN principal p ON p.id = m.author JOIN room_head h ON h.room = m.room WHERE m.seq >= h.first_seq ORDER BY m.room, m.seq`),
  }
}

async function fresh(): Promise<{ site: Site; machine: ReturnType<typeof shellOf>['machine'] }> {
  const site = await openSite()
  return { site, machine: shellOf(site).machine }
}

test('[EX1] [EX2] an import into an empty installation brings everything as it was: ids, places, authors, instants, client ids, removed marks, gaps', async () => {
  const { site, machine } = await fresh()
  const before = await stateOf(site)
  const would = await machine('data', 'import', archive, '--what-if')
  expect(would).toMatchObject({ code: 0, out: expect.stringContaining('room Desk') })
  expect(await stateOf(site)).toEqual(before)
  const done = await machine('data', 'import', archive, '--json')
  expect(done).toMatchObject({ code: 0, err: '' })
  expect(done.json).toMatchObject({
    categories: { created: 2 },
    rooms: { created: 3, overwritten: 0 },
    messages: { added: 6, there: 0 },
    faults: [],
  })
  expect(await stateOf(site)).toEqual(await stateOf(from))
  // Through the front door: who may read reads, the wall stands, nothing can be signed in with.
  await site.admin.call('principal.update', { principal: 'ann@example.com', password: 'a password anew' })
  const { messages, revision } = await site.admin.call('message.list', { room: desk, limit: 100 })
  const there = await from.admin.call('message.list', { room: desk, limit: 100 })
  const plain = (list: typeof messages) =>
    list.map(one => ('author' in one ? { ...one, author: one.author.name } : one))
  expect(plain(messages)).toEqual(plain(there.messages))
  expect(messages[removedSeq - 1]).toMatchObject({ removed: true })
  expect(revision).toBeGreaterThanOrEqual(there.revision)
  expect((await site.admin.call('message.list', { room: gone })).firstSeq).toBe(2)
  expect((await site.admin.call('message.post', { room: desk, clientId: randomUUID(), text: 'next' })).seq).toBe(7)
  const actions = (await site.admin.call('audit.list', { limit: 100 })).entries.filter(
    one => one.action === 'data.import',
  )
  expect(actions.length).toBeGreaterThanOrEqual(5)
  expect(actions.every(one => one.actor?.name === 'operator')).toBe(true)
  await site.stop()
}, 60_000)

test('[EX3] an import that was killed is run again and ends as one that was not; a second one changes nothing', async () => {
  const big = await from.addRoom({
    name: 'Long',
    category: (await from.admin.call('category.list', {})).categories[0]!.id,
    members: null,
  })
  const past = Array.from({ length: 30_000 }, (_, n) => ({
    author: ann.me.id,
    at: new Date(1_700_000_000_000 + n * 1_000),
    text: `line ${n}`,
  }))
  for (const at of [0]) await insertHistory(from.db, big.id, past.slice(at))
  const file = join(folder, 'long.zip')
  expect(await shellOf(from).machine('data', 'export', '--file-name', file)).toMatchObject({ code: 0 })
  const { site, machine } = await fresh()
  const { host, user, database } = site.database.address
  const url = `postgres://${user}@${encodeURIComponent(host)}/${database}`
  const killed = runPchat(['data', 'import', file, '--confirm', '--database-url', url])
  const count = async () => Number((await site.db.query<{ n: number }>('SELECT count(*) AS n FROM message')).rows[0]!.n)
  await expect.poll(count, { timeout: 60_000, interval: 5 }).toBeGreaterThan(1_000)
  killed.kill('SIGKILL')
  await killed.ended
  expect(await count()).toBeLessThan(30_006)
  const half = (await site.admin.call('room.get', { room: big.id })).room
  expect(half.disabled).toBe(true)
  expect(await machine('data', 'import', file, '--confirm')).toMatchObject({ code: 0 })
  expect(await stateOf(site)).toEqual(await stateOf(from))
  const again = await machine('data', 'import', file, '--confirm', '--json')
  expect(again.json).toMatchObject({
    messages: { added: 0, there: 30_006 },
    principals: { added: 0, changed: 0 },
    faults: [],
  })
  expect(await stateOf(site)).toEqual(await stateOf(from))
  await site.stop()
  await from.admin.call('room.delete', { room: big.id })
}, 180_000)

test('[EX4] levels, categories and a start date say how much is written; rooms are disabled where that is wanted', async () => {
  const { machine } = shellOf(from)
  const written = async (...args: string[]) => {
    const { json, err } = await machine('data', 'export', '--file-name', join(folder, 'part.zip'), '--json', ...args)
    expect(err).toBe('')
    return Object.fromEntries(
      json.manifest.entries.map((one: { name: string; records: number }) => [one.name, one.records]),
    )
  }
  expect(Object.keys(await written('--level', 'User'))).toEqual(['users.jsonl'])
  expect(Object.keys(await written('--level', 'category'))).toEqual(['users.jsonl', 'categories.jsonl'])
  expect(Object.keys(await written('--level', 'RoomDirectory'))).toEqual([
    'users.jsonl',
    'categories.jsonl',
    'rooms.jsonl',
  ])
  expect(Object.keys(await written('--level', 'content'))).toEqual(['users.jsonl', 'rooms.jsonl', 'content.jsonl'])
  expect(await written()).toMatchObject({ 'content.jsonl': 6 })
  expect(await written('--scope', 'Other')).toMatchObject({ 'content.jsonl': 0 })
  const { messages } = await from.admin.call('message.list', { room: desk, limit: 100 })
  expect(await written('--start-date', messages[3]!.at)).toMatchObject({ 'content.jsonl': 3 })
  const { site, machine: other } = await fresh()
  expect(await other('data', 'import', join(folder, 'part.zip'))).toMatchObject({ code: 0 })
  expect(await site.admin.call('message.list', { room: desk, limit: 100 })).toMatchObject({ firstSeq: 4, lastSeq: 6 })
  await site.stop()
  const would = await machine(
    'data',
    'export',
    '--file-name',
    join(folder, 'new.zip'),
    '--scope',
    'Trading',
    '--disable-exported-nodes',
    '--what-if',
  )
  expect(would.out).toMatch(/room Desk +disabled +no +yes/)
  expect(() => readFileSync(join(folder, 'new.zip'))).toThrow(/ENOENT/)
  await machine(
    'data',
    'export',
    '--file-name',
    join(folder, 'new.zip'),
    '--scope',
    'Trading',
    '--disable-exported-nodes',
  )
  expect((await from.admin.call('room.get', { room: desk })).room.disabled).toBe(true)
  await from.admin.call('room.update', { room: desk, disabled: false })
}, 60_000)

test('[EX5] a damaged archive, another file and another version are refused before anything is written', async () => {
  const { site, machine } = await fresh()
  const before = await stateOf(site)
  const bytes = readFileSync(archive)
  const bad = join(folder, 'bad.zip')
  const middle = bytes.indexOf('content.jsonl') + 30
  const damaged: [string, Buffer][] = [
    ['a flipped bit', Buffer.from(bytes.map((byte, at) => (at === middle ? byte ^ 1 : byte)))],
    ['cut off', bytes.subarray(0, bytes.length - 200)],
    ['no zip', Buffer.from('hello')],
    ['empty', Buffer.alloc(0)],
  ]
  for (const [what, content] of damaged) {
    writeFileSync(bad, content)
    const said = await machine('data', 'import', bad, '--confirm')
    expect(said, what).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^pchat: \S/) })
  }
  expect(await machine('data', 'import', join(folder, 'absent.zip'))).toMatchObject({ code: 1 })
  expect(await machine('data', 'import')).toMatchObject({ code: 2 })
  expect(await shellOf(site)('data', 'import', archive)).toMatchObject({
    code: 2,
    err: expect.stringContaining('--database-url'),
  })
  expect(await stateOf(site)).toEqual(before)
  await site.stop()
}, 60_000)

test('[EX6] what has the same name is overwritten with its lists, once that is confirmed; names of another kind and other content are left out and told', async () => {
  const { site, machine } = await fresh()
  const { admin } = site
  const stale = await site.addCategory({
    name: 'Trading',
    description: 'stale',
    allowedMembers: ['example.com'],
    creators: ['admin@example.com'],
  })
  const cleared = await site.addCategory({ name: 'Cleared' })
  const room = await site.addRoom({ name: 'Desk', category: stale.id, privacy: 'open', members: ['admin@example.com'] })
  await admin.call('message.post', { room: room.id, clientId: randomUUID(), text: 'another first one' })
  expect(await machine('data', 'import', archive)).toMatchObject({
    code: 2,
    err: expect.stringContaining('overwritten'),
  })
  const done = await machine('data', 'import', archive, '--confirm', '--json', '--report', join(folder, 'report.html'))
  expect(done.code).toBe(1)
  expect(done.json).toMatchObject({ categories: { created: 1, overwritten: 1 }, rooms: { created: 1, overwritten: 1 } })
  const what = (done.json.faults as { what: string }[]).map(one => one.what)
  expect(what).toEqual(['room Cleared', 'room Desk'])
  const trading = (await admin.call('category.list', {})).categories.find(one => one.name === 'Trading')!
  expect(trading).toMatchObject({ id: stale.id, description: 'walls', invitations: true })
  expect(trading.creators!.map(one => one.name)).toEqual(['ann@example.com'])
  expect(trading.deniedMembers!.map(one => one.name)).toEqual(['Analysts'])
  const now = await admin.call('room.get', { room: room.id })
  expect(now.room).toMatchObject({ privacy: 'secret', description: 'of the day', disabled: false, lastSeq: 1 })
  expect(cleared.name).toBe('Cleared')
  const report = readFileSync(join(folder, 'report.html'), 'utf8')
  expect(report).toContain('<td>room Desk</td>')
  await site.stop()
}, 60_000)

test('[EX7] what follows in a later archive is put behind; who hears the room hears of it, and has it all', async () => {
  const { site, machine } = await fresh()
  await machine('data', 'import', archive)
  const live = await site.admin.open()
  await live.call('room.follow', { room: desk })
  await live.call('room.join', { room: desk })
  await ann.call('message.post', { room: desk, clientId: randomUUID(), text: 'seven' })
  const later = join(folder, 'later.zip')
  await shellOf(from).machine('data', 'export', '--file-name', later)
  expect(await machine('data', 'import', later, '--confirm', '--json')).toMatchObject({
    code: 0,
    json: { messages: { added: 1, there: 6 } },
  })
  const posted = await live.hears('message.posted', event => event.room === desk)
  expect(posted.message).toMatchObject({ seq: 7, text: 'seven', author: { name: 'ann@example.com' } })
  expect(live.heard('room.closed')).toEqual([])
  const joined = await live.call('room.join', { room: desk })
  expect(joined.messages.map(one => ('text' in one ? one.text : null))).toEqual([
    'one',
    null,
    'replaced',
    'a story',
    '*five*',
    'six',
    'seven',
  ])
  await live.close()
  await site.stop()
}, 60_000)

test('[EX8] a report is one page without script, and names in it are text', async () => {
  const category = await from.addCategory({ name: '<script>alert(1)</script>' })
  await from.addRoom({ name: 'R & "D" <b>', category: category.id })
  const report = join(folder, 'export.html')
  await shellOf(from).machine('data', 'export', '--file-name', join(folder, 'r.zip'), '--report', report)
  const page = readFileSync(report, 'utf8')
  expect(page).toContain('R &amp; &quot;D&quot; &lt;b&gt;')
  expect(page).not.toMatch(/<script|<b>|https?:/)
})
