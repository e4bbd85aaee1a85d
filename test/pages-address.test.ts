import { once } from 'node:events'
import { createServer, connect as open } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Another, type ApartSite, openApartSite } from './apart-site.ts'
import { openAuthenticator } from './authenticator.ts'
import { addPasskey, askSignIn, stranger } from './factor-people.ts'
import { openLive } from './harness.ts'
import { openTestBrowser } from './oidc-browser.ts'
import { openTestProvider, type TestProvider } from './oidc-provider.ts'

/** Passes connections through to one server after the other, as a balancer of TCP does. */
async function openBalancer() {
  const to: string[] = []
  let turn = 0
  const server = createServer(socket => {
    turn += 1
    const { hostname, port } = new URL(to[turn % to.length]!)
    const behind = open(Number(port), hostname)
    socket.pipe(behind).pipe(socket)
    for (const [one, other] of [
      [socket, behind],
      [behind, socket],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return { url: `http://127.0.0.1:${port}`, to, stop: () => server.close() }
}

let idp: TestProvider
let balancer: Awaited<ReturnType<typeof openBalancer>>
let apart: ApartSite
let second: Another

beforeAll(async () => {
  idp = await openTestProvider()
  balancer = await openBalancer()
  const more = { pagesUrl: balancer.url, oidc: [idp.config()] }
  apart = await openApartSite(more)
  second = await apart.more({ ...more, server: 'fe2' })
  balancer.to.push(apart.site.url, second.url)
  // The pool's name alone: what an administrator registers at his provider.
  idp.register(balancer.url)
})
afterAll(async () => {
  balancer.stop()
  await apart?.stop()
  await idp?.close()
})

test('[FR19] at the name that leads to all Front End Servers people sign in by OpenID, whichever of them answers; at a name of its own each leads there', async () => {
  idp.users.set('s-ann', { preferred_username: 'ann', name: 'Ann' })
  for (const begin of [balancer.url, apart.site.url, second.url]) {
    const browser = openTestBrowser()
    idp.login = 's-ann'
    const done = await browser.go(`${begin}/web/oidc/idp/begin?next=%2Froom%2F7`)
    expect(new URL(done.url).origin, begin).toBe(balancer.url)
    expect(done.text).toContain('/room/7')
    const { me } = (await (await browser.ask(`${balancer.url}/web/session`)).json()) as { me?: { name: string } }
    expect(me?.name).toBe('ann@example.com')
    const { signOutUrl } = (await (await browser.ask(`${balancer.url}/web/oidc/session`)).json()) as {
      signOutUrl: string | null
    }
    if (signOutUrl !== null)
      expect(new URL(signOutUrl).searchParams.get('post_logout_redirect_uri')).toBe(`${balancer.url}/`)
  }
  // A balancer that hides the name sends nobody round in circles.
  const hidden = await fetch(`${second.url}/web/oidc/idp/begin?at=pages`, { redirect: 'manual' })
  expect(new URL(hidden.headers.get('location')!).origin).toBe(idp.issuer)
})

test('[FR19] programs are told to confirm at that name', async () => {
  const begun = await fetch(`${second.url}/web/device/begin`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client: 'desk' }),
  })
  expect(((await begun.json()) as { verificationUri: string }).verificationUri).toBe(`${balancer.url}/device`)
})

test('[FR20] a passkey is made for that name, over a live session too, and taken on the pages of every Front End Server within its domain', async () => {
  const pagesUrl = 'https://chat.example.com'
  const named = await openApartSite({ pagesUrl, publicUrl: 'https://fe1.example.com', passkeyDomain: 'example.com' })
  try {
    const fe2 = await named.more({
      ...{ server: 'fe2', pagesUrl, publicUrl: 'https://fe2.example.com', passkeyDomain: 'example.com' },
    })
    const ann = await named.site.addUser('ann@example.com')
    const { authenticator } = await addPasskey(fe2.at(ann), pagesUrl)
    const at = async (origin: string, url = named.site.url) => {
      const { options } = await stranger(url).call('session.challenge', {})
      const { error } = await askSignIn(url, { passkey: authenticator.get(options, { origin }) })
      return error?.code ?? 'ok'
    }
    for (const origin of [pagesUrl, 'https://fe1.example.com', 'https://fe2.example.com'])
      await expect.poll(() => at(origin), { message: origin }).toBe('ok')
    expect(await at(pagesUrl, fe2.url)).toBe('ok')
    // Another host of the domain is nobody's page.
    for (const origin of ['https://evil.example.com', 'http://chat.example.com', 'https://fe1.example.com:8443'])
      expect(await at(origin), origin).toBe('unauthenticated')
  } finally {
    await named.stop()
  }
})

test('[FR20] without a domain it is for that very name, whichever server is asked, and is taken nowhere else', async () => {
  const pagesUrl = 'https://chat.example.com'
  const named = await openApartSite({ pagesUrl, publicUrl: 'https://fe1.example.com' })
  try {
    const chat = await named.more({ role: 'persistent-chat', server: 'three', files: undefined, publicUrl: undefined })
    const live = await openLive(chat.url, named.site.admin.token, named.site.admin.me)
    const begun = await live.call('factor.begin', { kind: 'passkey' })
    expect(begun).toMatchObject({ options: { rp: { id: 'chat.example.com' } } })
    await live.close()
    const ann = await named.site.addUser('ann@example.com')
    const { options } = await ann.call('factor.begin', { kind: 'passkey' })
    const own = openAuthenticator('https://fe1.example.com').create(options)
    expect(await ann.code('factor.confirm', { passkey: own })).toBe('invalid_argument')
  } finally {
    await named.stop()
  }
})
