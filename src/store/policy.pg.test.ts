import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../test/database.ts'
import { readPerson } from './access.ts'
import { changeGroup, reflattenUnits } from './affiliation.ts'
import { type Connection, transaction } from './db.ts'
import { setPolicy, siteScope } from './policy.ts'
import { insertPrincipal } from './principal.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.drop())

/** A user in two groups, in a unit within a unit, of a domain, on a site: every place where a grant may stand. */
async function addPeople(tx: Connection) {
  const add = async (kind: 'user' | 'group' | 'organizationalUnit' | 'domain', name: string, parent?: string) => {
    const { id } = (await insertPrincipal(tx, { kind, name, displayName: name, parent }))!
    await reflattenUnits(tx, [id])
    return id
  }
  const domain = await add('domain', 'example.com')
  const upper = await add('organizationalUnit', 'upper')
  const lower = await add('organizationalUnit', 'lower', upper)
  const user = await add('user', 'u@example.com', lower)
  const [one, two] = [await add('group', 'one'), await add('group', 'two')]
  await changeGroup(tx, one, [user], [])
  await changeGroup(tx, two, [user], [])
  return { user, one, two, lower, upper, domain }
}

test('[PR6] of all grants the most specific one wins, and without any a user is not enabled', async () => {
  const { db } = database
  const people = await transaction(db, addPeople)
  const enabled = async () => (await readPerson(db, people.user, 'Hamburg'))?.enabled
  const grant = (scope: string, on: boolean) =>
    transaction(db, tx => setPolicy(tx, scope, /^(global|site:)/.test(scope) ? undefined : scope, on))
  expect(await enabled()).toBe(false)
  // From the least specific to the most: each is the opposite of what was so far.
  const scopes = ['global', siteScope('HAMBURG'), people.domain, people.upper, people.lower, people.one, people.user]
  let on = true
  for (const scope of scopes) {
    await grant(scope, on)
    expect(await enabled(), scope).toBe(on)
    on = !on
  }
  await transaction(db, tx => setPolicy(tx, people.user, people.user, null))
  await grant(people.one, true)
  expect(await enabled()).toBe(true)
  await grant(people.two, false)
  expect(await enabled(), 'one "off" among the groups wins').toBe(false)
  expect((await readPerson(db, people.user, undefined))?.enabled).toBe(false)
})

test('[PR6] a grant for another site says nothing', async () => {
  const { db } = database
  const user = await transaction(db, async tx => {
    await tx.query('DELETE FROM policy')
    const { id } = (await insertPrincipal(tx, { kind: 'user', name: 'v@else.net', displayName: 'V' }))!
    await reflattenUnits(tx, [id])
    await setPolicy(tx, siteScope('berlin'), undefined, true)
    return id
  })
  expect((await readPerson(db, user, 'Berlin'))?.enabled).toBe(true)
  expect((await readPerson(db, user, 'Hamburg'))?.enabled).toBe(false)
  expect((await readPerson(db, user, undefined))?.enabled).toBe(false)
})
