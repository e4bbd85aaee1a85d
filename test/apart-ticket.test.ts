import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApartSite, openApartSite } from './apart-site.ts'
import { openSocket } from './bare-socket.ts'
import { type Person, password } from './harness.ts'
import { until } from './stage.ts'

let apart: ApartSite
let ann: Person
beforeAll(async () => {
  apart = await openApartSite()
  ann = await apart.site.addUser('ann@example.com')
})
afterAll(() => apart.stop())

type Page = { cookie: string; csrf: string; origin: string }

/** Signed in as a browser is. */
async function openPage(url = apart.site.url): Promise<Page> {
  const answer = await fetch(`${url}/web/signin`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ user: 'ann@example.com', password }),
  })
  const { csrf, apart } = (await answer.json()) as { csrf: string; apart: boolean }
  expect(apart).toBe(true)
  return { cookie: answer.headers.get('set-cookie')!.split(';')[0]!, csrf, origin: url }
}

type Told = { ticket: string; servers: string[]; webServices: string[]; error?: { code: string } }

async function post(path: string, { cookie, csrf, origin }: Page, more: Record<string, string> = {}) {
  const headers = { 'content-type': 'application/json', cookie, 'x-pchat-csrf': csrf, origin, ...more }
  const answer = await fetch(`${apart.site.url}${path}`, { method: 'POST', headers, body: '{}' })
  return (await answer.json()) as Told
}

const askTicket = (page: Page, more: Record<string, string> = {}) => post('/web/ticket', page, more)

/** The code of the refusal, or the name of who was let in. */
async function openWith(ticket: string, origin: string | undefined, url = apart.one.url) {
  const socket = await openSocket(url, origin === undefined ? {} : { origin })
  const { result, error } = await socket.ask('session.open', { ticket })
  const said = error?.code ?? (result as { me: { name: string } }).me.name
  await socket.close()
  return said
}

test('[FR10] a page of a Front End Server opens one live session at any server with a ticket, and posts with it', async () => {
  const page = await openPage()
  const { ticket, servers, webServices } = await askTicket(page)
  expect(servers).toHaveLength(2)
  expect(webServices).toEqual([apart.site.url])
  expect(await openWith(ticket, page.origin, servers[1])).toBe('ann@example.com')
  const { rows } = await apart.site.db.query('SELECT FROM live_ticket')
  expect(rows).toEqual([])
})

test('[FR10] the store holds no ticket that could be used, only what tells it from others', async () => {
  const { ticket } = await askTicket(await openPage())
  const { rows } = await apart.site.db.query<{ text: string }>('SELECT t::text AS text FROM live_ticket t')
  expect(rows).toHaveLength(1)
  expect(rows[0]!.text).not.toContain(ticket)
  expect(rows[0]!.text).not.toContain(Buffer.from(ticket).toString('hex'))
  await apart.site.db.query('DELETE FROM live_ticket')
})

test('[FR11] a ticket counts once', async () => {
  const page = await openPage()
  const { ticket } = await askTicket(page)
  expect(await openWith(ticket, page.origin)).toBe('ann@example.com')
  for (const { url } of [apart.one, apart.two]) expect(await openWith(ticket, page.origin, url)).toBe('unauthenticated')
  const { ticket: raced } = await askTicket(page)
  const all = await Promise.all([1, 2, 3, 4].map(() => openWith(raced, page.origin)))
  expect(all.sort()).toEqual(['ann@example.com', ...Array(3).fill('unauthenticated')])
})

test('[FR11] a ticket counts for the origin of its page alone, and is used up where another one tries', async () => {
  const page = await openPage()
  for (const origin of ['https://evil.example', apart.one.url, `${page.origin}0`, 'null']) {
    const { ticket } = await askTicket(page)
    expect(await openWith(ticket, origin), origin).toBe('unauthenticated')
    expect(await openWith(ticket, page.origin), origin).toBe('unauthenticated')
  }
  // Where a proxy takes it away no ticket would do, so that the page has to say so, and not try for ever. Nothing was looked up.
  const { ticket } = await askTicket(page)
  expect(await openWith(ticket, undefined)).toBe('forbidden')
  expect(await openWith(ticket, page.origin)).toBe('ann@example.com')
})

test('[FR11] a ticket counts no more after sign-out, after half a minute, and where it was altered', async () => {
  const page = await openPage()
  await apart.site.db.query('DELETE FROM live_ticket')
  const [left, late, altered] = [await askTicket(page), await askTicket(page), await askTicket(page)]
  const { db } = apart.site
  await db.query("UPDATE live_ticket SET expires_at = expires_at - interval '31 seconds'")
  expect(await openWith(late.ticket, page.origin)).toBe('unauthenticated')
  for (const ticket of ['', 'x', `${altered.ticket}a`, `a${altered.ticket.slice(1)}`, altered.ticket.split('.')[0]!])
    expect(await openWith(ticket, page.origin), ticket).toBe('unauthenticated')
  const { ticket } = await askTicket(page)
  expect(left.ticket).not.toBe(ticket)
  await post('/web/signout', page)
  expect(await openWith(ticket, page.origin)).toBe('unauthenticated')
  expect((await db.query('SELECT FROM live_ticket')).rows).toEqual([])
})

test('[FR11] a disabled user is not let in with a ticket that he has', async () => {
  const page = await openPage()
  const { ticket } = await askTicket(page)
  await apart.site.admin.call('principal.update', { principal: ann.me.id, disabled: true })
  expect(await openWith(ticket, page.origin)).toBe('unauthenticated')
  await apart.site.admin.call('principal.update', { principal: ann.me.id, disabled: false })
})

test('[FR11] only the signed-in page itself gets a ticket: with its cookie, its CSRF header and its own origin', async () => {
  const page = await openPage()
  const code = async (change: Partial<Page>, more: Record<string, string> = {}) =>
    (await askTicket({ ...page, ...change }, more)).error?.code
  expect(await code({})).toBeUndefined()
  expect(await code({ cookie: '' })).toBe('unauthenticated')
  expect(await code({ csrf: 'x' })).toBe('forbidden')
  expect(await code({ origin: 'https://evil.example' })).toBe('forbidden')
  expect(await code({ origin: '' })).toBe('forbidden')
  expect(await code({}, { authorization: `Bearer ${page.cookie.split('=')[1]}` })).toBe('invalid_argument')
})

test('[FR11] the cookie of a page is nothing to a Persistent Chat Server', async () => {
  const { cookie, origin } = await openPage()
  const socket = await openSocket(apart.one.url, { origin, headers: { cookie } })
  expect((await socket.ask('session.open', {})).error?.code).toBe('unauthenticated')
  await socket.close()
})

test('[FR18] beside servers with all roles both kinds are at home: a ticket and a token count there, and a sign-in names all', async () => {
  const whole = await apart.site.another({ role: 'all', server: 'three', files: undefined })
  const page = await openPage()
  const { ticket } = await askTicket(page)
  expect(await openWith(ticket, page.origin, whole.url)).toBe('ann@example.com')
  const live = await whole.at(apart.site.admin).open()
  expect(live.opened).not.toHaveProperty('webServices')
  await until(async () => (await askTicket(page)).servers.length === 3)
  await live.close()
  await whole.stop()
})
