import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApartSite, openApartSite } from './apart-site.ts'
import { openEmptyDatabase, type TestDatabase } from './database.ts'
import { openBrowser, sit, webRoot } from './web-browser.ts'

let apart: ApartSite
let browser: Browser
let central: TestDatabase
beforeAll(async () => {
  browser = await openBrowser()
  central = await openEmptyDatabase()
  apart = await openApartSite({ webRoot, central: central.address })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await apart?.stop()
  await central?.drop()
})

test('[TB42] where roles run apart the console publishes by its Front End Server, and Persistent Chat Servers need no store to publish to', async () => {
  const { site, one } = apart
  const live = await one.at(site.admin).open()
  expect((await live.call('topology.get', {})).store).toBe('none')
  await live.close()
  const { page, context, faults } = await sit(browser, site.url, 'admin@example.com')
  await page.goto(`${site.url}/#/admin/topology`)
  const button = (name: string) => page.getByRole('button', { name, exact: true })
  await button('Begin with a pool').click()
  await page.getByText('The document is sound. Nothing to remark.').waitFor()
  await button('Publish').click()
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click()
  await page.getByText('Version 1 is published.', { exact: true }).waitFor()
  expect((await site.admin.call('topology.get', {})).publication).toMatchObject({
    ...{ version: 1, author: 'admin@example.com' },
  })
  await page.getByRole('link', { name: 'History' }).click()
  await page.getByRole('table', { name: 'Publications' }).getByText('admin@example.com').waitFor()
  expect(faults).toEqual([])
  await context.close()
}, 60_000)
