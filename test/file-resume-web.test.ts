import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page, Request } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FileSite, openFileSite, openRoomFor } from './files.ts'
import { makeFolder } from './folder.ts'
import type { Person } from './harness.ts'
import { codeOf, getFile, sha256, someBytes } from './upload.ts'
import { openBrowser, openRoom, type Seat, sit, stream, webRoot } from './web-browser.ts'

const mega = 1024 * 1024
let site: FileSite
let browser: Browser
let folder: string
let ann: Person
let seat: Seat
let room: { id: string }
beforeAll(async () => {
  browser = await openBrowser()
  folder = await makeFolder('pchat-chosen')
  site = await openFileSite({}, { webRoot })
  await site.admin.call('settings.update', { settings: { maxFileBytes: 64 * mega } })
  ann = await site.addUser('ann@example.com')
  room = await openRoomFor(site, [ann])
  await ann.call('room.follow', { room: room.id })
  seat = await sit(browser, site.url, 'ann@example.com')
  await openRoom(seat.page, room.id)
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await site.stop()
  for (const one of [site.folder, folder]) await rm(one, { recursive: true, force: true })
})

/** A file on disk, which the browser reads with its time. */
async function fileOf(name: string, bytes: Buffer): Promise<string> {
  await writeFile(join(folder, name), bytes)
  return join(folder, name)
}

const choose = (page: Page, path: string) => page.getByLabel('Files to attach').setInputFiles(path)
const underWay = (page: Page) => page.getByRole('list', { name: 'Files on their way' })
const offsetOf = (request: Request) => Number(request.headers()['upload-offset'])
const uploads = '**/files/uploads/**'

/** Lets the first piece of an upload through and keeps the rest waiting, as a slow line does. */
async function stall(page: Page): Promise<void> {
  await page.route(uploads, route =>
    route.request().method() !== 'PATCH' || offsetOf(route.request()) === 0 ? route.continue() : undefined,
  )
}

test('[FI66] after the page was loaded anew an upload waits for its file, and goes on with what is there', async () => {
  const { page } = seat
  const bytes = someBytes(20 * mega, 41)
  const path = await fileOf('film.bin', bytes)
  await stall(page)
  await choose(page, path)
  await underWay(page).getByText('8.0 MB of 20 MB').waitFor()
  await page.reload()
  await page.unrouteAll({ behavior: 'ignoreErrors' })
  const list = underWay(page)
  await list.getByText('Waiting for film.bin').waitFor()
  await list.getByText('8.0 MB of 20 MB are there. Choose it again to go on.').waitFor()
  if (process.env.PCHAT_SHOTS) await page.screenshot({ path: `${process.env.PCHAT_SHOTS}/left.png` })
  await list.getByLabel('film.bin again').setInputFiles(await fileOf('other.bin', someBytes(9, 1)))
  await list.getByText('other.bin is another file, or was changed since.').waitFor()
  if (process.env.PCHAT_SHOTS) await page.screenshot({ path: `${process.env.PCHAT_SHOTS}/left-other.png` })
  const offsets: number[] = []
  page.on('request', request => {
    if (request.method() === 'PATCH') offsets.push(offsetOf(request))
  })
  await choose(page, path)
  await stream(page)
    .getByRole('link', { name: /^film\.bin/ })
    .waitFor({ timeout: 20_000 })
  expect(offsets.length).toBeGreaterThan(0)
  expect(Math.min(...offsets)).toBe(8 * mega)
  const { files } = await ann.call('file.list', { room: room.id })
  expect(files.map(file => file.name)).toEqual(['film.bin'])
  const answer = await getFile(site, ann, files[0]!.id)
  expect(sha256(new Uint8Array(await answer.arrayBuffer()))).toBe(sha256(bytes))
  await expect.poll(() => underWay(page).count()).toBe(0)
  expect(await page.evaluate('Object.keys(localStorage).filter(key => key.includes("upload"))')).toEqual([])
})

test('[FI66] the file may have changed: then it is another upload, and what was left can be dismissed', async () => {
  const { page } = seat
  const path = await fileOf('plan.bin', someBytes(12 * mega, 42))
  await stall(page)
  await choose(page, path)
  await underWay(page).getByText('8.0 MB of 12 MB').waitFor()
  await page.reload()
  await page.unrouteAll({ behavior: 'ignoreErrors' })
  await underWay(page).getByText('Waiting for plan.bin').waitFor()
  const { rows } = await site.db.query<{ id: string }>("SELECT id FROM file WHERE name = 'plan.bin'")
  await fileOf('plan.bin', someBytes(12 * mega, 43))
  await choose(page, path)
  await stream(page)
    .getByRole('link', { name: /^plan\.bin/ })
    .waitFor({ timeout: 20_000 })
  const { files } = await ann.call('file.list', { room: room.id, text: 'plan' })
  expect(sha256(new Uint8Array(await (await getFile(site, ann, files[0]!.id)).arrayBuffer()))).toBe(
    sha256(someBytes(12 * mega, 43)),
  )
  await underWay(page).getByRole('button', { name: 'Dismiss plan.bin' }).click()
  await expect.poll(() => underWay(page).count()).toBe(0)
  await expect.poll(async () => codeOf(await getFile(site, ann, rows[0]!.id))).toBe('not_found')
  await expect.poll(async () => (await ann.call('file.get', { file: rows[0]!.id })).file.state).toBe('removed')
})

test('[FI66] what came whole before the page was gone is posted without its file', async () => {
  const { page } = seat
  await page.route(uploads, async route => {
    const answer = await route.fetch()
    // The answer does not arrive.
    if (route.request().method() !== 'PATCH') await route.fulfill({ response: answer })
  })
  await choose(page, await fileOf('whole.bin', someBytes(50_000, 44)))
  await expect
    .poll(async () => (await site.db.query("SELECT FROM file WHERE name = 'whole.bin' AND state = 'ready'")).rowCount)
    .toBe(1)
  expect(
    await stream(page)
      .getByRole('link', { name: /^whole\.bin/ })
      .count(),
  ).toBe(0)
  await page.reload()
  await page.unrouteAll({ behavior: 'ignoreErrors' })
  await stream(page)
    .getByRole('link', { name: /^whole\.bin/ })
    .waitFor()
  await expect.poll(() => underWay(page).count()).toBe(0)
})

test('[FI66] another window of the browser leaves it alone while its page lives, and has it afterwards', async () => {
  const { context } = seat
  const first = await context.newPage()
  await first.goto(`${site.url}/#/room/${room.id}`)
  await stream(first).waitFor()
  await stall(first)
  const path = await fileOf('sound.bin', someBytes(12 * mega, 45))
  await choose(first, path)
  await underWay(first).getByText('8.0 MB of 12 MB').waitFor()
  const [second, third] = [await context.newPage(), await context.newPage()]
  for (const page of [second, third]) {
    await page.goto(`${site.url}/#/room/${room.id}`)
    await stream(page).waitFor()
    await page.waitForTimeout(300)
    expect(await underWay(page).count()).toBe(0)
  }
  await first.close()
  for (const page of [second, third]) await underWay(page).getByText('Waiting for sound.bin').waitFor()
  await choose(second, path)
  await expect.poll(() => underWay(third).count()).toBe(0)
  await stream(third)
    .getByRole('link', { name: /^sound\.bin/ })
    .waitFor({ timeout: 20_000 })
  expect((await ann.call('file.list', { room: room.id, text: 'sound' })).files).toHaveLength(1)
  expect(seat.faults).toEqual([])
})
