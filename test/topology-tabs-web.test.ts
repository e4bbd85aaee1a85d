import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrateCentral } from '../src/topology/central-schema.ts'
import { exampleDocument } from '../src/topology/example.ts'
import { faultsInBothColours } from './axe.ts'
import { openEmptyDatabase, type TestDatabase } from './database.ts'
import { openSite, type Person, type Site } from './harness.ts'
import { openBrowser, type Seat, signIn, sit, webRoot } from './web-browser.ts'

let site: Site
let browser: Browser
let central: TestDatabase
let bob: Person
beforeAll(async () => {
  browser = await openBrowser()
  central = await openEmptyDatabase()
  site = await openSite({ webRoot, central: central.address })
  bob = await site.addUser('bob@example.com', { administrator: true })
  await site.admin.call('topology.publish', { text: exampleDocument('enterprise-edition'), basedOn: 0 })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await site?.stop()
  await central?.drop()
})

const wide = { viewport: { width: 1440, height: 900 } }
const node = (page: Page, id: string) => page.locator(`[data-id="${id}"]`)
const form = (page: Page) => page.locator('[data-form]')
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const pool = 'chatPool:chat.example.com'
const newest = async () => (await site.admin.call('topology.get', {})).publication!
const typed = (page: Page) => form(page).getByLabel('Display name').inputValue()
/** The look of the page for what others publish is due. */
const look = (page: Page) => page.clock.fastForward(11_000)

async function open(page: Page): Promise<void> {
  await page.goto(`${site.url}/#/admin/topology`)
  await node(page, pool).waitFor()
}

async function type(page: Page, name: string): Promise<void> {
  await node(page, pool).click()
  await form(page).getByLabel('Display name').fill(name)
}

async function publish(page: Page): Promise<void> {
  await button(page, 'Publish').click()
  await page.getByRole('dialog').getByText('It asks nothing of servers.').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
}

async function leave({ faults, context }: Seat): Promise<void> {
  expect(faults).toEqual([])
  await context.close()
}

const keptKeys = (page: Page) =>
  page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('pchat.topology.'))")

test('[TB43] two tabs show the one text, and what one publishes takes nothing from the other that it does not see', async () => {
  const seat = await sit(browser, site.url, 'admin@example.com', wide)
  const [one, other] = [seat.page, await seat.context.newPage()]
  await open(one)
  await open(other)
  await type(one, 'Of one tab')
  await other.getByText('What is typed in another tab of this browser is shown here as well.').waitFor()
  await node(other, pool).click()
  expect(await typed(other)).toBe('Of one tab')
  await form(other).getByLabel('Display name').fill('Of both')
  await expect.poll(() => typed(one)).toBe('Of both')
  expect(await faultsInBothColours(one)).toEqual([])
  await one.reload()
  await node(one, pool).click()
  expect(await typed(one)).toBe('Of both')
  await publish(other)
  await other.getByText(/^Version \d+ is published\.$/).waitFor()
  expect((await newest()).text).toContain('displayName: Of both')
  await one.getByText('Nothing is changed.').waitFor()
  await leave(seat)
}, 60_000)

test('[TB45] who signs out leaves nothing in the browser; whose sign-in ended finds it again, and the next one at that browser does not', async () => {
  const seat = await sit(browser, site.url, 'admin@example.com', wide)
  const { page, context } = seat
  await open(page)
  await type(page, 'Of the administrator')
  await page.getByText('It stays in this browser until you sign out').waitFor()
  expect(await keptKeys(page)).toEqual([`pchat.topology.${site.admin.me.id}`])
  const enter = async (user: string) => {
    await page.reload()
    await signIn(page, user)
    await page.getByRole('navigation', { name: 'Places' }).waitFor()
    await open(page)
  }
  const leaveBy = async () => {
    await page.goto(`${site.url}/#/account`)
    await button(page, 'Sign out').click()
    await page.getByLabel('Account name').waitFor()
  }
  await context.clearCookies()
  await enter('bob@example.com')
  await page.getByText('Nothing is changed.').waitFor()
  await node(page, pool).click()
  expect(await typed(page)).not.toBe('Of the administrator')
  await leaveBy()
  await enter('admin@example.com')
  await node(page, pool).click()
  expect(await typed(page)).toBe('Of the administrator')
  await leaveBy()
  expect(await keptKeys(page)).toEqual([])
  await leave(seat)
}, 60_000)

test('[TB44] a form stays that of its server while others publish, and is closed where that is gone', async () => {
  const seat = await sit(browser, site.url, 'admin@example.com', wide)
  const { page } = seat
  await page.clock.install()
  await page.reload()
  await open(page)
  await node(page, 'chatServer:chat2.example.com').click()
  const heading = page.getByRole('heading', { name: 'Persistent Chat Server chat2.example.com' })
  await heading.waitFor()
  const { version, text } = await newest()
  const more = text.replace('      - fqdn: chat1.example.com', '      - fqdn: chat0.example.com\n$&')
  await bob.call('topology.publish', { text: more, basedOn: version })
  await look(page)
  await node(page, 'chatServer:chat0.example.com').waitFor()
  expect(await heading.isVisible()).toBe(true)
  expect(await form(page).getByLabel('Full name').inputValue()).toBe('chat2.example.com')
  // Another one stands in its place.
  const without = more.replace('chat2.example.com', 'chat7.example.com')
  await bob.call('topology.publish', { text: without, basedOn: version + 1 })
  await look(page)
  await page.getByText('Persistent Chat Server chat2.example.com is no longer there: its form is closed.').waitFor()
  expect(await form(page).count()).toBe(0)
  await leave(seat)
}, 60_000)

test('[TB44] who types above it in the text goes on typing there, and the form stays that of its server', async () => {
  const seat = await sit(browser, site.url, 'admin@example.com', wide)
  const { page } = seat
  await open(page)
  await node(page, 'chatServer:chat3.example.com').click()
  const heading = page.getByRole('heading', { name: 'Persistent Chat Server chat3.example.com' })
  await heading.waitFor()
  await page.getByRole('link', { name: 'Text' }).click()
  const area = page.getByLabel('The document as text')
  const at = (await area.inputValue()).indexOf('      - fqdn: chat0.example.com')
  await area.focus()
  await area.evaluate(
    (one, place) =>
      (one as unknown as { setSelectionRange(from: number, to: number): void }).setSelectionRange(place, place),
    at,
  )
  // A quote that has no end yet is no YAML.
  await page.keyboard.type('      - fqdn: "chat9.example.com"\n')
  expect(await area.inputValue()).toContain('      - fqdn: "chat9.example.com"\n      - fqdn: chat0.example.com')
  await page.getByText('Place in the document: /persistentChatPools/0/servers/4').waitFor()
  expect(await heading.isVisible()).toBe(true)
  await leave(seat)
}, 60_000)

test('[TB51] once published the page is of that version, though the next read is late', async () => {
  const seat = await sit(browser, site.url, 'admin@example.com', wide)
  const { page } = seat
  let isLate = false
  await page.routeWebSocket(/\/ws$/, socket => {
    const server = socket.connectToServer()
    socket.onMessage(message => {
      if (!isLate || !/"topology\.(get|history)"/.test(String(message))) server.send(message)
    })
  })
  await page.reload()
  await open(page)
  await type(page, 'Soon')
  const { version } = await newest()
  isLate = true
  await publish(page)
  await page.getByText(`Version ${version + 1} is published, by admin@example.com`).waitFor()
  await page.getByText('Nothing is changed.').waitFor()
  expect(await typed(page)).toBe('Soon')
  await leave(seat)
}, 60_000)

test('[TB53] who would begin anew is told what becomes of the open document, and finds back to it', async () => {
  const seat = await sit(browser, site.url, 'admin@example.com', wide)
  const { page } = seat
  await open(page)
  await button(page, 'More').click()
  await page.getByRole('menuitem', { name: 'Begin anew, or open a file' }).click()
  await page.getByText('Each of these takes the place of the document that is open; Undo brings that back.').waitFor()
  expect(await page.getByText('There is none yet.').count()).toBe(0)
  expect(await faultsInBothColours(page)).toEqual([])
  await button(page, 'Back to the open document').click()
  await node(page, pool).waitFor()
  await page.getByText('Nothing is changed.').waitFor()
  await leave(seat)
}, 60_000)

test('[TB54] a store that was away is noticed once it answers, though nothing is published in it', async () => {
  const empty = await openEmptyDatabase()
  const server = await site.another({ central: empty.address })
  await migrateCentral(empty.db)
  const seat = await sit(browser, server.url, 'admin@example.com', wide)
  const { page } = seat
  let isAway = true
  await page.routeWebSocket(/\/ws$/, socket => {
    const back = socket.connectToServer()
    socket.onMessage(message => {
      const { id, verb } = JSON.parse(String(message))
      const error = { code: 'unavailable', message: 'The Central Management Store did not answer.' }
      if (isAway && /^topology\.(get|history)$/.test(verb)) socket.send(JSON.stringify({ id, error }))
      else back.send(message)
    })
  })
  await page.clock.install()
  await page.goto(`${server.url}/#/admin/topology`)
  await page.reload()
  await page.getByText('The Central Management Store did not answer.').waitFor()
  isAway = false
  await look(page)
  await page.getByText('Nothing is published yet.').waitFor()
  expect(await page.getByText('The Central Management Store did not answer.').count()).toBe(0)
  await leave(seat)
  await server.stop()
  await empty.drop()
}, 60_000)

test('[TB46] a store that was restored or emptied is told, compared with what the browser has, and gone on from', async () => {
  const seat = await sit(browser, site.url, 'admin@example.com', wide)
  const { page } = seat
  await page.clock.install()
  await page.reload()
  await open(page)
  await type(page, 'Mine')
  const { version, text } = await newest()
  // As an older copy does not have it, on which somebody else published meanwhile.
  const forget = (from: number) =>
    central.db.query(
      `ALTER TABLE publication DISABLE TRIGGER ALL; DELETE FROM publication WHERE version >= ${from}; ALTER TABLE publication ENABLE TRIGGER ALL`,
    )
  await forget(version)
  await bob.call('topology.publish', { text: text.replace('port: 5432', 'port: 5433'), basedOn: version - 1 })
  await look(page)
  const restored = page.getByRole('region', { name: 'Published meanwhile' })
  await restored.getByText(`This store has another version ${version}`).waitFor()
  await restored.getByRole('table', { name: 'What they changed' }).getByText('5433').waitFor()
  await restored.getByRole('table', { name: 'What you changed' }).getByText('Mine').waitFor()
  expect(await faultsInBothColours(page)).toEqual([])
  await restored.getByRole('button', { name: /^Take theirs/ }).click()
  await page.getByText('Nothing is changed.').waitFor()
  await page.reload()
  await button(page, 'Undo').click()
  await node(page, pool).click()
  expect(await typed(page)).toBe('Mine')
  await forget(1)
  await look(page)
  const emptied = page.getByRole('region', { name: 'Nothing is published any more' })
  await emptied.waitFor()
  expect(await faultsInBothColours(page)).toEqual([])
  await emptied.getByRole('button', { name: 'Go on with mine, as the first version' }).click()
  await button(page, 'Publish').click()
  await page.getByRole('dialog').getByText('It is the first version.').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await page.getByText('Version 1 is published.', { exact: true }).waitFor()
  expect((await newest()).text).toContain('displayName: Mine')
  await leave(seat)
}, 60_000)
