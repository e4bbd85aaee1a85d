import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { changeGroup, lockDirectory, reflattenDomain, reflattenUnits } from './affiliation.ts'
import { type Connection, transaction } from './db.ts'
import { changePrincipal, insertPrincipal } from './principal.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.drop())

const change = (work: (tx: Connection) => Promise<unknown>) =>
  transaction(database.db, async tx => {
    await lockDirectory(tx)
    return work(tx)
  })

async function add(kind: 'user' | 'group' | 'organizationalUnit' | 'domain', name: string): Promise<string> {
  let id = ''
  await change(async tx => {
    id = (await insertPrincipal(tx, { kind, name, displayName: name }))!.id
    await (kind === 'domain' ? reflattenDomain(tx, id) : reflattenUnits(tx, [id]))
  })
  return id
}

async function flattened(ids: string[]): Promise<Map<string, Set<string>>> {
  const { rows } = await database.db.query<{ member: string; ancestor: string }>(
    'SELECT member, ancestor FROM affiliation WHERE member = ANY ($1)',
    [ids],
  )
  const found = new Map<string, Set<string>>(ids.map(id => [id, new Set()]))
  for (const { member, ancestor } of rows) found.get(member)!.add(ancestor)
  return found
}

/** What the flattening is meant to be, said once more the slow way. */
type Model = { parent: Map<string, string>; holders: Map<string, Set<string>>; domainOf: Map<string, string> }

function expected(model: Model, id: string): Set<string> {
  const found = new Set([id])
  for (let unit = model.parent.get(id); unit !== undefined; unit = model.parent.get(unit)) found.add(unit)
  const climb = (member: string) => {
    for (const group of model.holders.get(member) ?? []) {
      if (found.has(group)) continue
      found.add(group)
      climb(group)
    }
  }
  climb(id)
  const domain = model.domainOf.get(id)
  if (domain !== undefined) found.add(domain)
  return found
}

function reaches(model: Model, from: string, to: string): boolean {
  return from === to || [...(model.holders.get(from) ?? [])].some(holder => reaches(model, holder, to))
}

const step = fc.oneof(
  fc.record({
    do: fc.constant('group' as const),
    group: fc.nat(5),
    add: fc.array(fc.nat(11), { maxLength: 4 }),
    remove: fc.array(fc.nat(11), { maxLength: 4 }),
  }),
  fc.record({ do: fc.constant('unit' as const), who: fc.nat(15), unit: fc.option(fc.nat(3)) }),
)

test('[PR4] after any changes of groups and units each principal is flattened as the model says', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), fc.uuid(), async (steps, run) => {
      const users = await Promise.all([0, 1, 2, 3, 4, 5].map(n => add('user', `u${n}@${run}.net`)))
      const groups = await Promise.all([0, 1, 2, 3, 4, 5].map(n => add('group', `g${n} ${run}`)))
      const units = await Promise.all([0, 1, 2, 3].map(n => add('organizationalUnit', `o${n} ${run}`)))
      const domain = await add('domain', `${run}.net`)
      const model: Model = { parent: new Map(), holders: new Map(), domainOf: new Map(users.map(id => [id, domain])) }
      const members = [...groups, ...users]
      for (const one of steps) {
        if (one.do === 'unit')
          await moveBoth(model, [...members, ...units][one.who]!, one.unit === null ? null : units[one.unit]!)
        else
          await changeBoth(
            model,
            groups[one.group]!,
            one.add.map(n => members[n]!),
            one.remove.map(n => members[n]!),
          )
      }
      const all = [...members, ...units, domain]
      expect(await flattened(all)).toEqual(new Map(all.map(id => [id, expected(model, id)])))
    }),
    { numRuns: 10 },
  )
})

async function moveBoth(model: Model, who: string, unit: string | null): Promise<void> {
  // A cycle of units is refused by chat before it comes to this.
  for (let up: string | undefined = unit ?? undefined; up !== undefined; up = model.parent.get(up))
    if (up === who) return
  await change(async tx => {
    await changePrincipal(tx, who, { parent: unit })
    await reflattenUnits(tx, [who])
  })
  if (unit === null) model.parent.delete(who)
  else model.parent.set(who, unit)
}

async function changeBoth(model: Model, group: string, add: string[], remove: string[]): Promise<void> {
  for (const member of remove) model.holders.get(member)?.delete(group)
  const before = structuredClone(model.holders)
  for (const member of add) model.holders.set(member, new Set([...(model.holders.get(member) ?? []), group]))
  // `remove` goes first, and a cycle that an earlier addition did not close is closed by a member of this one.
  const cycle = add.some(member => {
    const without: Model = { ...model, holders: before }
    return reaches(without, group, member)
  })
  const done = await change(tx => changeGroup(tx, group, add, cycle ? [] : remove)).then(
    () => true,
    () => false,
  )
  expect(done).toBe(!cycle)
  if (!cycle) return
  model.holders = before
  await change(tx => changeGroup(tx, group, [], remove))
}

test('[PR4] two writers who would close a cycle together do not', async () => {
  const [a, b] = [await add('group', 'ring a'), await add('group', 'ring b')]
  const both = await Promise.allSettled([
    change(tx => changeGroup(tx, a, [b], [])),
    change(tx => changeGroup(tx, b, [a], [])),
  ])
  expect(both.map(one => one.status).sort()).toEqual(['fulfilled', 'rejected'])
})

test('[PR4] writers of nested groups at the same time leave nobody out', async () => {
  const top = await add('group', 'top')
  const middle = await Promise.all([0, 1, 2, 3].map(n => add('group', `middle ${n}`)))
  const users = await Promise.all([0, 1, 2, 3].map(n => add('user', `nested${n}@example.org`)))
  await Promise.all([
    ...middle.map(group => change(tx => changeGroup(tx, top, [group], []))),
    ...middle.map((group, n) => change(tx => changeGroup(tx, group, [users[n]!], []))),
  ])
  for (const [member, ancestors] of await flattened(users)) expect(ancestors.has(top), member).toBe(true)
})

test('[PR4] a group of 16,000 is flattened in seconds, and one more member of it at once', async () => {
  const { db } = database
  const [outer, big] = [await add('group', 'outer'), await add('group', 'big')]
  await db.query(
    `INSERT INTO principal (kind, name, name_key, display_name)
     SELECT 'user', n || '@big.net', n || '@big.net', 'User ' || n FROM generate_series(1, 16000) n`,
  )
  const { rows } = await db.query<{ id: string }>("SELECT id FROM principal WHERE name_key LIKE '%@big.net'")
  const everybody = rows.map(row => row.id)
  await change(tx => changeGroup(tx, big, everybody, []))
  const start = performance.now()
  await change(tx => changeGroup(tx, outer, [big], []))
  expect(performance.now() - start).toBeLessThan(8_000)
  const count = await db.query<{ n: number }>('SELECT count(*) AS n FROM affiliation WHERE ancestor = $1', [outer])
  expect(count.rows[0]!.n).toBe(16_002)
  const one = await add('user', 'late@late.net')
  const late = performance.now()
  await change(tx => changeGroup(tx, big, [one], []))
  expect(performance.now() - late).toBeLessThan(1_000)
  expect([...(await flattened([one])).get(one)!].sort()).toEqual([one, big, outer].sort())
})
