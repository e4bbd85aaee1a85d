import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../src/base/log.ts'
import { serve } from '../src/cli/serve.ts'
import { openTestDatabase } from './database.ts'
import { openSite, type Person, password, type Site } from './harness.ts'
import { openBrowser, openRoom, openSeat, signIn, sit, stream, webRoot } from './web-browser.ts'

let site: Site
let browser: Browser
let alice: Person
let category: string
let desk: string
let hall: string

async function post(who: Person, room: string, text: string, more: object = {}): Promise<number> {
  return (await who.call('message.post', { room, clientId: crypto.randomUUID(), text, ...more })).seq
}

beforeAll(async () => {
  browser = await openBrowser()
  site = await openSite({ webRoot })
  alice = await site.addUser('alice@example.com')
  const bob = await site.addUser('bob@example.com')
  const people = ['alice@example.com', 'bob@example.com']
  category = (await site.addCategory({ name: 'Desks', allowedMembers: people, creators: people, invitations: true })).id
  desk = (await site.addRoom({ category, name: 'FX spot', description: 'Spot currencies', members: people })).id
  hall = (await site.addRoom({ category, name: 'Town hall', type: 'auditorium', privacy: 'open' })).id
  await site.admin.call('room.update', { room: desk, managers: ['alice@example.com'] })
  for (let index = 1; index <= 400; index += 40)
    await Promise.all(
      Array.from({ length: 40 }, (_, at) => index + at).map(number =>
        post(number % 3 === 0 ? bob : alice, desk, `line ${number} ${'word '.repeat((number * 7) % 90)}`),
      ),
    )
  await post(bob, desk, 'exchange down', { alert: true })
  await post(bob, desk, 'body of the story', { title: 'Morning summary' })
  const removed = await post(bob, desk, 'gone')
  await site.admin.call('message.remove', { room: desk, seq: removed })
  for (const room of [desk, hall]) await alice.call('room.follow', { room })
}, 60_000)

afterAll(async () => {
  await browser?.close()
  await site?.stop()
})

async function seriousFaults(page: Page, rules?: string[], within = 'html'): Promise<string[]> {
  // On a busy machine a colour that is still changing would be judged.
  await page.evaluate(`Promise.allSettled(
    document.getAnimations().filter(one => one.effect?.getTiming().iterations !== Infinity).map(one => one.finished),
  )`)
  // Legacy: it spares a second page for each look, and there are no frames here.
  const axe = new AxeBuilder({ page }).setLegacyMode(true).include(within)
  if (rules !== undefined) axe.withRules(rules)
  const { violations } = await axe.analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${page.url()} ${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`)
}

const places = (): Record<string, (page: Page) => Promise<unknown>> => ({
  '': page => page.getByText('Choose a room on the left').waitFor(),
  [`room/${desk}`]: page => stream(page).getByText('High importance').waitFor(),
  [`room/${desk}?pane=people`]: page =>
    page.getByRole('complementary', { name: 'Participants' }).getByText('alice').first().waitFor(),
  [`room/${desk}?pane=card`]: page => page.getByRole('button', { name: 'Change this room' }).waitFor(),
  [`room/${desk}?pane=search`]: page => page.getByRole('search').waitFor(),
  [`room/${hall}`]: page => page.getByText('Presenters post here').waitFor(),
  'room/00000000-0000-0000-0000-000000000000': page => page.getByText('There is no such room').waitFor(),
  find: page => page.getByRole('link', { name: 'FX spot' }).waitFor(),
  create: page => page.getByRole('button', { name: 'Create the room' }).waitFor(),
  'search?text=exchange': page => page.getByText('1 found').waitFor(),
  account: page => page.getByText('This window').waitFor(),
})
const adminPlaces: Record<string, (page: Page) => Promise<unknown>> = {
  'admin/users': page => page.getByRole('button', { name: 'Change alice' }).waitFor(),
  'admin/groups': page => page.getByRole('button', { name: 'Add a group, unit or domain' }).waitFor(),
  'admin/directory': page => page.getByLabel('Room, if it is about one').waitFor(),
  'admin/categories': page => page.getByRole('button', { name: 'Change Desks' }).waitFor(),
  'admin/policy': page => page.getByRole('button', { name: 'Take back the grant for All' }).waitFor(),
  'admin/options': page => page.getByLabel('Longest message').waitFor(),
  'admin/audit': page => page.getByRole('table', { name: 'Audit record' }).waitFor(),
  'admin/roles': page => page.getByRole('table', { name: 'Who holds which role' }).waitFor(),
  'admin/sign-ins': page => page.getByRole('table', { name: 'Sign-ins and refused tries' }).waitFor(),
}

/** Places whose colours stand for all others'; what is no matter of colour is looked at once, in the light. */
const colourful = /^(room\/[^?]*|find|account|admin\/users)$/

async function inTheDark(page: Page): Promise<string[]> {
  await page.emulateMedia({ colorScheme: 'dark' })
  const found = await seriousFaults(page, ['color-contrast'])
  await page.emulateMedia({ colorScheme: 'light' })
  return found
}

test.each([
  ['alice@example.com', places],
  ['admin@example.com', () => adminPlaces],
])(
  '[WC10] axe finds nothing serious on any page, light or dark, of %s',
  async (user, all) => {
    const { page, context, faults } = await openSeat(browser, site.url, { colorScheme: 'light' })
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    const found = [...(await seriousFaults(page)), ...(await inTheDark(page))]
    await signIn(page, user)
    await page.getByRole('navigation', { name: 'Places' }).waitFor()
    for (const [hash, isThere] of Object.entries(all())) {
      await page.goto(`${site.url}/#/${hash}`)
      await isThere(page)
      found.push(...(await seriousFaults(page, undefined, hash.includes('pane=') ? '[data-pane=side]' : 'html')))
      if (colourful.test(hash)) found.push(...(await inTheDark(page)))
    }
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog', { name: 'Go to a room' }).waitFor()
    found.push(...(await seriousFaults(page, undefined, 'dialog')))
    expect([...found, ...faults]).toEqual([])
    await context.close()
  },
  120_000,
)

/** The message nearest to the middle of the stream, and where its top is on the screen. */
const underTheEye = `(() => {
  const log = document.querySelector('[role=log]')
  const middle = log.getBoundingClientRect().top + log.clientHeight / 2
  const line = [...log.querySelectorAll('article[data-seq]')].find(one => one.getBoundingClientRect().bottom > middle)
  return { seq: Number(line.dataset.seq), top: line.getBoundingClientRect().top }
})()`
type Line = { seq: number; top: number }

const lateMs = 400

test('[WC11] the line under the eye holds its place while older history loads above', async () => {
  const { page, context } = await sit(browser, site.url, 'alice@example.com')
  // History comes late, so that what is in view has been measured before anything is put above it.
  await page.routeWebSocket(/\/ws$/, socket => {
    const server = socket.connectToServer()
    server.onMessage(frame => void setTimeout(() => socket.send(frame), lateMs))
  })
  await page.reload()
  await openRoom(page, desk)
  await stream(page).getByText('High importance').waitFor()
  const top = (seq: number) =>
    page.evaluate<number | null>(
      `document.querySelector('article[data-seq="${seq}"]')?.getBoundingClientRect().top ?? null`,
    )
  for (let step = 0; step < 14; step++) {
    const by = step % 2 === 0 ? 2500 : 40_000
    // A few frames later what came into view is measured.
    const before = await page.evaluate<Line>(`(async () => {
      document.querySelector('[role=log]').scrollTop -= ${by}
      for (let frame = 0; frame < 6; frame++) await new Promise(requestAnimationFrame)
      return ${underTheEye}
    })()`)
    await page.waitForTimeout(2 * lateMs)
    const after = await top(before.seq)
    expect(Math.abs((after ?? Number.NaN) - before.top), `step ${step}, line ${before.seq}`).toBeLessThanOrEqual(3)
  }
  // From 60 messages to all of them, page by page.
  await stream(page).getByText('This is the beginning of what the room keeps.').waitFor()
  await context.close()
})

test('[WC12] new messages do not move who reads further up: a button counts them and leads to the end, Esc marks them read', async () => {
  const { page, context } = await sit(browser, site.url, 'alice@example.com')
  await openRoom(page, desk)
  await stream(page).getByText('High importance').waitFor()
  await stream(page).hover()
  await page.mouse.wheel(0, -1500)
  await page.getByRole('button', { name: 'To the newest' }).waitFor()
  const before = await page.evaluate<Line>(underTheEye)
  for (let index = 1; index <= 3; index++) await post(alice, desk, `late ${index}`)
  await page.getByRole('button', { name: '3 new messages' }).waitFor()
  expect(await page.evaluate<Line>(underTheEye)).toEqual(before)
  await page.getByLabel('3 unread').waitFor()
  await page.getByRole('textbox', { name: /^Message to/ }).press('Escape')
  await page.getByLabel('3 unread').waitFor({ state: 'detached' })
  expect(await page.evaluate<Line>(underTheEye)).toEqual(before)
  await page.getByRole('button', { name: '3 new messages' }).click()
  await stream(page).getByText('late 3').waitFor()
  await context.close()
})

test('[WC13] a permalink opens the message at its place, focusable and marked', async () => {
  const { page, context } = await sit(browser, site.url, 'alice@example.com')
  await page.goto(`${site.url}/#/room/${desk}/57`)
  const line = stream(page).locator('article[data-seq="57"]')
  await line.waitFor()
  await expect.poll(async () => (await line.boundingBox())?.y ?? 0).toBeGreaterThan(60)
  expect(await line.getAttribute('aria-label')).toContain('line ')
  await context.close()
})

test('[WC14] Markdown shows its subset only, links lead nowhere unsafe, emoticons stay out of code', async () => {
  const room = (await site.addRoom({ category, name: 'Markdown', members: ['alice@example.com'] })).id
  await post(
    alice,
    room,
    'one **bold** <img src=x onerror=alert(1)> ![pic](https://example.com/p.png) [bad](javascript:alert(1)) :) `:)` [good](https://example.com)',
    { format: 'markdown' },
  )
  await post(alice, room, `plain **stars** ma-chan://example.com/${hall} and https://example.com/a.`)
  const { page, context } = await sit(browser, site.url, 'alice@example.com')
  await openRoom(page, room)
  const markdown = stream(page).locator('article[data-seq="1"]')
  await markdown.waitFor()
  expect(await markdown.locator('strong').textContent()).toBe('bold')
  expect(await markdown.locator('img').count()).toBe(0)
  expect(await markdown.getByRole('img', { name: /Smile/ }).count()).toBe(1)
  expect(await markdown.locator('code').textContent()).toBe(':)')
  expect(await markdown.textContent()).toContain('<img src=x onerror=alert(1)>')
  const links = await page.evaluate<string[]>(
    `[...document.querySelectorAll('article[data-seq="1"] a')].map(one => one.getAttribute('href') + ' ' + one.rel + ' ' + one.target)`,
  )
  expect(links).toEqual([
    'https://example.com/p.png noopener noreferrer _blank',
    'https://example.com noopener noreferrer _blank',
  ])
  const plain = stream(page).locator('article[data-seq="2"]')
  expect(await plain.textContent()).toContain('plain **stars**')
  await plain.getByRole('link').first().click()
  await page.getByText('Presenters post here').waitFor()
  await context.close()
})

test('[WC15] at 360 pixels there is one pane at a time, with a way back', async () => {
  const { page, context } = await sit(browser, site.url, 'alice@example.com', { viewport: { width: 360, height: 740 } })
  const rooms = page.getByRole('navigation', { name: 'Rooms' })
  await rooms.getByText('FX spot').click()
  await stream(page).waitFor()
  expect(await rooms.count()).toBe(0)
  await page.getByRole('button', { name: 'Participants' }).click()
  await page.getByRole('complementary', { name: 'Participants' }).waitFor()
  expect(await stream(page).count()).toBe(0)
  await page.getByRole('button', { name: 'Back to the messages' }).click()
  await stream(page).waitFor()
  await page.getByRole('button', { name: 'Back to the rooms' }).click()
  await rooms.waitFor()
  expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
  await context.close()
})

test('[WC16] by keyboard alone: Ctrl+K to a room, Alt+↓ to the next, ↑ through the messages, F6 through the panes', async () => {
  const { page, context } = await sit(browser, site.url, 'alice@example.com')
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog', { name: 'Go to a room' }).waitFor()
  await page.keyboard.type('fx')
  await page.getByRole('option', { name: /FX spot/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'FX spot' }).waitFor()
  await page.keyboard.press('Alt+ArrowDown')
  await page.getByRole('heading', { name: 'Town hall' }).waitFor()
  await page.keyboard.press('Alt+ArrowUp')
  await page.getByRole('heading', { name: 'FX spot' }).waitFor()
  await stream(page).locator('article').last().waitFor()
  for (let press = 0; press < 6; press++) {
    await page.keyboard.press('F6')
    if (await page.evaluate<boolean>('document.activeElement.matches("article")')) break
  }
  const seqs: number[] = []
  for (let press = 0; press < 40; press++) {
    await page.keyboard.press('ArrowUp')
    seqs.push(await page.evaluate<number>('Number(document.activeElement.dataset.seq)'))
    await page.waitForTimeout(10)
  }
  expect(seqs).toEqual(seqs.map((_, index) => seqs[0]! - index))
  await page.keyboard.press('Control+/')
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor({ state: 'detached' })
  await context.close()
})

test('[WC17] an organisation begins in the browser: set-up link, a user, a category, a room, its members, a first message', async () => {
  const database = await openTestDatabase()
  const server = await serve({ address: database.address, host: '127.0.0.1', port: 0, log: silentLog, webRoot })
  const { page, context, faults } = await openSeat(browser, server.setupUrl ?? '')
  try {
    await page.getByLabel('Account name').fill('root@example.org')
    await page.getByLabel('Name that others see').fill('Root')
    await page.getByLabel(/^Password\W*$/).fill(password)
    await page.getByLabel('Password again').fill(password)
    expect(await seriousFaults(page)).toEqual([])
    await page.getByRole('button', { name: 'Create the administrator' }).click()
    await page.getByText('You follow no rooms yet').first().waitFor()
    expect(page.url()).not.toContain('token')

    await page.getByRole('link', { name: 'Admin' }).click()
    await page.getByRole('button', { name: 'Add a user' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Account name').fill('ann@example.org')
    await dialog.getByLabel('Name that others see').fill('Ann')
    await dialog.getByLabel('Password').fill(password)
    expect(await seriousFaults(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    await page.getByRole('button', { name: 'Change Ann' }).waitFor()

    await page.getByRole('link', { name: 'Categories' }).click()
    await page.getByRole('button', { name: 'Add a category' }).click()
    await dialog.getByLabel(/^Name/).fill('Everybody')
    for (const list of ['Allowed members', 'Creators']) {
      await dialog.getByRole('combobox', { name: new RegExp(list) }).fill('example.org')
      await page.getByRole('option', { name: /Domain/ }).click()
    }
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('button', { name: 'Change Everybody' }).waitFor()

    await page.getByRole('link', { name: 'Find rooms' }).click()
    await page.getByRole('button', { name: 'Create a room' }).first().click()
    await page.getByLabel(/^Name/).fill('First room')
    for (const name of ['Ann', 'Root']) {
      await page.getByRole('combobox', { name: 'Members' }).fill(name)
      await page.getByRole('option', { name: new RegExp(name) }).click()
    }
    await page.getByRole('button', { name: 'Create the room' }).click()
    await page.getByRole('complementary', { name: 'About this room' }).getByText('ann@example.org').waitFor()

    const ann = await sit(browser, server.url, 'ann@example.org')
    await ann.page.getByText('Root added you to this room.').waitFor()
    await ann.page.getByRole('button', { name: 'Follow', exact: true }).click()
    await stream(ann.page).waitFor()
    await page.getByRole('textbox', { name: /^Message to/ }).fill('Welcome, Ann')
    await page.keyboard.press('Enter')
    await stream(ann.page).getByText('Welcome, Ann').waitFor()
    expect([...faults, ...ann.faults]).toEqual([])
    await ann.context.close()
  } finally {
    await context.close()
    await server.stop()
    await database.drop()
  }
}, 60_000)
