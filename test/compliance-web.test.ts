import { AxeBuilder } from '@axe-core/playwright'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { audit } from '../src/store/audit.ts'
import { proofAction, writeServiceReport } from '../src/store/compliance-report.ts'
import { openSite, type Person, type Site } from './harness.ts'
import { openBrowser, sit, webRoot } from './web-browser.ts'

let site: Site
let browser: Browser
let officer: Person
beforeAll(async () => {
  browser = await openBrowser()
  site = await openSite({ webRoot, attendance: { writeMs: 50 } })
  officer = await site.addUser('officer@example.com')
  await site.admin.call('role.grant', { principal: officer.me.id, role: 'complianceOfficer', granted: true })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await site?.stop()
})

test('[CP57] officers start recording, set bounds and adapters in the console; administrators have no such page', async () => {
  const { page, faults, context } = await sit(browser, site.url, 'officer@example.com')
  await page.goto(`${site.url}/#/admin/compliance`)
  await page.getByText('Nothing is recorded.').waitFor()
  await page.getByRole('button', { name: 'Start recording' }).click()
  await page.getByRole('button', { name: 'Start it' }).click()
  await page.getByText('What happens is recorded.').waitFor()
  await page.getByLabel('Events that may wait for the archive').fill('5000')
  await page.getByRole('form', { name: 'What may wait' }).getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved.').waitFor()
  await page.getByLabel('Adapter', { exact: true }).fill('books')
  await page.getByLabel('Output folder').fill('books')
  await page.getByLabel('A file for each room').check()
  await page.getByRole('button', { name: 'Set the adapter' }).click()
  await page.getByText('whole path of a folder').waitFor()
  await page.getByLabel('Output folder').fill('/etc/books')
  await page.getByRole('button', { name: 'Set the adapter' }).click()
  await page.getByText('are below /var/lib, such as').waitFor()
  await page.getByLabel('Output folder').fill('/var/lib/books')
  await page.getByRole('button', { name: 'Set the adapter' }).click()
  await page.getByRole('button', { name: 'Remove the adapter books' }).waitFor()
  expect(await officer.call('compliance.get', {})).toMatchObject({
    ...{ recording: true, maxRows: 5_000, maxAgeSeconds: 259_200 },
    adapters: [{ name: 'books', type: 'xml', outputDirectory: '/var/lib/books', oneRoomPerFile: true }],
  })
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze()
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`)).toEqual([])
  if (process.env.PCHAT_SHOTS)
    await page.screenshot({ path: `${process.env.PCHAT_SHOTS}/compliance.png`, fullPage: true })
  await page.getByRole('button', { name: 'Remove the adapter books' }).click()
  await page.getByRole('button', { name: 'Remove it' }).click()
  await page.getByText('No adapter is set').waitFor()
  expect(faults).toEqual([])
  await context.close()

  const admin = await sit(browser, site.url, 'admin@example.com')
  await admin.page.goto(`${site.url}/#/admin/compliance`)
  const links = admin.page.getByRole('navigation', { name: 'Administration' }).getByRole('link')
  await links.first().waitFor()
  expect(await links.allInnerTexts()).not.toContain('Compliance')
  expect(await admin.page.getByText('is recorded').count()).toBe(0)
  await admin.context.close()
}, 60_000)

test('[CP91] officers deny and lift deletions in the console; who clears a room there is told that it is denied', async () => {
  const category = await site.addCategory({ allowedMembers: ['example.com'] })
  const room = await site.addRoom({ category: category.id, name: 'Gold desk', members: ['officer@example.com'] })
  await officer.call('message.post', { room: room.id, clientId: crypto.randomUUID(), text: 'gold' })
  const { page, faults, context } = await sit(browser, site.url, 'officer@example.com')
  await page.goto(`${site.url}/#/admin/compliance`)
  await page.getByText('No deletion is denied.').waitFor()
  const form = page.getByRole('form', { name: 'Deny deletion' })
  const button = form.getByRole('button', { name: 'Deny deletion' })
  await form.getByLabel('Why it may not be deleted').fill('Matter 12')
  expect(await button.isDisabled()).toBe(true)
  await form.getByLabel('In the room').fill('No such room')
  await button.click()
  await page.getByText('There is no such room').waitFor()
  await form.getByLabel('In the room').fill('gold desk')
  await button.click()
  await page.getByText('It holds 1 message, 0 more').waitFor()
  await page.getByRole('cell', { name: 'In the room Gold desk' }).waitFor()
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze()
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`)).toEqual([])
  if (process.env.PCHAT_SHOTS) await page.screenshot({ path: `${process.env.PCHAT_SHOTS}/denials.png`, fullPage: true })
  expect(await site.admin.code('room.clear', { room: room.id, until: '2100-01-01T00:00:00Z' })).toBe('forbidden')
  await page.getByRole('button', { name: 'Lift the denial for Matter 12' }).click()
  await page.getByLabel('Why it is lifted').fill('closed')
  await page.getByRole('button', { name: 'Lift it' }).click()
  await page.getByText('No deletion is denied.').waitFor()
  expect(await site.admin.code('room.clear', { room: room.id, until: '2100-01-01T00:00:00Z' })).toBe('ok')
  expect(faults).toEqual([])
  await context.close()
}, 60_000)

test('[CP92] the console shows the last batch, what waits, and what the last proof found; a silent service and a failing adapter too', async () => {
  const { page, context } = await sit(browser, site.url, 'officer@example.com')
  await page.goto(`${site.url}/#/admin/compliance`)
  await page.getByText('Nothing is known of the archive yet.').waitFor()
  await page.getByText('The archive was never verified').waitFor()
  await officer.call('compliance.update', { recording: true })
  const report = { holder: 'one 1', entries: 1_234, batch: 56, batchAt: '2026-11-30T10:00:00Z' }
  const failing = { name: 'books', through: 1_000, at: null, failures: 3, lastError: 'no space left' }
  const proof = { by: 'root@one', entries: 1_200, batches: 55, anchoredThrough: 1_190 }
  await writeServiceReport(site.db, { ...report, adapters: [failing] })
  await audit(site.db, null, proofAction, 'archive', { ...proof, sound: true, fault: null })
  const look = () => page.getByRole('button', { name: 'Look again' }).click()
  await look()
  await page.getByText('The archive has 1234 entries; its last batch is 56').waitFor()
  await page.getByText('The adapter books has failed 3 times: no space left').waitFor()
  await page.getByText('by root@one: sound, 1200 entries, anchored up to 1190').waitFor()
  expect(await page.getByText('No compliance service moves events').count()).toBe(0)
  await page.getByText(/wait for the archive, the oldest for \d+ seconds/).waitFor()
  await site.db.query("UPDATE compliance_report SET at = at - interval '2 minutes'")
  await audit(site.db, null, proofAction, 'archive', { ...proof, sound: false, fault: 'Entry 7 was changed.' })
  await look()
  await page.getByText('No compliance service moves events now.').waitFor()
  await page.getByText(/NOT SOUND, .* Entry 7 was changed/).waitFor()
  await officer.call('compliance.update', { recording: false })
  await context.close()
}, 60_000)
