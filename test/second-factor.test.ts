import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { connect } from '../src/client/client.ts'
import { addTotp, askSignIn, codeOf, firstStep, stranger } from './factor-people.ts'
import { openSite, type Person, password, type Site } from './harness.ts'
import { openRaceServer, openStore } from './race-server.ts'

let site: Site
let other: string
beforeAll(async () => {
  site = await openSite()
  other = (await site.another()).url
})
afterAll(() => site.stop())
// Codes of the same half minute are needed again and again here.
beforeEach(() => forgetSteps())

const forgetSteps = () => site.db.query('UPDATE totp SET last_step = 0')
const code = async (answer: Promise<{ error?: { code: string } | undefined }>) => (await answer).error?.code ?? 'ok'

let made = 0
/** Somebody with an authenticator app. */
async function addProtected() {
  made += 1
  const name = `user${made}@example.com`
  const person = await site.addUser(name)
  const app = await addTotp(person)
  await forgetSteps()
  return { name, person, ...app }
}

test('[SF1] an authenticator app counts once a code of it has come back; its secret is told once', async () => {
  const ann = await site.addUser('ann@example.com')
  const { totp } = await ann.call('factor.begin', { kind: 'totp' })
  expect(totp?.uri).toMatch(/^otpauth:\/\/totp\/Persistent%20Chat:ann%40example\.com\?.*secret=[A-Z2-7]{32}/)
  expect(await code(askSignIn(site.url, { user: 'ann', password }))).toBe('ok')
  expect(await ann.code('factor.confirm', { code: '000000' })).toBe('invalid_argument')
  // Another server, and the first one's secret no longer counts once another was begun.
  const again = await ann.call('factor.begin', { kind: 'totp' })
  expect(await ann.code('factor.confirm', { code: codeOf(totp!.secret) })).toBe('invalid_argument')
  await ann.call('factor.confirm', { code: codeOf(again.totp!.secret) })
  expect((await firstStep(other, 'ann')).methods).toEqual(['totp', 'recovery'])
  expect(await ann.code('factor.confirm', { code: codeOf(again.totp!.secret, 1) })).toBe('invalid_argument')
  for (const shown of [
    await ann.call('factor.list', {}),
    await site.admin.call('factor.list', { user: 'ann@example.com' }),
    await site.admin.call('principal.get', { principal: 'ann@example.com' }),
    await site.admin.call('audit.list', {}),
    await site.admin.call('session.record', { all: true }),
  ])
    expect(JSON.stringify(shown)).not.toContain(again.totp!.secret)
  // A new phone takes the place of the old one, from its first code on.
  const phone = await ann.call('factor.begin', { kind: 'totp' })
  await forgetSteps()
  const old = await firstStep(site.url, 'ann')
  expect(await code(askSignIn(site.url, { ticket: old.ticket, code: codeOf(again.totp!.secret) }))).toBe('ok')
  await ann.call('factor.confirm', { code: codeOf(phone.totp!.secret) })
  await forgetSteps()
  const { ticket } = await firstStep(site.url, 'ann')
  expect(await code(askSignIn(site.url, { ticket, code: codeOf(again.totp!.secret) }))).toBe('unauthenticated')
  expect(await code(askSignIn(site.url, { ticket, code: codeOf(phone.totp!.secret) }))).toBe('ok')
})

test('[SF1] a new app that is confirmed while a code of the old one is looked at stays the one that counts', async () => {
  const { name, person, secret } = await addProtected()
  const { totp } = await person.call('factor.begin', { kind: 'totp' })
  const race = await openRaceServer(site)
  const held = race.gate.hold('before', 'UPDATE totp SET last_step')
  const proved = race.at(person).code('factor.prove', { code: codeOf(secret, 1) })
  await held.reached
  const confirmed = person.code('factor.confirm', { code: codeOf(totp!.secret) })
  await Promise.race([confirmed, (await openStore(site)).waiting(1)])
  held.release()
  expect([await proved, await confirmed]).toEqual(['ok', 'ok'])
  await race.stop()
  await forgetSteps()
  const { ticket } = await firstStep(site.url, name)
  expect(await code(askSignIn(site.url, { ticket, code: codeOf(secret) }))).toBe('unauthenticated')
  expect(await code(askSignIn(site.url, { ticket, code: codeOf(totp!.secret) }))).toBe('ok')
})

test('[SF2] a code is good within a step either way, once, and none before it', async () => {
  const { name, secret } = await addProtected()
  for (const [steps, outcome] of [
    [-3, 'unauthenticated'],
    [3, 'unauthenticated'],
    [-1, 'ok'],
    [1, 'ok'],
    [1, 'unauthenticated'],
    [0, 'unauthenticated'],
  ] as const) {
    const { ticket } = await firstStep(site.url, name)
    expect(await code(askSignIn(site.url, { ticket, code: codeOf(secret, steps) })), `${steps}`).toBe(outcome)
  }
  await forgetSteps()
  const { ticket } = await firstStep(site.url, name)
  const spaced = codeOf(secret).replace(/(...)/, '$1 ')
  expect(await code(askSignIn(site.url, { ticket, code: spaced }))).toBe('ok')
})

test('[SF2] of servers that are given one code at once, one takes it', async () => {
  const { name, secret } = await addProtected()
  const tickets = await Promise.all(
    Array.from({ length: 6 }, async (_, n) => (await firstStep(n % 2 ? site.url : other, name)).ticket),
  )
  const typed = codeOf(secret)
  const answers = await Promise.all(
    tickets.map((ticket, n) => code(askSignIn(n % 2 ? other : site.url, { ticket, code: typed }))),
  )
  expect(answers.sort()).toEqual(['ok', ...Array.from({ length: 5 }, () => 'unauthenticated')])
})

test('[SF3] ten recovery codes come with the first factor, are kept as hashes, and each is good once', async () => {
  const { name, person, recoveryCodes } = await addProtected()
  expect(new Set(recoveryCodes).size).toBe(10)
  for (const one of recoveryCodes) expect(one).toMatch(/^([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/)
  const { rows } = await site.db.query('SELECT code_hash FROM recovery_code')
  expect(JSON.stringify(rows.map(row => String(row.code_hash)))).not.toContain(recoveryCodes[0])
  const use = async (recoveryCode: string, url = site.url) =>
    code(askSignIn(url, { ticket: (await firstStep(url, name)).ticket, recoveryCode }))
  // Typed as people type.
  expect(await use(recoveryCodes[0]!.toUpperCase().replaceAll('-', ' '))).toBe('ok')
  expect(await use(recoveryCodes[0]!, other)).toBe('unauthenticated')
  const both = await Promise.all([use(recoveryCodes[1]!), use(recoveryCodes[1]!, other)])
  expect(both.sort()).toEqual(['ok', 'unauthenticated'])
  expect((await person.call('factor.list', {})).recoveryCodes).toBe(8)
  const renewed = await person.call('factor.recoveryCodes', {})
  expect(await use(recoveryCodes[2]!)).toBe('unauthenticated')
  expect(await use(renewed.recoveryCodes[2]!)).toBe('ok')
  // Of others they are none.
  const bea = await addProtected()
  expect(
    await code(
      askSignIn(site.url, {
        ticket: (await firstStep(site.url, bea.name)).ticket,
        recoveryCode: renewed.recoveryCodes[3]!,
      }),
    ),
  ).toBe('unauthenticated')
  expect(await site.admin.code('factor.recoveryCodes', {})).toBe('conflict')
})

test('[SF7] only the right password is told of a second factor, and there is no session before the factor was shown', async () => {
  const { name, secret } = await addProtected()
  const plain = await site.addUser('plain@example.com')
  const wrong = await askSignIn(site.url, { user: name, password: 'wrong password' })
  expect(wrong).toEqual(await askSignIn(site.url, { user: plain.me.name, password: 'wrong password' }))
  expect(wrong).toEqual(await askSignIn(site.url, { user: 'nobody@example.com', password: 'wrong password' }))
  const { rows: before } = await site.db.query('SELECT count(*) AS n FROM session')
  const right = await askSignIn(site.url, { user: name, password })
  expect(right.error).toMatchObject({
    code: 'second_factor_required',
    details: { ticket: expect.any(String), methods: ['totp', 'recovery'], enrol: false },
  })
  expect((await site.db.query('SELECT count(*) AS n FROM session')).rows).toEqual(before)
  const { ticket } = right.error!.details as { ticket: string }
  const signedIn = await askSignIn(site.url, { ticket, code: codeOf(secret) })
  expect(signedIn.result).toMatchObject({
    token: expect.any(String),
    me: { name, enabled: true },
    servers: expect.any(Array),
  })
  expect(Object.keys(signedIn.result!.me).sort()).toEqual([
    'administrator',
    'displayName',
    'enabled',
    'id',
    'kind',
    'name',
    'roles',
  ])
  expect(await stranger(site.url, signedIn.result!.token).code('session.list', {})).toBe('ok')
})

test('[SF7] the browser door asks in the same way, and gives the cookie at the end', async () => {
  const { name, secret } = await addProtected()
  const send = async (body: object) => {
    const response = await fetch(`${site.url}/web/signin`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: response.status, cookie: response.headers.get('set-cookie'), body: await response.json() }
  }
  const first = await send({ user: name, password })
  expect(first).toMatchObject({ status: 401, cookie: null, body: { error: { code: 'second_factor_required' } } })
  const { ticket } = (first.body as { error: { details: { ticket: string } } }).error.details
  expect(await send({ ticket, code: '000000' })).toMatchObject({ status: 401, cookie: null })
  const done = await send({ ticket, code: codeOf(secret) })
  expect(done).toMatchObject({ status: 200, body: { me: { name }, csrf: expect.any(String) } })
  expect(done.cookie).toMatch(/pchat=/)
})

test('[SF7] the WebSocket door asks in the same way and stays open for the second step; a client that knows of none ends with the refusal', async () => {
  const { name, secret } = await addProtected()
  const socket = new WebSocket(`${site.url.replace('http', 'ws')}/ws`, 'pchat.v1')
  type Frame = { id: number; result?: { me: { name: string } }; error?: { code: string; details?: { ticket: string } } }
  const ask = (id: number, verb: string, input: object) =>
    new Promise<Frame>(resolve => {
      const hear = ({ data }: MessageEvent) => {
        const frame = JSON.parse(String(data)) as Frame
        if (frame.id === id) resolve(frame)
      }
      socket.addEventListener('message', hear)
      socket.send(JSON.stringify({ id, verb, input }))
    })
  await new Promise(resolve => socket.addEventListener('open', resolve))
  const first = await ask(1, 'session.signIn', { user: name, password })
  expect(first.error?.code).toBe('second_factor_required')
  const ticket = first.error?.details?.ticket ?? ''
  expect((await ask(2, 'session.challenge', { ticket })).result).toMatchObject({
    options: { userVerification: 'required' },
  })
  expect((await ask(3, 'session.enrol', { ticket, begin: 'totp' })).error?.code).toBe('conflict')
  expect((await ask(4, 'session.signIn', { ticket, code: codeOf(secret) })).result?.me.name).toBe(name)
  socket.close()
  const client = connect({ url: site.url, signIn: { user: name, password } })
  await expect(client.ready()).rejects.toMatchObject({
    code: 'second_factor_required',
    details: { ticket: expect.any(String), enrol: false },
  })
  expect(client.state).toBe('closed')
})

test('[SF7] what does not fit together is refused, and is no try', async () => {
  const { name, secret } = await addProtected()
  const { ticket } = await firstStep(site.url, name)
  for (const input of [
    {},
    { user: name },
    { password },
    { code: codeOf(secret) },
    { user: name, password, code: codeOf(secret) },
    { user: name, password, ticket, code: codeOf(secret) },
    { ticket, code: codeOf(secret), recoveryCode: 'x' },
  ])
    expect(await code(askSignIn(site.url, input)), JSON.stringify(input)).toBe('invalid_argument')
  expect(await code(askSignIn(site.url, { ticket, code: codeOf(secret) }))).toBe('ok')
})

test('[SF8] a ticket is good for one sign-in of its holder, for ten minutes, and for the password that it was given for', async () => {
  const { name, secret, person } = await addProtected()
  const sign = (ticket: string, typed = codeOf(secret), url = site.url) => code(askSignIn(url, { ticket, code: typed }))
  const used = await firstStep(site.url, name)
  expect(await sign(used.ticket, undefined, other)).toBe('ok')
  await forgetSteps()
  expect(await sign(used.ticket)).toBe('conflict')
  expect(await sign('no such ticket')).toBe('conflict')
  expect(await sign('')).toBe('conflict')
  // Of somebody else: with his ticket his codes count, not mine.
  const eve = await addProtected()
  expect(await sign((await firstStep(site.url, eve.name)).ticket)).toBe('unauthenticated')
  // Not without a factor, and not for setting one up.
  const fresh = await firstStep(site.url, name)
  expect(await code(askSignIn(site.url, { ticket: fresh.ticket }))).toBe('conflict')
  expect(await stranger(site.url).code('session.enrol', { ticket: fresh.ticket, begin: 'totp' })).toBe('conflict')
  const late = await firstStep(site.url, name)
  await site.db.query("UPDATE sign_in_ticket SET expires_at = expires_at - interval '10 minutes'")
  expect(await sign(late.ticket)).toBe('conflict')
  // What was proven by a password that is none any more, or of an account that was switched off.
  const outdated = await firstStep(site.url, name)
  await person.call('password.change', { password, newPassword: 'another long password' })
  expect(await sign(outdated.ticket)).toBe('conflict')
  const stopped = await firstStep(site.url, name, 'another long password')
  await site.admin.call('principal.update', { principal: name, disabled: true })
  expect(await sign(stopped.ticket)).toBe('conflict')
  await site.admin.call('principal.update', { principal: name, disabled: false })
  // A refused code leaves the ticket as it was.
  const patient = await firstStep(site.url, name, 'another long password')
  expect(await sign(patient.ticket, '000000')).toBe('unauthenticated')
  expect(await sign(patient.ticket)).toBe('ok')
})

test('[SF9] guesses of codes are counted for the account, on all servers, and a right password does not begin anew', async () => {
  const { name, secret } = await addProtected()
  await site.admin.call('settings.update', { settings: { lockoutThreshold: 4 } })
  const guess = async (typed: string, url = site.url) =>
    code(askSignIn(url, { ticket: (await firstStep(url, name)).ticket, code: typed }))
  const answers = []
  for (let n = 0; n < 6; n += 1) answers.push(await guess('000000', n % 2 ? site.url : other))
  expect(answers).toEqual([...Array.from({ length: 4 }, () => 'unauthenticated'), 'rate_limited', 'rate_limited'])
  // Also not the right one, nor a recovery code; the password is not locked.
  expect(await guess(codeOf(secret))).toBe('rate_limited')
  expect(await code(askSignIn(site.url, { ticket: (await firstStep(site.url, name)).ticket, recoveryCode: 'x' }))).toBe(
    'rate_limited',
  )
  await site.db.query(
    "UPDATE sign_in_failure SET locked_until = now() - interval '1 minute' WHERE name_key LIKE ' code of %'",
  )
  expect(await guess(codeOf(secret))).toBe('ok')
  // Many at once get no further.
  const bob = await addProtected()
  const tickets: string[] = []
  // One after the other: right passwords count, too, until they are known to be right.
  for (let n = 0; n < 12; n += 1) tickets.push((await firstStep(site.url, bob.name)).ticket)
  const crowd = await Promise.all(tickets.map(ticket => code(askSignIn(site.url, { ticket, code: '000000' }))))
  expect(crowd.filter(one => one === 'unauthenticated')).toHaveLength(4)
  await site.admin.call('settings.update', { settings: { lockoutThreshold: 10 } })
})

test('[SF11] bots and people of other sources need no second factor here, and can have none', async () => {
  const bot = await site.admin.call('bot.create', { name: 'bot@example.com', displayName: 'bot' })
  const asBot = stranger(site.url, bot.token)
  expect(await asBot.code('factor.begin', { kind: 'totp' })).toBe('forbidden')
  const lea = await site.addUser('lea@example.com')
  await site.db.query("UPDATE principal SET source = 'ad' WHERE name = 'lea@example.com'")
  expect(await lea.code('factor.begin', { kind: 'totp' })).toBe('forbidden')
  expect(await lea.call('factor.list', {})).toMatchObject({ mayHave: false, required: false })
  expect(await code(askSignIn(site.url, { user: 'lea', password }))).toBe('ok')
})

test('[SF13] a change of factors needs a proof of the last ten minutes: password, code or passkey', async () => {
  const { person, name, secret } = await addProtected()
  await site.db.query("UPDATE session SET proven_at = now() - interval '11 minutes'")
  const asks: (() => Promise<string>)[] = [
    () => person.code('factor.begin', { kind: 'totp' }),
    () => person.code('factor.confirm', { code: codeOf(secret) }),
    () => person.code('factor.remove', { totp: true }),
    () => person.code('factor.recoveryCodes', {}),
    () => site.admin.code('factor.reset', { user: name }),
    () => site.admin.code('principal.update', { principal: 'admin@example.com', password: 'another long password' }),
  ]
  for (const ask of asks) expect(await ask(), String(ask)).toBe('proof_required')
  expect(await person.call('factor.list', {})).toMatchObject({ totpSince: expect.any(String), recoveryCodes: 10 })
  for (const proof of [{}, { password, code: '000000' }])
    expect(await person.code('factor.prove', proof)).toBe('invalid_argument')
  for (const wrong of [{ password: 'wrong password' }, { code: '000000' }, { code: codeOf(secret, 5) }])
    expect(await person.code('factor.prove', wrong)).toBe('forbidden')
  expect(await person.code('factor.recoveryCodes', {})).toBe('proof_required')
  await person.call('factor.prove', { code: codeOf(secret) })
  expect(await person.code('factor.prove', { code: codeOf(secret) })).toBe('forbidden')
  expect(await person.code('factor.recoveryCodes', {})).toBe('ok')
  await site.db.query('UPDATE session SET proven_at = NULL')
  await person.call('factor.prove', { password })
  expect(await person.code('factor.recoveryCodes', {})).toBe('ok')
  await site.db.query('UPDATE session SET proven_at = now()')
})

test('[SF13] wrong proofs count as wrong sign-ins do', async () => {
  const { person } = await addProtected()
  await site.admin.call('settings.update', { settings: { lockoutThreshold: 3 } })
  const answers = []
  for (let n = 0; n < 4; n += 1) answers.push(await person.code('factor.prove', { code: '000000' }))
  expect(answers).toEqual(['forbidden', 'forbidden', 'forbidden', 'rate_limited'])
  await site.admin.call('settings.update', { settings: { lockoutThreshold: 10 } })
})

test('[SF14] the last factor takes the recovery codes with it, and a removal ends the other sign-ins', async () => {
  const { person, name, secret } = await addProtected()
  const { ticket } = await firstStep(site.url, name)
  const elsewhere = await stranger(site.url).call('session.signIn', { ticket, code: codeOf(secret) })
  await person.call('factor.remove', { totp: true })
  expect(await stranger(site.url, elsewhere.token).code('session.list', {})).toBe('unauthenticated')
  expect(await person.call('factor.list', {})).toMatchObject({ totpSince: null, recoveryCodes: 0 })
  expect(await code(askSignIn(site.url, { user: name, password }))).toBe('ok')
  expect(await person.code('factor.remove', { totp: true })).toBe('not_found')
  expect(await person.code('factor.remove', {})).toBe('invalid_argument')
})

test('[SF15] an administrator resets the factors of another, which ends his sign-ins and is audited; others may not', async () => {
  const { person, name } = await addProtected()
  const eve: Person = (await addProtected()).person
  const live = await person.open()
  const waiting = await firstStep(site.url, name)
  expect(await eve.code('factor.reset', { user: name })).toBe('forbidden')
  expect(await eve.code('factor.list', { user: name })).toBe('forbidden')
  await site.admin.call('factor.reset', { user: name })
  expect((await live.closed).code).toBe(4003)
  expect(await person.code('session.list', {})).toBe('unauthenticated')
  const { entries } = await site.admin.call('audit.list', { limit: 1 })
  expect(entries[0]).toMatchObject({
    action: 'factor.reset',
    subject: person.me.id,
    actor: { name: 'admin@example.com' },
  })
  expect(await code(askSignIn(site.url, { ticket: waiting.ticket, recoveryCode: 'x' }))).toBe('conflict')
  expect(await code(askSignIn(site.url, { user: name, password }))).toBe('ok')
  expect(await site.admin.code('factor.reset', { user: 'nobody@example.com' })).toBe('not_found')
  expect(await site.admin.code('factor.reset', { user: 'example.com' })).toBe('invalid_argument')
})
