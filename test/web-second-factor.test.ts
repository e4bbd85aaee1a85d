import { readFile } from 'node:fs/promises'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../src/base/log.ts'
import { serve } from '../src/cli/serve.ts'
import { openTestDatabase } from './database.ts'
import { addTotp, codeOf } from './factor-people.ts'
import { openSite, password, type Site } from './harness.ts'
import { openBrowser, openSeat, type Seat, signIn, sit, webRoot } from './web-browser.ts'

let site: Site
let browser: Browser
/** One whose second server asks everybody for a second factor, and ends the sign-ins of who has none. */
let strictSite: Site
let strict: string
const seats: Seat[] = []
beforeAll(async () => {
  browser = await openBrowser()
  site = await openSite({ webRoot })
  strictSite = await openSite({ webRoot })
  await addTotp(strictSite.admin)
  strict = (await strictSite.another({ secondFactor: 'everyone' })).url
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await site?.stop()
  await strictSite?.stop()
})
afterEach(async () => {
  for (const { context, faults } of seats.splice(0)) {
    expect(faults).toEqual([])
    await context.close()
  }
})

const forgetSteps = () => site.db.query('UPDATE totp SET last_step = 0')
const box = (page: Page, name: string) => page.getByRole('textbox', { name: new RegExp(`^${name}`) })
const places = (page: Page) => page.getByRole('navigation', { name: 'Places' }).waitFor()

async function addUser(name: string, to = site) {
  await to.admin.call('principal.create', { kind: 'user', name, displayName: name.split('@')[0] ?? name, password })
}

async function take(seat: Promise<Seat>): Promise<Seat> {
  const taken = await seat
  seats.push(taken)
  return taken
}

/** A device of the browser's own with a fingerprint reader, and a finger on it. */
async function addDevice(page: Page) {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return {
    setFinger: (isUserVerified: boolean) =>
      session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
    empty: () => session.send('WebAuthn.clearCredentials', { authenticatorId }),
  }
}

async function seriousFaults(page: Page): Promise<string[]> {
  const found: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.evaluate(`Promise.allSettled(
      document.getAnimations().filter(one => one.effect?.getTiming().iterations !== Infinity).map(one => one.finished))`)
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze()
    for (const { id, impact, nodes } of violations)
      if (impact === 'serious' || impact === 'critical') found.push(`${id}: ${nodes[0]?.html.slice(0, 200)}`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
  return found
}

/** For whoever looks at the pages: PCHAT_SCREENSHOTS is a folder. */
async function picture(page: Page, name: string) {
  const folder = process.env.PCHAT_SCREENSHOTS
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
}

async function keepCodes(page: Page): Promise<string[]> {
  await page.getByText('Keep your recovery codes').waitFor()
  const codes = await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allTextContents()
  expect(codes).toHaveLength(10)
  expect(await page.getByRole('button', { name: 'Continue' }).isDisabled()).toBe(true)
  await page.getByLabel('I have kept my recovery codes').check()
  await page.getByRole('button', { name: 'Continue' }).click()
  return codes
}

/** Reads the key of the app as a person does who cannot scan. */
async function readKey(page: Page): Promise<string> {
  await page.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor()
  await page.getByRole('button', { name: 'I cannot scan it' }).click()
  return ((await page.locator('[data-secret]').textContent()) ?? '').replaceAll(' ', '')
}

test('[SF18] an app is set up under Account, and its codes and the recovery codes sign in from then on', async () => {
  await addUser('ann@example.com')
  const { page, context } = await take(sit(browser, site.url, 'ann@example.com'))
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.goto(`${site.url}/#/account`)
  await page.getByText('Your password alone opens your account').waitFor()
  await picture(page, 'account-none')
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
  const key = await readKey(page)
  expect(await seriousFaults(page)).toEqual([])
  await picture(page, 'account-app')
  await box(page, 'Code').fill('000000')
  await page.getByRole('button', { name: 'Confirm' }).click()
  await page.getByText('This is no code of the app').waitFor()
  await box(page, 'Code').fill(codeOf(key))
  await page.keyboard.press('Enter')
  await page.getByText('Keep your recovery codes').waitFor()
  expect(await seriousFaults(page)).toEqual([])
  await picture(page, 'recovery-codes')
  await page.getByRole('button', { name: 'Copy' }).click()
  await page.getByText('Copied.').waitFor()
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download' }).click()
  const file = await readFile(await (await downloading).path(), 'utf8')
  const codes = await keepCodes(page)
  for (const code of codes) expect(file).toContain(code)
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(file)
  await page.getByText('Authenticator app: set up').waitFor()
  await page.getByText('Recovery codes left: 10').waitFor()
  await page.getByText('Password', { exact: true }).first().waitFor()

  await forgetSteps()
  const other = await take(openSeat(browser, site.url))
  await signIn(other.page, 'ann')
  await other.page.getByRole('heading', { name: 'One more step' }).waitFor()
  expect(await seriousFaults(other.page)).toEqual([])
  await picture(other.page, 'step-code')
  await box(other.page, 'Code').fill('000000')
  await other.page.keyboard.press('Enter')
  await other.page.getByText('The code is wrong, or was used already').waitFor()
  expect(await box(other.page, 'Code').inputValue()).toBe('')
  await box(other.page, 'Code').fill(codeOf(key))
  await other.page.keyboard.press('Enter')
  await places(other.page)

  const third = await take(openSeat(browser, site.url))
  await signIn(third.page, 'ann')
  await third.page.getByRole('button', { name: 'Use a recovery code' }).click()
  await picture(third.page, 'step-recovery')
  await box(third.page, 'Recovery code').fill(codes[4]!.toUpperCase())
  await third.page.keyboard.press('Enter')
  await places(third.page)
  await third.page.goto(`${site.url}/#/account`)
  await third.page.getByText('Recovery codes left: 9').waitFor()
  await third.page.getByRole('cell', { name: 'Recovery code' }).waitFor()
  await third.page.getByRole('cell', { name: 'Refused' }).first().waitFor()
  expect(await seriousFaults(third.page)).toEqual([])
  await picture(third.page, 'account-app-set-up')
}, 90_000)

test('[SF18] a passkey is added, signs in alone and after the password, is renamed and removed', async () => {
  await addUser('ben@example.com')
  const { page } = await take(sit(browser, site.url, 'ben@example.com'))
  const device = await addDevice(page)
  await page.goto(`${site.url}/#/account`)
  const add = async (name: string) => {
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await box(page, 'Name of the passkey').fill(name)
    await picture(page, 'account-passkey')
    await page.getByRole('button', { name: 'Create the passkey' }).click()
  }
  await device.setFinger(false)
  await add('Never')
  await page.getByText('The browser ended it').waitFor()
  await device.setFinger(true)
  await box(page, 'Name of the passkey').fill('Work laptop')
  await page.getByRole('button', { name: 'Create the passkey' }).click()
  await keepCodes(page)
  await page.getByText('Work laptop').waitFor()
  await add('Again')
  await page.getByText('This device has a passkey of this account already.').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Rename Work laptop' }).click()
  await box(page, 'Name').fill('Old laptop')
  await page.getByRole('button', { name: 'Rename it' }).click()
  await page.getByRole('list', { name: 'Passkeys' }).getByText('Old laptop').waitFor()
  await picture(page, 'account-passkeys')

  const leave = async () => {
    await page.goto(`${site.url}/#/account`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('You have signed out.').waitFor()
  }
  await leave()
  await picture(page, 'sign-in')
  expect(await seriousFaults(page)).toEqual([])
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await places(page)
  await leave()
  await signIn(page, 'ben')
  await page.getByText('Your password is right').waitFor()
  await picture(page, 'step-passkey')
  expect(await seriousFaults(page)).toEqual([])
  await device.setFinger(false)
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await page.getByText('The browser ended it').waitFor()
  await device.setFinger(true)
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await places(page)
  await page.goto(`${site.url}/#/account`)
  await page.getByRole('button', { name: 'Remove Old laptop' }).click()
  await page.getByRole('button', { name: 'Remove it' }).click()
  await page.getByText('Passkeys: none').waitFor()
  await leave()
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await page.getByText('This passkey was not accepted here').waitFor()
}, 90_000)

test('[SF18] where one is obligatory it is set up before anything else, by app or by passkey', async () => {
  await addUser('cem@example.com', strictSite)
  const { page } = await take(openSeat(browser, strict))
  await addDevice(page)
  await signIn(page, 'cem')
  await page.getByRole('heading', { name: 'Protect your account' }).waitFor()
  expect(await seriousFaults(page)).toEqual([])
  await picture(page, 'enrol-choice')
  // Nothing else: not by another address, and not by loading anew.
  await page.goto(`${strict}/#/account`)
  await page.reload()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await signIn(page, 'cem')
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
  const key = await readKey(page)
  await picture(page, 'enrol-app')
  await page.getByRole('button', { name: 'Choose another way' }).click()
  await page.getByRole('button', { name: 'Set up a passkey on this device' }).click()
  await page.getByRole('button', { name: 'Create the passkey' }).click()
  await keepCodes(page)
  await places(page)
  expect(key).toMatch(/^[A-Z2-7]{32}$/)

  await addUser('dan@example.com', strictSite)
  const phone = await take(openSeat(browser, strict, { viewport: { width: 360, height: 720 } }))
  await signIn(phone.page, 'dan')
  await phone.page.getByRole('button', { name: 'Set up an authenticator app' }).click()
  const other = await readKey(phone.page)
  await picture(phone.page, 'enrol-app-phone')
  await box(phone.page, 'Code').fill(codeOf(other))
  await phone.page.keyboard.press('Enter')
  await keepCodes(phone.page)
  await places(phone.page)
}, 90_000)

test('[SF18] the first administrator sets one up right after the set-up link, where administrators need one', async () => {
  const database = await openTestDatabase()
  const { address } = database
  const server = await serve({
    address,
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
    webRoot,
    secondFactor: 'administrators',
  })
  const { page } = await take(openSeat(browser, server.setupUrl ?? ''))
  await page.getByLabel('Account name').fill('first@example.com')
  await page.getByLabel('Name that others see').fill('First')
  await page.getByLabel(/^Password\W*$/).fill(password)
  await page.getByLabel('Password again').fill(password)
  await page.getByRole('button', { name: 'Create the administrator' }).click()
  await page.getByRole('heading', { name: 'Protect your account' }).waitFor()
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
  await box(page, 'Code').fill(codeOf(await readKey(page)))
  await page.keyboard.press('Enter')
  await keepCodes(page)
  await places(page)
  await server.stop()
  await database.drop()
}, 60_000)

test('[SF18] a step that took too long leads back to the password', async () => {
  await addUser('eva@example.com', strictSite)
  const { page } = await take(openSeat(browser, strict))
  await signIn(page, 'eva')
  await page.getByRole('button', { name: 'Set up an authenticator app' }).waitFor()
  await strictSite.db.query('DELETE FROM sign_in_ticket')
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.getByText('Begin again with your password').waitFor()
}, 60_000)

test('[SF18] after a while a change asks again who one is', async () => {
  await addUser('fay@example.com')
  const { page } = await take(sit(browser, site.url, 'fay@example.com'))
  await page.goto(`${site.url}/#/account`)
  await site.db.query('UPDATE session SET proven_at = NULL')
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
  const dialog = page.getByRole('dialog', { name: 'Is it you?' })
  await dialog.waitFor()
  expect(await seriousFaults(page)).toEqual([])
  await picture(page, 'proof')
  await dialog.getByLabel('Your password').fill('wrong password')
  await page.keyboard.press('Enter')
  await dialog.getByText('This does not prove that it is you').waitFor()
  await dialog.getByLabel('Your password').fill(password)
  await page.keyboard.press('Enter')
  await readKey(page)
  await site.db.query('UPDATE session SET proven_at = now()')
}, 60_000)

test('[SF18] an administrator sees the record of all, and resets the second factor of who lost it', async () => {
  await addUser('gil@example.com')
  const gil = await take(sit(browser, site.url, 'gil@example.com'))
  const person = await site.addUser('hal@example.com')
  await addTotp(person)
  const { page } = await take(sit(browser, site.url, 'admin@example.com'))
  await page.goto(`${site.url}/#/admin/sign-ins`)
  await page.getByRole('cell', { name: 'gil' }).first().waitFor()
  expect(await seriousFaults(page)).toEqual([])
  await picture(page, 'admin-sign-ins')
  await page.getByRole('combobox', { name: 'Of one user only' }).fill('hal')
  await page.getByRole('option', { name: /^hal / }).click()
  await page.getByRole('cell', { name: 'gil' }).first().waitFor({ state: 'detached' })
  // Signing in without a factor, and nothing of anybody else.
  await expect.poll(() => page.getByRole('row').count()).toBe(2)
  await page.goto(`${site.url}/#/admin/users`)
  await page.getByRole('button', { name: 'Change hal' }).click()
  await page.getByText('Second factor: authenticator app, 0 passkeys, 10 recovery codes').waitFor()
  await picture(page, 'admin-reset')
  await page.getByRole('button', { name: 'Reset the second factor' }).click()
  await page.getByRole('button', { name: 'Reset it' }).click()
  await page.getByText('No second factor.').waitFor()
  expect(await person.code('session.list', {})).toBe('unauthenticated')
  await gil.page.goto(`${site.url}/#/account`)
  await gil.page.getByText('Your password alone opens your account').waitFor()
}, 60_000)
