import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { faultsInBothColours } from './axe.ts'
import { openSite, type Site } from './harness.ts'
import { openBrowser, type Seat, sit, webRoot } from './web-browser.ts'

let site: Site
let browser: Browser
let seat: Seat
let page: Page
let desk: string

beforeAll(async () => {
  browser = await openBrowser()
  site = await openSite({ webRoot })
  const bob = await site.addUser('bob@example.com')
  const people = ['bob@example.com', 'admin@example.com']
  const category = (await site.addCategory({ name: 'Desks', allowedMembers: people })).id
  desk = (await site.addRoom({ category, name: 'FX spot', members: people })).id
  for (const text of ['the secret plan', 'lunch at noon', 'Secret lunch'])
    await bob.call('message.post', { room: desk, clientId: crypto.randomUUID(), text })
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

const texts = async () =>
  (await site.admin.call('message.list', { room: desk })).messages.map(one => ('text' in one ? one.text : undefined))

test('[CN5] messages are shown before they are removed or replaced, and what was not shown is not touched', async () => {
  await open('messages')
  await page.getByRole('combobox', { name: 'Room' }).fill('fx')
  await page.getByRole('option', { name: /FX spot/ }).click()
  const show = page.getByRole('button', { name: 'Show what would be hit' })
  expect(await show.isDisabled(), 'a whole room is not removed here').toBe(true)
  await page.getByLabel('With the words').fill('plan lunch')
  await page.getByLabel('How the words count').selectOption('any')
  await show.click()
  await page.getByText('3 messages would be hit.').waitFor()
  expect(await texts()).toEqual(['the secret plan', 'lunch at noon', 'Secret lunch'])
  // Another question: the old answer counts no more.
  await page.getByLabel('With the words').fill('secret')
  await page.getByText('3 messages would be hit.').waitFor({ state: 'detached' })
  await page.getByLabel('Capital and small letters as written').check()
  await show.click()
  await page.getByText('1 message would be hit.').waitFor()
  expect(await page.getByRole('table', { name: 'The first of them' }).textContent()).toContain('the secret plan')
  const found = await faultsInBothColours(page)
  await page.getByLabel('Replace their text').check()
  expect(await page.getByLabel('Text in their place').inputValue()).toBe(
    'This message was replaced by the Persistent Chat administrator.',
  )
  await page.getByRole('button', { name: 'Replace 1 message' }).click()
  await page.getByRole('button', { name: 'Replace them' }).click()
  await page.getByText('1 message replaced in FX spot.').waitFor()
  expect(await texts()).toEqual([
    'This message was replaced by the Persistent Chat administrator.',
    'lunch at noon',
    'Secret lunch',
  ])
  await page.getByLabel('With the words').fill('')
  await page.getByRole('combobox', { name: 'Posted by' }).fill('bob')
  await page.getByRole('option', { name: /^bob/ }).click()
  await page.getByLabel('From').fill('2001-01-01T00:00')
  await show.click()
  await page.getByRole('button', { name: /^Replace \d message/ }).waitFor()
  await page.getByLabel('Remove them').check()
  await page.getByRole('button', { name: /^Remove \d message/ }).click()
  await page.getByRole('button', { name: 'Remove them' }).click()
  await page.getByText(/messages? removed in FX spot/).waitFor()
  expect((await texts()).filter(text => text !== undefined && /lunch/.test(text))).toEqual([])
  expect([...found, ...seat.faults]).toEqual([])
}, 60_000)

test('[CN6] an add-in is registered, changed, and deleted after saying which rooms lose it', async () => {
  await open('addins')
  await page.getByRole('button', { name: 'Register an add-in' }).click()
  await page.getByLabel('Name').fill('Orders')
  await page.getByLabel('Address').fill('https://orders.example/board')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: 'Change Orders' }).click()
  await page.getByLabel('Name').fill('Order board')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: 'Change Order board' }).waitFor()
  await site.admin.call('room.update', { room: desk, addin: 'Order board' })
  const found = await faultsInBothColours(page)
  await page.getByRole('link', { name: 'Rooms with Order board' }).click()
  await page.getByText('1 room', { exact: true }).waitFor()
  await open('addins')
  await page.getByRole('button', { name: 'Delete Order board' }).click()
  await page.getByText('It disappears at once from 1 room: FX spot.').waitFor()
  await page.getByRole('button', { name: 'Delete it and take it from 1 room' }).click()
  await page.getByText('There is no add-in yet.').waitFor()
  expect((await site.admin.call('room.get', { room: desk })).room.addin).toBeUndefined()
  expect([...found, ...seat.faults]).toEqual([])
}, 60_000)

test('[CN7] a policy with a name is made, given, changed for whoever has it, taken back and deleted', async () => {
  await open('policy')
  await page.getByRole('button', { name: 'Add a policy' }).click()
  await page.getByLabel('Name').fill('Contractors')
  await page.getByLabel('Description').fill('Until the end of the year')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.getByRole('combobox', { name: 'For a person or group' }).fill('bob')
  await page.getByRole('option', { name: /^bob/ }).click()
  await page.getByLabel('Policy for bob').selectOption('Contractors')
  await page.getByRole('button', { name: 'Give it' }).click()
  await page.getByRole('table', { name: 'Policies' }).getByText('1 principal').waitFor()
  const found = await faultsInBothColours(page)
  const enabled = async () => (await site.admin.call('principal.get', { principal: 'bob@example.com' })).enabled
  expect(await enabled()).toBe(true)
  await page.getByRole('button', { name: 'Change Contractors' }).click()
  await page.getByRole('switch').click()
  await page.getByText('Whoever has it is out of all rooms at once.').waitFor()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  expect(await enabled()).toBe(false)
  await page.getByRole('button', { name: 'Take back the grant for bob' }).click()
  await page.getByText('Nobody was given a policy').waitFor()
  expect(await enabled()).toBe(true)
  await page.getByRole('button', { name: 'Delete Contractors' }).click()
  await page.getByRole('button', { name: 'Delete it' }).click()
  await page.getByRole('button', { name: 'Change Contractors' }).waitFor({ state: 'detached' })
  expect((await site.admin.call('policy.get', {})).policies.map(one => one.name)).toEqual(['global'])
  expect([...found, ...seat.faults]).toEqual([])
}, 60_000)

test('[CN8] a site has options of its own, and the page says which are inherited', async () => {
  await open('options')
  await page.getByRole('button', { name: 'Add a site or pool' }).click()
  await page.getByLabel('Name').fill('london')
  await page.getByLabel('Messages shown when a room is joined: of its own').check()
  await page.getByRole('dialog').getByRole('spinbutton', { name: 'Messages shown when a room is joined' }).fill('60')
  const found = await faultsInBothColours(page, 'dialog')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  const row = page.getByRole('row', { name: /Site london/ })
  await row.getByText('75, global').waitFor()
  expect(await row.textContent()).toContain('60')
  const own = async () =>
    (await site.admin.call('configuration.list', { filter: 'site:london' })).configurations[0]?.own
  expect(await own()).toEqual(['defaultChatHistory'])
  await page.getByRole('button', { name: 'Delete Site london' }).click()
  await page.getByRole('button', { name: 'Delete them' }).click()
  await row.waitFor({ state: 'detached' })
  expect(await own()).toBeUndefined()
  expect([...found, ...seat.faults]).toEqual([])
}, 60_000)

test('[CN14] rooms are listed by add-in, by its id or name; an unknown one is not found', async () => {
  const { admin } = site
  const { addin } = await admin.call('addin.create', { name: 'Board', url: 'https://board.example' })
  const list = async (ref: string) => (await admin.call('room.list', { addin: ref })).rooms.map(one => one.room.id)
  expect(await list('Board')).toEqual([])
  await admin.call('room.update', { room: desk, addin: 'Board' })
  expect([await list('board'), await list(addin.id)]).toEqual([[desk], [desk]])
  expect(await admin.code('room.list', { addin: 'No such' })).toBe('not_found')
})
