import { afterAll, beforeAll, expect, test } from 'vitest'
import { recordSignIn, writeSignIns } from '../src/chat/sign-in-record.ts'
import { addPasskey, addTotp, askSignIn, codeOf, firstStep, stranger } from './factor-people.ts'
import { openSite, password, type Site, signInAt } from './harness.ts'
import { openPeople } from './people.ts'
import { until } from './stage.ts'

const publicUrl = 'https://chat.example.com'
let site: Site
beforeAll(async () => {
  site = await openSite({ publicUrl })
})
afterAll(() => site.stop())

const record = async (user: string) =>
  (await site.admin.call('session.record', { user: `${user}@example.com` })).entries

test('[SI12] every sign-in and refused try is recorded: when, who, from where, how, with what outcome and session', async () => {
  const before = Date.now()
  const ann = await site.addUser('ann@example.com')
  await askSignIn(site.url, { user: 'ANN', password: 'wrong password' })
  const { secret, recoveryCodes } = await addTotp(ann)
  const { authenticator } = await addPasskey(ann, publicUrl)
  const { ticket } = await firstStep(site.url, 'ann')
  await askSignIn(site.url, { ticket, code: '000000' })
  await askSignIn(site.url, { ticket, code: codeOf(secret, 1) })
  await askSignIn(site.url, { ticket: (await firstStep(site.url, 'ann')).ticket, recoveryCode: recoveryCodes[0]! })
  const challenge = async () => (await stranger(site.url).call('session.challenge', {})).options
  await askSignIn(site.url, { passkey: authenticator.get(await challenge()) })
  await askSignIn(site.url, { passkey: authenticator.get(await challenge(), { counter: 1 }) })
  const entries = await record('ann')
  expect(entries.map(one => `${one.method} ${one.outcome}`).reverse()).toEqual([
    'password ok',
    'password wrong',
    'password factor required',
    'totp wrong',
    'totp ok',
    'password factor required',
    'recovery ok',
    'passkey ok',
    'passkey wrong',
  ])
  for (const one of entries) {
    expect(one).toMatchObject({ user: { id: ann.me.id, name: 'ann@example.com' }, address: '127.0.0.1' })
    expect(Date.parse(one.at)).toBeGreaterThanOrEqual(before)
    expect(one.session !== undefined).toBe(one.outcome === 'ok')
  }
  const { sessions } = await site.admin.call('session.list', { user: 'ann@example.com' })
  const opened = entries.flatMap(one => one.session ?? [])
  expect(opened.sort()).toEqual(sessions.map(one => one.id).sort())
})

test('[SI12] lock-outs, bots, set-up and obligatory enrolment are in it, too; a session that is opened again is not', async () => {
  const ben = await site.addUser('ben@example.com')
  await site.admin.call('settings.update', { settings: { lockoutThreshold: 1 } })
  for (let n = 0; n < 2; n += 1) await askSignIn(site.url, { user: 'ben', password: 'wrong password' })
  await site.admin.call('settings.update', { settings: { lockoutThreshold: 10 } })
  for (let n = 0; n < 3; n += 1) await (await ben.open()).close()
  expect((await record('ben')).map(one => one.outcome)).toEqual(['locked', 'wrong', 'ok'])
  await site.admin.call('bot.create', { name: 'bot@example.com', displayName: 'bot' })
  await site.admin.call('bot.issueToken', { bot: 'bot@example.com' })
  expect(await record('bot')).toMatchObject([
    { method: 'token', outcome: 'ok', session: expect.any(String) },
    { method: 'token', outcome: 'ok' },
  ])
})

test('[SI13] a try is in the store a moment later without anybody asking, and once; it waits for a store that is away', async () => {
  await site.addUser('cem@example.com')
  await askSignIn(site.url, { user: 'cem', password: 'wrong password' })
  const count = async () => {
    const { rows } = await site.db.query<{ n: number }>(
      "SELECT count(*) AS n FROM sign_in JOIN principal p ON p.id = principal WHERE p.name = 'cem@example.com'",
    )
    return rows[0]!.n
  }
  const asked = Date.now()
  await until(async () => (await count()) === 2, 'written')
  expect(Date.now() - asked).toBeLessThan(1_000)
  await site.db.query('ALTER TABLE sign_in RENAME TO sign_in_away')
  for (let n = 0; n < 5; n += 1) await askSignIn(site.url, { user: 'cem', password: 'wrong password' })
  await new Promise(resolve => setTimeout(resolve, 500))
  await site.db.query('ALTER TABLE sign_in_away RENAME TO sign_in')
  await until(async () => (await count()) === 7, 'written after all')
  await record('cem')
  expect(await count()).toBe(7)
})

test('[SI13] a server that stops has written what came last', async () => {
  await site.addUser('eda@example.com')
  const leaving = await site.another()
  await askSignIn(leaving.url, { user: 'eda', password: 'wrong password' })
  await leaving.stop()
  const { rows } = await site.db.query<{ outcome: string }>('SELECT outcome FROM sign_in ORDER BY id DESC LIMIT 1')
  expect(rows[0]?.outcome).toBe('wrong')
})

test('[SI13] a morning of sign-ins is written in few statements, in the order in which they came', async () => {
  const { chat, close } = await openPeople()
  let statements = 0
  const { query } = chat.db
  chat.db.query = ((...given: Parameters<typeof query>) => {
    statements += 1
    return query.apply(chat.db, given)
  }) as typeof query
  const began = performance.now()
  for (let n = 0; n < 2_500; n += 1)
    recordSignIn(chat, { name: `user${n}@example.com`, address: `192.0.2.${n % 200}`, method: 'ldap', outcome: 'ok' })
  expect(performance.now() - began).toBeLessThan(200)
  await Promise.all([writeSignIns(chat), writeSignIns(chat)])
  // And one for the key that names without an account are hashed with.
  expect(statements).toBe(4)
  const { rows } = await chat.db.query<{ address: string }>('SELECT address FROM sign_in ORDER BY id LIMIT 3')
  expect(rows.map(row => row.address)).toEqual(['192.0.2.0', '192.0.2.1', '192.0.2.2'])
  expect((await chat.db.query('SELECT FROM sign_in')).rowCount).toBe(2_500)
  await close()
})

test('[SI14] a name without an account is kept as a part of its hash, and no password, code or ticket stands in the record', async () => {
  const typed = 'a password in the wrong field'
  await askSignIn(site.url, { user: typed, password: 'another wrong one' })
  await askSignIn(site.url, { user: typed.toUpperCase(), password: 'another wrong one' })
  await askSignIn(site.url, { user: 'nobody@example.com', password: 'another wrong one' })
  const { entries } = await site.admin.call('session.record', { all: true, limit: 3 })
  const unknown = entries.map(one => one.unknown)
  expect(unknown[1]).toMatch(/^[0-9a-f]{8}$/)
  expect(unknown[2]).toBe(unknown[1])
  expect(unknown[0]).not.toBe(unknown[1])
  expect(entries[0]).toMatchObject({ user: null, outcome: 'wrong' })
  const all = JSON.stringify([
    await site.admin.call('session.record', { all: true }),
    (await site.db.query('SELECT * FROM sign_in')).rows,
  ]).toLowerCase()
  for (const secret of [typed, 'nobody@example.com', 'another wrong one', 'wrong password', password, '000000'])
    expect(all).not.toContain(secret.toLowerCase())
})

test('[SI14] what stands for a name is hashed with a key of the store: the same at every server, and no list of words finds it', async () => {
  const typed = 'slipped password'
  const ask = async (url: string) => {
    await askSignIn(url, { user: typed, password: 'another wrong one' })
    await expect.poll(async () => (await newest()).rowCount).toBe(1)
    const { rows } = await newest()
    await site.db.query('DELETE FROM sign_in WHERE unknown = $1', [rows[0]!.unknown])
    return rows[0]!.unknown
  }
  const { rows: before } = await site.db.query<{ id: number }>('SELECT coalesce(max(id), 0) AS id FROM sign_in')
  const newest = () =>
    site.db.query<{ unknown: string }>('SELECT unknown FROM sign_in WHERE id > $1 AND unknown IS NOT NULL', [
      before[0]!.id,
    ])
  const { rows } = await site.db.query<{ key: Buffer }>('SELECT key FROM sign_in_key')
  expect(rows[0]!.key.length).toBeGreaterThanOrEqual(32)
  const first = await ask(site.url)
  const other = await site.another()
  expect(await ask(other.url)).toBe(first)
  await other.stop()
  await site.db.query("UPDATE sign_in_key SET key = decode(repeat('00', 32), 'hex')")
  const changed = await site.another()
  expect(await ask(changed.url)).not.toBe(first)
  await changed.stop()
  await site.db.query('UPDATE sign_in_key SET key = $1', [rows[0]!.key])
})

test('[SI14] the log names accounts only, whether or not the name is locked', async () => {
  const said: object[] = []
  const note = (context: object, text: string) => void said.push({ ...context, text })
  await site.addUser('fay@example.com')
  await site.admin.call('settings.update', { settings: { lockoutThreshold: 1 } })
  const logged = await site.another({ log: { debug: note, info: note, warn: note, error: note } })
  const logging = stranger(logged.url)
  for (const user of ['fay', 'slip of the password'])
    for (let n = 0; n < 2; n += 1) await logging.ask('session.signIn', { user, password: 'wrong password' })
  await site.admin.call('settings.update', { settings: { lockoutThreshold: 10 } })
  await logged.stop()
  const about = (text: string) => said.filter(one => (one as { text: string }).text === text)
  expect(about('sign-in failed')).toMatchObject([{ name: 'fay@example.com', address: '127.0.0.1' }, {}])
  expect(about('sign-in to a locked name')).toHaveLength(2)
  expect(JSON.stringify(said).toLowerCase()).not.toContain('slip of')
})

test('[SI15] the record is shown page by page to oneself, and of others and all to administrators only', async () => {
  const dan = await site.addUser('dan@example.com')
  for (let n = 0; n < 4; n += 1) await signInAt(site.url, 'dan@example.com')
  const first = await dan.call('session.record', { limit: 2 })
  const second = await dan.call('session.record', { limit: 10, before: first.entries.at(-1)!.id })
  const ids = [...first.entries, ...second.entries].map(one => one.id)
  expect(ids).toHaveLength(5)
  expect(ids).toEqual(ids.toSorted((a, b) => b - a))
  for (const one of second.entries) expect(one.user?.name).toBe('dan@example.com')
  expect(await dan.code('session.record', { user: 'ann@example.com' })).toBe('forbidden')
  expect(await dan.code('session.record', { all: true })).toBe('forbidden')
  expect(await dan.code('session.record', { user: 'dan@example.com' })).toBe('ok')
  expect(await site.admin.code('session.record', { user: 'dan@example.com', all: true })).toBe('invalid_argument')
  const all = await site.admin.call('session.record', { all: true })
  expect(new Set(all.entries.map(one => one.user?.name)).size).toBeGreaterThan(2)
})

test('[SI16] what is older than the setting says goes from the record', async () => {
  await record('ann')
  await site.db.query("UPDATE sign_in SET at = at - interval '40 days' WHERE id % 2 = 0")
  const count = async () => (await site.db.query('SELECT FROM sign_in')).rowCount
  const before = (await count()) ?? 0
  const round = async () => await (await site.another()).stop()
  await round()
  expect(await count()).toBeGreaterThanOrEqual(before)
  await site.admin.call('settings.update', { settings: { signInRecordDays: 30 } })
  await round()
  await until(
    async () => (await site.db.query("SELECT FROM sign_in WHERE at < now() - interval '30 days'")).rowCount === 0,
  )
  expect(await count()).toBeGreaterThan(0)
})
