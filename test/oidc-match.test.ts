import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSite, personAt, type Site } from './harness.ts'
import { type HostileProvider, openHostileProvider } from './hostile-provider.ts'
import { openTestBrowser } from './oidc-browser.ts'
import { openTestProvider, type TestProvider } from './oidc-provider.ts'

let idp: TestProvider
let bad: HostileProvider
let site: Site

beforeAll(async () => {
  idp = await openTestProvider()
  bad = await openHostileProvider()
  site = await openSite({
    oidc: [
      idp.config({ people: 'match', matchSource: 'ad', claims: { groups: 'groups' } }),
      bad.config({ domain: 'bad.com', claims: { groups: 'groups' }, administrators: 'root' }),
    ],
    oidcCheckMs: 100,
    oidcOptions: { keyCooldownMs: 0, failureMs: 0 },
  })
  idp.register(site.url)
  for (const name of ['mia@example.com', 'old@example.com', 'off@example.com', 'here@example.com'])
    await site.addUser(name, name === 'mia@example.com' ? { administrator: true } : {})
  // As a directory would have brought them.
  await site.db.query("UPDATE principal SET source = 'ad', external_id = name WHERE name ~ '^(mia|old|off)@'")
  await site.db.query("UPDATE principal SET gone_at = now() WHERE name = 'old@example.com'")
  await site.admin.call('principal.update', { principal: 'off@example.com', disabled: true })
})
afterAll(async () => {
  await site?.stop()
  await idp?.close()
  await bad?.close()
})

async function signIn(login: string, claims: Record<string, unknown>) {
  idp.users.set(login, claims)
  idp.login = login
  const browser = openTestBrowser()
  const { response, text } = await browser.go(`${site.url}/web/oidc/idp/begin`)
  const answer = await browser.ask(`${site.url}/web/session`)
  const { me } = (await answer.json()) as { me?: { name: string; displayName: string; administrator: boolean } }
  return { status: response?.status, text, me }
}

test('[OI15] with match only who came from the named directory and is enabled signs in, and nothing of him is changed', async () => {
  const claims = { preferred_username: 'MIA', name: 'Somebody else', email: 'x@y.z', groups: ['desk'] }
  const { me } = await signIn('m-1', claims)
  expect(me).toMatchObject({ name: 'mia@example.com', displayName: 'mia', administrator: true })
  // His groups at the provider are groups of the provider all the same.
  const { groups } = await site.admin.call('principal.get', { principal: 'mia@example.com' })
  expect(groups?.map(one => one.name)).toEqual(['idp:desk'])
  for (const [name, words] of [
    ['here', 'no counterpart here'],
    ['admin', 'no counterpart here'],
    ['nobody', 'no counterpart here'],
    ['old', 'no counterpart here'],
    ['mia@rival.com', 'no counterpart here'],
    ['off', 'disabled here'],
    [undefined, 'no counterpart here'],
  ] as const) {
    const refused = await signIn('m-2', { preferred_username: name })
    expect(refused.status, name).toBe(403)
    expect(refused.text, name).toContain(words)
    expect(refused.me, name).toBeUndefined()
  }
  const { rows } = await site.db.query("SELECT FROM principal WHERE source = 'idp' AND kind = 'user'")
  expect(rows).toEqual([])
})

/** Signs in at the provider that signs whatever it is told to. */
async function signInAtBad(claims: Record<string, unknown>, token?: (nonce: string) => Promise<string>) {
  const browser = openTestBrowser()
  const begun = await browser.ask(`${site.url}/web/oidc/bad/begin`)
  const sent = new URL(begun.headers.get('location')!).searchParams
  const nonce = sent.get('nonce')!
  const id_token = await (token ? token(nonce) : bad.sign({ nonce, ...claims }))
  bad.token = { status: 200, body: { access_token: 'a', token_type: 'Bearer', id_token } }
  const done = await browser.ask(`${site.url}/web/oidc/bad/callback?code=c&state=${sent.get('state')}`)
  return { status: done.status, text: await done.text(), token: browser.cookies(site.url).get('pchat') }
}

const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
async function logOut(token: string, name = 'bad') {
  const answer = await fetch(`${site.url}/web/oidc/${name}/backchannel-logout`, {
    method: 'POST',
    body: new URLSearchParams({ logout_token: token }),
  })
  return { status: answer.status, cache: answer.headers.get('cache-control'), text: await answer.text() }
}

test('[OI4] a wrong token at the door signs nobody in, and says no word of it', async () => {
  expect((await signInAtBad({ sub: 'w', preferred_username: 'wim' })).status).toBe(200)
  for (const token of [
    (nonce: string) => bad.sign({ nonce, sub: 'w', preferred_username: 'wim', iss: 'https://evil.example' }),
    (nonce: string) => bad.sign({ nonce, sub: 'w', preferred_username: 'wim', aud: 'another' }),
    () => bad.sign({ nonce: 'mine', sub: 'w', preferred_username: 'wim' }),
    async () => '<script>alert(1)</script>',
  ]) {
    const refused = await signInAtBad({}, token)
    expect(refused).toMatchObject({ status: 401, token: undefined })
    expect(refused.text).toContain('What Bad answered is not valid here')
    expect(refused.text).not.toMatch(/evil|another|script/)
  }
})

test('[OI10] a logout token ends the sessions that it names, once; a forged one, and one of another provider, ends none', async () => {
  const one = await signInAtBad({ sub: 'zoe', sid: 'first', preferred_username: 'zoe' })
  const two = await signInAtBad({ sub: 'zoe', sid: 'second', preferred_username: 'zoe' })
  const code = (token: string | undefined) => personAt(site.url, token!, site.admin.me).code('session.list', {})
  const whole = { events, sub: 'zoe', sid: undefined }
  for (const [what, token] of [
    ['nothing', ''],
    ['no token', 'x.y.z'],
    ['unsigned', `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`],
    ['an ID token', await bad.sign({ sub: 'zoe' })],
    ['another audience', await bad.sign({ ...whole, jti: 'a', aud: 'another' })],
    ['nobody', await bad.sign({ ...whole, jti: 'b', sub: undefined })],
    ['a stranger', await bad.sign({ ...whole, jti: 'c', sub: 'zo' })],
  ] as const)
    expect((await logOut(token)).status, what).toBe(what === 'a stranger' ? 204 : 400)
  expect((await logOut(await bad.sign({ ...whole, jti: 'd' }), 'idp')).status).toBe(400)
  expect((await logOut(await bad.sign({ ...whole, jti: 'd' }), 'nobody')).status).toBe(404)
  expect([await code(one.token), await code(two.token)]).toEqual(['ok', 'ok'])
  const first = await bad.sign({ events, sub: 'zoe', sid: 'first', jti: 'e' })
  expect(await logOut(first)).toEqual({ status: 204, cache: 'no-store', text: '' })
  expect([await code(one.token), await code(two.token)]).toEqual(['unauthenticated', 'ok'])
  const all = await bad.sign({ ...whole, jti: 'f' })
  expect((await logOut(all)).status).toBe(204)
  expect(await code(two.token)).toBe('unauthenticated')
  // He signs in again: what was said before does not put him out once more.
  const again = await signInAtBad({ sub: 'zoe', sid: 'third', preferred_username: 'zoe' })
  expect((await logOut(all)).status).toBe(400)
  expect(await code(again.token)).toBe('ok')
  // JSON is none of its shapes.
  const json = await fetch(`${site.url}/web/oidc/bad/backchannel-logout`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ logout_token: await bad.sign({ ...whole, jti: 'g' }) }),
  })
  expect(json.status).toBe(400)
  expect(await code(again.token)).toBe('ok')
})

test('[OI6] a group that was not told stays as it was; thousands of groups are cut, odd names are passed over', async () => {
  const sub = 'gus'
  const sign = (more: Record<string, unknown>) => signInAtBad({ sub, preferred_username: 'gus', ...more })
  await sign({ groups: ['root', 'a'] })
  const groups = async () => {
    const { groups, administrator } = await site.admin.call('principal.get', { principal: 'gus@bad.com' })
    return { names: groups?.map(one => one.name), administrator }
  }
  expect(await groups()).toEqual({ names: ['bad:a', 'bad:root'], administrator: true })
  await sign({ _claim_names: { groups: 'elsewhere' } })
  expect(await groups()).toEqual({ names: ['bad:a', 'bad:root'], administrator: true })
  const odd = ['b', 'a\u202eb', '\u0000', 'x'.repeat(300), '  ', 'B', 'é', 'e\u0301']
  expect((await sign({ groups: odd })).status).toBe(200)
  expect(await groups()).toEqual({ names: ['bad:b', 'bad:é'], administrator: false })
})
