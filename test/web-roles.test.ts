import { randomUUID } from 'node:crypto'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSite, type Person, type Site } from './harness.ts'
import { openBrowser, sit, webRoot } from './web-browser.ts'

let site: Site
let browser: Browser
let chief: Person
let manager: Person
let room: string
beforeAll(async () => {
  browser = await openBrowser()
  site = await openSite({ webRoot })
  const member = await site.addUser('member@example.com')
  manager = await site.addUser('manager@example.com')
  chief = await site.addUser('chief@office.example')
  const { id } = await site.addCategory({ name: 'Desks', allowedMembers: ['example.com'] })
  const made = await site.addRoom({
    category: id,
    name: 'FX spot',
    members: [member.me.id, manager.me.id],
    managers: [manager.me.id],
  })
  room = made.id
  for (let i = 1; i <= 60; i += 1)
    await member.call('message.post', { room, clientId: randomUUID(), text: `line ${i}` })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await site?.stop()
})

async function expectClean(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze()
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`)).toEqual([])
}

const sections = async (page: Page) =>
  page.getByRole('navigation', { name: 'Administration' }).getByRole('link').allInnerTexts()

test('[AR19] in the window a full administrator gives a role and takes it; each sees the pages of his roles only', async () => {
  const admin = await sit(browser, site.url, 'admin@example.com')
  await admin.page.goto(`${site.url}/#/admin/roles`)
  await admin.page.getByLabel('Give a role to a person or group').fill('chief')
  await admin.page.getByRole('option', { name: /chief/ }).click()
  await admin.page.getByLabel('Role for chief').selectOption({ label: 'Help desk' })
  await admin.page.getByRole('button', { name: 'Give the role' }).click()
  const taking = admin.page.getByRole('button', { name: 'Take the role Help desk from chief' })
  await taking.waitFor()
  await expectClean(admin.page)
  expect(await sections(admin.page)).toContain('Roles')

  const desk = await sit(browser, site.url, 'chief@office.example')
  await desk.page.getByRole('link', { name: 'Admin' }).click()
  await desk.page.getByRole('navigation', { name: 'Administration' }).waitFor()
  const shown = ['Directory', 'Categories', 'Rooms', 'Add-ins', 'Policy', 'Pool options', 'Pool']
  expect(await sections(desk.page)).toEqual(shown)

  await taking.click()
  await admin.page.getByRole('button', { name: 'Take it' }).click()
  await taking.waitFor({ state: 'detached' })
  expect((await site.admin.call('role.list', {})).holders.map(one => one.role)).toEqual(['administrator'])
  await desk.page.reload()
  await desk.page.getByRole('navigation', { name: 'Places' }).waitFor()
  expect(await desk.page.getByRole('link', { name: 'Admin' }).count()).toBe(0)
  expect([...admin.faults, ...desk.faults]).toEqual([])
  await admin.context.close()
  await desk.context.close()
})

test('[CN18] [CN19] a search that is refused says why; a role whose button is pressed twice is given once', async () => {
  const { page, faults, context } = await sit(browser, site.url, 'admin@example.com')
  await page.goto(`${site.url}/#/admin/roles`)
  const box = page.getByRole('combobox', { name: 'Give a role to a person or group' })
  await box.fill('nobody at all')
  await page.getByText('Nobody of that name is known here').waitFor()
  // The server takes no text with this character.
  await box.fill('chief\u0000')
  await page.getByRole('option', { name: /text/ }).waitFor()
  expect(await page.getByText(/Nobody of that name/).count()).toBe(0)
  await box.fill('chief')
  await page.getByRole('option', { name: /chief/ }).click()
  const before = (await site.admin.call('audit.list', { action: 'role.grant' })).entries.length
  // Both come before the first is answered.
  await page.getByRole('button', { name: 'Give the role' }).dblclick()
  const taking = page.getByRole('button', { name: /Take the role .* from chief/ })
  await taking.waitFor()
  expect((await site.admin.call('audit.list', { action: 'role.grant' })).entries.length).toBe(before + 1)
  await taking.click()
  await page.getByRole('button', { name: 'Take it' }).click()
  await taking.waitFor({ state: 'detached' })
  expect(faults).toEqual([])
  await context.close()
})

test('[AR19] a room is read with a reason, page by page, until he stops; its manager sees who and why at once', async () => {
  await site.admin.call('role.grant', { principal: chief.me.id, role: 'chatAdministrator', granted: true })
  const his = await sit(browser, site.url, 'manager@example.com')
  await his.page.goto(`${site.url}/#/room/${room}?pane=card`)
  await his.page.getByRole('link', { name: 'Manage this room' }).waitFor()

  const { page, faults, context } = await sit(browser, site.url, 'chief@office.example')
  await page.goto(`${site.url}/#/room/${room}`)
  await page.getByRole('button', { name: 'Read with a reason…' }).click()
  const confirm = page.getByRole('button', { name: 'Read the history' })
  expect(await confirm.isDisabled()).toBe(true)
  await page.getByLabel('Reason').fill('A complaint of today')
  await expectClean(page)
  await confirm.click()
  const history = page.getByRole('region', { name: 'History of FX spot, read with a reason' })
  await history.getByText('line 60', { exact: true }).waitFor()
  await history.getByText('A complaint of today').waitFor()
  expect(await history.getByText('line 10', { exact: true }).count()).toBe(0)
  await page.getByRole('button', { name: 'Older messages' }).click()
  await history.getByText('line 1', { exact: true }).waitFor()
  expect(await page.getByRole('textbox', { name: /^Message to/ }).count()).toBe(0)
  await expectClean(page)

  const told = his.page.getByRole('region', { name: 'Read by administrators' })
  await told.getByText('A complaint of today').waitFor()
  await expectClean(his.page)
  await page.getByRole('button', { name: 'Stop reading' }).click()
  await page.getByRole('button', { name: 'Read with a reason…' }).waitFor()
  expect(await history.count()).toBe(0)
  expect([...faults, ...his.faults]).toEqual([])
  await context.close()
  await his.context.close()
})

test('[AR19] the audit record is searched in the window', async () => {
  const { page, faults, context } = await sit(browser, site.url, 'admin@example.com')
  await page.goto(`${site.url}/#/admin/audit`)
  const table = page.getByRole('table', { name: 'Audit record' })
  await table.waitFor()
  await page.getByLabel('What', { exact: true }).fill('category.')
  await page.getByRole('button', { name: 'Search' }).click()
  await table.getByText('principal.create').first().waitFor({ state: 'detached' })
  await expect.poll(() => table.getByRole('row').count()).toBe(2)
  await page.getByLabel('Words of the detail').fill('no such word')
  await page.getByRole('button', { name: 'Search' }).click()
  await page.getByText('Nothing of this is recorded.').waitFor()
  await page.getByRole('button', { name: 'Show all' }).click()
  await table.getByText('principal.create').first().waitFor()
  await expectClean(page)
  expect(faults).toEqual([])
  await context.close()
})
