import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { ErrorCode } from '../src/protocol/error.ts'
import { lockCategory } from '../src/store/category.ts'
import { transaction } from '../src/store/db.ts'
import type { Person } from './harness.ts'
import { names, openStage, pause, postAll, type Stage, until } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.stop())

const nobodys = '00000000-0000-4000-8000-000000000000'

/** The end of a simulation. */
async function simulate(lists: { allowedMembers?: object; deniedMembers?: object }, category: string) {
  let { simulation } = await stage.admin.call('category.simulate', { category, ...(lists as object) })
  while (simulation.state === 'running')
    simulation = (await stage.admin.call('category.simulation', { simulation: simulation.id })).simulation
  return simulation
}

////////////////////////////////////////////////////////////////// the simulator

test('[SG1] [SG2] a simulated change of a scope is what saving it then does, with nested groups, units, domains and denials', async () => {
  const { admin, alice, bob } = stage
  await admin.call('principal.create', { kind: 'organizationalUnit', name: 'Sales', displayName: 'Sales' })
  for (const name of ['inner', 'outer'])
    await admin.call('principal.create', { kind: 'group', name, displayName: name })
  const una = await stage.addUser('una@elsewhere.org', { in: 'Sales' })
  await admin.call('group.update', { group: 'inner', add: ['bob@example.com', 'zoe@other.org'] })
  await admin.call('group.update', { group: 'outer', add: ['inner'] })
  const category = await stage.addCategory({ allowedMembers: ['example.com', 'Sales', 'outer'] })
  const room = await stage.room({
    category: category.id,
    name: 'simulated',
    members: ['outer', 'Sales', 'alice@example.com'],
    managers: ['bob@example.com', 'zoe@other.org'],
  })
  const lists = { allowedMembers: ['example.com', 'outer'], deniedMembers: ['bob@example.com'] }
  const simulation = await simulate(lists, category.id)
  expect(simulation).toMatchObject({ state: 'done', progress: 1 })
  const result = simulation.result!
  expect(names(result.loses.sample)).toEqual(['bob@example.com', 'una@elsewhere.org'])
  expect(result).toMatchObject({
    version: category.version,
    gains: { users: 0, sample: [] },
    loses: { users: 2 },
    roomCount: 1,
    entryCount: 2,
    // The group keeps its effect for zoe alone.
    partly: { entryCount: 1 },
    regained: { rooms: [], roomCount: 0, entryCount: 0 },
  })
  expect(result.rooms).toHaveLength(1)
  expect(result.rooms[0]).toMatchObject({ room: { id: room.id, name: 'simulated' }, entries: 2 })
  expect(result.rooms[0]!.sample.map(({ role, principal }) => [role, principal.name])).toEqual([
    ['member', 'Sales'],
    ['manager', 'bob@example.com'],
  ])
  // Nothing has changed yet; then everything as it was said.
  const reads = async (who: Person) => (await who.code('message.list', { room: room.id })) === 'ok'
  expect([await reads(alice), await reads(bob), await reads(una), await reads(stage.zoe)]).toEqual([
    true,
    true,
    true,
    true,
  ])
  const version = (await admin.call('category.list', {})).categories.find(one => one.id === category.id)!.version
  await admin.call('category.update', { category: category.id, ifVersion: result.version, ...lists })
  expect(version).toBe(result.version)
  expect([await reads(alice), await reads(bob), await reads(una), await reads(stage.zoe)]).toEqual([
    true,
    false,
    false,
    true,
  ])
  const back = (await simulate({ allowedMembers: { add: ['Sales'] }, deniedMembers: [] }, category.id)).result!
  expect(names(back.gains.sample)).toEqual(['bob@example.com', 'una@elsewhere.org'])
  expect(back.regained).toMatchObject({ roomCount: 1, entryCount: 2 })
  expect(back).toMatchObject({ entryCount: 0, rooms: [] })
})

test('[SG3] a simulation changes nothing, waits for no post, and no post and no change of the scope waits for it', async () => {
  const { admin, alice, db } = stage
  const category = await stage.sameScope()
  const room = await stage.room({ category: category.id })
  const rows = async () =>
    (await db.query('SELECT count(*)::int AS audit, (SELECT count(*)::int FROM change) AS change FROM audit')).rows[0]
  const before = await rows()
  // A change of the scope that has the lock, and a post's own.
  await transaction(db, async tx => {
    const { rows: keys } = await tx.query<{ lock_key: number }>('SELECT lock_key FROM category WHERE id = $1', [
      category.id,
    ])
    await lockCategory(tx, keys[0]!.lock_key)
    await tx.query('SELECT FROM room_head FOR UPDATE')
    expect((await simulate({ allowedMembers: [] }, category.id)).result?.loses.users).toBeGreaterThan(2)
  })
  expect(await rows()).toEqual(before)
  // In its middle it holds what readers hold, and nothing that a writer of rows waits for.
  const held = await holdScopes()
  const { simulation } = await admin.call('category.simulate', { category: category.id, deniedMembers: [] })
  expect(simulation.state).toBe('running')
  const { rows: locks } = await db.query<{ kind: string }>(
    `SELECT DISTINCT locktype || ' ' || mode AS kind FROM pg_locks WHERE granted AND pid IN (${held.waiting}) ORDER BY 1`,
  )
  await held.release()
  expect(locks.map(lock => lock.kind)).toEqual([
    'advisory ExclusiveLock',
    'relation AccessShareLock',
    'virtualxid ExclusiveLock',
  ])
  expect(await alice.code('message.post', { room: room.id, clientId: randomUUID(), text: 'hello' })).toBe('ok')
})

/** Scopes that nobody reads until they are let go: a simulation waits for them, and so does who asks for a room. */
async function holdScopes() {
  const connection = await stage.db.connect()
  await connection.query('BEGIN')
  await connection.query('SET LOCAL idle_in_transaction_session_timeout = 0')
  await connection.query('LOCK TABLE category_scope IN ACCESS EXCLUSIVE MODE')
  let isHeld = true
  const release = async () => {
    if (!isHeld) return
    isHeld = false
    await connection.query('ROLLBACK')
    connection.release()
  }
  onTestFinished(release)
  return {
    release,
    /** The simulations that wait, as a statement for their processes. */
    waiting: `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FROM category c%'`,
  }
}

test('[SG4] a simulation takes lists as a change does, is for administrators, and is told to nobody but who began it', async () => {
  const { admin, alice, carol, category } = stage
  const other = await stage.addUser('ada@example.com', { administrator: true })
  const ask = (who: Person, input: object) => who.code('category.simulate', { category: category.id, ...input })
  expect(await ask(admin, {})).toBe('invalid_argument')
  expect(await ask(admin, { allowedMembers: ['nobody@example.com'] })).toBe('not_found')
  expect(await ask(admin, { category: nobodys, deniedMembers: [] })).toBe('not_found')
  for (const who of [alice, carol]) {
    expect(await ask(who, { deniedMembers: [] })).toBe('forbidden')
    expect(await ask(who, { category: nobodys, deniedMembers: [] })).toBe('forbidden')
  }
  const { id } = await simulate({ deniedMembers: { add: ['zoe@other.org'] } }, category.id)
  const look = (who: Person) => who.code('category.simulation', { simulation: id })
  expect([await look(admin), await look(other), await look(alice)]).toEqual(['ok', 'not_found', 'forbidden'])
  expect(await other.ask('category.simulation', { simulation: id })).toEqual(
    await other.ask('category.simulation', { simulation: nobodys }),
  )
  expect(await admin.code('category.simulation', { simulation: id.toUpperCase() })).toBe('ok')
})

test('[SG5] a server simulates two at a time and the store as well; another is refused and leaves nothing behind', async () => {
  const { admin, db, category } = stage
  const ask = () => admin.ask('category.simulate', { category: category.id, deniedMembers: [] })
  const held = await holdScopes()
  const answers = await Promise.all([ask(), ask(), ask()])
  expect(answers.map(answer => answer.error?.code ?? answer.result?.simulation.state).sort()).toEqual([
    'rate_limited',
    'running',
    'running',
  ])
  await held.release()
  for (const { result } of answers)
    if (result) {
      const look = async () =>
        (await admin.call('category.simulation', { simulation: result.simulation.id })).simulation
      await until(async () => (await look()).state === 'done')
    }
  // As other servers would hold them.
  const connection = await db.connect()
  await connection.query('SELECT pg_advisory_lock(10, 0), pg_advisory_lock(10, 1)')
  expect((await ask()).error).toMatchObject({ code: 'rate_limited', retryAfterMs: expect.any(Number) })
  await connection.query('SELECT pg_advisory_unlock_all()')
  connection.release()
  expect((await ask()).result?.simulation.state).toBe('done')
})

test('[SG6] a simulation that nobody asks about is given up, in the store too; one whose server died has failed', async () => {
  const { admin, db, category } = stage
  const held = await holdScopes()
  const { simulation } = await admin.call('category.simulate', { category: category.id, deniedMembers: [] })
  const waits = async () => (await db.query(held.waiting)).rowCount
  expect([simulation.state, await waits()]).toEqual(['running', 1])
  await db.query("UPDATE simulation SET asked_at = asked_at - interval '16 seconds' WHERE id = $1", [simulation.id])
  await until(async () => (await waits()) === 0)
  await held.release()
  const look = () => admin.call('category.simulation', { simulation: simulation.id })
  await until(async () => (await look()).simulation.state === 'failed')
  expect((await look()).simulation.reason).toContain('Nobody asked')

  const { rows } = await db.query<{ id: string }>(
    "INSERT INTO simulation (asker, category, beat_at) VALUES ($1, $2, now() - interval '16 seconds') RETURNING id",
    [admin.me.id, category.id],
  )
  expect((await admin.call('category.simulation', { simulation: rows[0]!.id })).simulation).toMatchObject({
    state: 'failed',
    reason: expect.stringContaining('Begin again'),
  })
})

test('[SG7] any server of the pool says how far a simulation is, and one that stops ends its own', async () => {
  const { admin, db, category } = stage
  const other = await stage.another()
  const held = await holdScopes()
  const { simulation } = await other.at(admin).call('category.simulate', { category: category.id, deniedMembers: [] })
  const look = async () => (await admin.call('category.simulation', { simulation: simulation.id })).simulation
  expect((await look()).state).toBe('running')
  await other.stop()
  expect(await look()).toMatchObject({ state: 'failed', reason: expect.stringContaining('Begin again') })
  await held.release()
  expect((await db.query("SELECT FROM simulation WHERE id = $1 AND state = 'failed'", [simulation.id])).rowCount).toBe(
    1,
  )
})

////////////////////////////////////////////////////////////////// rooms

test('[SG10] administrators list all rooms, by name with wildcards, description, category, list, state and kind, page by page; nobody else does', async () => {
  const { admin, alice } = stage
  const category = await stage.sameScope({ name: 'Listed' })
  await admin.call('principal.create', { kind: 'group', name: 'listers', displayName: 'listers' })
  await admin.call('group.update', { group: 'listers', add: ['alice@example.com'] })
  const add = (name: string, more: object = {}) => stage.addRoom({ category: category.id, name, ...more })
  await admin.call('category.update', { category: category.id, allowedMembers: ['example.com', 'listers'] })
  const one = await add('Alpha 100%', { privacy: 'secret', members: ['listers'] })
  await add('alphabet', { description: 'About STRASSEN', type: 'auditorium', managers: ['alice@example.com'] })
  await add('Beta', { privacy: 'open', invitations: 'off', members: ['bob@example.com'] })
  await admin.call('room.update', { room: one.id, disabled: true })
  const list = async (input: object) =>
    (await admin.call('room.list', { category: category.id, ...input })).rooms.map(found => found.room.name)
  expect(await list({})).toEqual(['Alpha 100%', 'alphabet', 'Beta'])
  expect(await list({ filter: 'ALPHA*' })).toEqual(['Alpha 100%', 'alphabet'])
  expect(await list({ filter: 'alpha' })).toEqual([])
  expect(await list({ filter: '*100%' })).toEqual(['Alpha 100%'])
  expect(await list({ filter: 'bet?' })).toEqual(['Beta'])
  expect(await list({ filter: '*straßen*' })).toEqual([])
  expect(await list({ filter: '*straßen*', searchDescription: true })).toEqual(['alphabet'])
  expect(await list({ member: 'alice@example.com' })).toEqual(['Alpha 100%'])
  expect(await list({ member: 'listers' })).toEqual(['Alpha 100%'])
  expect(await list({ manager: 'alice@example.com' })).toEqual(['alphabet'])
  expect(await list({ disabled: true })).toEqual(['Alpha 100%'])
  expect(await list({ privacy: 'open' })).toEqual(['Beta'])
  expect(await list({ type: 'auditorium' })).toEqual(['alphabet'])
  expect(await list({ invitations: 'off' })).toEqual(['Beta'])
  const first = await admin.call('room.list', { category: category.id, limit: 2 })
  expect(first.rooms.map(found => found.room.name)).toEqual(['Alpha 100%', 'alphabet'])
  expect(await list({ limit: 2, after: first.next })).toEqual(['Beta'])
  expect(first.rooms[1]).toMatchObject({ categoryName: 'Listed', members: 0, managers: 1, presenters: 0 })
  expect(first.rooms[1]!.room).not.toHaveProperty('lastSeq')
  expect(await admin.code('room.list', { after: 'x' })).toBe('invalid_argument')
  expect(await admin.code('room.list', { member: 'nobody' })).toBe('not_found')
  expect(await alice.code('room.list', {})).toBe('forbidden')
})

test('[SG11] content is the UTF-8 of titles and texts that are kept, and the sizes of files: what is posted counts at once, what is removed or cleared no more', async () => {
  const { admin, alice, db } = stage
  const category = await stage.sameScope()
  const room = await stage.room({ category: category.id })
  const empty = await stage.room({ category: category.id })
  const size = async () => {
    const { rooms } = await admin.call('room.list', { category: category.id })
    const found = rooms.find(one => one.room.id === room.id)!
    return [found.messages, found.contentBytes]
  }
  expect(await size()).toEqual([0, 0])
  await postAll(alice, room.id, ['eins', 'zwölf', '🙂'])
  expect(await size()).toEqual([3, 4 + 6 + 4])
  await alice.call('message.post', { room: room.id, clientId: randomUUID(), title: 'ab', text: 'story' })
  expect(await size()).toEqual([4, 14 + 7])
  await db.query(
    `INSERT INTO file (room, author, name, size, state, expires_at) VALUES ($1, $2, 'a', 1000, 'ready', now() + interval '1 day'),
     ($1, $2, 'b', 500, 'removed', now() + interval '1 day')`,
    [room.id, alice.me.id],
  )
  expect(await size()).toEqual([4, 1021])
  const exceeds = async (bytes: number) =>
    (await admin.call('room.list', { category: category.id, contentExceedsBytes: bytes })).rooms.map(one => one.room.id)
  expect(await exceeds(1020)).toEqual([room.id])
  expect(await exceeds(1021)).toEqual([])
  expect((await exceeds(-0)).includes(empty.id)).toBe(false)
  await admin.call('message.remove', { room: room.id, seq: 2 })
  expect(await size()).toEqual([3, 1015])
  await admin.call('message.remove', { room: room.id, seq: 1, replaceWith: 'x' })
  expect(await size()).toEqual([3, 1012])
  await admin.call('room.clear', { room: room.id, until: new Date(Date.now() + 60_000).toISOString() })
  expect(await size()).toEqual([0, 1000])
  await postAll(alice, room.id, ['new'])
  expect(await size()).toEqual([1, 1003])
})

test('[SG12] while sizes are counted the answer says so, and it is whole once they are', async () => {
  const { admin, alice, db } = stage
  const category = await stage.sameScope()
  const room = await stage.room({ category: category.id })
  await postAll(alice, room.id, ['counted', 'later'])
  // Another process is at it.
  const connection = await db.connect()
  await connection.query('SELECT pg_advisory_lock(12, 0)')
  const before = await admin.call('room.list', { category: category.id, contentExceedsBytes: 5 })
  expect(before).toEqual({ rooms: [], counting: true })
  await connection.query('SELECT pg_advisory_unlock_all()')
  connection.release()
  const after = await admin.call('room.list', { category: category.id, contentExceedsBytes: 5 })
  expect(after.rooms.map(one => [one.room.id, one.messages, one.contentBytes])).toEqual([[room.id, 2, 12]])
  expect(after).not.toHaveProperty('counting')
})

test('[SG13] a preview of a move names what the move then purges, and is for who may move the room there', async () => {
  const { admin, alice, bob, carol } = stage
  const target = await stage.addCategory({
    allowedMembers: ['alice@example.com', 'bob@example.com'],
    creators: ['bob@example.com'],
    deniedMembers: ['carol@example.com'],
  })
  const room = await stage.room({
    type: 'auditorium',
    members: ['alice@example.com', 'carol@example.com', 'example.com'],
    managers: ['bob@example.com', 'carol@example.com', 'alice@example.com'],
    presenters: ['carol@example.com'],
  })
  const ask = { room: room.id, category: target.id }
  const said = await bob.call('room.previewMove', ask)
  expect(said.counts).toEqual({ members: 2, managers: 1, presenters: 1 })
  const { members, managers, presenters } = said.purged
  expect([names(members), names(managers), names(presenters)]).toEqual([
    ['carol@example.com', 'example.com'],
    ['carol@example.com'],
    ['carol@example.com'],
  ])
  // A manager who sees the target but may not create there; one who does not see it; one who is no manager.
  expect(await alice.code('room.previewMove', ask)).toBe('forbidden')
  expect(await carol.code('room.previewMove', ask)).toBe('not_found')
  expect(await stage.zoe.code('room.previewMove', ask)).toBe('not_found')
  expect(await bob.code('room.previewMove', { room: nobodys, category: target.id })).toBe('not_found')
  expect(await bob.code('room.previewMove', { room: room.id, category: nobodys })).toBe('not_found')
  expect(await admin.call('room.previewMove', { room: room.id, category: stage.category.id })).toEqual({
    purged: { members: [], managers: [], presenters: [] },
    counts: { members: 0, managers: 0, presenters: 0 },
  })
  const before = await admin.call('room.get', { room: room.id })
  await bob.call('room.update', { room: room.id, category: target.id })
  const after = await admin.call('room.get', { room: room.id })
  for (const list of ['members', 'managers', 'presenters'] as const) {
    const stayed = names(after[list])
    expect(names(before[list]).filter(name => !stayed.includes(name))).toEqual(names(said.purged[list]))
  }
})

////////////////////////////////////////////////////////////////// who is eligible

test('[SG14] eligible principals are users in scope, groups, units and domains flattened, by name with wildcards, page by page, without those switched off', async () => {
  const { admin } = stage
  await admin.call('principal.create', { kind: 'group', name: 'crew', displayName: 'crew' })
  await admin.call('principal.create', { kind: 'group', name: 'whole crew', displayName: 'whole crew' })
  for (const name of ['c1@crew.org', 'c2@crew.org', 'c_@crew.org', 'gone@crew.org']) await stage.addUser(name)
  await admin.call('principal.update', { principal: 'gone@crew.org', disabled: true })
  await admin.call('group.update', {
    group: 'crew',
    add: ['c1@crew.org', 'c2@crew.org', 'c_@crew.org', 'gone@crew.org', 'bob@example.com'],
  })
  await admin.call('group.update', { group: 'whole crew', add: ['crew'] })
  const category = await stage.addCategory({ allowedMembers: ['whole crew'], deniedMembers: ['c2@crew.org'] })
  const list = async (input: object) =>
    (await admin.call('principal.eligible', { category: category.id, ...input })).principals.map(one => one.name)
  expect(await list({})).toEqual(['bob@example.com', 'c1@crew.org', 'c_@crew.org'])
  expect(await list({ filter: 'C*@crew.org' })).toEqual(['c1@crew.org', 'c_@crew.org'])
  expect(await list({ filter: 'c_@*' })).toEqual(['c_@crew.org'])
  expect(await list({ filter: 'crew' })).toEqual([])
  const page = await admin.call('principal.eligible', { category: category.id, limit: 2 })
  expect([names(page.principals), await list({ limit: 2, after: page.next })]).toEqual([
    ['bob@example.com', 'c1@crew.org'],
    ['c_@crew.org'],
  ])
})

test('[SG15] of an auditorium the members alone are eligible as presenters', async () => {
  const { admin, carol } = stage
  const list = async (room: string) =>
    (await admin.call('principal.eligible', { room, presenters: true })).principals.map(one => one.name)
  const hall = await stage.room({
    type: 'auditorium',
    members: ['alice@example.com', 'bob@example.com'],
    managers: ['carol@example.com'],
  })
  expect(await list(hall.id)).toEqual(['alice@example.com', 'bob@example.com'])
  await admin.call('room.update', { room: hall.id, privacy: 'open' })
  expect(await list(hall.id)).toContain('carol@example.com')
  expect(names((await carol.call('principal.eligible', { room: hall.id })).principals)).toContain('carol@example.com')
  const normal = await stage.room()
  expect(await admin.code('principal.eligible', { room: normal.id, presenters: true })).toBe('invalid_argument')
  for (const input of [
    {},
    { room: normal.id, category: stage.category.id },
    { category: stage.category.id, presenters: true },
  ])
    expect(await admin.code('principal.eligible', input)).toBe('invalid_argument')
})

test('[SG16] who is eligible is told to creators of the category, managers of its rooms and administrators; others learn nothing', async () => {
  const { admin, alice, bob, carol, zoe } = stage
  const category = await stage.sameScope()
  const room = await stage.room({
    category: category.id,
    privacy: 'secret',
    members: [],
    managers: ['bob@example.com'],
  })
  const find = { text: 'zoe', category: category.id, eligibility: true } as const
  const codes = async (input: object) => {
    const found: Record<string, ErrorCode | 'ok'> = {}
    for (const [name, who] of Object.entries({ admin, alice, bob, carol, zoe }))
      found[name] = await who.code('principal.eligible', input)
    return found
  }
  expect(await codes({ category: category.id })).toEqual({
    admin: 'ok',
    alice: 'forbidden',
    bob: 'ok',
    carol: 'ok',
    zoe: 'not_found',
  })
  expect(await codes({ room: room.id })).toEqual({
    admin: 'ok',
    alice: 'not_found',
    bob: 'ok',
    carol: 'not_found',
    zoe: 'not_found',
  })
  expect(await codes({ category: nobodys })).toEqual({
    admin: 'not_found',
    alice: 'not_found',
    bob: 'not_found',
    carol: 'not_found',
    zoe: 'not_found',
  })
  const asked: string[] = []
  for (const who of [admin, alice, bob, carol, zoe]) asked.push(await who.code('principal.find', find))
  expect(asked).toEqual(['ok', 'forbidden', 'ok', 'ok', 'not_found'])
})

test('[SG17] with eligibility everybody is found, with whether he may be put into lists, and why not', async () => {
  const { admin, bob } = stage
  await admin.call('principal.create', { kind: 'group', name: 'walled', displayName: 'The Walled' })
  for (const name of ['wally@example.com', 'wanda@example.com', 'walt@other.org']) await stage.addUser(name)
  await admin.call('group.update', { group: 'walled', add: ['wanda@example.com'] })
  const category = await stage.addCategory({ allowedMembers: ['example.com'], deniedMembers: ['walled'] })
  await stage.room({ category: category.id, members: [], managers: ['bob@example.com'] })
  const find = async (who: Person) =>
    Object.fromEntries(
      (await who.call('principal.find', { text: 'wa', category: category.id, eligibility: true })).principals.map(
        one => [one.name, one.eligible ? true : one.reason],
      ),
    )
  expect(await find(admin)).toEqual({
    'wally@example.com': true,
    'wanda@example.com': 'wanda is in The Walled, which is among the denied members of the category.',
    'walt@other.org':
      'Neither walt nor a group, unit or domain that holds it is among the allowed members of the category.',
    walled: 'The Walled is among the denied members of the category.',
  })
  // The lists of a scope are for administrators.
  const told = await find(bob)
  expect(told['wally@example.com']).toBe(true)
  for (const name of ['wanda@example.com', 'walt@other.org', 'walled'])
    expect(told[name]).toMatch(/^\S+( Walled)? is outside the scope of the category\. Ask an administrator\.$/)
  expect(await admin.code('principal.find', { text: 'wa', eligibility: true })).toBe('invalid_argument')
  // What is said is what a list then takes.
  for (const [name, eligible] of Object.entries(await find(admin)))
    expect(await admin.code('room.create', { category: category.id, name: `for ${name}`, members: [name] })).toBe(
      eligible === true ? 'ok' : 'invalid_argument',
    )
})

////////////////////////////////////////////////////////////////// dry runs

test('[SG18] a dry run of a removal says what the removal then takes, and takes nothing; that it was asked is recorded', async () => {
  const { admin, alice, bob } = stage
  const room = await stage.room()
  await postAll(alice, room.id, ['red apple', 'green apple', 'red pear', 'Red Apple pie'])
  await postAll(bob, room.id, ['red apple of bob'])
  await admin.call('message.remove', { room: room.id, seq: 1 })
  const filters = [
    [{ text: 'apple red' }, [4, 5]],
    [{ text: 'apple red', match: 'any' }, [2, 3, 4, 5]],
    [{ text: 'red apple', match: 'exact' }, [4, 5]],
    [{ text: 'Red', matchCase: true }, [4]],
    [{ text: 'red', authors: ['bob@example.com'] }, [5]],
    [{ until: '2000-01-01T00:00:00Z' }, []],
    [{ text: '🙂' }, []],
  ] as const
  for (const [filter, seqs] of filters) {
    const said = await admin.call('message.remove', { room: room.id, filter: filter as object, dryRun: true })
    expect([said.removed, said.sample!.map(one => one.seq)], JSON.stringify(filter)).toEqual([seqs.length, seqs])
  }
  const one = await admin.call('message.remove', { room: room.id, seq: 3, dryRun: true })
  expect(one).toEqual({
    removed: 1,
    sample: [
      { seq: 3, at: expect.stringMatching(/Z$/), author: expect.objectContaining({ name: 'alice@example.com' }) },
    ],
  })
  expect(await admin.call('message.remove', { room: room.id, seq: 1, dryRun: true })).toEqual({
    removed: 0,
    sample: [],
  })
  const kept = async () =>
    (await alice.call('message.list', { room: room.id })).messages.filter(one => !('removed' in one)).length
  expect(await kept()).toBe(4)
  const { entries } = await admin.call('audit.list', { limit: 1 })
  expect(entries[0]).toMatchObject({ action: 'message.remove', subject: room.id, detail: { dryRun: true } })
  const real = await admin.call('message.remove', { room: room.id, filter: { text: 'apple red' } })
  expect(real).toEqual({ removed: 2 })
  expect(await kept()).toBe(2)
  expect(await bob.code('message.remove', { room: room.id, seq: 1, dryRun: true })).toBe('forbidden')
  expect(await stage.zoe.code('message.remove', { room: room.id, seq: 1, dryRun: true })).toBe('not_found')
})

test('[SG19] a dry run shows texts only to who may read the room, no more than twenty and the beginning of each', async () => {
  const { admin, alice } = stage
  const rea = await stage.addUser('rea@example.com', { administrator: true })
  const room = await stage.room({ members: ['alice@example.com', 'rea@example.com'] })
  await postAll(
    alice,
    room.id,
    Array.from({ length: 25 }, (_, i) => `word ${i} ${'x'.repeat(600)}`),
  )
  const ask = { room: room.id, filter: { text: 'word' }, dryRun: true } as const
  const [blind, seeing] = [await admin.call('message.remove', ask), await rea.call('message.remove', ask)]
  expect([blind.removed, blind.sample!.length, seeing.removed]).toEqual([25, 20, 25])
  expect(JSON.stringify(blind)).not.toContain('word')
  expect(seeing.sample![0]!.text).toBe(`word 0 ${'x'.repeat(600)}`.slice(0, 500))
  expect(seeing.sample!.map(one => one.seq)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  await admin.call('room.update', { room: room.id, disabled: true })
  expect(JSON.stringify(await rea.call('message.remove', ask))).not.toContain('word')
})

test('[SG20] a dry run of a clear says where the room would begin and how much would go, and changes nothing', async () => {
  const { admin, alice, bob } = stage
  const room = await stage.room()
  await postAll(alice, room.id, ['one', 'two', 'three'])
  await pause(30)
  const between = new Date().toISOString()
  await pause(30)
  await postAll(alice, room.id, ['four'])
  await admin.call('message.remove', { room: room.id, seq: 2 })
  const ask = { room: room.id, until: between }
  const said = await admin.call('room.clear', { ...ask, dryRun: true })
  expect(said).toEqual({ firstSeq: 4, messages: 2 })
  const { entries } = await admin.call('audit.list', { limit: 1 })
  expect(entries[0]).toMatchObject({ action: 'room.clear', subject: room.id, detail: { dryRun: true, until: between } })
  expect((await alice.call('message.list', { room: room.id })).firstSeq).toBe(1)
  expect(await bob.code('room.clear', { ...ask, dryRun: true })).toBe('forbidden')
  expect(await admin.call('room.clear', ask)).toEqual({ firstSeq: 4 })
  expect(await admin.call('room.clear', { ...ask, dryRun: true })).toEqual({ firstSeq: 4, messages: 0 })
  expect(await admin.call('room.clear', { room: room.id, until: '2000-01-01T00:00:00Z', dryRun: true })).toEqual({
    firstSeq: 4,
    messages: 0,
  })
})
