import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { endGivenToOfficials, endUnprotected } from '../src/store/second-factor.ts'
import { askHttp } from './ask-http.ts'
import { addTotp, codeOf, firstStep } from './factor-people.ts'
import { type Person, password, signInAt } from './harness.ts'
import { arrive, giveTicket, openTwoPools, type TwoPools } from './two-pools.ts'

let pools: TwoPools
/** With one account in each pool, and nothing else in common. */
let ann: Person
let made = 0
beforeAll(async () => {
  pools = await openTwoPools()
}, 60_000)
afterAll(() => pools?.stop())
beforeEach(async () => {
  made += 1
  ann = await both(`ann${made}@example.com`)
})

/** Somebody who is in both; signed in at the main pool. */
async function both(name: string): Promise<Person> {
  await addNorth(name)
  return pools.main.addUser(name)
}

async function addNorth(name: string): Promise<void> {
  await pools.north.admin.call('principal.create', { kind: 'user', name, displayName: name, password })
}

test('[PL6] a second factor is asked for where it was not shown, and is not asked for twice', async () => {
  const { main, north } = pools
  const { secret } = await addTotp(await signInAt(north.url, ann.me.name))
  const asked = await arrive(north, await giveTicket(ann, 'north'))
  expect(asked.error).toMatchObject({
    code: 'second_factor_required',
    details: { enrol: false, methods: ['totp', 'recovery'] },
  })
  const { ticket } = asked.error!.details as { ticket: string }
  await north.db.query('UPDATE totp SET last_step = 0')
  const came = await arrive(north, { ticket, code: codeOf(secret) })
  const there = north.person(came.result!.token)
  const { sessions } = await there.call('session.list', {})
  expect(sessions.find(one => one.current)).toMatchObject({ handedOverFrom: 'Main rooms' })

  // Shown at the main pool, it counts here.
  const own = (await addTotp(ann)).secret
  const first = await askHttp(main.url, undefined, 'session.signIn', { user: ann.me.name, password })
  await main.db.query('UPDATE totp SET last_step = 0')
  const step = (first.error!.details as { ticket: string }).ticket
  const withFactor = await askHttp(main.url, undefined, 'session.signIn', { ticket: step, code: codeOf(own) })
  const strong = main.person(withFactor.result!.token)
  expect((await arrive(north, await giveTicket(strong, 'north'))).result?.me.name).toBe(ann.me.name)
})

test('[PL7] who holds a role comes to it by a second factor of that pool only, whatever he showed elsewhere', async () => {
  const { main, north } = pools
  const name = `boss${made}@example.com`
  const boss = await both(name)
  await north.db.query('UPDATE principal SET administrator = true WHERE name = $1', [name])
  const refused = await arrive(north, await giveTicket(boss, 'north'))
  expect(refused.error).toMatchObject({ code: 'forbidden', message: expect.stringContaining('role of administration') })
  await main.db.query('UPDATE session SET by_factor = true')
  expect((await arrive(north, await giveTicket(boss, 'north'))).error?.code).toBe('forbidden')
  await addTotp(await signInAt(north.url, name))
  expect((await arrive(north, await giveTicket(boss, 'north'))).error?.code).toBe('second_factor_required')
})

test('[PL7] a sign-in that was handed over ends where its holder comes to hold a role: given to him, to a group of his, or made administrator', async () => {
  const { north } = pools
  const come = async (person: Person) => (await arrive(north, await giveTicket(person, 'north'))).result!.token
  const isIn = async (token: string) => (await askHttp(north.url, token, 'session.list', {})).result !== undefined
  const grant = { principal: ann.me.name, role: 'helpDesk', granted: true } as const
  let token = await come(ann)
  await north.admin.call('role.grant', grant)
  expect(await isIn(token)).toBe(false)
  await north.admin.call('role.grant', { ...grant, granted: false })
  token = await come(ann)
  await north.admin.call('principal.create', { kind: 'group', name: 'Desk', displayName: 'Desk' })
  await north.admin.call('role.grant', { ...grant, principal: 'Desk' })
  expect(await isIn(token)).toBe(true)
  await north.admin.call('group.update', { group: 'Desk', add: [ann.me.name] })
  // As the server does by and by, also after a directory sync.
  await endGivenToOfficials(north.db)
  expect(await isIn(token)).toBe(false)
  await north.admin.call('group.update', { group: 'Desk', remove: [ann.me.name] })
  token = await come(ann)
  await north.admin.call('principal.update', { principal: ann.me.name, administrator: true })
  expect(await isIn(token)).toBe(false)
  // Who signed in here, or proved himself here, stays in.
  const own = await signInAt(north.url, ann.me.name)
  await endGivenToOfficials(north.db)
  expect((await own.call('session.list', {})).sessions.length).toBeGreaterThan(0)
})

test('[PL6] where everybody needs a second factor, who has none sets it up with his password here, unless he showed one where he comes from', async () => {
  const { main, north } = pools
  const strict = await north.another({ secondFactor: 'everyone' })
  const asked = await arrive(strict, await giveTicket(ann, 'north'))
  expect(asked.error).toMatchObject({ code: 'forbidden', message: expect.stringContaining('with your password') })
  expect(asked.error).not.toHaveProperty('details')
  expect((await firstStep(strict.url, ann.me.name)).enrol).toBe(true)
  await main.db.query('UPDATE session SET by_factor = true WHERE principal = $1', [ann.me.id])
  const came = await arrive(strict, await giveTicket(ann, 'north'))
  const plain = await signInAt(north.url, ann.me.name)
  await endUnprotected(north.db, 'everyone')
  const sessions = async () => (await askHttp(north.url, came.result!.token, 'session.list', {})).result?.sessions
  expect(await sessions()).toHaveLength(1)
  expect((await askHttp(north.url, plain.token, 'session.list', {})).error?.code).toBe('unauthenticated')
  // [PL7] Who comes to hold a role needs one of this pool.
  await north.db.query('UPDATE principal SET administrator = true WHERE name = $1', [ann.me.name])
  await endUnprotected(north.db, 'administrators')
  expect(await sessions()).toBeUndefined()
  await strict.stop()
})
