import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { addUser, openAdministrator, openPeople, password, signedIn } from '../../test/people.ts'
import { Refusal } from '../protocol/error.ts'
import { type Db, transaction } from '../store/db.ts'
import { findCredential } from '../store/principal.ts'
import { holdByPassword } from '../store/second-factor.ts'
import { readStamps } from '../store/stamp.ts'
import type { Caller, Chat } from './chat.ts'
import { changePassword } from './password.ts'
import { updatePrincipal } from './principal-update.ts'
import { callerOfToken, endSession, listSessions, purgeSignIns, signIn } from './session.ts'
import { loadSettings, updateSettings } from './settings.ts'

let people: Awaited<ReturnType<typeof openPeople>>
let chat: Chat
let admin: Caller
beforeAll(async () => {
  people = await openPeople()
  chat = people.chat
  admin = await openAdministrator(chat)
  await addUser(chat, admin, 'alice@example.com')
  await addUser(chat, admin, 'bob@example.com')
})
afterAll(() => people.close())
beforeEach(async () => {
  people.heard.length = 0
  await chat.db.query('DELETE FROM sign_in_failure')
})

let lastAddress = 0
/** An address that has no failures yet. */
const fresh = () => {
  lastAddress += 1
  return `198.51.100.${lastAddress}`
}
const attempt = (user: string, typed = 'wrong password', address = fresh()) =>
  signIn(chat, { address }, { user, password: typed })
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: { code: string; message: string; retryAfterMs?: number }) => ({ ...error, message: error.message }),
  )

test('[SI2] a sign-in answers a token that works until it ends, who it is and where to connect', async () => {
  const answer = await attempt('Alice', password)
  expect(answer.me).toMatchObject({ name: 'alice@example.com', administrator: false, enabled: true })
  expect(answer.servers).toEqual(['ws://one/ws'])
  const caller = await callerOfToken(chat, answer.token, '::1')
  expect(caller).toMatchObject({ user: { name: 'alice@example.com' }, administrator: false, address: '::1' })
  const { rows } = await chat.db.query<{ text: string }>('SELECT session::text AS text FROM session WHERE id = $1', [
    caller!.session,
  ])
  expect(rows[0]!.text).not.toContain(answer.token)
  await chat.db.query("UPDATE session SET expires_at = now() - interval '1 second' WHERE id = $1", [caller!.session])
  expect(await callerOfToken(chat, answer.token, '::1')).toBeUndefined()
  await purgeSignIns(chat)
  expect(people.heard).toEqual([{ kind: 'ended', sessions: [caller!.session] }])
  for (const bad of ['', 'x', 'x'.repeat(101), `${answer.token}x`])
    expect(await callerOfToken(chat, bad, '::1')).toBeUndefined()
})

test('[OP6] a sign-in that would wait too long is refused before the store is asked', async () => {
  const { db, directory } = chat
  let asked = 0
  const query: Db['query'] = (text, values) => {
    asked += 1
    return db.query(text, values)
  }
  const refuseCrowd = () => {
    throw new Refusal('unavailable', 'a crowd', { retryAfterMs: 5_000 })
  }
  const crowded: Chat = {
    ...chat,
    db: { ...db, query, connect: () => db.connect() },
    directory: { ...directory, refuseCrowd },
  }
  const signInThere = () => signIn(crowded, { address: fresh() }, { user: 'alice', password })
  expect(await refusal(signInThere())).toMatchObject({ code: 'unavailable', retryAfterMs: 5_000 })
  expect(asked).toBe(0)
  crowded.directory = directory
  await signInThere()
  expect(asked).toBeGreaterThan(0)
})

test('[SI2] a look at a token writes nothing: what was used is noted later, in one go', async () => {
  const tokens = [(await attempt('alice', password)).token, (await attempt('bob', password)).token]
  await chat.db.query("UPDATE session SET last_used_at = now() - interval '2 minutes'")
  const callers = await Promise.all(tokens.map(token => callerOfToken(chat, token, '::1')))
  const ids = callers.map(caller => caller!.session)
  const noted = async () =>
    (
      await chat.db.query("SELECT FROM session WHERE id = ANY ($1) AND last_used_at > now() - interval '1 minute'", [
        ids,
      ])
    ).rowCount
  expect(await noted()).toBe(0)
  await purgeSignIns(chat)
  expect(await noted()).toBe(2)
})

test('[SI2] use is noted, at most every minute', async () => {
  const { token } = await attempt('alice', password)
  const usedAt = async () =>
    (await listSessions(chat, (await callerOfToken(chat, token, '::1'))!, {})).sessions[0]!.lastUsedAt
  const first = await usedAt()
  expect(await usedAt()).toBe(first)
  await chat.db.query("UPDATE session SET last_used_at = now() - interval '2 minutes'")
  expect(Date.parse(await usedAt())).toBeGreaterThanOrEqual(Date.parse(first))
})

test('[SI4] wrong password, unknown name, disabled account and no account at all are one answer', async () => {
  await addUser(chat, admin, 'off@example.com')
  await updatePrincipal(chat, admin, { principal: 'off@example.com', disabled: true })
  const answers = await Promise.all([
    refusal(attempt('alice')),
    refusal(attempt('nobody')),
    refusal(attempt('off', password)),
    refusal(attempt('example.com', password)),
    refusal(attempt(`${'x'.repeat(500)}@example.com`)),
  ])
  expect(answers[0]).toMatchObject({ code: 'unauthenticated' })
  expect(new Set(answers.map(one => JSON.stringify(one))).size).toBe(1)
})

test('[SI3] failures in a row lock a name, whether or not it exists, and longer each time; the right password does not help', async () => {
  await updateSettings(chat, admin, { settings: { lockoutThreshold: 3, lockoutSeconds: 60 } })
  // A minute ago: a machine's clock may be set back between two statements.
  const unlock = () => chat.db.query("UPDATE sign_in_failure SET locked_until = now() - interval '1 minute'")
  for (const name of ['alice', 'nobody']) {
    const codes = []
    for (let n = 0; n < 4; n += 1) codes.push((await refusal(attempt(name)))?.code)
    expect(codes).toEqual(['unauthenticated', 'unauthenticated', 'unauthenticated', 'rate_limited'])
  }
  const locked = await refusal(attempt('alice', password))
  expect(locked?.retryAfterMs).toBeGreaterThan(50_000)
  expect(locked?.retryAfterMs).toBeLessThanOrEqual(60_000)
  for (const most of [120_000, 240_000, 480_000, 900_000]) {
    await unlock()
    await refusal(attempt('nobody'))
    const wait = (await refusal(attempt('nobody')))!.retryAfterMs!
    expect(wait).toBeGreaterThan(most - 10_000)
    expect(wait).toBeLessThanOrEqual(most)
  }
  await unlock()
  await attempt('alice', password)
  expect((await refusal(attempt('alice')))?.code, 'a success forgets what was counted').toBe('unauthenticated')
  const { rows } = await chat.db.query("SELECT failures FROM sign_in_failure WHERE name_key LIKE 'alice%'")
  expect(rows).toEqual([{ failures: 1 }])
})

test('[SI3] many guesses at once get no further than as many in a row', async () => {
  await updateSettings(chat, admin, { settings: { lockoutThreshold: 3 } })
  const answers = await Promise.all(Array.from({ length: 12 }, () => refusal(attempt('bob'))))
  const codes = answers.map(one => one?.code)
  expect(codes.filter(code => code === 'unauthenticated')).toHaveLength(3)
  expect(codes.filter(code => code === 'rate_limited')).toHaveLength(9)
})

test('[SI3] an address may fail so often a minute under any names; successes and trusted networks are free', async () => {
  const from = fresh()
  await updateSettings(chat, admin, {
    settings: { lockoutThreshold: 100, failedSignInsPerMinute: 4, trustedNetworks: [] },
  })
  for (let n = 0; n < 6; n += 1) await attempt('alice', password, from)
  const codes = []
  for (let n = 0; n < 5; n += 1) codes.push((await refusal(attempt(`guess${n}`, 'x', from)))?.code)
  expect(codes).toEqual([...Array(4).fill('unauthenticated'), 'rate_limited'])
  expect((await refusal(attempt('alice', password, from)))?.retryAfterMs).toBeGreaterThan(1_000)
  await attempt('alice', password)
  await updateSettings(chat, admin, { settings: { trustedNetworks: ['198.51.100.0/24'] } })
  await attempt('alice', password, from)
})

test('[SI3] what the server could not decide is no failure', async () => {
  const { directory } = chat
  chat.directory = { ...directory, authenticate: () => Promise.reject(new Error('busy')) }
  try {
    expect((await refusal(attempt('alice')))?.message).toBe('busy')
  } finally {
    chat.directory = directory
  }
  const { rows } = await chat.db.query('SELECT failures FROM sign_in_failure')
  expect(rows).toEqual([{ failures: 0 }])
})

test('[SI6] one signs oneself out, here or elsewhere, and that raises no version', async () => {
  const [here, there] = [await signedIn(chat, 'alice@example.com'), await signedIn(chat, 'alice@example.com')]
  const { directory } = await readStamps(chat.db)
  await endSession(chat, here, { session: there.session.toUpperCase() })
  await endSession(chat, here, {})
  expect(people.heard).toEqual([
    { kind: 'ended', sessions: [there.session] },
    { kind: 'ended', sessions: [here.session] },
  ])
  expect((await readStamps(chat.db)).directory).toBe(directory)
})

test('[SI6] an administrator ends the sessions of others, which raises the version and is audited', async () => {
  const bob = await signedIn(chat, 'bob@example.com')
  const { directory } = await readStamps(chat.db)
  await endSession(chat, admin, { user: 'bob@example.com' })
  expect(people.heard).toMatchObject([{ kind: 'directory', version: directory + 1 }, { kind: 'ended' }])
  expect((people.heard[1] as { sessions: string[] }).sessions).toContain(bob.session)
  const { rows } = await chat.db.query("SELECT subject FROM audit WHERE action = 'session.end'")
  expect(rows).toEqual([{ subject: bob.user.id }])
  const again = await signedIn(chat, 'bob@example.com')
  await endSession(chat, admin, { session: again.session })
  expect(people.heard.filter(head => head.kind === 'directory')).toHaveLength(2)
})

test("[SI6] others' sessions do not exist for who is no administrator", async () => {
  const [alice, bob] = [await signedIn(chat, 'alice@example.com'), await signedIn(chat, 'bob@example.com')]
  const code = async (input: { session?: string; user?: string }) =>
    (await refusal(endSession(chat, alice, input)))?.code
  expect(await code({ session: bob.session })).toBe('not_found')
  expect(await code({ session: '99999999-9999-9999-9999-999999999999' })).toBe('not_found')
  expect(await code({ user: 'nobody@example.com' })).toBe('not_found')
  expect(await code({ user: 'bob@example.com' })).toBe('forbidden')
  expect(await code({ user: 'alice@example.com', session: alice.session })).toBe('invalid_argument')
  expect((await refusal(listSessions(chat, alice, { user: 'bob@example.com' })))?.code).toBe('forbidden')
  const once = { ...alice, administrator: true }
  expect((await refusal(endSession(chat, once, { user: 'bob@example.com' })))?.code, 'read anew').toBe('forbidden')
  const { sessions } = await listSessions(chat, alice, {})
  expect(sessions.filter(one => one.current).map(one => one.id)).toEqual([alice.session])
  expect((await listSessions(chat, admin, { user: bob.user.id })).sessions.map(one => one.id)).toContain(bob.session)
})

test('[SI7] whoever changes his password must know the old one, and his other sessions end', async () => {
  const [here, there] = [await signedIn(chat, 'alice@example.com', fresh()), await signedIn(chat, 'alice@example.com')]
  const change = (old: string, newPassword: string) => changePassword(chat, here, { password: old, newPassword })
  expect((await refusal(change('wrong password', 'a new password')))?.code).toBe('forbidden')
  expect((await refusal(change(password, 'short')))?.code).toBe('invalid_argument')
  await change(password, 'a new password')
  expect((people.heard.at(-1) as { sessions: string[] }).sessions).toContain(there.session)
  expect((await refusal(attempt('alice', password)))?.code).toBe('unauthenticated')
  await attempt('alice', 'a new password')
  expect((await listSessions(chat, here, {})).sessions.map(one => one.id)).toContain(here.session)
  await updatePrincipal(chat, admin, { principal: 'alice@example.com', password })
  expect((await listSessions(chat, here, {})).sessions).toEqual([])
})

test('[SI7] a sign-in that was checked against the old password does not survive its change', async () => {
  const before = (await findCredential(chat.db, 'alice@example.com'))!
  await updatePrincipal(chat, admin, { principal: before.principal.id, password: 'yet another password' })
  expect(await transaction(chat.db, tx => holdByPassword(tx, before.principal.id, before.passwordHash))).toBeUndefined()
  await loadSettings(chat)
})
