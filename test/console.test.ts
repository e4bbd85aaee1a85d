import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { faultsInBothColours } from './axe.ts'
import { openSite, type Site } from './harness.ts'
import { openBrowser, sit, webRoot } from './web-browser.ts'

let site: Site
let browser: Browser
let desks: string
let archive: string
let spot: string
let forwards: string

beforeAll(async () => {
  browser = await openBrowser()
  site = await openSite({ webRoot })
  for (const name of ['alice', 'bob', 'carol']) await site.addUser(`${name}@example.com`)
  const people = ['alice@example.com', 'bob@example.com', 'admin@example.com']
  desks = (await site.addCategory({ name: 'Desks', allowedMembers: people })).id
  archive = (await site.addCategory({ name: 'Archive', allowedMembers: ['alice@example.com', 'admin@example.com'] })).id
  spot = (await site.addRoom({ category: desks, name: 'FX spot', members: people })).id
  forwards = (await site.addRoom({ category: desks, name: 'FX forwards', members: ['bob@example.com'] })).id
  await site.addRoom({ category: archive, name: 'Old rates', privacy: 'secret' })
  for (let number = 1; number <= 5; number += 1)
    await site.admin.call('message.post', { room: spot, clientId: crypto.randomUUID(), text: `line ${number}` })
}, 60_000)

afterAll(async () => {
  await browser?.close()
  await site?.stop()
})

async function openAdmin(section: string, user = 'admin@example.com') {
  const seat = await sit(browser, site.url, user)
  await seat.page.goto(`${site.url}/#/admin/${section}`)
  await seat.page.getByRole('heading', { name: 'Administration' }).waitFor()
  return seat
}

const rooms = (page: Page) => page.getByRole('table', { name: 'Rooms' })

async function choose(page: Page, room: string, action: string): Promise<void> {
  await page.getByRole('button', { name: `More for ${room}` }).click()
  await page.getByRole('menuitem', { name: action }).click()
}

test('[CN1] pages stand in groups, and who holds a role is shown those that it opens', async () => {
  await site.addUser('help@example.com')
  await site.admin.call('role.grant', { principal: 'help@example.com', role: 'helpDesk', granted: true })
  const { page, context, faults } = await openAdmin('rooms')
  const nav = page.getByRole('navigation', { name: 'Administration' })
  const linksOf = (group: string) =>
    nav.getByRole('list', { name: group, exact: true }).getByRole('link').allTextContents()
  expect(await linksOf('Rooms')).toEqual(['Categories', 'Rooms', 'Messages', 'Add-ins'])
  expect(await linksOf('Servers')).toEqual(['Pool', 'Topology'])
  await context.close()
  const help = await openAdmin('rooms', 'help@example.com')
  const names = await help.page.getByRole('navigation', { name: 'Administration' }).getByRole('link').allTextContents()
  expect(names).toEqual(['Directory', 'Categories', 'Rooms', 'Add-ins', 'Policy', 'Pool options', 'Pool'])
  await rooms(help.page).getByText('FX spot').waitFor()
  expect(await help.page.getByRole('button', { name: 'More for FX spot' }).count()).toBe(0)
  await help.page.setViewportSize({ width: 360, height: 720 })
  await help.page.getByLabel('Page of the administration').selectOption('pool')
  await help.page.getByRole('table', { name: 'Servers' }).waitFor()
  expect([...faults, ...help.faults]).toEqual([])
  await help.context.close()
}, 60_000)

test('[CN2] a change of a scope that takes people out shows whom, and which entries, before it is saved', async () => {
  const { page, context, faults } = await openAdmin('categories')
  await page.getByRole('button', { name: 'Change Desks' }).click()
  const dialog = page.getByRole('dialog', { name: 'Change Desks' })
  await dialog.getByRole('button', { name: /^bob/ }).click()
  await dialog.getByRole('button', { name: 'See who loses, then save' }).click()
  const panel = dialog.getByRole('region', { name: 'What this change does' })
  await panel.getByText('2 entries in 2 rooms lose their effect').waitFor()
  expect(await panel.getByRole('status').textContent()).toContain('1user loses')
  expect(await panel.getByRole('list', { name: 'Lose: the first by name' }).textContent()).toBe('bob (bob@example.com)')
  const listed = async () =>
    (await site.admin.call('category.list', {})).categories.find(one => one.id === desks)?.allowedMembers?.length
  expect(await listed(), 'nothing is saved yet').toBe(3)
  const found = await faultsInBothColours(page, 'dialog')
  await dialog.getByRole('button', { name: 'Save', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  expect(await listed()).toBe(2)
  // Widened again: shown where it is asked for, and saved without.
  await page.getByRole('button', { name: 'Change Desks' }).click()
  await dialog.getByRole('combobox', { name: /^Allowed members/ }).fill('bob')
  await dialog.getByRole('option', { name: /^bob/ }).click()
  await dialog.getByRole('button', { name: 'Who gains, who loses?' }).click()
  await panel.getByText('2 entries in 2 rooms have effect again').waitFor()
  await dialog.getByRole('button', { name: 'Save', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  expect(await listed()).toBe(3)
  expect([...found, ...faults]).toEqual([])
  await context.close()
}, 60_000)

test('[CN3] rooms are filtered as by the shell, and the filter stands in the address', async () => {
  const { page, context, faults } = await openAdmin('rooms')
  await rooms(page).getByText('Old rates').waitFor()
  expect(await rooms(page).getByRole('row').count()).toBe(4)
  const filter = page.getByRole('search', { name: 'Filter the rooms' })
  await filter.getByRole('searchbox', { name: 'Name' }).fill('FX*')
  await filter.getByLabel('Category').selectOption({ label: 'Desks' })
  await filter.getByRole('button', { name: 'Filter' }).click()
  await page.getByText('2 rooms', { exact: true }).waitFor()
  expect(page.url()).toContain(`filter=FX*&category=${desks}`)
  await page.reload()
  await page.getByText('2 rooms', { exact: true }).waitFor()
  expect(await page.getByRole('searchbox', { name: 'Name' }).inputValue()).toBe('FX*')
  await page.goto(`${site.url}/#/admin/rooms?privacy=secret`)
  await page.getByText('1 room', { exact: true }).waitFor()
  await page.goto(`${site.url}/#/admin/rooms?member=bob@example.com&mb=0.5&category=no-id`)
  await page.getByText('No room is like this').waitFor()
  const found = await faultsInBothColours(page)
  await page.getByRole('button', { name: 'Show all' }).click()
  await page.getByText('3 rooms', { exact: true }).waitFor()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export CSV' }).click(),
  ])
  const [head, ...lines] = (await new Response((await download.createReadStream()) as never).text())
    .trim()
    .split('\r\n')
  expect(head).toContain('Name,Category,Kind')
  expect(lines.map(line => line.split(',')[0])).toEqual(['FX forwards', 'FX spot', 'Old rates'])
  expect([...found, ...faults]).toEqual([])
  await context.close()
}, 60_000)

test('[CN4] from a row a room is disabled, re-enabled, moved, cleared and deleted, each told before it happens', async () => {
  const { page, context, faults } = await openAdmin('rooms')
  const now = async (room: string) => (await site.admin.call('room.get', { room })).room
  await choose(page, 'FX spot', 'Disable')
  await page.getByRole('button', { name: 'Disable it' }).click()
  await rooms(page).getByText('Disabled').waitFor()
  expect((await now(spot)).disabled).toBe(true)
  await choose(page, 'FX spot', 'Re-enable')
  await page.getByRole('button', { name: 'Re-enable it' }).click()
  await rooms(page).getByText('Disabled').waitFor({ state: 'detached' })

  await choose(page, 'FX spot', 'Clear to a date')
  const clear = page.getByRole('dialog', { name: 'Clear the history of FX spot?' })
  expect(await clear.getByRole('button', { name: 'Clear it' }).isDisabled()).toBe(true)
  await clear.getByLabel('Clear everything posted up to').fill('2001-01-01T00:00')
  await clear.getByText('Nothing was posted up to').waitFor()
  await clear.getByLabel('Clear everything posted up to').fill('2099-01-01T00:00')
  await clear.getByText('5 messages would go').waitFor()
  const found = await faultsInBothColours(page, 'dialog')
  await clear.getByRole('button', { name: 'Clear 5 messages' }).click()
  await clear.waitFor({ state: 'detached' })
  expect((await site.admin.call('room.list', { filter: 'FX spot' })).rooms[0]?.messages).toBe(0)

  await choose(page, 'FX forwards', 'Move to a category')
  const move = page.getByRole('dialog', { name: 'Move FX forwards to another category?' })
  await move.getByLabel('Move to').selectOption({ label: 'Archive' })
  await move.getByText('The move takes off 1 member').waitFor()
  expect(await move.getByRole('list', { name: 'Members to be taken off' }).textContent()).toContain('bob@example.com')
  await move.getByRole('button', { name: 'Move it' }).click()
  await move.waitFor({ state: 'detached' })
  expect((await now(forwards)).category).toBe(archive)

  await choose(page, 'Old rates', 'Delete')
  const remove = page.getByRole('dialog', { name: 'Delete Old rates?' })
  await remove.getByRole('textbox').fill('old')
  expect(await remove.getByRole('button', { name: 'Delete it for good' }).isDisabled()).toBe(true)
  await remove.getByRole('textbox').fill('Old rates')
  await remove.getByRole('button', { name: 'Delete it for good' }).click()
  await rooms(page).getByText('Old rates').waitFor({ state: 'detached' })
  expect((await site.admin.call('room.list', {})).rooms.length).toBe(2)
  expect([...found, ...faults]).toEqual([])
  await context.close()
}, 60_000)
