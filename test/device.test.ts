import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeFolder } from './folder.ts'
import { openSite, password, personAt, type Site } from './harness.ts'
import { openTestBrowser, type TestBrowser } from './oidc-browser.ts'
import { openTestProvider, type TestProvider } from './oidc-provider.ts'
import { runPchat } from './pchat.ts'

let idp: TestProvider
let site: Site
let second: Awaited<ReturnType<Site['another']>>
let folder: string

beforeAll(async () => {
  folder = await makeFolder('pchat-device')
  idp = await openTestProvider()
  site = await openSite({ oidc: [idp.config()], oidcCheckMs: 100, oidcOptions: { failureMs: 100 } })
  second = await site.another()
  idp.register(site.url)
  await site.addUser('dora@example.com')
  await site.addUser('eve@example.com')
})
beforeEach(async () => {
  await site.db.query('DELETE FROM device_sign_in')
})
afterAll(async () => {
  await site?.stop()
  await idp?.close()
  await rm(folder, { recursive: true, force: true })
})

type Begun = { deviceCode: string; userCode: string; verificationUri: string; verificationUriComplete: string }

async function post(path: string, body: object, headers: Record<string, string> = {}, url = site.url) {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, never> & Begun & { status: string } }
}

const begin = async (client = 'A terminal') => (await post('/web/device/begin', { client })).body

/** At a browser, by password. */
async function sitDown(user: string): Promise<{ browser: TestBrowser; csrf: string }> {
  const browser = openTestBrowser()
  const answer = await browser.ask(`${site.url}/web/signin`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, password }),
  })
  return { browser, csrf: ((await answer.json()) as { csrf: string }).csrf }
}

async function confirm(
  { browser, csrf }: { browser: TestBrowser; csrf: string | undefined },
  userCode: string,
  allow = true,
) {
  const answer = await browser.ask(`${site.url}/web/device/confirm`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(csrf === undefined ? {} : { 'x-pchat-csrf': csrf }) },
    body: JSON.stringify({ userCode, allow }),
  })
  return answer.status
}

/** As a device that waits as long as it is told to. */
async function poll(deviceCode: string, url = site.url) {
  await site.db.query('UPDATE device_sign_in SET polled_at = NULL')
  return post('/web/device/poll', { deviceCode }, {}, url)
}

test('[OI13] [SI12] a device shows a code, its user allows it at a browser, and the device gets a token, once, from any server', async () => {
  const begun = await begin()
  expect(begun.userCode).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
  expect(begun).toMatchObject({
    verificationUri: `${site.url}/device`,
    verificationUriComplete: `${site.url}/device?code=${begun.userCode}`,
    expiresInSeconds: 600,
  })
  expect((await poll(begun.deviceCode)).body).toEqual({ status: 'pending' })
  const dora = await sitDown('dora@example.com')
  const typed = begun.userCode.toLowerCase().replace('-', ' ')
  const shown = await dora.browser.ask(`${site.url}/web/device/code/${encodeURIComponent(typed)}`)
  expect(await shown.json()).toMatchObject({ client: 'A terminal', address: '127.0.0.1' })
  expect(await confirm(dora, typed)).toBe(200)
  const { body } = await poll(begun.deviceCode, second.url)
  expect(body).toMatchObject({ status: 'allowed', token: expect.stringMatching(/^[\w-]{43}$/) })
  const { token, me } = body as unknown as { token: string; me: { id: string; name: string } }
  expect(me.name).toBe('dora@example.com')
  const device = personAt(site.url, token, me as never)
  expect(await device.code('session.list', {})).toBe('ok')
  await expect
    .poll(async () => (await device.call('session.record', {})).entries[0])
    .toMatchObject({ method: 'device', outcome: 'ok', user: { name: 'dora@example.com' } })
  // Used up: on both sides. Whoever asks again has no right code, and nobody knows whose it was.
  expect((await poll(begun.deviceCode)).status).toBe(404)
  expect(await confirm(dora, begun.userCode)).toBe(404)
  await expect
    .poll(async () => (await site.admin.call('session.record', { all: true })).entries[0])
    .toMatchObject({ method: 'device', outcome: 'wrong', user: null })
})

test('[SI12] a device that is denied, or whose allowing counts no more, is in the record of who answered', async () => {
  const last = async () => (await site.admin.call('session.record', { user: 'eve@example.com', limit: 1 })).entries[0]
  for (const allow of [false, true]) {
    const begun = await begin()
    const eve = await sitDown('eve@example.com')
    expect(await confirm(eve, begun.userCode, allow)).toBe(200)
    await eve.browser.ask(`${site.url}/web/signout`, { method: 'POST', headers: { 'x-pchat-csrf': eve.csrf } })
    expect(await last()).toMatchObject({ method: 'password' })
    expect((await poll(begun.deviceCode)).body).toEqual({ status: 'denied' })
    const entry = await last()
    expect(entry).toMatchObject({ method: 'device', outcome: 'wrong', address: '127.0.0.1' })
    expect(entry?.session).toBeUndefined()
  }
})

test('[SF13] a device has proved what the sign-in has from which it was allowed, and nothing anew', async () => {
  const proven = async (at: string) => {
    const dora = await sitDown('dora@example.com')
    const begun = await begin()
    await site.db.query(
      `UPDATE session SET proven_at = ${at} FROM principal p WHERE p.id = principal AND p.name = 'dora@example.com'`,
    )
    expect(await confirm(dora, begun.userCode)).toBe(200)
    const { token, me } = (await poll(begun.deviceCode)).body as unknown as { token: string; me: { id: string } }
    const device = personAt(site.url, token, me as never)
    return [await device.code('factor.begin', { kind: 'totp' }), device] as const
  }
  for (const at of ["now() - interval '11 minutes'", 'NULL']) {
    const [code, device] = await proven(at)
    expect(code).toBe('proof_required')
    await device.call('factor.prove', { password })
    expect(await device.code('factor.begin', { kind: 'totp' })).toBe('ok')
  }
  expect((await proven("now() - interval '5 minutes'"))[0]).toBe('ok')
})

test('[OI13] only who is signed in confirms, with the header that another page cannot send, and each code once', async () => {
  const begun = await begin()
  const dora = await sitDown('dora@example.com')
  expect(await confirm({ browser: openTestBrowser(), csrf: undefined }, begun.userCode)).toBe(401)
  expect(await confirm({ browser: dora.browser, csrf: undefined }, begun.userCode)).toBe(403)
  expect(await confirm({ browser: dora.browser, csrf: 'x' }, begun.userCode)).toBe(403)
  expect((await fetch(`${site.url}/web/device/code/${begun.userCode}`)).status).toBe(401)
  expect((await poll(begun.deviceCode)).body).toEqual({ status: 'pending' })
  expect(await confirm(dora, begun.userCode, false)).toBe(200)
  const eve = await sitDown('eve@example.com')
  expect(await confirm(eve, begun.userCode)).toBe(404)
  expect((await poll(begun.deviceCode)).body).toEqual({ status: 'denied' })
  expect((await poll(begun.deviceCode)).status).toBe(404)
})

test('[OI13] a code counts ten minutes; whoever polls too often is told to wait; the secret is not the code', async () => {
  const begun = await begin()
  const dora = await sitDown('dora@example.com')
  await poll(begun.deviceCode)
  expect((await post('/web/device/poll', { deviceCode: begun.deviceCode })).body).toEqual({ status: 'hasty' })
  expect(await confirm(dora, begun.userCode)).toBe(200)
  expect((await post('/web/device/poll', { deviceCode: begun.deviceCode })).body).toEqual({ status: 'hasty' })
  expect((await poll(begun.userCode)).status).toBe(404)
  await site.db.query("UPDATE device_sign_in SET expires_at = clock_timestamp() - interval '1 second'")
  expect((await poll(begun.deviceCode)).status).toBe(404)
  const late = await begin()
  await site.db.query("UPDATE device_sign_in SET expires_at = clock_timestamp() - interval '1 second'")
  expect(await confirm(dora, late.userCode)).toBe(404)
  for (const body of [
    {},
    { client: '' },
    { client: 'a\u202eb' },
    { client: 'x'.repeat(61) },
    { client: 7 },
    { client: 'a', more: 1 },
  ])
    expect((await post('/web/device/begin', body)).status, JSON.stringify(body)).toBe(400)
  for (const body of [{}, { deviceCode: 'x'.repeat(500) }, { deviceCode: 7 }])
    expect((await post('/web/device/poll', body)).status).toBe(400)
})

test('[OI13] guesses at codes count as failed sign-ins of the address', async () => {
  const live = await site.admin.open()
  const { settings } = await live.call('settings.get', {})
  const dora = await sitDown('dora@example.com')
  const { trustedNetworks, failedSignInsPerMinute } = settings
  await live.call('settings.update', { settings: { trustedNetworks: [], failedSignInsPerMinute: 3 } })
  const statuses = []
  for (let n = 0; n < 5; n += 1) statuses.push(await confirm(dora, 'BBBB-BBBB'))
  expect(statuses).toEqual([404, 404, 404, 429, 429])
  await live.call('settings.update', { settings: { trustedNetworks, failedSignInsPerMinute } })
  await live.close()
})

test('[OI13] what was allowed from a session that has ended meanwhile, or by whom is disabled, is refused', async () => {
  const begun = await begin()
  const dora = await sitDown('dora@example.com')
  expect(await confirm(dora, begun.userCode)).toBe(200)
  await dora.browser.ask(`${site.url}/web/signout`, { method: 'POST', headers: { 'x-pchat-csrf': dora.csrf } })
  expect((await poll(begun.deviceCode)).body).toEqual({ status: 'denied' })
  const again = await begin()
  expect(await confirm(await sitDown('eve@example.com'), again.userCode)).toBe(200)
  await site.admin.call('principal.update', { principal: 'eve@example.com', disabled: true })
  expect((await poll(again.deviceCode)).body).toEqual({ status: 'denied' })
  await site.admin.call('principal.update', { principal: 'eve@example.com', disabled: false })
})

test('[OI13] a device that was allowed from a session of a provider is in no longer than that provider vouches', async () => {
  idp.users.set('d-tom', { preferred_username: 'tom', name: 'Tom' })
  const browser = openTestBrowser()
  idp.login = 'd-tom'
  await browser.go(`${site.url}/web/oidc/idp/begin?next=/device`)
  const { csrf, me } = (await (await browser.ask(`${site.url}/web/session`)).json()) as {
    csrf: string
    me: { id: string }
  }
  const begun = await begin()
  expect(await confirm({ browser, csrf }, begun.userCode)).toBe(200)
  const { token } = (await poll(begun.deviceCode)).body as unknown as { token: string }
  const live = await personAt(second.url, token, me as never).open()
  await idp.revoke('d-tom')
  await site.db.query('UPDATE oidc_session SET check_after = now() WHERE refresh_token IS NOT NULL')
  expect((await live.closed).code).toBe(4003)
})

test('[OI14] pchat sign-in keeps a token that only its owner can read, and pchat sign-out ends it', async () => {
  const env = { XDG_CONFIG_HOME: join(folder, 'config') }
  const file = join(folder, 'config', 'pchat', 'sign-ins.json')
  const program = runPchat(['sign-in', '--server', `${site.url}/`], { env })
  const [, code] = await program.says(/code ([A-Z]{4}-[A-Z]{4})/)
  expect(program.said()).toContain(`Open ${site.url}/device?code=${code}`)
  expect(await confirm(await sitDown('dora@example.com'), code!)).toBe(200)
  expect(await program.ended).toBe(0)
  expect(program.said()).toContain('You are signed in as dora@example.com.')
  expect(program.said()).not.toMatch(/[\w-]{43}/)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await stat(join(folder, 'config', 'pchat'))).mode & 0o777).toBe(0o700)
  const kept = JSON.parse(await readFile(file, 'utf8')).signIns[site.url] as { token: string; user: string }
  expect(kept.user).toBe('dora@example.com')
  const dora = personAt(site.url, kept.token, site.admin.me)
  expect(await dora.code('session.list', {})).toBe('ok')
  const out = runPchat(['sign-out'], { env })
  expect(await out.ended).toBe(0)
  expect(await dora.code('session.list', {})).toBe('unauthenticated')
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ signIns: {} })
  const again = runPchat(['sign-out'], { env })
  expect(await again.ended).toBe(1)
  expect(again.said()).toContain('You are not signed in')
})

test('[OI14] pchat sign-in says what is wrong: refused in the browser, nobody there, an address without TLS', async () => {
  const env = { XDG_CONFIG_HOME: join(folder, 'none') }
  const program = runPchat(['sign-in', '--server', site.url], { env })
  const [, code] = await program.says(/code ([A-Z]{4}-[A-Z]{4})/)
  expect(await confirm(await sitDown('dora@example.com'), code!, false)).toBe(200)
  expect(await program.ended).toBe(1)
  expect(program.said()).toContain('refused in the browser')
  const away = runPchat(['sign-in', '--server', 'http://127.0.0.1:1'], { env })
  expect(await away.ended).toBe(1)
  expect(away.said()).toContain('does not answer')
  const clear = runPchat(['sign-in', '--server', 'http://chat.example.com'], { env })
  expect(await clear.ended).toBe(2)
  await expect(stat(join(folder, 'none'))).rejects.toThrow()
})
