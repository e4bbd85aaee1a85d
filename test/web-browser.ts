import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core'
import { password } from './harness.ts'
import { readTools } from './tools.ts'

export const webRoot = fileURLToPath(new URL('../web/dist', import.meta.url))

const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export async function openBrowser(): Promise<Browser> {
  if (!existsSync(`${webRoot}/index.html`)) throw new Error('The web client is not built. Run npm ci.')
  const { chromium: executablePath } = await readTools()
  return chromium.launch({ executablePath, args })
}

/** One person at one browser, signed in by the page as a person does it. `faults`: what the page threw or the console called an error. */
export type Seat = { context: BrowserContext; page: Page; faults: string[] }

export async function openSeat(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Seat> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, locale: 'en-GB', ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const faults: string[] = []
  page.on('pageerror', error => faults.push(error.message))
  page.on('console', message => {
    // A server that is away, or a visitor who is not signed in yet, is no fault of the page.
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text()))
      faults.push(message.text())
  })
  await page.goto(url)
  return { context, page, faults }
}

export async function signIn(page: Page, user: string, secret = password): Promise<void> {
  await page.getByLabel('Account name').fill(user)
  await page.getByLabel('Password').fill(secret)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

export async function sit(
  browser: Browser,
  url: string,
  user: string,
  options?: Parameters<Browser['newContext']>[0],
): Promise<Seat> {
  const seat = await openSeat(browser, url, options)
  await signIn(seat.page, user)
  await seat.page.getByRole('navigation', { name: 'Places' }).waitFor()
  return seat
}

export function stream(page: Page): Locator {
  return page.getByRole('log')
}

export async function openRoom(page: Page, room: string): Promise<void> {
  await page.goto(`${new URL(page.url()).origin}/#/room/${room}`)
  await stream(page).waitFor()
}

export async function say(page: Page, text: string): Promise<void> {
  const box = page.getByRole('textbox', { name: /^Message to/ })
  await box.fill(text)
  await box.press('Enter')
}

/** The texts of the stream that match, in the order of the screen, the server's copies only. */
export async function lines(page: Page, pattern: RegExp): Promise<string[]> {
  const rows = await stream(page).locator('article[data-seq]').all()
  const read = await Promise.all(
    rows.map(async row => ({ seq: Number(await row.getAttribute('data-seq')), text: (await row.textContent()) ?? '' })),
  )
  return read.sort((a, b) => a.seq - b.seq).flatMap(({ text }) => pattern.exec(text)?.[0] ?? [])
}
