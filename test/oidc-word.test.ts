import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSite, personAt, type Site } from './harness.ts'
import { type HostileProvider, openHostileProvider } from './hostile-provider.ts'
import { openTestBrowser } from './oidc-browser.ts'
import { clientSecret } from './oidc-provider.ts'

/** What a provider's word reaches, and what it does not: at a sign-in, and when it renews with less than it told then. */

let idp: HostileProvider
let site: Site

beforeAll(async () => {
  process.env.PCHAT_TEST_OIDC_WORD = clientSecret
  idp = await openHostileProvider()
  idp.metadata = { userinfo_endpoint: `${idp.issuer}/userinfo` }
  const secret = { clientSecret: { env: 'PCHAT_TEST_OIDC_WORD' }, claims: { groups: 'groups' } }
  site = await openSite({
    oidc: [
      idp.config({ name: 'make', ...secret, domain: 'made.com', administrators: 'root' }),
      idp.config({ name: 'match', ...secret, people: 'match', matchSource: 'ad' }),
    ],
    oidcCheckMs: 100,
    oidcOptions: { keyCooldownMs: 0, failureMs: 0 },
  })
})
afterAll(async () => {
  await site?.stop()
  await idp?.close()
})

async function signIn(name: string, claims: Record<string, unknown>, url = site.url) {
  idp.userinfo = { sub: claims.sub }
  const browser = openTestBrowser()
  const begun = await browser.ask(`${url}/web/oidc/${name}/begin`)
  const sent = new URL(begun.headers.get('location')!).searchParams
  const id_token = await idp.sign({ nonce: sent.get('nonce')!, ...claims })
  idp.token = { status: 200, body: { access_token: 'a', token_type: 'Bearer', id_token, refresh_token: 'r' } }
  const done = await browser.ask(`${url}/web/oidc/${name}/callback?code=c&state=${sent.get('state')}`)
  const token = browser.cookies(url).get('pchat')
  const { me } = (await (await browser.ask(`${url}/web/session`)).json()) as { me?: { id: string; name: string } }
  return { status: done.status, text: await done.text(), me, token: token ?? '' }
}

/** The provider is asked again, and answers without an ID token; `userinfo` is all that it tells. */
async function renew(principal: string, userinfo: Record<string, unknown>): Promise<'stays' | 'ended'> {
  idp.userinfo = userinfo
  idp.token = { status: 200, body: { access_token: 'a', token_type: 'Bearer', refresh_token: 'r' } }
  const { rows } = await site.db.query<{ id: string }>(
    `UPDATE oidc_session o SET check_after = now() - interval '1 second', checked_at = now() - interval '1 hour'
       FROM session s WHERE s.id = o.session AND s.principal = $1 RETURNING s.id`,
    [principal],
  )
  let state: 'waits' | 'stays' | 'ended' = 'waits'
  const look = async () => {
    const { rows: left } = await site.db.query<{ fresh: boolean }>(
      "SELECT checked_at > now() - interval '1 minute' AS fresh FROM oidc_session WHERE session = ANY ($1::uuid[])",
      [rows.map(row => row.id)],
    )
    state = left.length === 0 ? 'ended' : left.every(row => row.fresh) ? 'stays' : 'waits'
    return state
  }
  await expect.poll(look, { timeout: 5_000 }).not.toBe('waits')
  // The session is noted as renewed first of all, and what was told is read after that.
  await new Promise(resolve => setTimeout(resolve, 300))
  return (await look()) as 'stays' | 'ended'
}

async function told(principal: string) {
  const { groups, ...rest } = await site.admin.call('principal.get', { principal })
  return { ...rest, groups: groups?.map(one => one.name) }
}

/** As a directory would have brought him. */
async function fromDirectory(name: string): Promise<string> {
  const { me } = await site.addUser(name)
  await site.db.query("UPDATE principal SET source = 'ad', external_id = id::text WHERE id = $1", [me.id])
  return me.id
}

async function rename(id: string, name: string) {
  await site.db.query('UPDATE principal SET name = $2, name_key = $2 WHERE id = $1', [id, name])
}

test('[OI6] a renewal that tells no groups takes none, and no administration; one that tells them does', async () => {
  const { me } = await signIn('make', { sub: 'ann', preferred_username: 'ann', groups: ['root', 'desk'] })
  const id = me!.id
  const whole = { groups: ['make:desk', 'make:root'], administrator: true }
  expect(await told(id)).toMatchObject(whole)
  expect(await renew(id, { sub: 'ann', name: 'Ann Archer' })).toBe('stays')
  expect(await told(id)).toMatchObject({ ...whole, principal: { name: 'ann@made.com', displayName: 'Ann Archer' } })
  expect(await renew(id, { sub: 'ann', groups: ['desk'] })).toBe('stays')
  expect(await told(id)).toMatchObject({ groups: ['make:desk'], administrator: false })
  expect(await renew(id, { sub: 'ann', groups: [] })).toBe('stays')
  expect(await told(id)).toMatchObject({ groups: [] })
})

test('[OI15] who was matched once is never matched with another one, though the name changes hands', async () => {
  const alice = await fromDirectory('alice@example.com')
  const claims = { sub: 'a-1', preferred_username: 'alice' }
  expect((await signIn('match', claims)).me?.id).toBe(alice)
  // The provider tells no name: the session goes on.
  expect(await renew(alice, { sub: 'a-1', name: 'Alice' })).toBe('stays')
  expect(await renew(alice, { sub: 'a-1', preferred_username: 'alice' })).toBe('stays')
  // She has another name there by now, and a newcomer hers; the provider does not know yet.
  await rename(alice, 'alice.old@example.com')
  const newcomer = await fromDirectory('alice@example.com')
  const refused = await signIn('match', { ...claims, groups: ['desk'] })
  expect(refused).toMatchObject({ status: 403, me: undefined })
  expect(refused.text).toContain('that of somebody else here')
  expect(await told(newcomer)).toMatchObject({ groups: [] })
  expect(await renew(alice, { sub: 'a-1', preferred_username: 'alice', groups: ['desk'] })).toBe('ended')
  expect(await told(newcomer)).toMatchObject({ groups: [] })
  // Each comes in as himself, once both sides say the same.
  expect((await signIn('match', { sub: 'a-1', preferred_username: 'alice.old' })).me?.id).toBe(alice)
  expect((await signIn('match', { sub: 'a-2', preferred_username: 'alice' })).me?.id).toBe(newcomer)
  expect((await signIn('match', { ...claims, preferred_username: 'alice' })).status).toBe(403)
})

test('[OI15] a session is renewed by the claims of its owner only', async () => {
  const cat = await fromDirectory('cat@example.com')
  const dog = await fromDirectory('dog@example.com')
  expect((await signIn('match', { sub: 'c-1', preferred_username: 'cat' })).me?.id).toBe(cat)
  // As where an administrator lets a user of the provider be matched anew.
  await site.db.query("DELETE FROM oidc_person WHERE subject = 'c-1'")
  expect(await renew(cat, { sub: 'c-1', preferred_username: 'dog', groups: ['desk'] })).toBe('ended')
  expect(await told(dog)).toMatchObject({ groups: [] })
  expect((await signIn('match', { sub: 'c-1', preferred_username: 'dog' })).me?.id).toBe(dog)
})

test('[OI15] several first sign-ins at once are one match', async () => {
  const many = await fromDirectory('many@example.com')
  idp.userinfo = { sub: 'm-1' }
  const begun = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const browser = openTestBrowser()
      const answer = await browser.ask(`${site.url}/web/oidc/match/begin`)
      return { browser, sent: new URL(answer.headers.get('location')!).searchParams }
    }),
  )
  // All with one nonce, so that one answer of the provider is good for all.
  await site.db.query("UPDATE oidc_attempt SET nonce = 'one'")
  const id_token = await idp.sign({ nonce: 'one', sub: 'm-1', preferred_username: 'many', groups: ['crowd'] })
  idp.token = { status: 200, body: { access_token: 'a', token_type: 'Bearer', id_token } }
  const done = await Promise.all(
    begun.map(({ browser, sent }) =>
      browser.ask(`${site.url}/web/oidc/match/callback?code=c&state=${sent.get('state')}`),
    ),
  )
  expect(done.map(answer => answer.status)).toEqual([200, 200, 200, 200])
  const { rows } = await site.db.query("SELECT principal FROM oidc_person WHERE subject = 'm-1'")
  expect(rows).toEqual([{ principal: many }])
})

test('[OI6] a claim takes the right of administrators from those only whom it gave it, and what it gave is stripped there', async () => {
  const { me } = await signIn('make', { sub: 'hand', preferred_username: 'hand', groups: [] })
  await site.admin.call('principal.update', { principal: me!.id, administrator: true })
  await signIn('make', { sub: 'hand', preferred_username: 'hand', groups: ['desk'] })
  expect(await told(me!.id)).toMatchObject({ administrator: true, groups: ['make:desk'] })
  await site.admin.call('principal.update', { principal: me!.id, administrator: false })
  for (const sub of ['hand', 'fresh']) {
    const { me } = await signIn('make', { sub, preferred_username: sub, groups: ['root'] })
    expect(await site.admin.code('principal.update', { principal: me!.id, administrator: false })).toBe('forbidden')
    await signIn('make', { sub, preferred_username: sub, groups: [] })
    expect(await told(me!.id)).toMatchObject({ administrator: false })
  }
})

test('[PR8] [OI6] the last administrator stays one against every claim, and signs in; then the claim counts again', async () => {
  const { me } = await signIn('make', { sub: 'last', preferred_username: 'last', groups: ['root'] })
  const own = 'UPDATE principal SET disabled = $1 WHERE administrator AND id <> $2'
  await site.db.query(own, [true, me!.id])
  try {
    const again = await signIn('make', { sub: 'last', preferred_username: 'last', groups: ['desk'] })
    expect(again.status).toBe(200)
    const { rows } = await site.db.query('SELECT administrator FROM principal WHERE id = $1', [me!.id])
    expect(rows).toEqual([{ administrator: true }])
    expect(await renew(me!.id, { sub: 'last', groups: [] })).toBe('stays')
    expect((await site.db.query('SELECT FROM principal WHERE administrator AND NOT disabled')).rows).toHaveLength(1)
  } finally {
    await site.db.query(own, [false, me!.id])
  }
  await signIn('make', { sub: 'last', preferred_username: 'last', groups: ['desk'] })
  expect(await told(me!.id)).toMatchObject({ administrator: false, groups: ['make:desk'] })
})

test('[SI12] who is refused after his provider vouched for him stands in the record, under the name that it gave', async () => {
  const { me } = await site.addUser('mine@made.com')
  await site.addUser('bea@foreign.com')
  const off = await signIn('make', { sub: 'off', preferred_username: 'off' })
  await site.admin.call('principal.update', { principal: off.me!.id, disabled: true })
  for (const [name, claims] of [
    ['make', { sub: 't', preferred_username: 'mine' }],
    ['make', { sub: 't', preferred_username: 'bea@foreign.com' }],
    ['make', { sub: 'off', preferred_username: 'off' }],
    ['match', { sub: 't', preferred_username: 'nobody-at-all' }],
    ['match', { sub: 't', preferred_username: 'a\u0000b' }],
    ['match', { sub: 't' }],
  ] as const)
    expect([403, 409], JSON.stringify(claims)).toContain((await signIn(name, claims)).status)
  const wrong = async (user?: string) =>
    (await site.admin.call('session.record', user === undefined ? { all: true } : { user })).entries.filter(
      one => one.method === 'oidc' && one.outcome === 'wrong',
    )
  for (const user of [me.id, 'bea@foreign.com', off.me!.id]) expect(await wrong(user), user).toHaveLength(1)
  const all = (await wrong()).slice(0, 6)
  expect(all.filter(one => one.user === null).map(one => one.unknown?.length)).toEqual([undefined, undefined, 8])
  expect(JSON.stringify(all)).not.toContain('nobody-at-all')
})

test('[OI10] a logout of user and session ends those too of which the provider never said which session they are', async () => {
  const code = (token: string) => personAt(site.url, token, site.admin.me).code('session.list', {})
  const [nameless, other, named] = [
    await signIn('make', { sub: 'zoe', preferred_username: 'zoe' }),
    await signIn('make', { sub: 'zac', preferred_username: 'zac' }),
    await signIn('make', { sub: 'zoe', preferred_username: 'zoe', sid: 'second' }),
  ]
  const logOut = async (claims: Record<string, unknown>) => {
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    const body = new URLSearchParams({ logout_token: await idp.sign({ events, ...claims }) })
    return (await fetch(`${site.url}/web/oidc/make/backchannel-logout`, { method: 'POST', body })).status
  }
  // A session alone says nothing of those that have none.
  expect(await logOut({ sub: undefined, sid: 'first', jti: 'a' })).toBe(204)
  expect(await code(nameless.token)).toBe('ok')
  expect(await logOut({ sub: 'zoe', sid: 'first', jti: 'b' })).toBe(204)
  expect(await Promise.all([nameless, other, named].map(one => code(one.token)))).toEqual([
    'unauthenticated',
    'ok',
    'ok',
  ])
})

test('[OI5] [PR2] [PR5] a rename into another domain brings that domain, and he loses at once what the old one gave', async () => {
  const claims = { sub: 'max', preferred_username: 'max' }
  const first = await signIn('make', claims)
  const category = await site.addCategory({ allowedMembers: ['made.com'] })
  const room = await site.addRoom({ category: category.id, privacy: 'open' })
  const live = await personAt(site.url, first.token, site.admin.me).open()
  await live.call('room.join', { room: room.id })
  // The organisation has another domain from today on.
  const moved = await site.another({
    oidc: [idp.config({ name: 'make', clientSecret: { env: 'PCHAT_TEST_OIDC_WORD' }, domain: 'moved.com' })],
    scim: [],
  })
  expect((await signIn('make', claims, moved.url)).me).toMatchObject({ id: first.me!.id, name: 'max@moved.com' })
  expect((await live.hears('room.closed')).room).toBe(room.id)
  await live.close()
  const next = await site.addCategory({ allowedMembers: ['moved.com'] })
  const second = await site.addRoom({ category: next.id, privacy: 'open' })
  expect(await personAt(site.url, first.token, site.admin.me).code('room.get', { room: second.id })).toBe('ok')
  await moved.stop()
})
