import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSite, type Site, signInAt } from './harness.ts'
import { type OpenLdap, startOpenLdap, userPassword } from './openldap.ts'
import { openBrowser, sit, webRoot } from './web-browser.ts'

let ldap: OpenLdap
let site: Site
let browser: Browser
let desk: string

beforeAll(async () => {
  ;[ldap, browser] = await Promise.all([startOpenLdap(), openBrowser()])
  const unit = await ldap.addUnit('Trading')
  const [ann, ben] = [await ldap.addUser('ann', unit), await ldap.addUser('ben', unit)]
  desk = await ldap.addGroup('fx-desk', [ann, ben], unit)
  await ldap.addGroup('traders', [desk], unit)
  const directoryConfig = join(ldap.folder, 'directory.yaml')
  await writeFile(directoryConfig, JSON.stringify({ ldap: [{ ...ldap.source, everySeconds: 3_600 }] }))
  site = await openSite({ webRoot, directoryConfig })
}, 60_000)

afterAll(async () => {
  await browser?.close()
  await site?.stop()
  await ldap?.close()
})

test('[DS31] [SI12] an administrator tries, reads and compares a directory at the console, and is told why somebody may enter a room', async () => {
  const { page, context, faults } = await sit(browser, `${site.url}/#/admin/directory`, 'admin@example.com')
  await page.goto(`${site.url}/#/admin/directory`)
  const source = page.getByRole('region', { name: 'Source staff' })
  await source.getByRole('button', { name: 'Read everything' }).click()
  await source.getByText(/objects read in/).waitFor()
  await source.getByText('in step').waitFor()
  await source.getByText(/2 users \(0 disabled\), 2 groups, 1 units/).waitFor()

  await ldap.addUser('cid', `ou=Trading,${ldap.base}`)
  await source.getByRole('button', { name: 'Try without writing' }).click()
  await source.getByText(/Nothing was written\. It would be: 1 added/).waitFor()
  await source.getByRole('cell', { name: 'cid@example.com' }).waitFor()
  await source.getByRole('button', { name: 'Compare' }).click()
  await source.getByText(/1 added/).waitFor()
  await source.getByRole('button', { name: 'Read what changed' }).click()
  await source.getByText(/3 users/).waitFor()

  const category = await site.addCategory({ name: 'Markets', allowedMembers: ['traders'] })
  const room = await site.addRoom({ category: category.id, name: 'FX spot', members: ['fx-desk'] })
  const explain = page.getByRole('region', { name: 'Who somebody is, and why' })
  await explain.getByLabel('Person or group').fill('ben')
  await page.getByRole('option', { name: /ben/ }).click()
  await explain.getByText(/comes from staff: uid=ben,ou=trading/i).waitFor()
  await explain.getByText('Member of 2 groups').waitFor()
  await explain.getByLabel('Room, if it is about one').fill('FX')
  await page.getByRole('option', { name: /FX spot/ }).click()
  await explain.getByText('May enter FX spot.').waitFor()
  await explain
    .getByText(/through.*fx-desk/i)
    .first()
    .waitFor()
  await explain.getByRole('button', { name: 'Read ben anew' }).click()
  await explain.getByText('Nothing differs.').waitFor()
  if (process.env.PCHAT_SCREENSHOTS)
    await page.screenshot({ path: join(process.env.PCHAT_SCREENSHOTS, 'directory.png'), fullPage: true })
  expect(faults).toEqual([])
  await context.close()

  await expect(signInAt(site.url, 'ben@example.com', 'wrong')).rejects.toThrow('unauthenticated')
  const ben = await signInAt(site.url, 'ben@example.com', userPassword)
  await expect
    .poll(async () => (await ben.call('session.record', {})).entries.map(one => [one.method, one.outcome]))
    .toEqual([
      ['ldap', 'ok'],
      ['ldap', 'wrong'],
    ])
  const live = await ben.open()
  await live.call('room.join', { room: room.id })
  await ldap.removeValues(desk, 'member', [`uid=ben,ou=Trading,${ldap.base}`])
  await site.admin.call('directory.sync', {})
  expect(await live.hears('room.closed')).toMatchObject({ room: room.id, reason: 'removed' })
  await live.close()
})
