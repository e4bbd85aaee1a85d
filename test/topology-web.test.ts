import { randomUUID } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withBasis } from '../src/protocol/topology-basis.ts'
import { exampleDocument } from '../src/topology/example.ts'
import { faultsInBothColours, inTheDark } from './axe.ts'
import { openEmptyDatabase, type TestDatabase } from './database.ts'
import { openSite, type Person, type Site, signInAt } from './harness.ts'
import { chats, twoPools } from './topology-document.ts'
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
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await site?.stop()
  await central?.drop()
})

const first = exampleDocument('enterprise-edition')
const wide = { viewport: { width: 1440, height: 900 } }

async function shoot(page: Page, name: string): Promise<void> {
  if (!process.env.PCHAT_SHOTS) return
  const path = (colours: string) => `${process.env.PCHAT_SHOTS}/${name}${colours}.png`
  await page.screenshot({ path: path(''), animations: 'disabled' })
  await inTheDark(page, () => page.screenshot({ path: path('-dark'), animations: 'disabled' }))
}

const node = (page: Page, id: string) => page.locator(`[data-id="${id}"]`)
const form = (page: Page) => page.locator('[data-form]')
const button = (page: Page, name: string | RegExp) =>
  page.getByRole('button', { name, exact: typeof name === 'string' })
async function open(page: Page, view = '', url = site.url): Promise<void> {
  await page.goto(`${url}/#/admin/topology${view === '' ? '' : `?${view}`}`)
  await page.getByRole('heading', { name: 'Topology', exact: true }).waitFor()
}
const textOf = (page: Page) => page.getByLabel('The document as text').inputValue()
const newest = async () => (await site.admin.call('topology.get', {})).publication!

async function leave({ faults, context }: Seat): Promise<void> {
  expect(faults).toEqual([])
  await context.close()
}

test('[TB20] from nothing to published: begun, mended beside its field, a server added in form, picture and text, published', async () => {
  const seat = await sit(browser, site.url, 'admin@example.com', wide)
  const { page } = seat
  await open(page)
  await page.getByText('Nothing is published yet.').waitFor()
  await shoot(page, 'start')
  await button(page, 'Begin with a pool').click()
  await node(page, 'chatServer:chat1.example.com').waitFor()
  await page.getByText('The document is sound. Nothing to remark.').waitFor()
  expect(await faultsInBothColours(page)).toEqual([])
  await node(page, 'chatServer:chat2.example.com').click()
  await page.getByRole('heading', { name: 'Persistent Chat Server chat2.example.com' }).waitFor()
  await form(page).getByLabel('Full name').fill('fe1.example.com')
  // Beside the field, at the part of the picture, and in the list of all.
  await form(page).getByText('Error TR17: fe1.example.com is a Front End Server.').waitFor()
  expect(await node(page, 'frontEnd:fe1.example.com').getAttribute('aria-label')).toBeTruthy()
  await page
    .getByRole('region', { name: 'What the rules say' })
    .getByText(/^[1-9].* error/)
    .waitFor()
  expect(await faultsInBothColours(page)).toEqual([])
  await shoot(page, 'error-beside-field')
  await button(page, 'Publish').click()
  await page.getByText('a document with errors is not published').first().waitFor()
  expect(await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).isDisabled()).toBe(true)
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  await form(page).getByLabel('Full name').fill('chat2.example.com')
  await page.getByText('The document is sound. Nothing to remark.').waitFor()
  await button(page, 'chat.example.com').click()
  await button(page, 'Add to servers').click()
  await page.getByRole('heading', { name: 'Persistent Chat Server chat4.example.com' }).waitFor()
  await node(page, 'chatServer:chat4.example.com').waitFor()
  await page.getByRole('link', { name: 'Text' }).click()
  expect(await textOf(page)).toContain('- fqdn: chat4.example.com')
  // Comments and the rest are as they were.
  expect((await textOf(page)).replace(/\n +- fqdn: chat4.example.com\n +standby: true/, '')).toBe(first)
  await shoot(page, 'text')
  expect(await faultsInBothColours(page)).toEqual([])
  // What is typed there is seen in the form.
  await page.getByLabel('The document as text').fill((await textOf(page)).replace('chat4.example', 'chat5.example'))
  await page.getByRole('heading', { name: 'Persistent Chat Server chat5.example.com' }).waitFor()
  await button(page, 'Undo').click()
  await page.getByRole('heading', { name: 'Persistent Chat Server chat4.example.com' }).waitFor()
  await button(page, 'Redo').click()
  await button(page, 'Undo').click()
  await button(page, 'Publish').click()
  await page.getByRole('dialog').getByLabel('Note').fill('the beginning')
  await page.getByText('It is the first version.').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await page.getByText('Version 1 is published.', { exact: true }).waitFor()
  expect(await newest()).toMatchObject({ version: 1, author: 'admin@example.com', note: 'the beginning' })
  expect((await newest()).text).toContain('chat4.example.com')
  await page.getByText('Nothing is changed.').waitFor()
  await leave(seat)
}, 120_000)

test('[TB21] what is typed survives a reload, and nobody else sees it; what changed is marked, and told process by process', async () => {
  const seat = await sit(browser, site.url, 'admin@example.com', wide)
  const { page } = seat
  await open(page)
  await node(page, 'chatServer:chat4.example.com').click()
  await button(page, 'Remove').click()
  await page.getByText('Removed Persistent Chat Server chat4.example.com. Undo brings it back.').waitFor()
  await form(page).getByLabel('Display name').fill('Every room')
  await button(page, /more options$/).click()
  await form(page).getByLabel('Log level').selectOption('debug')
  await page.reload()
  await node(page, 'chatServer:chat4.example.com').waitFor()
  const words = (id: string) => node(page, id).getAttribute('aria-label')
  expect(await words('chatServer:chat4.example.com')).toContain('gone')
  expect(await words('chatPool:chat.example.com')).toContain('changed')
  expect(await words('enterprisePool:fe.example.com')).not.toContain('changed')
  await shoot(page, 'changes')
  expect(await faultsInBothColours(page)).toEqual([])
  await button(page, 'Publish').click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('chat4.example.com is to be drained and stopped').first().waitFor()
  await dialog.getByText('chat1.example.com is to be started anew').first().waitFor()
  await shoot(page, 'publish')
  expect(await faultsInBothColours(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  // Another one at the same browser, after a sign-in that has run out.
  const kept = await page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('pchat.topology.'))")
  expect(kept).toEqual([`pchat.topology.${site.admin.me.id}`])
  await seat.context.clearCookies()
  await page.reload()
  await signIn(page, 'bob@example.com')
  await node(page, 'chatServer:chat4.example.com').waitFor()
  await page.getByText('Nothing is changed.').waitFor()
  await leave(seat)
}, 120_000)

test('[TB22] somebody publishes meanwhile: both changes are shown, nothing is overwritten, and mine goes on when I say so', async () => {
  const seat = await sit(browser, site.url, 'admin@example.com', wide)
  const { page } = seat
  await open(page)
  await node(page, 'chatPool:chat.example.com').click()
  await form(page).getByLabel('Display name').fill('Mine')
  await button(page, 'Publish').click()
  await page.getByText('It asks nothing of servers.').waitFor()
  const { version, text } = await newest()
  const theirs = text.replace('concurrent: 20000', 'concurrent: 15000')
  await bob.call('topology.publish', { text: theirs, basedOn: version, note: 'fewer' })
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await page
    .getByRole('dialog')
    .getByText(`bob@example.com published version ${version + 1}`)
    .waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  const conflict = page.getByRole('region', { name: 'Published meanwhile' })
  await conflict.getByText(`Version ${version + 1} was published meanwhile`).waitFor()
  await conflict.getByRole('table', { name: 'What they changed' }).getByText('15000').waitFor()
  await conflict.getByRole('table', { name: 'What you changed' }).getByText('Mine').waitFor()
  expect((await newest()).text).toBe(theirs)
  expect(await button(page, 'Publish').isDisabled()).toBe(true)
  await shoot(page, 'conflict')
  expect(await faultsInBothColours(page)).toEqual([])
  await conflict.getByRole('button', { name: /^Take theirs/ }).click()
  await page.getByText('Nothing is changed.').waitFor()
  await button(page, 'Undo').click()
  await form(page).getByLabel('Display name').waitFor()
  expect(await form(page).getByLabel('Display name').inputValue()).toBe('Mine')
  await button(page, 'Publish').click()
  // What it would take back is seen before it is done.
  await page.getByRole('dialog').getByText('20000').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await page.getByText(`Version ${version + 2} is published.`, { exact: true }).waitFor()
  await leave(seat)
}, 120_000)

test('[TB40] a file goes on from the version that it was taken from: what others published since is a conflict; one of nowhere is refused', async () => {
  const seat = await sit(browser, site.url, 'admin@example.com', wide)
  const { page } = seat
  await open(page)
  await node(page, 'chatPool:chat.example.com').waitFor()
  const { version, mark, text: document } = (await site.admin.call('topology.get', { version: 1 })).publication!
  const pick = async (text: string) => {
    const buffer = Buffer.from(text)
    await page.getByLabel('Or open a file').setInputFiles({ name: 'mine.yaml', mimeType: 'application/yaml', buffer })
  }
  await button(page, 'More').click()
  await page.getByRole('menuitem', { name: 'Begin anew, or open a file' }).click()
  await pick(document)
  await page.getByText('mine.yaml does not say which version it is a change of.').waitFor()
  await pick(withBasis({ document, version, mark: randomUUID() }))
  await page.getByText('mine.yaml is a change of a version 1 that was not published here.').waitFor()
  await pick(withBasis({ document: document.replace('concurrent: 20000', 'concurrent: 9000'), version, mark }))
  const conflict = page.getByRole('region', { name: 'Published meanwhile' })
  await conflict.getByRole('table', { name: 'What you changed' }).getByText('9000').waitFor()
  await conflict.getByText('Yours is based on version 1.').waitFor()
  expect(await button(page, 'Publish').isDisabled()).toBe(true)
  await conflict.getByRole('button', { name: /^Take theirs/ }).click()
  await page.getByText('Nothing is changed.').waitFor()
  await leave(seat)
}, 120_000)

test('[TB23] the history is looked at, compared and gone back in', async () => {
  const seat = await sit(browser, site.url, 'admin@example.com', wide)
  const { page } = seat
  await open(page, 'history')
  const table = page.getByRole('table', { name: 'Publications' })
  await table.getByText('the beginning').waitFor()
  await table.getByText('bob@example.com').waitFor()
  expect(await faultsInBothColours(page)).toEqual([])
  await shoot(page, 'history')
  await button(page, 'Look at version 1').click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Published by admin@example.com').waitFor()
  await dialog.getByText('Every room').or(dialog.getByText('Mine')).first().waitFor()
  const download = page.waitForEvent('download')
  await dialog.getByRole('button', { name: 'Download' }).click()
  expect((await download).suggestedFilename()).toBe('topology-1.yaml')
  expect(await faultsInBothColours(page)).toEqual([])
  await shoot(page, 'version')
  await dialog.getByRole('button', { name: 'Publish it again' }).click()
  await page.getByRole('dialog').getByLabel('Note').fill('as it was')
  await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click()
  await table.getByText('version 1 again: as it was').waitFor()
  expect(await newest()).toMatchObject({ restores: 1, note: 'as it was' })
  expect((await newest()).text).toBe((await site.admin.call('topology.get', { version: 1 })).publication!.text)
  await leave(seat)
}, 120_000)

/** What the page has, of which this program knows no types. */
type Shape = {
  querySelector(what: string): { getBoundingClientRect(): { left: number; top: number; right: number; bottom: number } }
}

/** Two sites, three pools, twenty machines. */
function large(): string {
  const document = twoPools()
  const [one, two] = document.persistentChatPools
  one.servers = [...chats(1, 2), ...chats(3, 4).map(each => ({ ...each, standby: true }))]
  two.servers = ['1', '2', '3', '4'].map(i => ({ fqdn: `talk${i}.paris.example.com`, standby: i > '2' }))
  document.enterprisePools.push({
    fqdn: 'desk.example.com',
    site: 'main',
    servers: [{ fqdn: 'desk1.example.com' }, { fqdn: 'desk2.example.com' }],
  })
  document.persistentChatPools.push({
    ...structuredClone(one),
    ...{
      fqdn: 'trade.example.com',
      name: 'trade',
      displayName: 'Trading rooms',
      nextHop: 'desk.example.com',
      defaultFor: {},
    },
    ...{ servers: ['1', '2', '3', '4', '5', '6'].map(i => ({ fqdn: `trade${i}.example.com`, standby: i > '2' })) },
    ...{ store: { hosts: [{ host: 'db5.example.com' }, { host: 'db6.example.com' }], password: 'env:STORE' } },
    ...{
      compliance: {},
      nats: { servers: [{ host: 'nats5.example.com' }] },
      fileStore: { place: '/mnt/trade', shared: true },
    },
    ...{ users: { concurrent: 10_000 } },
  })
  return JSON.stringify(document, null, 2)
}

test('[TB24] by the keyboard alone: from part to part with arrows, into the form, changed, published; the list says the same in words', async () => {
  const seat = await sit(browser, site.url, 'admin@example.com', wide)
  const { page } = seat
  await open(page)
  await node(page, 'site:main').focus()
  await page.keyboard.press('ArrowDown')
  expect(await page.evaluate('document.activeElement.dataset.id')).toBe('enterprisePool:fe.example.com')
  await page.keyboard.press('ArrowDown')
  expect(await page.evaluate('document.activeElement.dataset.id')).toMatch(/^frontEnd:fe[12]/)
  await page.keyboard.press('End')
  await page.keyboard.press('Home')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Enterprise Edition pool fe.example.com' }).waitFor()
  expect(await page.evaluate('document.activeElement.tagName')).toBe('H3')
  for (let i = 0; i < 12; i += 1) {
    await page.keyboard.press('Tab')
    if ((await page.evaluate('document.activeElement.labels?.[0]?.textContent')) === 'Display name') break
  }
  await page.keyboard.type('Front')
  // One way back through the page to its button, as Shift and Tab go.
  for (let i = 0; i < 60; i += 1) {
    await page.keyboard.press('Shift+Tab')
    if ((await page.evaluate('document.activeElement.textContent')) === 'Publish') break
  }
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').getByText('It asks nothing of servers.').waitFor()
  await page.keyboard.type('by keyboard')
  for (let i = 0; i < 6; i += 1) {
    await page.keyboard.press('Tab')
    if ((await page.evaluate('document.activeElement.textContent')) === 'Publish') break
  }
  await page.keyboard.press('Enter')
  await page.getByText(/^Version \d+ is published\.$/).waitFor()
  expect(await newest()).toMatchObject({ note: 'by keyboard' })
  expect((await newest()).text).toContain('displayName: Front')
  await open(page, 'list')
  const list = page.getByRole('navigation', { name: 'Parts of the topology' })
  await list.getByRole('button', { name: 'Persistent Chat Server chat1.example.com' }).click()
  await page.getByRole('heading', { name: 'Persistent Chat Server chat1.example.com' }).waitFor()
  expect(await faultsInBothColours(page)).toEqual([])
  await shoot(page, 'list')
  await leave(seat)
}, 120_000)

test('[TB25] one machine and twenty are readable, in narrow windows too', async () => {
  const { version } = await newest()
  expect((await bob.ask('topology.publish', { text: large(), basedOn: version })).error).toBeUndefined()
  const seat = await sit(browser, site.url, 'bob@example.com', { viewport: { width: 1440, height: 1600 } })
  const { page } = seat
  await open(page)
  await node(page, 'chatServer:trade5.example.com').waitFor()
  expect(await page.locator('[data-id^="chatServer:"], [data-id^="frontEnd:"]').count()).toBeGreaterThanOrEqual(19)
  // No card lies on another, and none is cut off.
  const boxes = await page
    .locator('[data-id^="chatServer:"], [data-id^="store:"], [data-id^="nats:"]')
    .evaluateAll(all =>
      all.map(one => {
        const { left, top, right, bottom } = (one as unknown as Shape).querySelector('rect').getBoundingClientRect()
        return { left, top, right, bottom }
      }),
    )
  for (const [i, a] of boxes.entries())
    for (const b of boxes.slice(i + 1))
      expect(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top).toBe(true)
  await shoot(page, 'large')
  expect(await faultsInBothColours(page)).toEqual([])
  await page.setViewportSize({ width: 390, height: 844 })
  await node(page, 'chatServer:trade5.example.com').waitFor()
  await shoot(page, 'narrow')
  const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
  expect(overflow).toBeLessThanOrEqual(0)
  expect(await faultsInBothColours(page)).toEqual([])
  await page.setViewportSize(wide.viewport)
  await button(page, 'More').click()
  await page.getByRole('menuitem', { name: 'Begin anew, or open a file' }).click()
  await button(page, 'Begin with one machine').click()
  await node(page, 'standardServer:localhost').waitFor()
  await shoot(page, 'one-machine')
  expect(await faultsInBothColours(page)).toEqual([])
  await leave(seat)
}, 120_000)

test('[TB26] without a store the page says how to set one up; while it is away nothing of what is typed is lost', async () => {
  const alone = await site.another({ central: undefined })
  const away = await site.another({ central: { connectionString: 'postgres://pchat@127.0.0.1:9/none' } })
  const seat = await sit(browser, alone.url, 'admin@example.com', wide)
  await open(seat.page, '', alone.url)
  await seat.page.getByText('start it with --cms (PCHAT_CMS)').waitFor()
  await button(seat.page, 'Begin with one machine').click()
  await node(seat.page, 'standardServer:localhost').waitFor()
  expect(await button(seat.page, 'Publish').isDisabled()).toBe(true)
  await leave(seat)
  const lost = await sit(browser, away.url, 'admin@example.com', wide)
  await open(lost.page, '', away.url)
  await lost.page.getByText('The Central Management Store did not answer').waitFor()
  await button(lost.page, 'Begin with one machine').click()
  await node(lost.page, 'standardServer:localhost').waitFor()
  await lost.page.reload()
  await node(lost.page, 'standardServer:localhost').waitFor()
  await shoot(lost.page, 'away')
  await leave(lost)
  await alone.stop()
  await away.stop()
}, 120_000)

test('[TB27] who manages Persistent Chat sees all of it and has no button that publishes; others have no such page', async () => {
  await site.addUser('carl@example.com')
  await site.admin.call('role.grant', { principal: 'carl@example.com', role: 'chatAdministrator', granted: true })
  await signInAt(site.url, 'carl@example.com')
  const seat = await sit(browser, site.url, 'carl@example.com', wide)
  await open(seat.page)
  await node(seat.page, 'site:main').waitFor()
  expect(await button(seat.page, 'Publish').count()).toBe(0)
  await leave(seat)
  await site.addUser('help@example.com')
  await site.admin.call('role.grant', { principal: 'help@example.com', role: 'helpDesk', granted: true })
  const help = await sit(browser, site.url, 'help@example.com', wide)
  await help.page.goto(`${site.url}/#/admin/topology`)
  const links = help.page.getByRole('navigation', { name: 'Administration' }).getByRole('link')
  await links.first().waitFor()
  expect(await links.allInnerTexts()).not.toContain('Topology')
  await leave(help)
}, 120_000)
