import { rm } from 'node:fs/promises'
import { Jimp } from 'jimp'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sizeWords } from '../web/src/app/file-words.ts'
import { type FileSite, openFileSite, openRoomFor } from './files.ts'
import type { Person } from './harness.ts'
import { sha256, someBytes } from './upload.ts'
import { openBrowser, openRoom, type Seat, sit, stream, webRoot } from './web-browser.ts'

let site: FileSite
let browser: Browser
let people: { ann: Person; ben: Person }
let ann: Seat
let ben: Seat
let room: { id: string }
const shots = process.env.PCHAT_SHOTS
const shoot = async (page: Page, name: string) => {
  if (shots) await page.screenshot({ path: `${shots}/${name}.png` })
}

beforeAll(async () => {
  browser = await openBrowser()
  site = await openFileSite({}, { webRoot })
  people = { ann: await site.addUser('ann@example.com'), ben: await site.addUser('ben@example.com') }
  room = await openRoomFor(site, [people.ann, people.ben])
  for (const person of [people.ann, people.ben]) await person.call('room.follow', { room: room.id })
  ann = await sit(browser, site.url, 'ann@example.com')
  ben = await sit(browser, site.url, 'ben@example.com')
  for (const { page } of [ann, ben]) await openRoom(page, room.id)
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await site.stop()
  await rm(site.folder, { recursive: true, force: true })
})

const choose = (page: Page, files: { name: string; mimeType: string; buffer: Buffer }[]) =>
  page.getByLabel('Files to attach').setInputFiles(files)
const picture = async (color: number) =>
  Buffer.from(await new Jimp({ width: 900, height: 600, color }).getBuffer('image/png'))

/** What a page is given as if it were dropped or pasted. */
const give = (page: Page, target: string, event: 'drop' | 'paste', name: string, bytes: Buffer) =>
  page.evaluate(`(() => {
    const bytes = Uint8Array.from(atob(${JSON.stringify(bytes.toString('base64'))}), letter => letter.charCodeAt(0))
    const data = new DataTransfer()
    data.items.add(new File([bytes], ${JSON.stringify(name)}, { type: 'image/png' }))
    const init = { bubbles: true, cancelable: true }
    const target = document.querySelector(${JSON.stringify(target)})
    target.dispatchEvent(${event === 'drop' ? "new DragEvent('drop', { ...init, dataTransfer: data })" : "new ClipboardEvent('paste', { ...init, clipboardData: data })"})
  })()`)

test('[FI34] several files are chosen, sent and stand in the stream of everybody with what can be seen of them', async () => {
  const notes = someBytes(3_000_000, 5)
  await choose(ann.page, [
    { name: 'screen.png', mimeType: 'image/png', buffer: await picture(0x2266aaff) },
    { name: 'notes of the meeting.bin', mimeType: 'text/html', buffer: notes },
  ])
  const log = stream(ben.page)
  await log.getByRole('img', { name: 'Preview of screen.png' }).waitFor()
  await log.getByRole('link', { name: /^notes of the meeting\.bin/ }).waitFor()
  expect(await log.getByText('2.9 MB').count()).toBe(1)
  const drawn = log.getByRole('img', { name: 'Preview of screen.png' })
  await expect
    .poll(() => drawn.evaluate(image => (image as unknown as { naturalWidth: number }).naturalWidth))
    .toBe(480)
  await shoot(ben.page, 'stream')
  const [saved] = await Promise.all([
    ben.page.waitForEvent('download'),
    log.getByRole('link', { name: /^notes of the meeting\.bin/ }).click(),
  ])
  expect(saved.suggestedFilename()).toBe('notes of the meeting.bin')
  const chunks: Buffer[] = []
  for await (const chunk of await saved.createReadStream()) chunks.push(chunk as Buffer)
  expect(sha256(Buffer.concat(chunks))).toBe(sha256(notes))
  await expect.poll(() => ann.page.getByRole('list', { name: 'Files on their way' }).count()).toBe(0)
})

test('[FI34] a file is dropped on the messages, and a picture pasted where one writes', async () => {
  await give(ann.page, 'main', 'drop', 'dropped.png', await picture(0xaa2222ff))
  await stream(ben.page)
    .getByRole('link', { name: /^dropped\.png/ })
    .waitFor()
  await give(ann.page, '[data-pane=composer] textarea', 'paste', 'image.png', await picture(0x22aa22ff))
  await stream(ben.page)
    .getByRole('link', { name: /^image\.png/ })
    .waitFor()
})

test('[FI34] what is refused stands with its reason until it is tried again or dismissed; the connection may go meanwhile', async () => {
  const { page } = ann
  await site.admin.call('settings.update', { settings: { maxFileBytes: 1_000 } })
  await choose(page, [{ name: 'large.bin', mimeType: 'text/plain', buffer: someBytes(2_000, 8) }])
  const list = page.getByRole('list', { name: 'Files on their way' })
  await list.getByText('the limit is 1000', { exact: false }).waitFor()
  await shoot(page, 'refused')
  await site.admin.call('settings.update', { settings: { maxFileBytes: 20_000_000 } })
  await list.getByRole('button', { name: 'Try again' }).click()
  await stream(ben.page)
    .getByRole('link', { name: /^large\.bin/ })
    .waitFor()
  await page.context().route('**/files/uploads/**', route => route.abort())
  await choose(page, [{ name: 'cut.bin', mimeType: 'text/plain', buffer: someBytes(2_000_000, 9) }])
  await list.getByText('cut.bin').waitFor()
  await shoot(page, 'sending')
  await page.context().unroute('**/files/uploads/**')
  await stream(ben.page)
    .getByRole('link', { name: /^cut\.bin/ })
    .waitFor({ timeout: 20_000 })
})

test('[FI34] the files of a room are found by name and type beside the stream, with the way to their message', async () => {
  const { page } = ben
  await page.getByRole('button', { name: 'Files', exact: true }).click()
  const list = page.getByRole('list', { name: 'Files of this room' })
  await list.getByRole('link', { name: /^screen\.png/ }).waitFor()
  await shoot(page, 'list')
  await page.getByLabel('Type').selectOption('Pictures')
  await expect.poll(() => list.getByRole('listitem').count()).toBe(3)
  await page.getByLabel('Name').fill('drop')
  await expect.poll(() => list.getByRole('listitem').count()).toBe(1)
  await list.getByRole('button', { name: 'Show the message' }).click()
  await page.waitForURL(/room\/[^/]+\/\d+/)
  expect([...ann.faults, ...ben.faults]).toEqual([])
})

test('[FI71] a room’s managers see beside its files how much they take and may take, its members do not', async () => {
  await site.admin.call('settings.update', { settings: { roomFileBytes: 100 * 1024 * 1024 } })
  await site.admin.call('room.update', { room: room.id, managers: { add: [people.ann.me.name] } })
  const { usage } = await people.ann.call('file.list', { room: room.id })
  const { rows } = await site.db.query('SELECT count(*)::int AS files, sum(size)::bigint AS bytes FROM file')
  expect(usage).toEqual({ ...rows[0], maxBytes: 100 * 1024 * 1024 })
  const words = `${usage!.files} files take ${sizeWords(usage!.bytes)} of 100 MB.`
  const open = async ({ page }: Seat) => {
    await openRoom(page, room.id)
    await page.getByRole('button', { name: 'Files', exact: true }).click()
    await page.getByRole('list', { name: 'Files of this room' }).getByRole('listitem').first().waitFor()
  }
  await open(ann)
  await ann.page.getByText(words).waitFor()
  await shoot(ann.page, 'usage')
  // What comes and what is found by a filter changes nothing of what all of them take.
  await ann.page.getByLabel('Name').fill('no such')
  await ann.page.getByText('No such file').waitFor()
  expect(await ann.page.getByText(words).count()).toBe(1)
  await choose(ann.page, [{ name: 'more.bin', mimeType: 'text/plain', buffer: someBytes(5 * 1024 * 1024, 77) }])
  const more = `${usage!.files + 1} files take ${sizeWords(usage!.bytes + 5 * 1024 * 1024)} of 100 MB.`
  await ann.page.getByText(more).waitFor()
  await open(ben)
  expect(await ben.page.getByText(/files? takes? /).count()).toBe(0)
  await site.admin.call('settings.update', { settings: { roomFileBytes: 1_000 } })
  await choose(ann.page, [{ name: 'over.bin', mimeType: 'text/plain', buffer: someBytes(2_000, 78) }])
  await ann.page.getByText('The room has no space left for this file.', { exact: false }).waitFor()
  await ann.page.getByRole('button', { name: 'Dismiss over.bin' }).click()
  await site.admin.call('settings.update', { settings: { roomFileBytes: 0 } })
})

test('[FI34] where the category allows no files nothing offers to take one', async () => {
  const bare = await openRoomFor(site, [people.ann], { fileUpload: false })
  await openRoom(ann.page, bare.id)
  await ann.page.getByRole('textbox', { name: /^Message to/ }).waitFor()
  expect(await ann.page.getByRole('button', { name: 'Attach files' }).count()).toBe(0)
})
