import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { PoolClient } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Level } from '../src/cli/shell/data-level.ts'
import { nameKey } from '../src/domain/name.ts'
import { findCategory, lockCategory } from '../src/store/category.ts'
import { lockRoom, markRoomDeleted, raiseRoomAccess } from '../src/store/room.ts'
import { insertHistory } from '../src/store/seed.ts'
import { purgeSlice } from '../src/store/upkeep.ts'
import { countUsage } from '../src/store/usage-count.ts'
import { makeFolder } from './folder.ts'
import { openSite, type Site } from './harness.ts'
import { shellOf } from './shell.ts'

/** How an import meets what is there already. */

let folder: string
let from: Site
let desk: string
let archive: string
let at: string[]
const long = 600
let longRoom: string

beforeAll(async () => {
  folder = await makeFolder('pchat-merge')
  from = await openSite()
  const ann = await from.addUser('ann@example.com')
  await from.addUser('bob@example.com')
  await from.admin.call('principal.create', { kind: 'group', name: 'Analysts', displayName: 'Analysts' })
  await from.admin.call('group.update', { group: 'Analysts', add: ['ann@example.com', 'bob@example.com'] })
  const trading = await from.addCategory({ name: 'Trading', allowedMembers: ['example.com'] })
  desk = (await from.addRoom({ name: 'Desk', category: trading.id, members: ['ann@example.com'] })).id
  at = []
  for (const text of ['one', 'two', 'three', 'four', 'five', 'six'])
    at.push((await ann.call('message.post', { room: desk, clientId: randomUUID(), text })).at)
  longRoom = (await from.addRoom({ name: 'Long', category: trading.id, members: null })).id
  const past = Array.from({ length: long }, (_, n) => ({
    ...{ author: ann.me.id, at: new Date(1_700_000_000_000 + n * 1_000), text: `line ${n}` },
  }))
  await insertHistory(from.db, longRoom, past)
  archive = await written('all')
}, 60_000)
afterAll(() => from.stop())

async function written(level: Level, ...more: string[]): Promise<string> {
  const file = join(folder, `${randomUUID()}.zip`)
  const said = await shellOf(from).machine('data', 'export', '--file-name', file, '--level', level, ...more)
  if (said.code !== 0) throw new Error(said.err)
  return file
}

async function withSite(work: (site: Site, machine: ReturnType<typeof shellOf>['machine']) => Promise<void>) {
  const site = await openSite()
  try {
    await work(site, shellOf(site).machine)
  } finally {
    await site.stop()
  }
}

const audited = async (site: Site, action: string, subject: string) =>
  (
    await site.db.query<{ detail: Record<string, unknown>; actor: string }>(
      'SELECT detail, actor FROM audit WHERE action = $1 AND subject = $2 ORDER BY id',
      [action, subject],
    )
  ).rows

const counted = (rows: { detail: Record<string, unknown> }[]) =>
  rows.reduce((sum, { detail }) => sum + Number(detail.messages ?? 0), 0)

const headOf = async (site: Site, room: string) =>
  (
    await site.db.query<{ first_seq: number; last_seq: number; revision: number; disabled: boolean }>(
      'SELECT first_seq, last_seq, revision, disabled FROM room_head WHERE room = $1',
      [room],
    )
  ).rows[0]!

/** As `pchat compliance` does it: whoever switches waits for those who rely on it. */
const record = (site: Site, on: boolean) => site.db.query('UPDATE pool SET recording = $1', [on])

/** Until a statement waits for who has that number; answers the number of who waits. */
async function untilWaiting(site: Site, blocker: number): Promise<number> {
  const waiting = async () =>
    (
      await site.db.query<{ pid: number }>(
        'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND $1 = ANY(pg_blocking_pids(pid))',
        [blocker],
      )
    ).rows[0]?.pid
  await expect.poll(waiting, { timeout: 10_000, interval: 10 }).toBeDefined()
  return (await waiting())!
}

/** Work in a transaction of its own, by a session of that number; given up where the test fails, so that the site can end. */
async function beside<T>(site: Site, work: (db: PoolClient, pid: number) => Promise<T>): Promise<T> {
  const db = await site.db.connect()
  try {
    await db.query('BEGIN')
    const done = await work(db, (await db.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid)
    await db.query('COMMIT')
    return done
  } finally {
    await db.query('ROLLBACK')
    db.release()
  }
}

test('[EX9] members of a group are added where it was made here, shown first and audited; a group that a source owns is left and told', async () => {
  await withSite(async (site, machine) => {
    await site.addUser('ann@example.com')
    await site.addUser('bob@example.com')
    await site.admin.call('principal.create', { kind: 'group', name: 'Analysts', displayName: 'Analysts' })
    await site.admin.call('group.update', { group: 'Analysts', add: ['ann@example.com'] })
    const group = (await site.db.query<{ id: string }>("SELECT id FROM principal WHERE name = 'Analysts'")).rows[0]!.id
    const members = async () => (await site.db.query('SELECT FROM group_member WHERE grp = $1', [group])).rowCount
    await site.db.query("UPDATE principal SET source = 'corp' WHERE id = $1", [group])
    const users = await written('user')
    const would = await machine('data', 'import', users, '--what-if', '--json')
    expect(would.json.changes).toContainEqual(
      expect.objectContaining({ what: 'group Analysts', change: 'left out', now: expect.stringContaining('corp') }),
    )
    const left = await machine('data', 'import', users, '--json')
    expect(left).toMatchObject({ code: 1, json: { principals: { joined: 0 } } })
    expect(left.json.faults).toEqual([{ what: 'group Analysts', message: expect.stringContaining('corp') }])
    expect(await members()).toBe(1)
    await site.db.query("UPDATE principal SET source = '' WHERE id = $1", [group])
    const then = await machine('data', 'import', users, '--what-if', '--json')
    expect(then.json.changes).toEqual([{ what: 'group Analysts', change: 'members', now: '', after: '1 added' }])
    expect(await members()).toBe(1)
    expect(await machine('data', 'import', users, '--json')).toMatchObject({
      code: 0,
      json: { principals: { joined: 1 } },
    })
    expect(await members()).toBe(2)
    const rows = await audited(site, 'group.update', group)
    expect(rows.map(({ detail }) => (detail.add as string[]).length)).toEqual([1, 1])
    expect((await machine('data', 'import', users, '--json')).json).toMatchObject({ principals: { joined: 0 } })
    expect(await audited(site, 'group.update', group)).toHaveLength(2)
  })
}, 60_000)

test('[EX10] an export is recorded before its first byte, and does not happen where it cannot be', async () => {
  await withSite(async (site, machine) => {
    await site.addCategory({ name: 'Hall' })
    await record(site, true)
    const file = join(folder, 'recorded.zip')
    const args = ['--level', 'room-directory', '--scope', 'Hall', '--start-date', '2026-01-01']
    await machine('data', 'export', '--file-name', file, ...args, '--what-if')
    expect(await audited(site, 'data.export', 'archive')).toEqual([])
    expect(await machine('data', 'export', '--file-name', file, ...args)).toMatchObject({ code: 0 })
    const [row] = await audited(site, 'data.export', 'archive')
    expect(row!.detail).toMatchObject({
      ...{ level: 'room-directory', scope: ['Hall'], rooms: 0, file, by: expect.stringContaining('@') },
      since: expect.stringContaining('202'),
    })
    const { rows } = await site.db.query<{ data: { action: string; actor: unknown } }>(
      "SELECT data FROM outbox WHERE kind = 'change' AND data->>'action' = 'data.export'",
    )
    expect(rows).toHaveLength(1)
    await site.db.query('ALTER TABLE audit ADD CONSTRAINT never CHECK (action <> $$data.export$$) NOT VALID')
    const other = join(folder, 'unrecorded.zip')
    expect(await machine('data', 'export', '--file-name', other)).toMatchObject({ code: 1 })
    expect(existsSync(other)).toBe(false)
  })
}, 60_000)

test('[EX11] while recording is on no content comes in, also where it is switched on under an import; all else does', async () => {
  await withSite(async (site, machine) => {
    await record(site, true)
    for (const more of [['--what-if'], ['--confirm']])
      expect(await machine('data', 'import', archive, ...more)).toMatchObject({
        code: 1,
        err: expect.stringContaining('pchat compliance disable'),
      })
    expect((await site.db.query('SELECT FROM room')).rowCount).toBe(0)
    expect(await machine('data', 'import', await written('room-directory'), '--confirm')).toMatchObject({ code: 0 })
    expect(await headOf(site, desk)).toMatchObject({ first_seq: 1, last_seq: 0, disabled: false })
    await record(site, false)
    // Switched on between the look before and the first slice.
    const content = await written('content')
    const { running, switching } = await beside(site, async (other, pid) => {
      await lockRoom(other, desk)
      const running = machine('data', 'import', content, '--confirm')
      const importer = await untilWaiting(site, pid)
      const switching = record(site, true)
      await untilWaiting(site, importer)
      return { running, switching }
    })
    await switching
    const said = await running
    const on = (await site.db.query<{ at: Date }>("SELECT at FROM outbox WHERE kind = 'recording' ORDER BY at DESC"))
      .rows[0]!.at
    const late = await site.db.query(
      "SELECT FROM audit WHERE action = 'data.import' AND detail ? 'messages' AND at > $1",
      [on],
    )
    expect(late.rowCount).toBe(0)
    expect(said).toMatchObject({ code: 1, err: expect.stringContaining('Recording is on') })
    expect((await site.db.query('SELECT FROM message WHERE room = $1', [desk])).rowCount).toBe(6)
  })
}, 60_000)

test('[EX12] a place counts as there only where the same message stands, or a recorded clear took it; a hole and other content are told', async () => {
  const fault = (said: { json: { faults: { what: string; message: string }[] } }) => said.json.faults
  const again = (machine: ReturnType<typeof shellOf>['machine']) =>
    machine('data', 'import', archive, '--confirm', '--json')
  await withSite(async (site, machine) => {
    await machine('data', 'import', archive)
    await site.admin.call('message.remove', { room: desk, seq: 2 })
    await site.admin.call('room.clear', { room: longRoom, until: new Date(1_700_000_010_500).toISOString() })
    while (await purgeSlice(site.db));
    expect(await again(machine)).toMatchObject({
      code: 0,
      json: { messages: { added: 0, there: long + 6 }, faults: [] },
    })
    await site.db.query("UPDATE message SET text = 'other' WHERE room = $1 AND seq = 3", [desk])
    const other = await again(machine)
    expect(other.code).toBe(1)
    expect(fault(other)).toEqual([{ what: 'room Desk', message: expect.stringContaining('At place 3 stands another') }])
    await site.db.query('DELETE FROM message WHERE room = $1 AND seq = 3', [desk])
    const hole = await again(machine)
    expect(hole.code).toBe(1)
    expect(fault(hole)).toEqual([{ what: 'room Desk', message: expect.stringContaining('At place 3 no message') }])
  })
  // What came in with a start date has not what is before.
  await withSite(async (site, machine) => {
    await machine('data', 'import', await written('all', '--start-date', at[3]!, '--scope', 'Trading'))
    expect(await headOf(site, desk)).toMatchObject({ first_seq: 4, last_seq: 6 })
    const said = await again(machine)
    expect(fault(said)).toContainEqual({ what: 'room Desk', message: expect.stringContaining('At place 1 no message') })
  })
}, 60_000)

test('[EX12] rooms that came without content take all of it later; a start date leaves no hole in a room that ends before', async () => {
  await withSite(async (site, machine) => {
    await from.admin.call('room.clear', { room: longRoom, until: new Date(1_700_000_004_500).toISOString() })
    await machine('data', 'import', await written('room-directory'))
    expect(await headOf(site, longRoom)).toMatchObject({ first_seq: 1, last_seq: 0, disabled: false })
    const late = await machine('data', 'import', await written('content'), '--json')
    expect(late).toMatchObject({ code: 0, json: { messages: { added: long - 5 + 6, there: 0 } } })
    expect(await headOf(site, longRoom)).toMatchObject({ first_seq: 6, last_seq: long })
  })
  await withSite(async (site, machine) => {
    await site.addUser('ann@example.com')
    const category = await site.addCategory({ name: 'Trading', allowedMembers: ['example.com'] })
    const room = await site.addRoom({ name: 'Desk', category: category.id, members: ['admin@example.com'] })
    await site.admin.call('message.post', { room: room.id, clientId: randomUUID(), text: 'of here' })
    for (const since of [at[3]!, '2100-01-01T00:00:00.000Z']) {
      const part = await written('content', '--start-date', since)
      const said = await machine('data', 'import', part, '--json')
      expect(said.code).toBe(1)
      expect(said.json.faults).toContainEqual({ what: 'room Desk', message: expect.stringContaining('--start-date') })
      expect(await headOf(site, room.id)).toMatchObject({ first_seq: 1, last_seq: 1 })
    }
  })
}, 60_000)

test('[EX13] a room that is deleted and purged lends its id to no other: the one that is imported gets a new one, which is told', async () => {
  await withSite(async (site, machine) => {
    const scoped = await written('all')
    await machine('data', 'import', scoped)
    await site.admin.call('room.delete', { room: desk })
    while (await purgeSlice(site.db));
    expect((await site.db.query('SELECT FROM room WHERE id = $1', [desk])).rowCount).toBe(0)
    const would = await machine('data', 'import', scoped, '--what-if', '--json')
    expect(would.json.changes).toContainEqual({ what: 'room Desk', change: 'address', now: '', after: 'a new one' })
    const said = await machine('data', 'import', scoped, '--confirm', '--json')
    expect(said).toMatchObject({ code: 0, json: { messages: { added: 6 } } })
    expect(said.json.remarks).toEqual([{ what: 'room Desk', message: expect.stringContaining('new id') }])
    const { rows } = await site.db.query<{ id: string }>(
      "SELECT id FROM room WHERE name = 'Desk' AND deleted_at IS NULL",
    )
    expect(rows.map(row => row.id)).not.toContain(desk)
    expect(await headOf(site, rows[0]!.id)).toMatchObject({ last_seq: 6, disabled: false })
  })
}, 60_000)

test('[EX14] messages are audited with the slice that brings them, and the revision rises with it, also where a later slice is refused', async () => {
  let whole = 0
  await withSite(async (site, machine) => {
    await machine('data', 'import', archive)
    expect(counted(await audited(site, 'data.import', longRoom))).toBe(long)
    whole = (await headOf(site, longRoom)).revision
  })
  await withSite(async (site, machine) => {
    await site.db.query(
      "CREATE FUNCTION stop_here() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.seq = 300 THEN RAISE 'killed'; END IF; RETURN NEW; END $$",
    )
    await site.db.query('CREATE TRIGGER stops BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION stop_here()')
    expect((await machine('data', 'import', archive)).code).toBe(1)
    const there = async () => (await site.db.query('SELECT FROM message WHERE room = $1', [longRoom])).rowCount
    const some = await there()
    expect(some).toBeGreaterThan(0)
    expect(counted(await audited(site, 'data.import', longRoom))).toBe(some)
    await site.db.query('DROP TRIGGER stops ON message')
    expect((await machine('data', 'import', archive, '--confirm')).code).toBe(0)
    expect(await there()).toBe(long)
    expect(counted(await audited(site, 'data.import', longRoom))).toBe(long)
    expect((await headOf(site, longRoom)).revision).toBe(whole)
  })
}, 60_000)

test('[EX14] where an author cannot be told no slice of that room is written', async () => {
  await withSite(async (site, machine) => {
    const cat = await from.addUser('cat@example.com')
    await cat.call('message.post', { room: longRoom, clientId: randomUUID(), text: 'the last one' })
    const file = await written('all')
    await site.admin.call('principal.create', { kind: 'group', name: 'cat@example.com', displayName: 'Cat' })
    const said = await machine('data', 'import', file, '--confirm', '--json')
    expect(said.code).toBe(1)
    expect(said.json.faults).toContainEqual({ what: 'room Long', message: expect.stringContaining('Who wrote') })
    expect((await site.db.query('SELECT FROM message WHERE room = $1', [longRoom])).rowCount).toBe(0)
  })
}, 60_000)

test('[EX15] an archive of content alone neither disables nor enables a room', async () => {
  await withSite(async (site, machine) => {
    await machine('data', 'import', archive)
    const content = await written('content')
    await site.admin.call('room.update', { room: desk, disabled: true })
    await machine('data', 'import', content)
    expect((await headOf(site, desk)).disabled).toBe(true)
    await site.admin.call('room.update', { room: desk, disabled: false })
    await from.admin.call('room.update', { room: desk, disabled: true })
    const closed = await written('content')
    await from.admin.call('room.update', { room: desk, disabled: false })
    await machine('data', 'import', closed)
    expect((await headOf(site, desk)).disabled).toBe(false)
  })
}, 60_000)

test('[EX16] a room that is deleted meanwhile stays without its name; one that is moved meanwhile is overwritten under the locks of where it is', async () => {
  await withSite(async (site, machine) => {
    const directory = await written('room-directory')
    await machine('data', 'import', directory)
    const { deleting } = await beside(site, async (other, pid) => {
      await lockRoom(other, desk)
      const deleting = machine('data', 'import', directory, '--confirm', '--json')
      await untilWaiting(site, pid)
      await markRoomDeleted(other, desk)
      return { deleting }
    })
    const said = await deleting
    expect(said.code).toBe(1)
    expect(said.json.faults).toEqual([{ what: 'room Desk', message: expect.stringContaining('deleted meanwhile') }])
    expect((await site.db.query('SELECT FROM taken_name WHERE name_key = $1', [nameKey('Desk')])).rowCount).toBe(0)

    const elsewhere = await site.addCategory({ name: 'Elsewhere', allowedMembers: ['example.com'] })
    const { moving } = await beside(site, async (holder, holding) => {
      await lockCategory(holder, (await findCategory(site.db, elsewhere.id))!.lock_key)
      const { moving } = await beside(site, async (other, pid) => {
        await lockRoom(other, longRoom)
        const moving = machine('data', 'import', directory, '--confirm', '--json')
        await untilWaiting(site, pid)
        await raiseRoomAccess(other, longRoom, { category: elsewhere.id })
        return { moving }
      })
      // It begins again, and waits for who changes that category.
      await untilWaiting(site, holding)
      return { moving }
    })
    expect((await moving).code).toBe(0)
  })
}, 60_000)

test('[EX17] imported messages do not count as used, also where nothing was counted before', async () => {
  await withSite(async (site, machine) => {
    while (await countUsage(site.db));
    await site.db.query('UPDATE usage_state SET past_room = NULL, past_seq = NULL, past_done = false')
    await machine('data', 'import', archive)
    while (await countUsage(site.db));
    expect((await site.db.query('SELECT FROM usage_room')).rowCount).toBe(0)
  })
}, 60_000)

test('[EX2] --what-if says how many more changes there are', async () => {
  const many = await openSite()
  try {
    await many.db.query(
      "INSERT INTO principal (kind, name, name_key, display_name) SELECT 'user', 'u' || n || '@many.example', 'u' || n || '@many.example', 'U' FROM generate_series(1, 1100) n",
    )
    const file = join(folder, 'many.zip')
    await shellOf(many).machine('data', 'export', '--file-name', file, '--level', 'user')
    await withSite(async (_site, machine) => {
      const would = await machine('data', 'import', file, '--what-if')
      expect(would.out).toMatch(/and \d+ more/)
    })
  } finally {
    await many.stop()
  }
}, 60_000)

test('[EX2] --what-if waits for nobody, and takes nobody here for somebody who only would be made', async () => {
  await withSite(async (site, machine) => {
    await machine('data', 'import', archive)
    const other = await site.db.connect()
    await other.query('BEGIN')
    await lockRoom(other, desk)
    const would = await machine('data', 'import', archive, '--what-if', '--json')
    await other.query('ROLLBACK')
    other.release()
    expect(would).toMatchObject({ code: 0 })
    // Renamed here: the archive's group of that id is another one, which is new.
    const { rows } = await from.db.query<{ id: string }>("SELECT id FROM principal WHERE name = 'Analysts'")
    const { rows: ours } = await site.db.query<{ id: string }>(
      "SELECT id FROM principal WHERE name = 'ann@example.com'",
    )
    await site.db.query("UPDATE principal SET name = 'Old', name_key = 'old' WHERE name = 'Analysts'")
    await site.db.query(
      "INSERT INTO principal (id, kind, name, name_key, display_name) VALUES ($1, 'group', 'Other', 'other', 'Other')",
      [rows[0]!.id],
    )
    await site.db.query('INSERT INTO group_member (grp, member) VALUES ($1, $2)', [rows[0]!.id, ours[0]!.id])
    const anew = await machine('data', 'import', await written('user'), '--what-if', '--json')
    expect(anew.json.changes).toContainEqual({ what: 'group Analysts', change: 'members', now: '', after: '2 added' })
  })
}, 60_000)

test('[EX19] who is here already comes into a unit that is only made by the import', async () => {
  const other = await openSite()
  try {
    await other.admin.call('principal.create', { kind: 'organizationalUnit', name: 'Bank', displayName: 'Bank' })
    await other.addUser('ann@example.com', { in: 'Bank' })
    const file = join(folder, 'unit.zip')
    await shellOf(other).machine('data', 'export', '--file-name', file, '--level', 'user')
    await withSite(async (site, machine) => {
      const ann = await site.addUser('ann@example.com')
      expect(await machine('data', 'import', file)).toMatchObject({ code: 0, err: '' })
      const { rows } = await site.db.query<{ unit: string }>(
        `SELECT u.name AS unit FROM principal p JOIN principal u ON u.id = p.parent
           JOIN affiliation a ON a.member = p.id AND a.ancestor = u.id WHERE p.id = $1`,
        [ann.me.id],
      )
      expect(rows).toEqual([{ unit: 'Bank' }])
    })
  } finally {
    await other.stop()
  }
}, 60_000)
