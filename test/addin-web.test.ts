import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Frame, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Person } from './harness.ts'
import { openStage, postAll, type Stage } from './stage.ts'
import { lines, openBrowser, openRoom, type Seat, say, sit, stream, webRoot } from './web-browser.ts'

let stage: Stage
let browser: Browser
let pages: { url: string; asked: Record<string, string | undefined>[]; server: Server }
let ann: Seat
let ben: Seat
let annPerson: Person
let room: { id: string; name: string }
const shots = process.env.PCHAT_SHOTS

beforeAll(async () => {
  pages = await openPages()
  browser = await openBrowser()
  stage = await openStage({ webRoot })
  annPerson = await stage.addUser('ann@example.com')
  await stage.addUser('ben@example.com')
  await stage.admin.call('addin.create', { name: 'Listener', url: `${pages.url}/listener` })
  for (const name of ['Wanderer', 'Leaver'])
    await stage.admin.call('addin.create', { name, url: `${pages.url}/${name.toLowerCase()}` })
  room = await stage.room({
    name: 'Trading floor',
    members: ['ann@example.com', 'ben@example.com'],
    managers: ['ann@example.com'],
    addin: 'Listener',
  })
  await postAll(annPerson, room.id, ['first', 'second'])
  ann = await sit(browser, stage.url, 'ann@example.com')
  ben = await sit(browser, stage.url, 'ben@example.com')
  for (const { page } of [ann, ben]) await openRoom(page, room.id)
}, 60_000)
afterAll(async () => {
  await browser?.close()
  pages?.server.close()
  await stage?.stop()
})

/** The page of the documentation, and one that leads elsewhere by itself, at an origin of their own. */
async function openPages() {
  const docs = await readFile(new URL('../docs/add-ins.md', import.meta.url), 'utf8')
  const listener = /```html\n(.*?)```/s.exec(docs)![1]!
  const hello = (
    name: string,
    more: string,
    filter = true,
  ) => `<!doctype html><title>${name}</title><h1>${name}</h1><p id="said"></p><script>
    addEventListener('message', event => {
      if (event.data?.pchat !== 'open') return
      event.ports[0].onmessage = ({ data }) => { document.querySelector('#said').textContent += data.type + ' ' }
      ${more}
    })
    parent.postMessage({ pchat: 'hello', version: 1, filter: ${filter} }, '*')
  </script>`
  const bodies: Record<string, string> = {
    '/listener': listener,
    '/wanderer': hello('Wanderer', "setTimeout(() => { location.href = '/elsewhere' }, 300)"),
    '/leaver': hello(
      'Leaver',
      `document.body.append(Object.assign(document.createElement('button'), { onclick: () => { location.href = '/elsewhere' } }))
      globalThis.rewrite = () => {
        document.open()
        document.write('<h1>Written anew</h1><p id=said></p>')
        document.close()
        setTimeout(() => event.ports[0].postMessage({ type: 'history', id: 1, limit: 1 }), 200)
      }`,
      false,
    ),
    '/elsewhere': hello('Elsewhere', ''),
    '/manage': '<title>Rooms</title>',
  }
  const asked: Record<string, string | undefined>[] = []
  const server = createServer((request, response) => {
    const { referer, cookie } = request.headers
    asked.push({ url: request.url, referer, cookie })
    const body = bodies[URL.parse(request.url ?? '', 'http://x')?.pathname ?? '']
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'text/html' }).end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server }
}

const doubtful = 'It loaded once more. If it went to another page, that one is told nothing of this room.'

async function openAddin(page: Page, name: string): Promise<Frame> {
  await page.getByRole('button', { name: `Add-in: ${name}` }).click()
  const element = await page.locator(`iframe[title="${name}"]`).elementHandle()
  return (await element!.contentFrame())!
}

test('[CF30] the button of a room opens its add-in beside the conversation: of no origin, without referrer or cookies, under no policy that would block it', async () => {
  const frame = await openAddin(ann.page, 'Listener')
  await frame.getByRole('heading', { name: 'Trading floor, for ann' }).waitFor()
  if (shots) await ann.page.screenshot({ path: `${shots}/addin.png` })
  // The page within is somebody else's.
  const axe = new AxeBuilder({ page: ann.page }).setLegacyMode(true).include('[data-pane=side]').exclude('iframe')
  expect((await axe.analyze()).violations.map(({ id, nodes }) => [id, nodes.map(node => node.html)])).toEqual([])
  const element = ann.page.locator('iframe')
  expect(await element.getAttribute('sandbox')).toBe('allow-scripts allow-forms allow-popups')
  expect(await frame.evaluate('self.origin')).toBe('null')
  expect(
    await frame.evaluate('(() => { try { return top.document.title } catch (error) { return error.name } })()'),
  ).toBe('SecurityError')
  expect(pages.asked[0]).toEqual({ url: '/listener', referer: undefined, cookie: undefined })
  const { headers } = await fetch(stage.url, { headers: { accept: 'text/html' } })
  // No address of an add-in is told to who is not signed in.
  expect(headers.get('content-security-policy')).toMatch(/; frame-src http: https:;/)
})

test('[CF31] the page is given the history and what is posted, removed and renamed from then on', async () => {
  const frame = ann.page.frame({ url: /listener/ })!
  await frame.getByText('before: first, second').waitFor()
  await say(ben.page, 'from ben')
  await frame.getByText('ben: from ben').waitFor()
  await stage.admin.call('room.update', { room: room.id, name: 'Quiet floor' })
  await frame.getByRole('heading', { name: 'Quiet floor, for ann' }).waitFor()
  await frame.getByRole('button', { name: 'Wave' }).click()
  await stream(ben.page).getByText('waves').waitFor()
  expect(pages.asked.filter(one => one.url === '/listener')).toHaveLength(1)
})

test('[CF32] what the user posts goes out as it is, replaced, or not at all, in its order; a page that hangs holds it for four seconds', async () => {
  const { page } = ann
  await say(page, 'as it is')
  await say(page, 'look out!!')
  await say(page, 'bluebird flies')
  await say(page, 'after that')
  await stream(ben.page).getByText('after that').waitFor()
  await page.getByText('The add-in of this room holds it back: Bluebird is not spoken of here.').waitFor()
  if (shots) await page.screenshot({ path: `${shots}/addin-held.png` })
  expect(await lines(ben.page, /as it is|look out!!|LOOK OUT!!|bluebird flies|after that/)).toEqual([
    'as it is',
    'LOOK OUT!!',
    'after that',
  ])
  const startedAt = Date.now()
  await say(page, 'hang on')
  await stream(ben.page).getByText('hang on').waitFor()
  expect(Date.now() - startedAt).toBeGreaterThan(3_800)
  expect(Date.now() - startedAt).toBeLessThan(8_000)
  // Ben's window has no page open.
  await say(ben.page, 'bluebird too')
  await stream(page).getByText('bluebird too').waitFor()
  await page.getByRole('button', { name: 'Dismiss' }).click()
})

test('[CF35] closed, the pane asks nobody; a page that leads elsewhere is not connected there until it is loaded again', async () => {
  const { page } = ann
  await page.getByRole('button', { name: 'Close this pane' }).click()
  await say(page, 'quietly!!')
  await stream(ben.page).getByText('quietly!!').waitFor()
  await annPerson.call('room.update', { room: room.id, addin: 'Wanderer' })
  await page.getByRole('button', { name: 'Add-in: Wanderer' }).waitFor()
  const frame = await openAddin(page, 'Wanderer')
  await frame.getByRole('heading', { name: 'Elsewhere' }).waitFor()
  // The first one waits for a page that is gone; it is known then.
  await page.getByText(doubtful).waitFor()
  await say(page, 'between us')
  await page.getByText('It went to another page, which is told nothing of this room.').waitFor()
  await stream(ben.page).getByText('between us').waitFor()
  const startedAt = Date.now()
  await say(page, 'and at once')
  await stream(ben.page).getByText('and at once').waitFor()
  expect(Date.now() - startedAt).toBeLessThan(3_000)
  expect(await frame.locator('#said').textContent()).toBe('')
  await annPerson.call('room.update', { room: room.id, addin: 'Listener' })
  await page.frameLocator('iframe[title="Listener"]').getByRole('heading', { name: 'Quiet floor, for ann' }).waitFor()
  await annPerson.call('room.update', { room: room.id, addin: null })
  await page.getByText('This room has no add-in any more.').waitFor()
  expect(await page.getByRole('button', { name: /^Add-in/ }).count()).toBe(0)
})

test('[CF42] a page that wants no say and leads elsewhere by itself is said to be in doubt, until it is loaded again', async () => {
  const { page } = ann
  await annPerson.call('room.update', { room: room.id, addin: 'Leaver' })
  // The pane still stands open.
  const frame = page.frameLocator('iframe[title="Leaver"]')
  await frame.getByRole('button').waitFor()
  expect(await page.getByText(doubtful).count()).toBe(0)
  await frame.getByRole('button').click()
  await page.getByText(doubtful).waitFor()
  await say(page, 'not for elsewhere')
  await stream(page).getByText('not for elsewhere').waitFor()
  expect(await frame.locator('#said').textContent()).toBe('')
  await page.getByRole('button', { name: 'Load again' }).click()
  await frame.getByRole('button').waitFor()
  await page.getByText(doubtful).waitFor({ state: 'detached' })
  // Written anew by itself it is the same page, which tells it by speaking.
  await frame.locator('body').evaluate('(() => rewrite())()')
  await frame.getByRole('heading', { name: 'Written anew' }).waitFor()
  await page.getByText(`From ${URL.parse(pages.url)!.host}`).waitFor()
  await say(page, 'still there')
  await frame.getByText(/message/).waitFor()
  await annPerson.call('room.update', { room: room.id, addin: null })
  await page.getByText('This room has no add-in any more.').waitFor()
})

test('[CF36] who loses the room loses its add-in with it', async () => {
  const { page } = ben
  await annPerson.call('room.update', { room: room.id, addin: 'Listener' })
  await openAddin(page, 'Listener')
  await page.frameLocator('iframe').getByRole('heading', { name: 'Quiet floor, for ben' }).waitFor()
  await annPerson.call('room.update', { room: room.id, members: { remove: ['ben@example.com'] } })
  await expect.poll(() => page.locator('iframe').count()).toBe(0)
  expect([...ann.faults, ...ben.faults].filter(fault => !/SecurityError/.test(fault))).toEqual([])
})

test('[CF37] where the server names management pages of elsewhere, creating and managing rooms opens them', async () => {
  const url = `${pages.url}/manage?from=chat`
  await stage.admin.call('configuration.set', { scope: 'global', roomManagementUrl: url })
  const seat = await sit(browser, stage.url, 'ann@example.com')
  const { page, context } = seat
  await openRoom(page, room.id)
  await page.getByRole('button', { name: 'About this room' }).click()
  const opens = async (press: () => Promise<void>) => {
    const [opened] = await Promise.all([context.waitForEvent('page'), press()])
    await opened.waitForLoadState()
    const address = opened.url()
    await opened.close()
    return address
  }
  expect(await opens(() => page.getByRole('link', { name: 'Manage this room' }).click())).toBe(`${url}&room=${room.id}`)
  await stage.admin.call('category.update', { category: stage.category.id, creators: { add: ['ann@example.com'] } })
  await page.reload()
  expect(await opens(() => page.getByRole('link', { name: 'Create a room' }).click())).toBe(url)
  // Of no page of this server: nothing was said to it.
  const managed = pages.asked.filter(one => one.url!.startsWith('/manage'))
  expect(managed.map(one => one.referer)).toEqual([undefined, undefined])
  await stage.admin.call('configuration.set', { scope: 'global', roomManagementUrl: null })
  await page.reload()
  await page.getByRole('link', { name: 'Manage this room' }).click()
  await page.getByRole('textbox', { name: 'Name', exact: true }).waitFor()
})
