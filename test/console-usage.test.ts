import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verbs } from '../src/protocol/request.ts'
import { faultsInBothColours } from './axe.ts'
import { openSite, type Site } from './harness.ts'
import { openBrowser, sit, webRoot } from './web-browser.ts'

let site: Site
let browser: Browser
const isReported = 'usage.report' in verbs

beforeAll(async () => {
  browser = await openBrowser()
  site = await openSite({ webRoot })
  const alice = await site.addUser('alice@example.com')
  const category = (await site.addCategory({ allowedMembers: ['example.com'] })).id
  const members = ['alice@example.com']
  const rooms = [
    await site.addRoom({ category, name: 'Busy', members }),
    await site.addRoom({ category, name: 'Calm', members }),
  ]
  await site.addRoom({ category, name: 'Silent', members })
  for (const [at, count] of [12, 3].entries())
    for (let number = 0; number < count; number += 1)
      await alice.call('message.post', { room: rooms[at]!.id, clientId: crypto.randomUUID(), text: 'not to be shown' })
}, 60_000)

afterAll(async () => {
  await browser?.close()
  await site?.stop()
})

test('[CN15] the usage report has its period in the address, a chart with its table, and is not there where the server knows none', async () => {
  const { page, context, faults } = await sit(browser, site.url, 'admin@example.com')
  await page.goto(`${site.url}/#/admin/audit`)
  const link = page.getByRole('navigation', { name: 'Administration' }).getByRole('link', { name: 'Usage' })
  await page.getByRole('table', { name: 'Audit record' }).waitFor()
  if (!isReported) {
    expect(await link.count()).toBe(0)
    await context.close()
    return
  }
  await link.click()
  const busiest = page.getByRole('table', { name: 'Most active rooms' })
  await busiest.getByText('Busy').waitFor()
  expect(await busiest.getByRole('row').nth(1).textContent()).toBe('Busy12')
  expect(await page.getByRole('img').first().getAttribute('aria-label')).toMatch(/Messages by day, .*: highest 15 at/)
  await page.getByText('The table behind the chart').click()
  await page.getByRole('table', { name: 'Trend as a table' }).getByRole('cell', { name: '15', exact: true }).waitFor()
  const found = await faultsInBothColours(page)
  await page.getByRole('combobox', { name: 'Period' }).selectOption('7')
  await page.waitForURL(/usage\?days=7/)
  await page.getByRole('table', { name: 'Most active users' }).getByText('alice').waitFor()
  expect(await page.getByRole('main').textContent()).not.toContain('not to be shown')
  await page.emulateMedia({ media: 'print' })
  expect(await page.getByRole('navigation', { name: 'Places' }).isVisible()).toBe(false)
  const cut = await page.evaluate(
    'document.querySelector("[data-pane=admin]").scrollHeight > document.body.scrollHeight',
  )
  expect(cut, 'the whole report is on the paper').toBe(false)
  expect([...found, ...faults]).toEqual([])
  await context.close()
}, 60_000)
