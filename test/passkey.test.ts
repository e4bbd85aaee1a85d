import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Lie, openAuthenticator } from './authenticator.ts'
import { addPasskey, addTotp, askSignIn, codeOf, firstStep, stranger } from './factor-people.ts'
import { openSite, password, type Site } from './harness.ts'

const origin = 'https://chat.example.com'
let site: Site
let other: string
beforeAll(async () => {
  site = await openSite({ publicUrl: origin })
  other = (await site.another()).url
})
afterAll(() => site.stop())

const code = async (answer: Promise<{ error?: { code: string } | undefined }>) => (await answer).error?.code ?? 'ok'
const alone = async (url = site.url) => (await stranger(url).call('session.challenge', {})).options
const within = async (ticket: string, url = site.url) =>
  (await stranger(url).call('session.challenge', { ticket })).options

let made = 0
async function addHolder() {
  made += 1
  const name = `holder${made}@example.com`
  const person = await site.addUser(name)
  return { name, person, ...(await addPasskey(person, origin)) }
}

const lies: [string, Lie][] = [
  ['another challenge', { challenge: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
  ['another origin', { origin: 'https://chat.example.com.evil.example' }],
  ['the origin without TLS', { origin: 'http://chat.example.com' }],
  ['another domain', { rpID: 'evil.example' }],
  ['the domain above', { rpID: 'example.com' }],
  ['another ceremony', { type: 'payment.get' }],
  ['a holder who was not asked', { unverified: true }],
]

test('[SF4] a passkey is set up for our challenge, origin and domain only, with its holder verified', async () => {
  const ann = await site.addUser('ann@example.com')
  const begin = async () => (await ann.call('factor.begin', { kind: 'passkey' })).options
  for (const [what, lie] of lies) {
    const passkey = openAuthenticator(origin).create(await begin(), lie)
    expect(await ann.code('factor.confirm', { passkey }), what).toBe('invalid_argument')
  }
  const authenticator = openAuthenticator(origin)
  const passkey = authenticator.create(await begin())
  // The challenge is his, and good once.
  const bob = await site.addUser('bob@example.com')
  expect(await bob.code('factor.confirm', { passkey })).toBe('invalid_argument')
  expect(await ann.code('factor.confirm', { passkey })).toBe('invalid_argument')
  for (const spoilt of [
    { ...passkey, clientDataJSON: 'AAAA' },
    { ...passkey, clientDataJSON: Buffer.from('null').toString('base64url') },
    { ...authenticator.create(await begin()), attestationObject: 'AAAA' },
    { ...authenticator.create(await begin()), id: 'AAAA' },
  ])
    expect(await ann.code('factor.confirm', { passkey: spoilt })).toBe('invalid_argument')
  expect((await ann.call('factor.list', {})).passkeys).toEqual([])
  // Begun at one server, confirmed at the other.
  const last = authenticator.create(await begin())
  const there = stranger(other, ann.token)
  expect((await there.call('factor.confirm', { passkey: last, name: ' Key ' })).recoveryCodes).toHaveLength(10)
  expect((await ann.call('factor.list', {})).passkeys).toMatchObject([{ name: 'Key', lastUsedAt: null }])
  // The same one again, for anybody.
  const taken = authenticator.create((await bob.call('factor.begin', { kind: 'passkey' })).options)
  expect(await bob.code('factor.confirm', { passkey: taken })).toBe('conflict')
})

test('[SF4] after the password a passkey is taken for the challenge of that ticket only, once, on any server', async () => {
  const { name, authenticator } = await addHolder()
  const { ticket, methods } = await firstStep(site.url, name)
  expect(methods).toEqual(['passkey', 'recovery'])
  for (const [what, lie] of [...lies, ['a forged signature', { forged: true }] as [string, Lie]]) {
    const passkey = authenticator.get(await within(ticket), lie)
    expect(await code(askSignIn(site.url, { ticket, passkey })), what).toBe('unauthenticated')
  }
  // A challenge for signing in alone, for a proof, or of another's ticket.
  expect(await code(askSignIn(site.url, { ticket, passkey: authenticator.get(await alone()) }))).toBe('unauthenticated')
  const eve = await addHolder()
  const { options } = await eve.person.call('factor.challenge', {})
  expect(await code(askSignIn(site.url, { ticket, passkey: authenticator.get(options) }))).toBe('unauthenticated')
  const hers = await firstStep(site.url, eve.name)
  expect(await code(askSignIn(site.url, { ticket, passkey: authenticator.get(await within(hers.ticket)) }))).toBe(
    'unauthenticated',
  )
  // Her passkey for his ticket.
  expect(await code(askSignIn(site.url, { ticket, passkey: eve.authenticator.get(await within(ticket)) }))).toBe(
    'unauthenticated',
  )
  const late = await within(ticket)
  await site.db.query("UPDATE passkey_challenge SET expires_at = expires_at - interval '5 minutes'")
  expect(await code(askSignIn(site.url, { ticket, passkey: authenticator.get(late) }))).toBe('unauthenticated')
  const passkey = authenticator.get(await within(ticket, other))
  const answers = await Promise.all([
    code(askSignIn(site.url, { ticket, passkey })),
    code(askSignIn(other, { ticket, passkey })),
  ])
  expect(answers.sort()[0]).toMatch(/conflict|ok/)
  expect(answers.filter(one => one === 'ok')).toHaveLength(1)
  expect(await code(askSignIn(site.url, { ticket, passkey }))).toBe('conflict')
})

test('[SF5] a passkey whose counter does not rise is refused; one that counts nothing is not', async () => {
  const { name, authenticator } = await addHolder()
  const sign = async (counter: number) => {
    const { ticket } = await firstStep(site.url, name)
    return code(askSignIn(site.url, { ticket, passkey: authenticator.get(await within(ticket), { counter }) }))
  }
  expect([await sign(0), await sign(0)]).toEqual(['ok', 'ok'])
  expect([await sign(7), await sign(7), await sign(6), await sign(0), await sign(8)]).toEqual([
    ...['ok', 'unauthenticated', 'unauthenticated', 'unauthenticated', 'ok'],
  ])
  // At two servers at once.
  const one = await alone()
  const two = await alone(other)
  const answers = await Promise.all([
    code(askSignIn(site.url, { passkey: authenticator.get(one, { counter: 9 }) })),
    code(askSignIn(other, { passkey: authenticator.get(two, { counter: 9 }) })),
  ])
  expect(answers.sort()).toEqual(['ok', 'unauthenticated'])
})

test('[SF6] a passkey alone signs its holder in, and says itself who he is', async () => {
  const { name, authenticator } = await addHolder()
  const options = await alone()
  // Nothing in it tells who has an account.
  expect(options).toMatchObject({ allowCredentials: [], rpId: 'chat.example.com', userVerification: 'required' })
  const signedIn = await askSignIn(other, { passkey: authenticator.get(options) })
  expect(signedIn.result?.me.name).toBe(name)
  expect(await stranger(site.url, signedIn.result?.token).code('session.list', {})).toBe('ok')
  for (const [what, lie] of [
    ...lies,
    ['no holder', { userHandle: null }] as [string, Lie],
    ['another holder', { userHandle: 'AAAAAAAAAAAAAAAAAAAAAA' }] as [string, Lie],
    ['a forged signature', { forged: true }] as [string, Lie],
  ])
    expect(await code(askSignIn(site.url, { passkey: authenticator.get(await alone(), lie) })), what).toBe(
      'unauthenticated',
    )
  const used = authenticator.get(await alone())
  expect(await code(askSignIn(site.url, { passkey: used }))).toBe('ok')
  expect(await code(askSignIn(site.url, { passkey: used }))).toBe('unauthenticated')
  expect(await code(askSignIn(site.url, { passkey: openAuthenticator(origin).get(await alone()) }))).toBe(
    'unauthenticated',
  )
})

test('[SF6] a passkey opens no account that is disabled, gone to another source, or has lost it', async () => {
  const { name, person, authenticator } = await addHolder()
  const sign = async () => code(askSignIn(site.url, { passkey: authenticator.get(await alone()) }))
  await site.admin.call('principal.update', { principal: name, disabled: true })
  expect(await sign()).toBe('unauthenticated')
  await site.admin.call('principal.update', { principal: name, disabled: false })
  await site.db.query("UPDATE principal SET source = 'ad' WHERE id = $1", [person.me.id])
  expect(await sign()).toBe('unauthenticated')
  await site.db.query("UPDATE principal SET source = '' WHERE id = $1", [person.me.id])
  expect(await sign()).toBe('ok')
  await site.admin.call('factor.reset', { user: name })
  expect(await sign()).toBe('unauthenticated')
})

test('[SF13] a passkey proves again who one is', async () => {
  const { person, authenticator } = await addHolder()
  await site.db.query('UPDATE session SET proven_at = NULL WHERE principal = $1', [person.me.id])
  const { options } = await person.call('factor.challenge', {})
  const passkey = authenticator.get(options)
  const eve = await addHolder()
  expect(await eve.person.code('factor.prove', { passkey })).toBe('forbidden')
  expect(await person.code('factor.prove', { passkey })).toBe('forbidden')
  expect(await person.code('factor.recoveryCodes', {})).toBe('proof_required')
  await person.call('factor.prove', { passkey: authenticator.get((await person.call('factor.challenge', {})).options) })
  expect(await person.code('factor.recoveryCodes', {})).toBe('ok')
})

test('[SF14] several passkeys have names, are listed, renamed and removed by their owner', async () => {
  const { name, person, authenticator } = await addHolder()
  const phone = await addPasskey(person, origin, 'Phone')
  expect(phone.recoveryCodes).toEqual([])
  const { secret } = await addTotp(person)
  const listed = await person.call('factor.list', {})
  expect(listed.passkeys.map(one => one.name)).toEqual(['Laptop', 'Phone'])
  const eve = await addHolder()
  const { id } = authenticator
  expect(await eve.person.code('factor.rename', { passkey: id, name: 'Mine' })).toBe('not_found')
  expect(await eve.person.code('factor.remove', { passkey: id })).toBe('not_found')
  expect(await person.code('factor.rename', { passkey: id, name: ' ' })).toBe('invalid_argument')
  await person.call('factor.rename', { passkey: id, name: 'Old laptop' })
  await person.call('factor.remove', { passkey: id })
  expect((await person.call('factor.list', {})).passkeys.map(one => one.name)).toEqual(['Phone'])
  expect(await code(askSignIn(site.url, { passkey: authenticator.get(await alone()) }))).toBe('unauthenticated')
  await person.call('factor.remove', { passkey: phone.authenticator.id })
  expect((await person.call('factor.list', {})).recoveryCodes).toBe(10)
  const { ticket, methods } = await firstStep(site.url, name)
  expect(methods).toEqual(['totp', 'recovery'])
  expect(await code(askSignIn(site.url, { ticket, code: codeOf(secret, 1) }))).toBe('ok')
  expect(await code(askSignIn(site.url, { user: 'ann@example.com', password: `${password}!` }))).toBe('unauthenticated')
})

test('[SF14] an account has at most twenty passkeys', async () => {
  const { person } = await addHolder()
  for (let n = 1; n < 20; n += 1) await addPasskey(person, origin, `Key ${n}`)
  expect(await person.code('factor.begin', { kind: 'passkey' })).toBe('conflict')
})

test('[SF4] servers with hosts of their own share passkeys of the domain that they are in; an address without a name has none', async () => {
  const [one, two] = [
    await site.another({ publicUrl: 'https://chat1.example.org', passkeyDomain: 'example.org' }),
    await site.another({ publicUrl: 'https://chat2.example.org', passkeyDomain: 'example.org' }),
  ]
  const ann = await site.addUser('anna@example.com')
  const { authenticator } = await addPasskey(one.at(ann), 'https://chat1.example.org')
  const passkey = authenticator.get(await alone(two.url), { origin: 'https://chat2.example.org' })
  expect(await code(askSignIn(two.url, { passkey }))).toBe('ok')
  const foreign = await site.another({ publicUrl: 'https://chat.example.net', passkeyDomain: 'example.org' })
  expect(await alone(foreign.url)).toMatchObject({ rpId: 'chat.example.net' })
  for (const publicUrl of ['https://192.0.2.1', 'https://[2001:db8::1]', 'http://chat.example.com']) {
    const nameless = await site.another({ publicUrl })
    expect(await stranger(nameless.url).code('session.challenge', {}), publicUrl).toBe('conflict')
    expect((await nameless.at(ann).call('factor.list', {})).kinds).toEqual(['totp'])
    await nameless.stop()
  }
})
