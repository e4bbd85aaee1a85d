import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { claimVouches } from '../src/store/oidc.ts'
import { type Live, openSite, personAt, type Site } from './harness.ts'
import { openTestBrowser, type TestBrowser } from './oidc-browser.ts'
import { openTestProvider, type TestProvider } from './oidc-provider.ts'

/** What a provider's word is worth after the sign-in: renewed, taken back, out of reach. */

let idp: TestProvider
let mute: TestProvider
let site: Site
let second: Awaited<ReturnType<Site['another']>>

const quick = { timeoutMs: 1_000, keyCooldownMs: 0, failureMs: 100 }

beforeAll(async () => {
  idp = await openTestProvider()
  mute = await openTestProvider({ name: 'mute', refresh: false })
  site = await openSite({
    oidc: [
      idp.config({ claims: { groups: 'groups' }, graceHours: 8 }),
      mute.config({ name: 'mute', domain: 'mute.com', graceHours: 2 }),
    ],
    oidcCheckMs: 100,
    oidcOptions: quick,
  })
  second = await site.another()
  idp.register(site.url)
  mute.register(site.url)
})
beforeEach(() => {
  idp.state = 'on'
})
afterAll(async () => {
  await site?.stop()
  await idp?.close()
  await mute?.close()
})

type Seat = { browser: TestBrowser; token: string; session: string; live(url?: string): Promise<Live> }

async function sit(provider: TestProvider, name: string, login: string): Promise<Seat> {
  const browser = openTestBrowser()
  provider.login = login
  const { text, response } = await browser.go(`${site.url}/web/oidc/${name}/begin`)
  expect(response?.status, text).toBe(200)
  const token = browser.cookies(site.url).get('pchat')!
  const { me } = (await (await browser.ask(`${site.url}/web/session`)).json()) as { me: { id: string } }
  const person = personAt(site.url, token, me as never)
  const { sessions } = await person.call('session.list', {})
  const session = sessions.find(one => one.current)!.id
  return { browser, token, session, live: (url = site.url) => personAt(url, token, me as never).open() }
}

/** Its turn is now, whenever the provider was last asked. */
async function due(session: string, hoursAgo = 0): Promise<void> {
  await site.db.query(
    `UPDATE oidc_session SET check_after = now() - interval '1 second', checked_at = now() - $2 * interval '1 hour'
      WHERE session = $1`,
    [session, hoursAgo],
  )
}

async function stateOf(session: string) {
  const { rows } = await site.db.query<{ fresh: boolean; failed: boolean; later: boolean; token: string }>(
    `SELECT checked_at > now() - interval '20 seconds' AS fresh, failed_at IS NOT NULL AS failed,
            check_after > now() + interval '5 minutes' AS later, encode(refresh_token, 'hex') AS token
       FROM oidc_session WHERE session = $1`,
    [session],
  )
  return rows[0]
}

test('[OI9] the provider is asked again, with the token that it gave last, and what it says of groups counts from then on', async () => {
  idp.users.set('r-ann', { preferred_username: 'ann', name: 'Ann', groups: ['a'] })
  const seat = await sit(idp, 'idp', 'r-ann')
  const before = (await stateOf(seat.session))!.token
  idp.users.set('r-ann', { preferred_username: 'ann', name: 'Ann Archer', groups: ['b'] })
  for (let round = 0; round < 2; round += 1) {
    await due(seat.session, 3)
    await expect.poll(() => stateOf(seat.session)).toMatchObject({ fresh: true, failed: false, later: true })
  }
  expect((await stateOf(seat.session))!.token).not.toBe(before)
  const { principal, groups } = await site.admin.call('principal.get', { principal: 'ann@example.com' })
  await expect
    .poll(async () => (await site.admin.call('principal.get', { principal: principal.id })).principal.displayName)
    .toBe('Ann Archer')
  expect(groups?.map(one => one.name)).toEqual(['idp:b'])
})

test('[OI9] no two servers ask for one session at a time', async () => {
  idp.users.set('r-one', { preferred_username: 'one', name: 'One' })
  const seats = [await sit(idp, 'idp', 'r-one'), await sit(idp, 'idp', 'r-one'), await sit(idp, 'idp', 'r-one')]
  idp.asked.clear()
  await site.db.query(
    "UPDATE oidc_session SET check_after = now() - interval '1 second' WHERE session = ANY ($1::uuid[])",
    [seats.map(seat => seat.session)],
  )
  for (const seat of seats) await expect.poll(() => stateOf(seat.session)).toMatchObject({ later: true })
  await new Promise(resolve => setTimeout(resolve, 500))
  // A token that is used twice would have ended them: the provider rotates.
  expect(idp.asked.get('/token')).toBe(3)
  for (const seat of seats) expect(await stateOf(seat.session)).toMatchObject({ failed: false })
})

test('[OI9] a server that dies while it asks keeps the others from it for a while only', async () => {
  idp.users.set('r-del', { preferred_username: 'del', name: 'Del' })
  const seat = await sit(idp, 'idp', 'r-del')
  // Away for the moment, so that this test takes the session and not a server.
  await site.db.query("UPDATE oidc_session SET provider = 'idp-x' WHERE session = $1", [seat.session])
  await due(seat.session)
  const [taken] = await claimVouches(site.db, ['idp-x'], 20, 2)
  expect(taken?.session).toBe(seat.session)
  expect(await claimVouches(site.db, ['idp-x'], 20, 2)).toEqual([])
  await site.db.query("UPDATE oidc_session SET provider = 'idp' WHERE session = $1", [seat.session])
  await new Promise(resolve => setTimeout(resolve, 500))
  expect(await stateOf(seat.session)).toMatchObject({ later: false })
  await expect.poll(() => stateOf(seat.session), { timeout: 5_000 }).toMatchObject({ later: true, failed: false })
})

test('[OI9] what a provider takes back ends at once, open connections at every server too, and nobody else', async () => {
  idp.users.set('r-kay', { preferred_username: 'kay', name: 'Kay' })
  idp.users.set('r-leo', { preferred_username: 'leo', name: 'Leo' })
  const kay = await sit(idp, 'idp', 'r-kay')
  const leo = await sit(idp, 'idp', 'r-leo')
  const [here, there, other] = [await kay.live(), await kay.live(second.url), await leo.live()]
  await idp.revoke('r-kay')
  await due(kay.session)
  await due(leo.session)
  expect((await here.closed).code).toBe(4003)
  expect((await there.closed).code).toBe(4003)
  expect((await kay.browser.ask(`${site.url}/web/session`)).status).toBe(401)
  await expect.poll(() => stateOf(leo.session)).toMatchObject({ fresh: true, later: true })
  await other.settled()
  await other.close()
})

test('[OI9] while the provider is away who is in stays in, for the stated hours and no longer', async () => {
  idp.users.set('r-max', { preferred_username: 'max', name: 'Max' })
  for (const state of ['off', 'broken', 'slow'] as const) {
    idp.state = 'on'
    const short = await sit(idp, 'idp', 'r-max')
    const long = await sit(idp, 'idp', 'r-max')
    idp.state = state
    const live = await long.live()
    await due(short.session, 7.9)
    await due(long.session, 8.1)
    expect((await live.closed).code, state).toBe(4003)
    await expect.poll(() => stateOf(short.session), { timeout: 5_000 }).toMatchObject({ failed: true })
    expect((await short.browser.ask(`${site.url}/web/session`)).status, state).toBe(200)
    expect((await long.browser.ask(`${site.url}/web/session`)).status, state).toBe(401)
    // It comes back: the rest goes on as if nothing had been.
    idp.state = 'on'
    await due(short.session, 7.9)
    await expect.poll(() => stateOf(short.session), { timeout: 5_000 }).toMatchObject({ fresh: true, failed: false })
  }
})

test('[OI9] after a standstill of the pool the provider is asked before anybody is put out', async () => {
  idp.users.set('r-nat', { preferred_username: 'nat', name: 'Nat' })
  const seat = await sit(idp, 'idp', 'r-nat')
  await due(seat.session, 100)
  await expect.poll(() => stateOf(seat.session)).toMatchObject({ fresh: true, failed: false })
})

test('[OI9] with another client secret the kept tokens are unreadable: that is as if the provider were away', async () => {
  idp.users.set('r-oda', { preferred_username: 'oda', name: 'Oda' })
  const seat = await sit(idp, 'idp', 'r-oda')
  await site.db.query('UPDATE oidc_session SET refresh_token = $2 WHERE session = $1', [seat.session, Buffer.alloc(60)])
  await due(seat.session, 1)
  await expect.poll(() => stateOf(seat.session)).toMatchObject({ failed: true })
  expect((await seat.browser.ask(`${site.url}/web/session`)).status).toBe(200)
  await due(seat.session, 9)
  await expect.poll(async () => (await seat.browser.ask(`${site.url}/web/session`)).status).toBe(401)
})

test('[OI9] without a refresh token a session lasts the stated hours from its sign-in', async () => {
  mute.users.set('m-pia', { preferred_username: 'pia', name: 'Pia' })
  const seat = await sit(mute, 'mute', 'm-pia')
  expect((await stateOf(seat.session))!.token).toBeNull()
  await due(seat.session, 1.9)
  await new Promise(resolve => setTimeout(resolve, 400))
  expect((await seat.browser.ask(`${site.url}/web/session`)).status).toBe(200)
  await due(seat.session, 2.1)
  await expect.poll(async () => (await seat.browser.ask(`${site.url}/web/session`)).status).toBe(401)
})

test('[OI9] the sessions of a provider that is in no configuration any more end after eight hours', async () => {
  mute.users.set('m-quy', { preferred_username: 'quy', name: 'Quy' })
  const seat = await sit(mute, 'mute', 'm-quy')
  await site.db.query("UPDATE oidc_session SET provider = 'gone' WHERE session = $1", [seat.session])
  await due(seat.session, 7)
  await new Promise(resolve => setTimeout(resolve, 400))
  expect((await seat.browser.ask(`${site.url}/web/session`)).status).toBe(200)
  await due(seat.session, 8.1)
  await expect.poll(async () => (await seat.browser.ask(`${site.url}/web/session`)).status).toBe(401)
})

test('[OI10] who signs out at the provider is out here at once: that session, live at every server, and no other', async () => {
  idp.users.set('b-ria', { preferred_username: 'ria', name: 'Ria' })
  const seat = await sit(idp, 'idp', 'b-ria')
  const home = await sit(idp, 'idp', 'b-ria')
  const told = (await (await seat.browser.ask(`${site.url}/web/oidc/session`)).json()) as {
    provider: { name: string; title: string }
    signOutUrl: string
  }
  expect(told.provider).toEqual({ name: 'idp', title: 'The idp' })
  expect(new URL(told.signOutUrl).searchParams.get('post_logout_redirect_uri')).toBe(`${site.url}/`)
  const [here, there, other] = [await seat.live(), await seat.live(second.url), await home.live(second.url)]
  // As a person: the provider asks, and he says yes.
  const page = await seat.browser.go(told.signOutUrl)
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)![1]!
  const confirmed = await seat.browser.ask(`${idp.issuer}/session/end/confirm`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ xsrf, logout: 'yes' }).toString(),
  })
  expect(confirmed.headers.get('location')).toMatch(new RegExp(`^${site.url}/`))
  expect((await here.closed).code).toBe(4003)
  expect((await there.closed).code).toBe(4003)
  expect((await seat.browser.ask(`${site.url}/web/session`)).status).toBe(401)
  await other.settled()
  await other.close()
  expect(idp.errors.filter(error => error.startsWith('backchannel'))).toEqual([])
})

test('[OI10] whoever came by a password is told so, and offered no other sign-out', async () => {
  const answer = await fetch(`${site.url}/web/oidc/session`, {
    headers: { authorization: `Bearer ${site.admin.token}` },
  })
  expect(await answer.json()).toEqual({ provider: null })
  expect((await fetch(`${site.url}/web/oidc/session`)).status).toBe(401)
  // Where the provider is away one signs out here all the same.
  idp.users.set('b-sue', { preferred_username: 'sue', name: 'Sue' })
  const seat = await sit(idp, 'idp', 'b-sue')
  const { csrf } = (await (await seat.browser.ask(`${site.url}/web/session`)).json()) as { csrf: string }
  idp.state = 'off'
  const out = await seat.browser.ask(`${site.url}/web/signout`, { method: 'POST', headers: { 'x-pchat-csrf': csrf } })
  expect(out.status).toBe(200)
  expect(await stateOf(seat.session)).toBeUndefined()
})
