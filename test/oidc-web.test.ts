import { AxeBuilder } from '@axe-core/playwright'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSite, type Site } from './harness.ts'
import { openTestProvider, type TestProvider } from './oidc-provider.ts'
import { openBrowser, openSeat, signIn, webRoot } from './web-browser.ts'

let idp: TestProvider
let site: Site
let browser: Browser

beforeAll(async () => {
  browser = await openBrowser()
  idp = await openTestProvider()
  // Another site than the provider's for a browser: only so SameSite matters.
  site = await openSite({ host: 'localhost', webRoot, oidc: [idp.config({ title: 'Example account' })] })
  idp.register(site.url)
  idp.users.set('w-wendy', { preferred_username: 'wendy', name: 'Wendy Waters' })
})
afterAll(async () => {
  await browser?.close()
  await site?.stop()
  await idp?.close()
})

/** For whoever wants to look: PCHAT_TEST_SHOTS names a folder. */
async function look(page: { screenshot(options: { path: string }): Promise<unknown> }, name: string): Promise<void> {
  const folder = process.env.PCHAT_TEST_SHOTS
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` })
}

test('[OI16] one click on the sign-in page, and the browser comes back from the other site signed in, at the place that it asked for', async () => {
  expect(new URL(site.url).hostname).toBe('localhost')
  const { page, context, faults } = await openSeat(browser, `${site.url}/#/account`)
  const button = page.getByRole('link', { name: 'Example account' })
  await button.waitFor()
  await look(page, 'oidc-sign-in')
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.filter(one => one.impact === 'serious' || one.impact === 'critical')).toEqual([])
  idp.login = 'w-wendy'
  await button.click()
  await page.getByText('Signed in with Example account.').waitFor()
  expect(new URL(page.url()).hash).toBe('#/account')
  await page.getByText('wendy@example.com').waitFor()
  // He has no password here.
  expect(await page.getByLabel('Present password').count()).toBe(0)
  await look(page, 'oidc-account')
  const cookies = await context.cookies(site.url)
  expect(cookies.find(one => one.name === 'pchat')).toMatchObject({ httpOnly: true, sameSite: 'Strict' })
  // The page that took the code is not in the history.
  await page.goBack().catch(() => {})
  expect(page.url()).not.toContain('callback')
  await page.goto(`${site.url}/#/account`)
  await page.getByRole('button', { name: 'Sign out here and at Example account' }).click()
  await page.waitForURL(url => url.origin === idp.issuer)
  await page.getByRole('button', { name: /yes/i }).click()
  await page.waitForURL(url => url.origin === site.url)
  await page.getByLabel('Account name').waitFor()
  expect(faults).toEqual([])
  await context.close()
})

test('[OI16] who gives up at the provider reads why, and finds the way back', async () => {
  const { page, context } = await openSeat(browser, site.url)
  idp.login = undefined
  await page.getByRole('link', { name: 'Example account' }).click()
  await page.getByRole('heading', { name: 'You are not signed in' }).waitFor()
  await look(page, 'oidc-refused')
  await page.getByRole('link', { name: 'Back to the sign-in page' }).click()
  await page.getByLabel('Account name').waitFor()
  await context.close()
})

test('[OI16] the page of a device names what asks, and its user allows it, whichever way he signs in', async () => {
  const begun = await fetch(`${site.url}/web/device/begin`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client: 'pchat of wendy on desk-7' }),
  })
  const { deviceCode, userCode, verificationUri, verificationUriComplete } = (await begun.json()) as Record<
    string,
    string
  >
  const poll = async () => {
    await site.db.query('UPDATE device_sign_in SET polled_at = NULL')
    const answer = await fetch(`${site.url}/web/device/poll`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ deviceCode }),
    })
    return (await answer.json()) as { status: string; me?: { name: string } }
  }
  const { page, context, faults } = await openSeat(browser, verificationUriComplete!)
  idp.login = 'w-wendy'
  await page.getByRole('link', { name: 'Example account' }).click()
  await page.getByText('pchat of wendy on desk-7').waitFor()
  await page.getByText(userCode!).waitFor()
  await look(page, 'oidc-device')
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.filter(one => one.impact === 'serious' || one.impact === 'critical')).toEqual([])
  // Looking is not allowing.
  expect(await poll()).toEqual({ status: 'pending' })
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByText('is signed in as wendy@example.com').waitFor()
  expect(await poll()).toMatchObject({ status: 'allowed', me: { name: 'wendy@example.com' } })
  // Typed by hand, by somebody with a password; a wrong code is one sentence.
  const second = await openSeat(browser, verificationUri!)
  await signIn(second.page, 'admin@example.com')
  const field = second.page.getByLabel('Code')
  await field.fill('BBBB-BBBB')
  await second.page.getByRole('button', { name: 'Next' }).click()
  await second.page.getByRole('alert').getByText('This code is unknown').waitFor()
  await look(second.page, 'oidc-device-code')
  expect([...faults, ...second.faults]).toEqual([])
  await context.close()
  await second.context.close()
})
