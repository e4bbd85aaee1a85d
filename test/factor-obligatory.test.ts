import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../src/base/log.ts'
import { serve } from '../src/cli/serve.ts'
import { type Verb, verbs } from '../src/protocol/request.ts'
import { openAuthenticator } from './authenticator.ts'
import { openTestDatabase } from './database.ts'
import { addTotp, askSignIn, codeOf, enrolTotp, firstStep, stranger } from './factor-people.ts'
import { openLive, openSite, type Person, password, type Site } from './harness.ts'
import { probes, type Target } from './leak-probes.ts'
import { until } from './stage.ts'

const publicUrl = 'https://chat.example.com'
let site: Site
let admin: Person
/** A server of the same pool that asks for a second factor. */
let everyone: string
let bot: Person
beforeAll(async () => {
  site = await openSite({ publicUrl })
  admin = site.admin
  await addTotp(admin)
  for (const name of ['ann', 'ben', 'cem', 'dan', 'lea'])
    await admin.call('principal.create', { kind: 'user', name: `${name}@example.com`, displayName: name, password })
  bot = site.person((await admin.call('bot.create', { name: 'bot@example.com', displayName: 'bot' })).token)
  await site.db.query("UPDATE principal SET source = 'ad' WHERE name = 'lea@example.com'")
  everyone = (await site.another({ secondFactor: 'everyone' })).url
})
afterAll(() => site.stop())

const code = async (answer: Promise<{ error?: { code: string } | undefined }>) => (await answer).error?.code ?? 'ok'

test('[SF10] whoever must have a second factor and has none gets a ticket for setting one up, and then comes in with it', async () => {
  const { error } = await askSignIn(everyone, { user: 'ann', password })
  expect(error).toMatchObject({
    code: 'second_factor_required',
    details: { enrol: true, methods: [], kinds: ['totp', 'passkey'] },
  })
  const { ticket } = error!.details as { ticket: string }
  const ann = stranger(everyone)
  expect(await code(askSignIn(everyone, { ticket }))).toBe('conflict')
  const { totp } = await ann.call('session.enrol', { ticket, begin: 'totp' })
  expect(await code(askSignIn(everyone, { ticket }))).toBe('conflict')
  expect(await code(askSignIn(everyone, { ticket, code: codeOf(totp!.secret) }))).toBe('conflict')
  expect(await ann.code('session.enrol', { ticket, code: '000000' })).toBe('invalid_argument')
  expect(await ann.code('session.enrol', { ticket })).toBe('invalid_argument')
  const { recoveryCodes } = await ann.call('session.enrol', { ticket, code: codeOf(totp!.secret) })
  expect(recoveryCodes).toHaveLength(10)
  // It sets up nothing more, and opens one session.
  expect(await ann.code('session.enrol', { ticket, begin: 'passkey' })).toBe('conflict')
  const signedIn = await ann.call('session.signIn', { ticket })
  expect(await stranger(everyone, signedIn.token).call('factor.list', {})).toMatchObject({ required: true })
  expect(await code(askSignIn(everyone, { ticket }))).toBe('conflict')
  expect((await firstStep(everyone, 'ann')).enrol).toBe(false)
})

test('[SF10] the same with a passkey', async () => {
  const { ticket } = await firstStep(everyone, 'ben')
  const { options } = await stranger(everyone).call('session.enrol', { ticket, begin: 'passkey' })
  const authenticator = openAuthenticator(publicUrl)
  const passkey = authenticator.create(options)
  await stranger(everyone).call('session.enrol', { ticket, passkey, name: 'Key' })
  expect((await stranger(everyone).call('session.signIn', { ticket })).me.name).toBe('ben@example.com')
  const { options: again } = await stranger(everyone).call('session.challenge', {})
  expect(await code(askSignIn(everyone, { passkey: authenticator.get(again) }))).toBe('ok')
})

test('[SF10] no verb takes the ticket for a session, at neither door, nor do cookie and upgrade', async () => {
  const { ticket } = await firstStep(everyone, 'cem')
  const target: Target = {
    ...{ room: crypto.randomUUID(), category: crypto.randomUUID(), name: 'n', description: 'd', text: 't' },
    ...{ clientId: crypto.randomUUID(), ownClientId: crypto.randomUUID(), member: 'ann@example.com', epoch: 'e' },
    ...{ nobodys: crypto.randomUUID(), commons: crypto.randomUUID() },
  }
  const held = stranger(everyone, ticket)
  for (const verb of Object.keys(verbs) as Verb[]) {
    if (verbs[verb].callers === 'anyone') continue
    for (const input of probes[verb](target))
      expect(await held.code(verb, input as never), verb).toBe('unauthenticated')
  }
  await expect(openLive(everyone, ticket, admin.me)).rejects.toThrow(/unauthenticated/)
  const headers = { cookie: `pchat=${ticket}`, host: 'localhost' }
  expect((await fetch(`${everyone}/web/session`, { headers })).status).toBe(401)
  expect(await code(askSignIn(everyone, { ticket, code: '000000' }))).toBe('conflict')
  expect(await code(askSignIn(everyone, { ticket, recoveryCode: 'x' }))).toBe('conflict')
})

test('[SF10] of two who set one up with the same password at once, one comes in', async () => {
  const tickets = [await firstStep(everyone, 'dan'), await firstStep(everyone, 'dan')].map(one => one.ticket)
  const nobody = stranger(everyone)
  const passkeys: ReturnType<ReturnType<typeof openAuthenticator>['create']>[] = []
  for (const ticket of tickets) {
    const { options } = await nobody.call('session.enrol', { ticket, begin: 'passkey' })
    passkeys.push(openAuthenticator(publicUrl).create(options))
  }
  const answers = await Promise.all(
    tickets.map((ticket, n) => nobody.code('session.enrol', { ticket, passkey: passkeys[n]! })),
  )
  expect(answers.sort()).toEqual(['conflict', 'ok'])
  expect((await Promise.all(tickets.map(ticket => code(askSignIn(everyone, { ticket }))))).sort()).toEqual([
    ...['conflict', 'ok'],
  ])
})

test('[SF11] bots and people of other sources come in without, where everyone else needs one', async () => {
  expect(await stranger(everyone, bot.token).code('session.list', {})).toBe('ok')
  expect(await code(askSignIn(everyone, { user: 'lea', password }))).toBe('ok')
})

test('[SF12] sign-ins of people who must have a second factor and have none end; who becomes an administrator is among them', async () => {
  const mixed = await openSite()
  await addTotp(mixed.admin)
  const strict = await mixed.another({ secondFactor: 'administrators' })
  const user = await mixed.addUser('ida@example.com')
  await mixed.addUser('eva@example.com')
  const helper = mixed.person((await mixed.admin.call('bot.create', { name: 'b@example.com', displayName: 'b' })).token)
  const promoted = await askSignIn(strict.url, { user: 'eva', password })
  const eva = await openLive(strict.url, promoted.result!.token, promoted.result!.me)
  const change = { principal: 'eva@example.com', administrator: true }
  await stranger(strict.url, mixed.admin.token).call('principal.update', change)
  expect((await eva.closed).code).toBe(4003)
  expect((await firstStep(strict.url, 'eva')).enrol).toBe(true)
  // By way of a server that asks for none she is in again, until the next round of one that does.
  const { token } = (await askSignIn(mixed.url, { user: 'eva', password })).result!
  const later = await mixed.another({ secondFactor: 'administrators' })
  await until(async () => (await stranger(mixed.url, token).code('session.list', {})) === 'unauthenticated', 'ended')
  for (const other of [mixed.admin, user, helper]) expect(await other.code('session.list', {})).toBe('ok')
  await later.stop()
  await mixed.stop()
})

test('[SF12] the first administrator sets one up before he comes in', async () => {
  const database = await openTestDatabase()
  const { address } = database
  const shared = { address, host: '127.0.0.1', port: 0, log: silentLog, webRoot: '/nonexistent' }
  const strict = await serve({ ...shared, secondFactor: 'administrators' })
  const token = new URL(strict.setupUrl ?? '').hash.replace('#token=', '')
  const response = await fetch(`${strict.url}/web/setup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, user: 'first@example.com', displayName: 'First', password }),
  })
  expect([response.status, response.headers.get('set-cookie')]).toEqual([401, null])
  expect(await response.json()).toMatchObject({ error: { code: 'second_factor_required', details: { enrol: true } } })
  expect((await enrolTotp(strict.url, 'first@example.com')).me.administrator).toBe(true)
  await strict.stop()
  await database.drop()
})

test('[SF14] the last second factor is not removed where one is obligatory, another one may take its place', async () => {
  await admin.call('principal.create', { kind: 'user', name: 'fay@example.com', displayName: 'fay', password })
  const { token } = await enrolTotp(everyone, 'fay')
  const fay = stranger(everyone, token)
  expect(await fay.code('factor.remove', { totp: true })).toBe('conflict')
  expect((await fay.call('factor.list', {})).totpSince).toEqual(expect.any(String))
  const { options } = await fay.call('factor.begin', { kind: 'passkey' })
  const authenticator = openAuthenticator(publicUrl)
  await fay.call('factor.confirm', { passkey: authenticator.create(options), name: 'Key' })
  await fay.call('factor.remove', { totp: true })
  expect(await fay.code('factor.remove', { passkey: authenticator.id })).toBe('conflict')
})
