import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openSite, personAt, type Site } from './harness.ts'
import { openTestBrowser, type TestBrowser } from './oidc-browser.ts'
import { openTestProvider, type TestProvider } from './oidc-provider.ts'

let idp: TestProvider
let other: TestProvider
let site: Site

beforeAll(async () => {
  idp = await openTestProvider()
  other = await openTestProvider({ name: 'other', refresh: false })
  site = await openSite({
    oidc: [
      idp.config({ claims: { groups: 'groups' }, administrators: 'chat-admins', title: 'Example <SSO>' }),
      other.config({ name: 'other', domain: 'rival.com', claims: { groups: 'groups' } }),
    ],
    oidcCheckMs: 100,
    oidcOptions: { timeoutMs: 1_000, keyCooldownMs: 100, failureMs: 100 },
  })
  idp.register(site.url)
  other.register(site.url)
})
beforeEach(() => {
  for (const provider of [idp, other]) provider.state = 'on'
})
afterAll(async () => {
  await site?.stop()
  await idp?.close()
  await other?.close()
})

/** Signs in as a person does, up to the page that goes on. */
async function signInAt(
  provider: TestProvider,
  login: string,
  more: { name?: string; url?: string; next?: string } = {},
) {
  const browser = openTestBrowser()
  provider.login = login
  const { name = provider === other ? 'other' : 'idp', url = site.url, next = '/' } = more
  const done = await browser.go(`${url}/web/oidc/${name}/begin?next=${encodeURIComponent(next)}`)
  return { browser, ...done }
}

async function tokenOf(browser: TestBrowser, url = site.url): Promise<string> {
  return browser.cookies(new URL(url).origin).get('pchat') ?? ''
}

async function whoIs(browser: TestBrowser, url = site.url) {
  const answer = await browser.ask(`${url}/web/session`)
  return (await answer.json()) as { me?: { id: string; name: string; displayName: string; administrator: boolean } }
}

test('[OI1] [SI12] the sign-in page learns of the providers, and a person of one signs in with PKCE, state and nonce', async () => {
  const listed = await (await fetch(`${site.url}/web/oidc`)).json()
  expect(listed).toEqual({
    providers: [
      { name: 'idp', title: 'Example <SSO>' },
      { name: 'other', title: 'The other' },
    ],
  })
  idp.users.set('s-alice', { preferred_username: 'alice', name: 'Alice Anders', email: 'alice@example.com' })
  const browser = openTestBrowser()
  const begun = await browser.ask(`${site.url}/web/oidc/idp/begin`)
  expect(begun.status).toBe(302)
  const sent = new URL(begun.headers.get('location')!)
  expect(sent.origin).toBe(idp.issuer)
  expect(Object.fromEntries(sent.searchParams)).toMatchObject({
    response_type: 'code',
    client_id: 'pchat',
    redirect_uri: `${site.url}/web/oidc/idp/callback`,
    scope: 'openid profile email',
    code_challenge_method: 'S256',
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    state: expect.stringMatching(/^[\w-]{43}$/),
    nonce: expect.stringMatching(/^[\w-]{43}$/),
  })
  const { response, text, browser: seat } = await signInAt(idp, 's-alice', { next: '/#/room/x' })
  expect(response?.status, text).toBe(200)
  expect(response?.headers.getSetCookie()[0]).toMatch(
    /^pchat=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/,
  )
  expect(text).toContain('<meta http-equiv="refresh" content="0; url=/#/room/x">')
  expect((await whoIs(seat)).me).toMatchObject({
    name: 'alice@example.com',
    displayName: 'Alice Anders',
    administrator: false,
  })
  await expect
    .poll(async () => (await site.admin.call('session.record', { user: 'alice@example.com' })).entries)
    .toMatchObject([{ method: 'oidc', outcome: 'ok' }])
  expect(idp.errors).toEqual([])
})

test('[OI5] a user is known by the id of his provider: his name and address are kept in step, another one never gets his account', async () => {
  idp.users.set('s-bob', { preferred_username: 'bob', name: 'Bob', email: 'bob@example.com' })
  const first = await whoIs((await signInAt(idp, 's-bob')).browser)
  idp.users.set('s-bob', { preferred_username: 'bob.baker@example.com', name: 'Bob Baker', email: 'not an address' })
  const second = await whoIs((await signInAt(idp, 's-bob')).browser)
  expect(second.me).toMatchObject({ id: first.me!.id, name: 'bob.baker@example.com', displayName: 'Bob Baker' })
  const told = await site.admin.call('principal.get', { principal: second.me!.id })
  expect(told.email).toBe('bob@example.com')
  // Nobody signs in by password to what has none.
  expect(await site.admin.code('session.signIn', { user: 'bob.baker@example.com', password: '' })).toBe(
    'unauthenticated',
  )
  idp.users.set('s-second', { preferred_username: 'bob.baker', name: 'Another' })
  const refused = await signInAt(idp, 's-second')
  expect(refused.response?.status).toBe(409)
  expect(refused.text).toContain('exists here already')
  expect((await whoIs(refused.browser)).me).toBeUndefined()
  // Once he is disabled his name is free there, and his own account stays what it was.
  await site.admin.call('principal.update', { principal: second.me!.id, disabled: true })
  const replaced = await whoIs((await signInAt(idp, 's-second')).browser)
  expect(replaced.me).toMatchObject({ name: 'bob.baker@example.com', displayName: 'Another' })
  expect(replaced.me!.id).not.toBe(first.me!.id)
  const former = await site.admin.call('principal.get', { principal: first.me!.id })
  expect(former.principal.name).toMatch(/^bob\.baker\.former-[0-9a-f]{8}@example\.com$/)
})

test('[OI5] the account of somebody else is refused: a local one, one of another provider, one of another domain, a bad name', async () => {
  await site.addUser('local@example.com', { administrator: true })
  for (const [claims, status, words] of [
    [{ preferred_username: 'local' }, 409, 'exists here already'],
    [{ preferred_username: 'LOCAL@example.com' }, 409, 'exists here already'],
    [{ preferred_username: 'admin@example.com' }, 409, 'exists here already'],
    [{ preferred_username: 'x@rival.com' }, 403, 'Only accounts of example.com'],
    [{ preferred_username: 'a b' }, 403, 'none that is taken here'],
    [{ preferred_username: '' }, 403, 'does not tell your account name'],
    [{}, 403, 'does not tell your account name'],
  ] as const) {
    idp.users.set('s-thief', claims)
    const { response, text, browser } = await signInAt(idp, 's-thief')
    expect(response?.status, JSON.stringify(claims)).toBe(status)
    expect(text).toContain(words)
    expect(text).not.toContain('<SSO>')
    expect((await whoIs(browser)).me).toBeUndefined()
  }
  // The same subject at another provider is another person.
  other.users.set('s-alice', { preferred_username: 'alice', name: 'Alice of rival' })
  const rival = await whoIs((await signInAt(other, 's-alice')).browser)
  expect(rival.me).toMatchObject({ name: 'alice@rival.com' })
  other.users.set('s-alice', { preferred_username: 'alice@example.com' })
  expect((await signInAt(other, 's-alice')).response?.status).toBe(403)
})

test('[OI5] whom an administrator disabled stays out, and what he was given is not changed', async () => {
  idp.users.set('s-dan', { preferred_username: 'dan', name: 'Dan' })
  const { me } = await whoIs((await signInAt(idp, 's-dan')).browser)
  await site.admin.call('principal.update', { principal: me!.id, disabled: true })
  const { response, text, browser } = await signInAt(idp, 's-dan')
  expect(response?.status).toBe(403)
  expect(text).toContain('disabled')
  expect(response?.headers.getSetCookie().join()).not.toMatch(/pchat=/)
  expect((await whoIs(browser)).me).toBeUndefined()
  await site.admin.call('principal.update', { principal: me!.id, disabled: false })
  expect((await signInAt(idp, 's-dan')).response?.status).toBe(200)
})

test('[OI5] who signs in several times at once for the first time is one user', async () => {
  idp.users.set('s-many', { preferred_username: 'many', name: 'Many', groups: ['crowd'] })
  idp.login = 's-many'
  const seats = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const browser = openTestBrowser()
      await browser.go(`${site.url}/web/oidc/idp/begin`)
      return (await whoIs(browser)).me?.id
    }),
  )
  expect(seats[0]).toBeDefined()
  expect(new Set(seats).size).toBe(1)
})

test('[OI6] groups of the claim become groups of this provider and his memberships, replaced at each sign-in', async () => {
  idp.users.set('s-gil', { preferred_username: 'gil', name: 'Gil', groups: ['traders', 'sales'] })
  const { browser } = await signInAt(idp, 's-gil')
  const { me } = await whoIs(browser)
  const groups = async () =>
    (await site.admin.call('principal.get', { principal: me!.id })).groups?.map(one => one.name)
  expect(await groups()).toEqual(['idp:sales', 'idp:traders'])
  const category = await site.addCategory({ allowedMembers: ['idp:traders'] })
  const room = await site.addRoom({ category: category.id, members: ['idp:traders'], privacy: 'closed' })
  const gil = personAt(site.url, await tokenOf(browser), { ...me!, kind: 'user' })
  expect(await gil.code('room.join', { room: room.id })).not.toBe('not_found')
  const live = await gil.open()
  await live.call('room.join', { room: room.id })
  idp.users.set('s-gil', { preferred_username: 'gil', name: 'Gil', groups: 'sales' })
  await signInAt(idp, 's-gil')
  expect(await groups()).toEqual(['idp:sales'])
  expect((await live.hears('room.closed')).room).toBe(room.id)
  await live.close()
  // A claim that is not there says that he is in none.
  idp.users.set('s-gil', { preferred_username: 'gil', name: 'Gil' })
  await signInAt(idp, 's-gil')
  expect(await groups()).toEqual([])
})

test('[OI6] a claim reaches no group of others: neither a local one, nor the administrators of another provider', async () => {
  const wall = await site.admin.call('principal.create', { kind: 'group', name: 'board', displayName: 'board' })
  // From before there was the provider.
  await site.admin.call('principal.create', { kind: 'group', name: 'squatted', displayName: 'squatted' })
  await site.db.query("UPDATE principal SET name = 'idp:squatted', name_key = 'idp:squatted' WHERE name = 'squatted'")
  other.users.set('s-mal', {
    preferred_username: 'mal',
    name: 'Mal',
    groups: ['board', wall.principal.id, 'chat-admins', 'idp:chat-admins', 'idp:traders', 'traders'],
  })
  const { me } = await whoIs((await signInAt(other, 's-mal')).browser)
  expect(me).toMatchObject({ name: 'mal@rival.com', administrator: false })
  const { groups } = await site.admin.call('principal.get', { principal: me!.id })
  expect(groups?.map(one => one.name)).toContain('other:traders')
  expect(groups?.every(one => one.name.startsWith('other:'))).toBe(true)
  expect((await site.admin.call('group.members', { group: 'board' })).principals).toEqual([])
  expect((await site.admin.call('group.members', { group: 'idp:traders' })).principals).toEqual([])
  // A name that somebody has taken here is left to him, and the sign-in goes on.
  idp.users.set('s-sam', { preferred_username: 'sam', name: 'Sam', groups: ['squatted'] })
  const sam = await whoIs((await signInAt(idp, 's-sam')).browser)
  expect((await site.admin.call('principal.get', { principal: sam.me!.id })).groups).toEqual([])
  expect((await site.admin.call('group.members', { group: 'idp:squatted' })).principals).toEqual([])
})

test('[OI6] the administrators of a provider are those of its own group, as long as they are in it', async () => {
  idp.users.set('s-root', { preferred_username: 'root', name: 'Root', groups: ['chat-admins'] })
  expect((await whoIs((await signInAt(idp, 's-root')).browser)).me?.administrator).toBe(true)
  idp.users.set('s-root', { preferred_username: 'root', name: 'Root', groups: [] })
  expect((await whoIs((await signInAt(idp, 's-root')).browser)).me?.administrator).toBe(false)
})

test('[OI3] a callback counts once, in the browser that began it, at the provider that it was begun at', async () => {
  idp.users.set('s-eve', { preferred_username: 'eve', name: 'Eve' })
  idp.login = 's-eve'
  const isCallback = (url: URL) => url.origin === site.url && url.pathname.endsWith('/callback')
  const eve = openTestBrowser()
  const { url } = await eve.go(`${site.url}/web/oidc/idp/begin`, isCallback)
  // Login CSRF: somebody else is sent to the address of a sign-in that Eve began.
  const victim = openTestBrowser()
  await victim.ask(`${site.url}/web/oidc/idp/begin`)
  const sentTo = await victim.ask(url)
  expect(sentTo.status).toBe(401)
  expect(await tokenOf(victim)).toBe('')
  expect((await openTestBrowser().ask(url)).status).toBe(401)
  // At another provider, and with another state.
  expect((await eve.ask(url.replace('/idp/', '/other/'))).status).toBe(401)
  expect((await eve.ask(url.replace(/state=[^&]+/, `state=${'x'.repeat(43)}`))).status).toBe(401)
  expect((await eve.ask(url.replace(/state=[^&]+/, ''))).status).toBe(401)
  // It was not used up by all that.
  expect((await eve.ask(url)).status).toBe(200)
  const replayed = await eve.ask(url)
  expect(replayed.status).toBe(401)
  expect(await replayed.text()).toContain('Begin again')
  // A code that was used, in a sign-in that was begun well.
  const { url: next } = await eve.go(`${site.url}/web/oidc/idp/begin`, isCallback)
  const code = new URL(url).searchParams.get('code')!
  const stale = await eve.ask(next.replace(/code=[^&]+/, `code=${code}`))
  expect(stale.status).toBe(401)
  // Too late.
  const { url: late } = await eve.go(`${site.url}/web/oidc/idp/begin`, isCallback)
  await site.db.query("UPDATE oidc_attempt SET expires_at = now() - interval '1 second'")
  expect((await eve.ask(late)).status).toBe(401)
})

test("[OI4] the provider's errors are shown in our words, and use the sign-in up", async () => {
  const browser = openTestBrowser()
  idp.login = undefined
  const { response, text } = await browser.go(`${site.url}/web/oidc/idp/begin`)
  expect(response?.status).toBe(403)
  expect(text).toContain('Example &lt;SSO&gt; did not let you sign in here')
  expect(text).not.toMatch(/<script|alert|access_denied/)
  const waiting = async () => (await site.db.query('SELECT FROM oidc_attempt WHERE expires_at > now()')).rows.length
  const before = await waiting()
  const begun = await browser.ask(`${site.url}/web/oidc/idp/begin`)
  const state = new URL(begun.headers.get('location')!).searchParams.get('state')!
  const planted = `error=%3Cscript%3E&error_description=%3Cimg+src%3Dx%3E&state=${state}`
  const shown = await browser.ask(`${site.url}/web/oidc/idp/callback?${planted}`)
  expect(await shown.text()).not.toMatch(/<script|<img/)
  expect(await waiting()).toBe(before)
  for (const url of [
    '/web/oidc/nobody/begin',
    '/web/oidc/nobody/callback?state=x',
    '/web/oidc/idp/callback',
    '/web/oidc/idp/callback?state=%00&code=%FF',
    `/web/oidc/idp/callback?state=${'x'.repeat(5_000)}`,
    '/web/oidc/__proto__/begin',
  ]) {
    const answer = await browser.ask(`${site.url}${url}`)
    expect([401, 404], url).toContain(answer.status)
    expect(answer.headers.get('content-type')).toContain('text/html')
  }
})

test('[OI8] a provider that is away is a clear refusal, and one that comes back is used again', async () => {
  idp.users.set('s-flo', { preferred_username: 'flo', name: 'Flo' })
  for (const state of ['off', 'broken', 'slow'] as const) {
    const browser = openTestBrowser()
    idp.login = 's-flo'
    idp.state = 'on'
    const { url } = await browser.go(`${site.url}/web/oidc/idp/begin`, at => at.pathname.endsWith('/callback'))
    idp.state = state
    const answer = await browser.ask(url)
    expect(answer.status, state).toBe(503)
    expect(await answer.text()).toContain('does not answer now')
    expect(answer.headers.get('retry-after')).toBe('5')
  }
  idp.state = 'on'
  expect((await signInAt(idp, 's-flo')).response?.status).toBe(200)
})

test('[OI8] a server starts while a provider is away, and says so until it is there', async () => {
  idp.state = 'off'
  const late = await site.another()
  const refused = await fetch(`${late.url}/web/oidc/idp/begin`, { redirect: 'manual' })
  expect(refused.status).toBe(503)
  idp.state = 'on'
  await expect
    .poll(async () => (await fetch(`${late.url}/web/oidc/idp/begin`, { redirect: 'manual' })).status)
    .toBe(302)
  await late.stop()
})

test('[OI7] new keys of the provider are fetched when they are first used', async () => {
  idp.users.set('s-key', { preferred_username: 'key', name: 'Key' })
  expect((await signInAt(idp, 's-key')).response?.status).toBe(200)
  await new Promise(resolve => setTimeout(resolve, 150))
  idp.rotateKeys()
  expect((await signInAt(idp, 's-key')).response?.status).toBe(200)
})

test('[OI2] begun at one server, ended at another, known at both', async () => {
  const second = await site.another({ publicUrl: 'http://chat.example.com/' })
  idp.register([site.url, 'http://chat.example.com', second.url])
  idp.users.set('s-two', { preferred_username: 'two', name: 'Two' })
  idp.login = 's-two'
  const browser = openTestBrowser()
  const { url } = await browser.go(`${site.url}/web/oidc/idp/begin`, at => at.pathname.endsWith('/callback'))
  const cookie = `pchat-oidc=${browser.cookies(site.url).get('pchat-oidc')}`
  const done = await fetch(url.replace(site.url, second.url), { headers: { cookie } })
  expect(done.status).toBe(200)
  const token = /pchat=([\w-]{43})/.exec(done.headers.getSetCookie().join())![1]!
  for (const at of [site.url, second.url])
    expect((await fetch(`${at}/web/session`, { headers: { cookie: `pchat=${token}` } })).status).toBe(200)
  // Behind one address for all servers the redirect goes there.
  const begun = await fetch(`${second.url}/web/oidc/idp/begin?at=pages`, { redirect: 'manual' })
  expect(new URL(begun.headers.get('location')!).searchParams.get('redirect_uri')).toBe(
    'http://chat.example.com/web/oidc/idp/callback',
  )
  await second.stop()
})

test('[OI11] the routes are limited per address', async () => {
  const { settings } = await site.admin.call('settings.get', {})
  const live = await site.admin.open()
  const { trustedNetworks, addressRequestsPerSecond, addressRequestBurst } = settings
  await live.call('settings.update', {
    settings: { trustedNetworks: [], addressRequestsPerSecond: 1, addressRequestBurst: 3 },
  })
  for (const path of ['begin', 'callback?state=x']) {
    const statuses = []
    for (let n = 0; n < 5; n += 1)
      statuses.push((await fetch(`${site.url}/web/oidc/idp/${path}`, { redirect: 'manual' })).status)
    expect(statuses.at(-1), path).toBe(429)
  }
  await live.call('settings.update', {
    settings: { trustedNetworks, addressRequestsPerSecond, addressRequestBurst },
  })
  await live.close()
})
