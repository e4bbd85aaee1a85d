import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import {
  type CategoryFacts,
  isInScope,
  isManager,
  isMember,
  mayRead,
  maySee,
  type PersonFacts,
  type RoomFacts,
  seesAll,
} from '../domain/access.ts'
import { nameKey } from '../domain/name.ts'
import { readAccess, readCategoryAccess } from './access.ts'
import { outOfScope } from './entry.ts'
import { searchMessages } from './search.ts'
import { findDirectory, readSync } from './sync.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.drop())

////////////////////////////////////////////////////////////////// a world, and what is true in it

const users = 4
const groups = 3
const units = 2
const domains = 2
/** Users first, then groups, units, domains: a principal is its place. */
const principals = users + groups + units + domains
const group = (i: number) => users + i
const unit = (i: number) => users + groups + i
const domain = (i: number) => users + groups + units + i

const id = (kind: string, i: number) => {
  const hex = createHash('sha256').update(`${kind} ${i}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
const principalId = (i: number) => id('principal', i)
const categoryId = (i: number) => id('category', i)
const roomId = (i: number) => id('room', i)

const somePrincipals = fc.uniqueArray(fc.nat(principals - 1), { maxLength: 3 })
const entries = fc.uniqueArray(
  fc.record({ principal: fc.nat(principals - 1), by: fc.nat(users - 1), invited: fc.boolean() }),
  { maxLength: 3, selector: entry => entry.principal },
)

const someWorld = fc.record({
  people: fc.array(
    fc.record({
      unit: fc.option(fc.nat(units - 1), { nil: undefined }),
      domain: fc.nat(domains - 1),
      administrator: fc.boolean(),
      role: fc.constantFrom('', 'chatAdministrator', 'helpDesk', 'userAdministrator'),
      disabled: fc.boolean(),
    }),
    { minLength: users, maxLength: users },
  ),
  /** Who stands directly in a group; groups hold only later ones, so that there is no cycle. */
  members: fc.array(fc.uniqueArray(fc.nat(users + groups - 1), { maxLength: 4 }), {
    minLength: groups,
    maxLength: groups,
  }),
  unitsNested: fc.boolean(),
  /** Groups that stand for who is in them. */
  groupRoles: fc.uniqueArray(
    fc.record({ group: fc.nat(groups - 1), role: fc.constantFrom('chatAdministrator', 'helpDesk') }),
    {
      maxLength: 2,
      selector: granted => granted.group,
    },
  ),
  policies: fc.uniqueArray(fc.record({ principal: fc.nat(users + groups - 1), enabled: fc.boolean() }), {
    maxLength: 3,
    selector: policy => policy.principal,
  }),
  policy: fc.boolean(),
  categories: fc.array(
    fc.record({
      allowed: somePrincipals,
      denied: fc.oneof(fc.constant<number[]>([]), somePrincipals),
      creators: somePrincipals,
      invitations: fc.boolean(),
      history: fc.boolean(),
    }),
    { minLength: 3, maxLength: 3 },
  ),
  rooms: fc.array(
    fc.record({
      category: fc.nat(2),
      privacy: fc.constantFrom('open', 'closed', 'secret'),
      type: fc.constantFrom('normal', 'auditorium'),
      disabled: fc.boolean(),
      deleted: fc.oneof(fc.constant(false), fc.constant(false), fc.boolean()),
      allMembers: fc.oneof(fc.constant(false), fc.boolean()),
      invitations: fc.constantFrom('inherit', 'off'),
      lists: fc.tuple(entries, entries, entries),
      followers: fc.uniqueArray(fc.nat(users - 1), { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 8 },
  ),
})
type World = typeof someWorld extends fc.Arbitrary<infer W> ? W : never

function ancestorsOf(world: World): Set<number>[] {
  const all = Array.from({ length: principals }, (_, i) => new Set([i]))
  const climb = (from: number, member: number) => {
    world.members.forEach((held, i) => {
      // A group holds only later ones.
      if (!held.includes(member) || (member >= users && member <= group(i)) || all[from]!.has(group(i))) return
      all[from]!.add(group(i))
      climb(from, group(i))
    })
  }
  for (let i = 0; i < users + groups; i += 1) climb(i, i)
  world.people.forEach((person, i) => {
    all[i]!.add(domain(person.domain))
    if (person.unit === undefined) return
    all[i]!.add(unit(person.unit))
    if (person.unit === 1 && world.unitsNested) all[i]!.add(unit(0))
  })
  if (world.unitsNested) all[unit(1)]!.add(unit(0))
  return all
}

type Truth = {
  person(user: number): PersonFacts
  scope(user: number, category: number): CategoryFacts
  facts(user: number, room: number): RoomFacts
}

function truthOf(world: World): Truth {
  const ancestors = ancestorsOf(world)
  const meets = (user: number, list: number[]) => list.some(principal => ancestors[user]!.has(principal))
  const enabled = (user: number) => {
    const own = world.policies.find(policy => policy.principal === user)
    if (own) return own.enabled
    const held = world.policies.filter(policy => policy.principal >= users && ancestors[user]!.has(policy.principal))
    return held.length > 0 ? held.every(policy => policy.enabled) : world.policy
  }
  const holds = (user: number, role: string) =>
    world.people[user]!.role === role ||
    world.groupRoles.some(granted => granted.role === role && ancestors[user]!.has(users + granted.group))
  return {
    person: user => ({
      administrator: world.people[user]!.administrator || holds(user, 'chatAdministrator'),
      helpDesk: holds(user, 'helpDesk'),
      disabled: world.people[user]!.disabled,
      enabled: enabled(user),
    }),
    scope(user, category) {
      const { allowed, denied, creators } = world.categories[category]!
      return { allowed: meets(user, allowed), denied: meets(user, denied), creator: meets(user, creators) }
    },
    facts(user, room) {
      const { privacy, type, disabled, allMembers, lists } = world.rooms[room]!
      const [member, manager, presenter] = lists.map(list =>
        meets(
          user,
          list.map(entry => entry.principal),
        ),
      )
      return {
        privacy: privacy as RoomFacts['privacy'],
        type: type as RoomFacts['type'],
        disabled,
        allMembers,
        memberEntry: member!,
        managerEntry: manager!,
        presenterEntry: presenter!,
      }
    },
  }
}

////////////////////////////////////////////////////////////////// the same in tables

const kindOf = (i: number) =>
  i < users ? 'user' : i < unit(0) ? 'group' : i < domain(0) ? 'organizationalUnit' : 'domain'

async function insert(table: string, columns: string, rows: unknown[][]): Promise<void> {
  if (rows.length === 0) return
  const width = rows[0]!.length
  const places = rows.map((_, r) => `(${Array.from({ length: width }, (_, c) => `$${r * width + c + 1}`).join(', ')})`)
  await database.db.query(`INSERT INTO ${table} (${columns}) VALUES ${places.join(', ')}`, rows.flat())
}

async function write(world: World): Promise<void> {
  await database.db.query(
    'TRUNCATE principal, administration, affiliation, group_member, policy, category, category_scope, category_creator, room, room_head, room_entry, room_user, message, session CASCADE',
  )
  const indexes = Array.from({ length: principals }, (_, i) => i)
  await insert(
    'principal',
    'id, kind, name, name_key, display_name, administrator, disabled',
    indexes.map(i => [
      principalId(i),
      kindOf(i),
      `p${i}`,
      `p${i}`,
      `P ${i}`,
      world.people[i]?.administrator ?? false,
      world.people[i]?.disabled ?? false,
    ]),
  )
  await insert('administration', 'principal, role', [
    ...world.people.flatMap(({ role }, i) => (role === '' ? [] : [[principalId(i), role]])),
    ...world.groupRoles.map(({ group, role }) => [principalId(users + group), role]),
  ])
  const ancestors = ancestorsOf(world)
  await insert(
    'affiliation',
    'member, ancestor',
    indexes.flatMap(i => [...ancestors[i]!].map(ancestor => [principalId(i), principalId(ancestor)])),
  )
  await insert('policy', 'scope, principal, enabled', [
    ...world.policies.map(({ principal, enabled }) => [principalId(principal), principalId(principal), enabled]),
    ['global', null, world.policy],
  ])
  await insert(
    'category',
    'id, name, invitations, chat_history',
    world.categories.map((category, i) => [categoryId(i), `category ${i}`, category.invitations, category.history]),
  )
  const lists = (list: 'allowed' | 'denied' | 'creators') =>
    world.categories.flatMap((category, i) => category[list].map(p => [categoryId(i), principalId(p)]))
  await insert('category_creator', 'category, principal', lists('creators'))
  await insert('category_scope', 'category, principal, denied', [
    ...lists('allowed').map(row => [...row, false]),
    ...lists('denied').map(row => [...row, true]),
  ])
  await insert(
    'room',
    'id, name, name_key, privacy, type, all_members, invitations, created_by, deleted_at',
    world.rooms.map((room, i) => [
      roomId(i),
      `room ${i}`,
      nameKey(`room ${i}`),
      room.privacy,
      room.type,
      room.allMembers,
      room.invitations,
      principalId(0),
      room.deleted ? new Date() : null,
    ]),
  )
  await insert(
    'room_head',
    'room, category, disabled, last_seq, last_at',
    world.rooms.map((room, i) => [roomId(i), categoryId(room.category), room.disabled, 1, new Date()]),
  )
  await insert(
    'room_entry',
    'room, role, principal, added_by, invited',
    world.rooms.flatMap((room, i) =>
      room.lists.flatMap((list, role) =>
        list.map(entry => [roomId(i), role, principalId(entry.principal), principalId(entry.by), entry.invited]),
      ),
    ),
  )
  await insert(
    'room_user',
    'room, member, followed',
    world.rooms.flatMap((room, i) => room.followers.map(user => [roomId(i), principalId(user), true])),
  )
  await insert(
    'message',
    'room, seq, author, client_id, at, text',
    world.rooms.map((_, i) => [roomId(i), 1, principalId(0), id('client', i), new Date(), 'the needle']),
  )
}

type Checked = (world: World, truth: Truth, user: number) => Promise<void>

async function holdsForAll(check: Checked): Promise<void> {
  await fc.assert(
    fc.asyncProperty(someWorld, async world => {
      await write(world)
      const truth = truthOf(world)
      for (let user = 0; user < users; user += 1) await check(world, truth, user)
    }),
    { numRuns: 30 },
  )
}

/** Rooms that are there and fulfil a condition, as sorted ids. */
const roomsWhere = (world: World, which: (room: number) => boolean) =>
  world.rooms.flatMap((room, i) => (!room.deleted && which(i) ? [roomId(i)] : [])).sort()

const allRooms = (world: World) => world.rooms.map((_, i) => roomId(i))

////////////////////////////////////////////////////////////////// they agree

test('[AC20] what the store answers about a user and a room are the facts of the lists', () =>
  holdsForAll(async (world, truth, user) => {
    const pairs = allRooms(world).map(room => ({ user: principalId(user), room }))
    const found = await readAccess(database.db, pairs, undefined)
    const categories = await readCategoryAccess(database.db, principalId(user), null, undefined)
    const readAs = (i: number) => {
      const access = found.get(`${principalId(user)}/${roomId(i)}`)
      return access && { person: access.person, scope: access.scope, facts: access.facts }
    }
    world.rooms.forEach((room, i) => {
      const { person, scope, facts } = truth
      const isThere = { person: person(user), scope: scope(user, room.category), facts: facts(user, i) }
      expect(readAs(i)).toEqual(room.deleted ? undefined : isThere)
    })
    world.categories.forEach((_, i) => {
      expect(categories.get(categoryId(i))).toEqual({ person: truth.person(user), scope: truth.scope(user, i) })
    })
  }))

test('[AC21] the directory lists the rooms that the caller may see, and disabled ones to who manages them only', () =>
  holdsForAll(async (world, truth, user) => {
    const person: PersonFacts = { ...truth.person(user), enabled: true, disabled: false }
    const find = async (mine?: 'member' | 'manager') =>
      findDirectory(database.db, {
        user: principalId(user),
        seesAll: seesAll(person),
        nameKey: undefined,
        searchDescription: false,
        category: undefined,
        mine,
        limit: 100,
        after: undefined,
      })
    const scope = (i: number) => truth.scope(user, world.rooms[i]!.category)
    const manages = (i: number) => isManager(scope(i), truth.facts(user, i))
    const belongs = (i: number) => isMember(scope(i), truth.facts(user, i))
    const listed = (i: number) =>
      maySee(person, scope(i), truth.facts(user, i)) && (!world.rooms[i]!.disabled || seesAll(person) || manages(i))
    const found = await find()
    expect(found.map(row => row.id).sort()).toEqual(roomsWhere(world, listed))
    expect(
      found
        .filter(row => row.is_member)
        .map(row => row.id)
        .sort(),
    ).toEqual(roomsWhere(world, i => listed(i) && belongs(i)))
    const ids = async (mine: 'member' | 'manager') => (await find(mine)).map(row => row.id).sort()
    expect(await ids('member')).toEqual(roomsWhere(world, i => listed(i) && belongs(i)))
    expect(await ids('manager')).toEqual(roomsWhere(world, i => listed(i) && manages(i)))
  }))

test('[AC22] sync brings messages of exactly the rooms that the caller may read', () =>
  holdsForAll(async (world, truth, user) => {
    const asked = allRooms(world).map(room => ({ room, seq: 0 }))
    const options = { history: 30, site: undefined, withSeq: true }
    const { person: facts, rooms: rows } = await readSync(database.db, principalId(user), asked, options)
    expect(facts).toEqual(truth.person(user))
    expect(rows.length).toBe(world.rooms.length)
    const person: PersonFacts = { ...truth.person(user), enabled: true, disabled: false }
    expect(
      rows
        .filter(row => row.messages !== null)
        .map(row => row.wanted)
        .sort(),
    ).toEqual(
      roomsWhere(world, i => {
        const { category, disabled } = world.rooms[i]!
        return (
          mayRead(person, truth.scope(user, category), truth.facts(user, i)) &&
          !disabled &&
          world.categories[category]!.history
        )
      }),
    )
    for (const row of rows) {
      const i = world.rooms.findIndex((_, place) => roomId(place) === row.wanted)
      const { category, deleted } = world.rooms[i]!
      const { memberEntry, managerEntry } = truth.facts(user, i)
      expect(row.id).toBe(deleted ? null : row.wanted)
      if (deleted) continue
      expect([row.in_scope, row.member_entry, row.manager_entry]).toEqual([
        isInScope(truth.scope(user, category)),
        memberEntry,
        managerEntry,
      ])
    }
  }))

test('[AC23] search finds messages of exactly the rooms that the caller may read', () =>
  holdsForAll(async (world, truth, user) => {
    const readable = (i: number) => {
      const { category, disabled } = world.rooms[i]!
      return (
        isMember(truth.scope(user, category), truth.facts(user, i)) && !disabled && world.categories[category]!.history
      )
    }
    const search = async (rooms: string[] | undefined) =>
      (
        await searchMessages(
          database.db,
          principalId(user),
          { text: 'needle' },
          { rooms, limit: 100, after: undefined },
        )
      )
        .map(row => row.room)
        .sort()
    expect(await search(undefined)).toEqual(roomsWhere(world, readable))
    // Naming a room opens it to nobody.
    expect(await search(allRooms(world))).toEqual(roomsWhere(world, readable))
  }))

test('[AC24] invitations come from rooms that the caller may read only, and never from his own doing', () =>
  holdsForAll(async (world, truth, user) => {
    const ancestors = ancestorsOf(world)[user]!
    const options = { history: 30, site: undefined, withSeq: true }
    const { invitations: found } = await readSync(database.db, principalId(user), [], options)
    const inviting = (i: number) =>
      world.rooms[i]!.lists[0].filter(entry => entry.invited && ancestors.has(entry.principal))
    const mayCome = (i: number) => {
      const { category, disabled, invitations, followers } = world.rooms[i]!
      return (
        !disabled &&
        invitations === 'inherit' &&
        world.categories[category]!.invitations &&
        !followers.includes(user) &&
        isMember(truth.scope(user, category), truth.facts(user, i)) &&
        inviting(i).length > 0
      )
    }
    for (const row of found) {
      const i = world.rooms.findIndex((_, place) => roomId(place) === row.id)
      expect(mayCome(i)).toBe(true)
      expect(row.by).not.toBe(principalId(user))
    }
    // Where several invited, who did so last is named; where all of them were others, it comes for sure.
    const sure = (i: number) => mayCome(i) && inviting(i).every(entry => entry.by !== user)
    const ids = found.map(row => row.id)
    expect(roomsWhere(world, sure).filter(room => !ids.includes(room))).toEqual([])
  }))

test('[AC25] who is outside a scope is found as the rule for reading finds him', () =>
  holdsForAll(async (world, truth, user) => {
    for (const [i] of world.categories.entries())
      expect(await outOfScope(database.db, categoryId(i), [principalId(user)])).toEqual(
        isInScope(truth.scope(user, i)) ? [] : [principalId(user)],
      )
  }))
