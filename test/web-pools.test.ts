import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openApartSite } from './apart-site.ts'
import { askHttp } from './ask-http.ts'
import { seriousFaults } from './axe.ts'
import { addTotp, codeOf } from './factor-people.ts'
import { openSite, password, type Site, signInAt } from './harness.ts'
import { challengeOf, giveTicket, newVerifier, openTwoPools, type TwoPools } from './two-pools.ts'
import { openBrowser, openSeat, type Seat, signIn, sit, webRoot } from './web-browser.ts'

/** Both on one host, on ports of their own: they share what a browser keeps for a host, cookies. */
let pools: TwoPools
let browser: Browser
const seats: Seat[] = []
beforeAll(async () => {
  browser = await openBrowser()
  pools = await openTwoPools({ both: { webRoot } })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await pools?.stop()
})
afterEach(async () => {
  for (const { context, faults } of seats.splice(0)) {
    expect(faults).toEqual([])
    await context.close()
  }
})

// biome-ignore lint/suspicious/noExplicitAny: what a route answers
type Json = any
let made = 0
async function both(): Promise<string> {
  made += 1
  const name = `ann${made}@example.com`
  for (const site of [pools.main, pools.north]) await addUser(site, name)
  return name
}

const addUser = (site: Site, name: string) =>
  site.admin.call('principal.create', { kind: 'user', name, displayName: name.split('@')[0]!, password })

async function take(seat: Promise<Seat>): Promise<Seat> {
  const taken = await seat
  seats.push(taken)
  return taken
}

const places = (page: Page) => page.getByRole('navigation', { name: 'Places' })
const menu = (page: Page) => page.getByRole('button', { name: /^Pools: this is/ })

/** What opens beside the window. */
async function opened(context: BrowserContext, open: () => Promise<unknown>): Promise<Page> {
  const [page] = await Promise.all([context.waitForEvent('page'), open()])
  await page.waitForLoadState()
  return page
}

/** For whoever looks at the pages: PCHAT_SHOTS is a folder. */
async function picture(page: Page, name: string) {
  const folder = process.env.PCHAT_SHOTS
  if (folder) await page.screenshot({ path: `${folder}/pools-${name}.png`, animations: 'disabled' })
}

async function signedInAs(page: Page): Promise<string> {
  return page.evaluate(
    "fetch('/web/session').then(answer => answer.json()).then(answer => answer.me?.name ?? 'nobody')",
  )
}

test('[PL12] [PL14] another pool is opened from the menu, by keyboard, signed in and beside the first, and neither signs the other out', async () => {
  const name = await both()
  const { page, context } = await take(sit(browser, pools.main.url, name))
  expect(await menu(page).getAttribute('aria-label')).toBe('Pools: this is Main rooms')
  expect(await page.title()).toContain('Main rooms')
  await menu(page).focus()
  await page.keyboard.press('Enter')
  const items = page.getByRole('menu').getByRole('menuitem')
  await items.first().waitFor()
  expect(await items.allTextContents()).toEqual([
    expect.stringMatching(/^Main rooms/),
    expect.stringMatching(/^North rooms/),
  ])
  expect(await items.first().getAttribute('aria-current')).toBe('true')
  await expect.poll(() => page.evaluate("document.activeElement.getAttribute('aria-current')")).toBe('true')
  await picture(page, 'menu')
  // [PL14] The window behind it is still there to be seen and clicked.
  expect(await page.evaluate("document.elementFromPoint(700, 300).closest('#root') !== null")).toBe(true)
  // The component library's own guards of the focus are hidden, and passed on from.
  const isOurs = (fault: string) => !fault.includes('data-tabster-dummy')
  expect((await seriousFaults(page)).filter(isOurs)).toEqual([])
  await page.keyboard.press('ArrowDown')
  const north = await opened(context, () => page.keyboard.press('Enter'))
  await places(north).waitFor()
  expect(new URL(north.url()).origin).toBe(pools.north.url)
  expect(north.url()).not.toContain('ticket')
  expect(await menu(north).getAttribute('aria-label')).toBe('Pools: this is North rooms')
  await expect.poll(() => north.title()).toContain('North rooms')
  await picture(north, 'north')
  for (const one of [page, north]) {
    await one.reload()
    await places(one).waitFor()
    expect(await signedInAs(one)).toBe(name)
  }
  const cookies = (await context.cookies()).map(one => one.name).filter(one => one.startsWith('pchat'))
  expect(cookies.sort()).toEqual(['pchat', 'pchat.north'])
  // What each window keeps is its own: storage goes by ports, too.
  await page.evaluate("localStorage.setItem('draft', 'of the main pool')")
  expect(await north.evaluate("localStorage.getItem('draft')")).toBeNull()
  // A second time it is there already.
  await menu(page).click()
  const again = await opened(context, () => page.getByRole('menuitem', { name: /North rooms/ }).click())
  await places(again).waitFor()
  const there = await signInAt(pools.north.url, name)
  expect((await there.call('session.list', {})).sessions.filter(one => one.handedOverFrom)).toHaveLength(1)
  // Signing out of one leaves the other.
  await again.goto(`${pools.north.url}/#/account`)
  await again.getByRole('button', { name: 'Sign out' }).first().click()
  await again.getByRole('heading', { name: 'Sign in' }).waitFor()
  expect(await signedInAs(page)).toBe(name)
  expect(await signedInAs(again)).toBe('nobody')
  await again.getByText('You have signed out of North rooms. Where you opened other pools').waitFor()
  await picture(again, 'signed-out')
  // And back in by the one that it came from.
  await again.getByRole('link', { name: 'Sign in by Main rooms' }).click()
  await places(again).waitFor()
  expect(await signedInAs(again)).toBe(name)
})

test('[PL12] at 360 pixels the menu has its place in the rail, whatever the pool is called', async () => {
  const [main] = pools.places
  const before = main!.displayName
  main!.displayName = 'Customer services of the whole group'
  try {
    const viewport = { width: 360, height: 640 }
    const { page } = await take(sit(browser, pools.main.url, 'admin@example.com', { viewport }))
    await menu(page).click()
    await page.getByRole('menu').waitFor()
    await picture(page, 'narrow')
    const boxes = [await menu(page).boundingBox(), await page.getByRole('menuitem').first().boundingBox()]
    for (const box of boxes) expect(box!.x + box!.width).toBeLessThanOrEqual(360)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
  } finally {
    main!.displayName = before
  }
})

test('[PL12] where there is one pool, no word is said of pools', async () => {
  const alone = await openSite({ webRoot })
  try {
    const { page } = await take(sit(browser, alone.url, 'admin@example.com'))
    expect(await menu(page).count()).toBe(0)
    expect(await page.title()).toContain('Persistent Chat')
    await page.goto(`${alone.url}/#/rooms`)
    await page.getByRole('heading', { name: 'My rooms' }).waitFor()
    expect(await page.getByText('Rooms of your site').count()).toBe(0)
  } finally {
    await alone.stop()
  }
})

test('[PL13] My rooms and the page that makes one say which pool is the one for it, and lead there', async () => {
  const name = await both()
  const { page, context } = await take(sit(browser, pools.north.url, name))
  await page.goto(`${pools.north.url}/#/rooms`)
  const note = page.getByText('Rooms of your site are made and managed in Main rooms')
  await note.waitFor()
  await picture(page, 'not-default')
  expect(await seriousFaults(page)).toEqual([])
  const main = await opened(context, () => page.getByRole('link', { name: 'Open Main rooms' }).click())
  await main.waitForURL(`${pools.main.url}/#/rooms`)
  await main.getByRole('heading', { name: 'My rooms' }).waitFor()
  expect(await signedInAs(main)).toBe(name)
  expect(await main.getByText('Rooms of your site').count()).toBe(0)
  await page.goto(`${pools.north.url}/#/rooms/new`)
  await note.waitFor()
})

test('[PL10] whoever is signed in at the other pool already is asked for, and stays unless it is wanted', async () => {
  const [ann, bob] = [await both(), await both()]
  const { page, context } = await take(sit(browser, pools.main.url, ann))
  const north = await context.newPage()
  await north.goto(pools.north.url)
  await signIn(north, bob)
  await places(north).waitFor()
  const open = async () => {
    await menu(page).click()
    return opened(context, () => page.getByRole('menuitem', { name: /North rooms/ }).click())
  }
  const first = await open()
  await first.getByRole('heading', { name: 'Somebody is signed in here' }).waitFor()
  await picture(first, 'somebody-else')
  expect(await seriousFaults(first)).toEqual([])
  await first.getByRole('link', { name: `Go on as ${bob}` }).click()
  await places(first).waitFor()
  expect(await signedInAs(first)).toBe(bob)
  const second = await open()
  await second.getByRole('button', { name: `Sign in as ${ann}` }).click()
  await places(second).waitFor()
  expect(await signedInAs(second)).toBe(ann)
  // Nobody is left behind signed in whom the browser has forgotten.
  const there = await signInAt(pools.north.url, bob)
  expect((await there.call('session.list', {})).sessions).toHaveLength(1)
})

test('[PL10] a ticket that somebody else sends signs nobody in, also while this window waits for its own', async () => {
  const mallory = await signInAt(pools.main.url, await both())
  const { handOver } = await giveTicket(mallory, 'north')
  const { page } = await take(openSeat(browser, `${pools.north.url}/arrive#ticket=${handOver}`))
  await page.getByText('did not ask for that sign-in').waitFor()
  expect(page.url()).not.toContain(handOver)
  await picture(page, 'not-asked')
  expect(await signedInAs(page)).toBe('nobody')
  // It waits for its own now, and gets his.
  await page.goto('about:blank')
  await page.goto(`${pools.north.url}/arrive#from=pchat&as=ann`)
  await page.getByText('You are not signed in here any more').waitFor()
  expect(new URL(page.url()).origin).toBe(pools.main.url)
  await page.goto(`${pools.north.url}/arrive#ticket=${handOver}`)
  await page.getByText('counts no more').waitFor()
  expect(await signedInAs(page)).toBe('nobody')
  // To a place that the server was not told of it does not go at all.
  await page.goto('about:blank')
  await page.goto(`${pools.north.url}/arrive#from=https%3A%2F%2Fevil.example&as=ann`)
  await page.getByText('There is no such pool').waitFor()
})

test('[PL12] a pool whose Front End Servers run apart opens as any other, and leads back', async () => {
  const known = { list: () => pools.places, keys: pools.keys }
  const apart = await openApartSite({ webRoot, pool: 'apart', pools: known })
  pools.places.push({ name: 'apart', displayName: 'Apart', url: apart.site.url })
  try {
    const name = await both()
    await addUser(apart.site, name)
    const { page, context, faults } = await take(sit(browser, pools.main.url, name))
    await menu(page).click()
    const there = await opened(context, () => page.getByRole('menuitem', { name: /^Apart/ }).click())
    await places(there).waitFor()
    // What the window says of pools comes over the live session, from a Persistent Chat Server.
    await expect.poll(() => menu(there).getAttribute('aria-label'), { timeout: 20_000 }).toBe('Pools: this is Apart')
    expect(await signedInAs(there)).toBe(name)
    await menu(there).click()
    const back = await opened(context, () => there.getByRole('menuitem', { name: /North rooms/ }).click())
    await places(back).waitFor()
    expect(await signedInAs(back)).toBe(name)
    expect(faults).toEqual([])
  } finally {
    pools.places.pop()
    await apart.stop()
  }
}, 120_000)

test('[PL6] the second factor of the other pool is asked for in its window', async () => {
  const name = await both()
  const { secret } = await addTotp(await signInAt(pools.north.url, name))
  await pools.north.db.query('UPDATE totp SET last_step = 0')
  const { page, context } = await take(sit(browser, pools.main.url, name))
  await menu(page).click()
  const north = await opened(context, () => page.getByRole('menuitem', { name: /North rooms/ }).click())
  await north.getByRole('textbox', { name: /^Code/ }).fill(codeOf(secret))
  await north.keyboard.press('Enter')
  await places(north).waitFor()
  expect(await signedInAs(north)).toBe(name)
})

/** The page learns once, before it asks for a ticket, that nobody is signed in. */
const stranger = `
  const ask = window.fetch
  const isFirst = location.pathname === '/arrive' && !location.hash.includes('ticket')
  window.fetch = async (to, init) =>
    isFirst && String(to).endsWith('/web/session')
      ? new Response('{"error":{"code":"unauthenticated","message":""}}', { status: 401 })
      : ask(to, init)`

test('[PL21] a pool that is opened twice at once opens in both windows; who else was signed in there meanwhile is named, and stays', async () => {
  const name = await both()
  const { page, context } = await take(sit(browser, pools.main.url, name))
  await menu(page).click()
  const late = await opened(context, () => page.getByRole('menuitem', { name: /North rooms/ }).click())
  await places(late).waitFor()
  // As if it had not come yet when this one asked: the ticket comes back to a browser that is signed in.
  const arrive = async () => {
    const begun = await context.newPage()
    await begun.addInitScript({ content: stranger })
    await begun.goto(`${pools.north.url}/arrive#${new URLSearchParams({ from: 'pchat', as: name, next: '#/' })}`)
    return begun
  }
  const second = await arrive()
  await places(second).waitFor()
  expect(await signedInAs(second)).toBe(name)
  // Somebody else, in the same browser.
  const other = await both()
  await second.evaluate(
    `fetch('/web/signin', { method: 'POST', headers: { 'content-type': 'application/json' }, body: ${JSON.stringify(JSON.stringify({ user: other, password }))} })`,
  )
  const third = await arrive()
  await third.getByText(`In this browser ${other} is signed in at this pool, and you come as ${name}.`).waitFor()
  expect(await signedInAs(third)).toBe(other)
})

test('[PL12] somebody without an account there is told so, and can sign in as another', async () => {
  await addUser(pools.main, 'alone@example.com')
  const { page, context } = await take(sit(browser, pools.main.url, 'alone@example.com'))
  await menu(page).click()
  const north = await opened(context, () => page.getByRole('menuitem', { name: /North rooms/ }).click())
  await north.getByText('opens no account here').waitFor()
  await picture(north, 'no-account')
  expect(await seriousFaults(north)).toEqual([])
  await north.getByRole('link', { name: 'Go to the sign-in of this pool' }).click()
  await north.getByRole('heading', { name: 'Sign in' }).waitFor()
})

test('[SI17] whoever signs in in the place of somebody else ends the sign-in that the browser had, by a second factor too; his own others stay', async () => {
  const { main } = pools
  const [ann, bob] = [await both(), await both()]
  const enter = async (user: string, cookie = '', more: object = { user, password }) => {
    const answer = await fetch(`${main.url}/web/signin`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie },
      body: JSON.stringify(more),
    })
    return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '', body: (await answer.json()) as Json }
  }
  const counts = async (cookie: string) =>
    (await fetch(`${main.url}/web/session`, { headers: { cookie } })).status === 200
  const first = await enter(ann)
  const again = await enter(ann, first.cookie)
  expect(await counts(first.cookie)).toBe(true)
  const { secret } = await addTotp(await signInAt(main.url, bob))
  await main.db.query('UPDATE totp SET last_step = 0')
  const asked = await enter(bob, again.cookie)
  // Nobody is in yet, and nobody out.
  expect(await counts(again.cookie)).toBe(true)
  const { ticket } = asked.body.error.details
  const came = await enter(bob, again.cookie, { ticket, code: codeOf(secret) })
  expect(came.body.me.name).toBe(bob)
  expect(await Promise.all([again, first, came].map(({ cookie }) => counts(cookie)))).toEqual([false, true, true])
})

test('[PL10] the routes take nothing from other pages, nor in place of somebody without a word', async () => {
  const { north, main } = pools
  const ann = await signInAt(main.url, await both())
  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${north.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    return {
      status: answer.status,
      cookie: answer.headers.get('set-cookie') ?? '',
      body: (await answer.json()) as Json,
    }
  }
  const { handOver: ticket, verifier } = await giveTicket(ann, 'north')
  expect((await post('/web/handover', { ticket, verifier }, { origin: main.url })).status).toBe(403)
  expect((await post('/web/handover/begin', { from: 'pchat' }, { origin: main.url })).status).toBe(403)
  expect((await post('/web/signin', { handOver: ticket, verifier })).status).toBe(400)
  for (const from of ['north', 'south', '', main.url])
    expect((await post('/web/handover/begin', { from })).status).toBe(404)
  expect((await post('/web/handover/begin', { from: 'pchat' })).body).toEqual({
    url: main.url,
    displayName: 'Main rooms',
    pool: 'north',
  })
  for (const body of [{}, { ticket }, { ticket, verifier: 1 }, { ticket, verifier, more: 1 }, [], null])
    expect((await post('/web/handover', body as object)).status).toBe(400)
  const came = await post('/web/handover', { ticket, verifier })
  expect(came.cookie).toMatch(/^pchat\.north=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/)
  const cookie = came.cookie.split(';')[0]!
  const next = await giveTicket(ann, 'north')
  const arrival = { ticket: next.handOver, verifier: next.verifier }
  expect((await post('/web/handover', arrival, { cookie })).status).toBe(403)
  const csrf = { cookie, 'x-pchat-csrf': came.body.csrf }
  expect(await post('/web/handover', arrival, csrf)).toMatchObject({
    status: 409,
    body: { error: { code: 'conflict' } },
  })
  const replaced = await post('/web/handover', { ...arrival, replace: true }, csrf)
  expect(replaced.status).toBe(200)
  expect((await askHttp(north.url, cookie.split('=')[1], 'session.list', {})).error?.code).toBe('unauthenticated')
  expect(challengeOf(newVerifier())).toHaveLength(43)
})
