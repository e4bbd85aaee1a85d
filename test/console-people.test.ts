import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { faultsInBothColours } from './axe.ts'
import { openSite, type Site, signInAt } from './harness.ts'
import { openBrowser, type Seat, sit, webRoot } from './web-browser.ts'

let site: Site
let browser: Browser
let seat: Seat
let page: Page

beforeAll(async () => {
  browser = await openBrowser()
  site = await openSite({ webRoot })
  seat = await sit(browser, site.url, 'admin@example.com')
  page = seat.page
}, 60_000)

afterAll(async () => {
  await browser?.close()
  await site?.stop()
})

async function open(section: string): Promise<void> {
  await page.goto(`${site.url}/#/admin/${section}`)
  await page.getByRole('heading', { name: 'Administration' }).waitFor()
}

test('[CN9] the page of the pool follows its servers, and sets which are active', async () => {
  await open('pool')
  const servers = page.getByRole('table', { name: 'Servers' })
  await servers.getByText('Alive').waitFor()
  await page.getByText('1 of 1 server alive').waitFor()
  const other = await site.another({ server: 'second' })
  await servers.getByRole('row', { name: /^second.*Alive/ }).waitFor()
  const found = await faultsInBothColours(page)
  await page.getByRole('button', { name: 'Set active servers' }).click()
  await page.getByRole('checkbox', { name: 'second' }).setChecked(false)
  await page.getByRole('button', { name: 'Set them' }).click()
  await servers.getByRole('row', { name: /^second.*On stand-by/ }).waitFor()
  const view = async () => (await site.admin.call('pool.get', {})).pool.servers
  expect((await view()).filter(one => one.active).map(one => one.name)).not.toContain('second')
  await other.stop()
  await servers.getByRole('row', { name: /^second.*Not alive/ }).waitFor()
  expect([...found, ...seat.faults]).toEqual([])
}, 60_000)

test('[CN10] a bot is added, its token is shown once and signs in, and a new one ends the old', async () => {
  await open('bots')
  await page.getByLabel('Account name').fill('build@example.com')
  await page.getByLabel('Name that others see').fill('Build bot')
  const found = await faultsInBothColours(page)
  await page.getByRole('button', { name: 'Add the bot' }).click()
  const dialog = page.getByRole('dialog', { name: 'Token of build@example.com' })
  const token = await dialog.getByLabel('Token').inputValue()
  expect((await site.person(token).call('session.list', {})).sessions.length).toBe(1)
  await dialog.getByRole('button', { name: 'I have kept it' }).click()
  expect(await page.content()).not.toContain(token)
  await page.getByRole('combobox', { name: 'Bot' }).fill('build')
  await page.getByRole('option', { name: /^Build bot/ }).click()
  await page.getByRole('button', { name: 'Issue a new token' }).click()
  await page.getByRole('button', { name: 'Issue it' }).click()
  const next = await dialog.getByLabel('Token').inputValue()
  expect(await site.person(token).code('session.list', {})).toBe('unauthenticated')
  expect(await site.person(next).code('session.list', {})).toBe('ok')
  await dialog.getByRole('button', { name: 'I have kept it' }).click()
  expect([...found, ...seat.faults]).toEqual([])
}, 60_000)

test('[CN11] the sign-ins of a user are seen and ended, one or all', async () => {
  const first = await site.addUser('alice@example.com')
  const second = await signInAt(site.url, 'alice@example.com')
  await open('sessions')
  await page.getByRole('combobox', { name: 'User or bot' }).fill('alice')
  await page.getByRole('option', { name: /^alice/ }).click()
  await page.getByText('alice has 2 sign-ins.').waitFor()
  const found = await faultsInBothColours(page)
  await page
    .getByRole('button', { name: /^End the sign-in of/ })
    .first()
    .click()
  await page.getByText('alice has 1 sign-in.').waitFor()
  const codes = async () => [await first.code('session.list', {}), await second.code('session.list', {})].sort()
  expect(await codes()).toEqual(['ok', 'unauthenticated'])
  await page.getByRole('button', { name: 'End all' }).click()
  await page.getByRole('button', { name: 'End them' }).click()
  await page.getByText('alice has 0 sign-ins.').waitFor()
  expect(await codes()).toEqual(['unauthenticated', 'unauthenticated'])
  expect([...found, ...seat.faults]).toEqual([])
}, 60_000)

const csv = `name;displayName;unit;groups
ann@example.com;Ann;sales@example.com;sellers@example.com|floor@example.com
ben@example.com;Ben;sales@example.com;sellers@example.com
;Nobody;;
ann@example.com;Ann again;;
no address;Nia;;sellers@example.com
`

test('[CN12] people come from a CSV file after a preview; what is refused is told by its line, and again changes nothing', async () => {
  await open('users')
  await page.getByRole('button', { name: 'Import from CSV' }).click()
  const dialog = page.getByRole('dialog', { name: 'Import people from CSV' })
  await dialog.getByLabel('or its text').fill('name,shoe size\nx@example.com,44')
  await dialog.getByRole('button', { name: 'Preview' }).click()
  await dialog.getByText('There is no column "shoe size".').waitFor()
  await dialog
    .getByLabel('CSV file')
    .setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
  await dialog.getByLabel(/^First password/).fill('change me soon')
  await dialog.getByRole('button', { name: 'Preview' }).click()
  await dialog.getByText('Would be: 3 users added, 1 unit made, 2 groups made, 4 memberships added.').waitFor()
  expect(await dialog.getByRole('list', { name: 'Lines left out' }).getByRole('listitem').allTextContents()).toEqual([
    'Line 4: The name is missing.',
    'Line 5, ann@example.com: This name stands in line 2 already.',
  ])
  const found = await faultsInBothColours(page, 'dialog')
  expect(await site.admin.code('principal.get', { principal: 'ann@example.com' }), 'only looked').toBe('not_found')
  await dialog.getByRole('button', { name: 'Import' }).click()
  await dialog.getByText('Done: 2 users added, 1 unit made, 2 groups made').waitFor()
  const refused = await dialog.getByRole('list', { name: 'Lines refused' }).getByRole('listitem').allTextContents()
  expect(refused.map(line => line.slice(0, 8))).toEqual(['Line 4: ', 'Line 5, ', 'Line 6, '])
  const ann = await site.admin.call('principal.get', { principal: 'ann@example.com' })
  expect([ann.in?.name, ann.groups?.map(one => one.name).sort()]).toEqual([
    'sales@example.com',
    ['floor@example.com', 'sellers@example.com'],
  ])
  await signInAt(site.url, 'ben@example.com', 'change me soon')
  await dialog.getByLabel('or its text').fill(csv.split('\n').slice(0, 3).join('\n'))
  await dialog.getByRole('button', { name: 'Preview' }).click()
  await dialog.getByText('2 people read. Everything is so already: nothing would change.').waitFor()
  expect([...found, ...seat.faults]).toEqual([])
}, 60_000)
