import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { isInScope } from '../domain/access.ts'
import { readCategoryAccess } from './access.ts'
import { flattenNew } from './affiliation.ts'
import { setList } from './category.ts'
import { transaction } from './db.ts'
import { readScopeChange, type Scope } from './scope-change.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.drop())

////////////////////////////////////////////////////////////////// a world

const users = 6
const groups = 4
const units = 3
const domains = 2
/** Users first, then groups, units, domains: a principal is its place. */
const principals = users + groups + units + domains
const kindOf = (i: number) =>
  i < users ? 'user' : i < users + groups ? 'group' : i < users + groups + units ? 'organizationalUnit' : 'domain'

const somePrincipals = fc.uniqueArray(fc.nat(principals - 1), { maxLength: 4 })
const rarelySome = fc.oneof(fc.constant<number[]>([]), somePrincipals)
const someScope = fc.record({ allowed: somePrincipals, denied: rarelySome })

const someWorld = fc.record({
  people: fc.array(
    fc.record({
      unit: fc.option(fc.nat(units - 1), { nil: undefined }),
      domain: fc.nat(domains - 1),
      disabled: fc.oneof(fc.constant(false), fc.constant(false), fc.boolean()),
    }),
    { minLength: users, maxLength: users },
  ),
  /** Who stands directly in a group; groups hold only later ones, so that there is no cycle. */
  members: fc.array(fc.uniqueArray(fc.nat(users + groups - 1), { maxLength: 4 }), {
    minLength: groups,
    maxLength: groups,
  }),
  unitsNested: fc.boolean(),
  before: someScope,
  after: someScope,
  rooms: fc.array(
    fc.record({
      elsewhere: fc.oneof(fc.constant(false), fc.constant(false), fc.boolean()),
      deleted: fc.oneof(fc.constant(false), fc.constant(false), fc.boolean()),
      privacy: fc.constantFrom('open', 'closed', 'secret'),
      type: fc.constantFrom('normal', 'auditorium'),
      allMembers: fc.oneof(fc.constant(false), fc.boolean()),
      lists: fc.tuple(somePrincipals, somePrincipals, somePrincipals),
    }),
    { minLength: 1, maxLength: 6 },
  ),
})
type World = typeof someWorld extends fc.Arbitrary<infer W> ? W : never

type Written = { world: World; ids: string[]; category: string; rooms: string[] }

async function write(world: World): Promise<Written> {
  const { db } = database
  await db.query(
    'TRUNCATE principal, affiliation, group_member, policy, category, category_scope, category_creator, room, room_head, room_entry, room_user, message, session CASCADE',
  )
  const ids = Array.from({ length: principals }, () => randomUUID())
  const nameOf = (i: number) => {
    if (i < users) return `u${i}@d${world.people[i]!.domain}.example`
    return kindOf(i) === 'domain' ? `d${i - users - groups - units}.example` : `p${i}`
  }
  const unit = (i: number) => ids[users + groups + i]!
  const parentOf = (i: number) => {
    const place = i < users ? world.people[i]!.unit : undefined
    if (place !== undefined) return unit(place)
    // The second unit lies in the first one, the third one in the second.
    const above = i - users - groups - 1
    return world.unitsNested && kindOf(i) === 'organizationalUnit' && above >= 0 ? unit(above) : null
  }
  for (const i of [...ids.keys()].sort((a, b) => (b >= users ? 1 : 0) - (a >= users ? 1 : 0)))
    await db.query(
      'INSERT INTO principal (id, kind, name, name_key, display_name, disabled, parent) VALUES ($1, $2, $3, $3, $3, $4, $5)',
      [ids[i], kindOf(i), nameOf(i), world.people[i]?.disabled ?? false, parentOf(i)],
    )
  for (const [group, held] of world.members.entries())
    for (const member of held)
      if (member < users || member > users + group)
        await db.query('INSERT INTO group_member (grp, member) VALUES ($1, $2)', [ids[users + group], ids[member]])
  await transaction(db, tx => flattenNew(tx, ids))
  const made = await db.query<{ id: string }>("INSERT INTO category (name) VALUES ('one'), ('other') RETURNING id")
  const [category, other] = made.rows.map(row => row.id)
  const lists = scopeOf(ids, world.before)
  await setList(db, category!, 'allowedMembers', lists.allowed)
  await setList(db, category!, 'deniedMembers', lists.denied)
  const rooms: string[] = []
  for (const [i, room] of world.rooms.entries()) {
    const { rows } = await db.query<{ id: string }>(
      `INSERT INTO room (name, name_key, privacy, type, all_members, created_by, deleted_at)
       VALUES ($1, $1, $2, $3, $4, $5, $6) RETURNING id`,
      [`room ${i}`, room.privacy, room.type, room.allMembers, ids[0], room.deleted ? new Date() : null],
    )
    const { id } = rows[0]!
    rooms.push(id)
    await db.query('INSERT INTO room_head (room, category) VALUES ($1, $2)', [id, room.elsewhere ? other : category])
    for (const [role, list] of room.lists.entries())
      for (const principal of list)
        await db.query('INSERT INTO room_entry (room, role, principal) VALUES ($1, $2, $3)', [id, role, ids[principal]])
  }
  return { world, ids, category: category!, rooms }
}

const scopeOf = (ids: string[], { allowed, denied }: World['before']): Scope => ({
  allowed: allowed.map(i => ids[i]!),
  denied: denied.map(i => ids[i]!),
})

////////////////////////////////////////////////////////////////// what is true in it, as the rules see it

/** Who is in scope by the rule that verbs ask, and for which of them each entry has effect. */
async function standing({ world, ids, category, rooms }: Written) {
  const { db } = database
  const inScope = new Set<string>()
  for (const [i, person] of world.people.entries()) {
    const access = (await readCategoryAccess(db, ids[i]!, [category], undefined)).get(category)!
    if (!person.disabled && isInScope(access.scope)) inScope.add(ids[i]!)
  }
  const { rows } = await db.query<{ member: string; ancestor: string }>('SELECT member, ancestor FROM affiliation')
  const entries = new Map<string, Set<string>>()
  for (const [r, room] of world.rooms.entries()) {
    if (room.elsewhere || room.deleted) continue
    for (const [role, list] of room.lists.entries()) {
      if (role === 0 && (room.privacy === 'open' || room.allMembers)) continue
      if (role === 2 && room.type === 'normal') continue
      for (const principal of list) {
        const standFor = rows.filter(row => row.ancestor === ids[principal] && inScope.has(row.member))
        entries.set(`${rooms[r]} ${role} ${ids[principal]}`, new Set(standFor.map(row => row.member)))
      }
    }
  }
  return { inScope, entries }
}

const minus = (a: Iterable<string>, b: Set<string>) => [...a].filter(one => !b.has(one)).sort()

/** The sampled entries, and how many of a room they are: no list here is longer than a sample. */
function told({ rooms, roomCount, entryCount }: { rooms: Told[]; roomCount: number; entryCount: number }) {
  expect(roomCount).toBe(rooms.length)
  expect(entryCount).toBe(rooms.reduce((sum, room) => sum + room.entries, 0))
  return new Map(rooms.map(({ room, entries, sample }) => [room.id, { entries, sample }]))
}
type Told = {
  room: { id: string; name: string }
  entries: number
  sample: { role: string; principal: { id: string } }[]
}
const roles = ['member', 'manager', 'presenter']

function expectEntries(found: ReturnType<typeof told>, keys: string[]) {
  const expected = Map.groupBy(keys, key => key.split(' ')[0]!)
  expect([...found.keys()].sort()).toEqual([...expected.keys()].sort())
  for (const [room, all] of expected) {
    const { entries, sample } = found.get(room)!
    expect(entries).toBe(all.length)
    expect(sample.length).toBe(Math.min(5, all.length))
    const sampled = sample.map(({ role, principal }) => `${room} ${roles.indexOf(role)} ${principal.id}`)
    expect(minus(sampled, new Set(all))).toEqual([])
  }
}

const watch = { onProgress: () => {}, signal: new AbortController().signal }

test('[SG1] [SG2] a simulation says what the change then does: who comes into scope, who goes, which entries lose their effect, keep some, and have it again', async () => {
  const seen = { gains: 0, loses: 0, lost: 0, regained: 0, partly: 0 }
  await fc.assert(
    fc.asyncProperty(someWorld, async world => {
      const written = await write(world)
      const { ids, category } = written
      const after = scopeOf(ids, world.after)
      const before = await standing(written)
      const said = await readScopeChange(database.db, category, () => after, watch)
      expect(await readScopeChange(database.db, category, () => after, { ...watch, fewPeople: 0 })).toEqual(said)
      if (said === 'busy' || said === undefined) throw new Error('no answer')
      await setList(database.db, category, 'allowedMembers', after.allowed)
      await setList(database.db, category, 'deniedMembers', after.denied)
      const then = await standing(written)

      const idsOf = (list: { id: string }[]) => list.map(one => one.id).sort()
      expect(idsOf(said.gains.sample)).toEqual(minus(then.inScope, before.inScope))
      expect(idsOf(said.loses.sample)).toEqual(minus(before.inScope, then.inScope))
      expect(said.gains.users).toBe(said.gains.sample.length)
      expect(said.loses.users).toBe(said.loses.sample.length)
      expect(said.stays).toBe([...before.inScope].filter(one => then.inScope.has(one)).length)

      const keys = [...before.entries.keys()]
      const had = (key: string) => before.entries.get(key)!
      const has = (key: string) => then.entries.get(key)!
      const lost = keys.filter(key => had(key).size > 0 && has(key).size === 0)
      const regained = keys.filter(key => had(key).size === 0 && has(key).size > 0)
      const partly = keys.filter(key => has(key).size > 0 && minus(had(key), has(key)).length > 0)
      expectEntries(told(said), lost)
      expectEntries(told(said.regained), regained)
      expect(said.partly.entryCount).toBe(partly.length)

      seen.gains += said.gains.users
      seen.loses += said.loses.users
      seen.lost += lost.length
      seen.regained += regained.length
      seen.partly += partly.length
    }),
    { numRuns: 60 },
  )
  // The worlds show every kind of it.
  for (const [kind, n] of Object.entries(seen)) expect(n, kind).toBeGreaterThan(20)
}, 120_000)
