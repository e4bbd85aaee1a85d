import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeFolder } from './folder.ts'
import { type Person, password, signInAt } from './harness.ts'
import { type Pchat, runPchat } from './pchat.ts'
import { lines, openBrowser, openRoom, openSeat, type Seat, say, sit, stream } from './web-browser.ts'

let folder: string
let server: Pchat
let url: string
let browser: Browser
let admin: Person
let alice: Seat
let bob: Seat
let room: { id: string; name: string }

function start(port: string): Pchat {
  const env = { PCHAT_ADMIN_USER: 'admin@example.com', PCHAT_ADMIN_PASSWORD: password }
  return runPchat(['start', '--port', port, '--data-dir', join(folder, 'data')], { env })
}

beforeAll(async () => {
  folder = await makeFolder('pchat-web')
  server = start('0')
  browser = await openBrowser()
  url = await server.ready()
  admin = await signInAt(url, 'admin@example.com')
  for (const name of ['alice@example.com', 'bob@example.com', 'mallory@rival.com'])
    await admin.call('principal.create', { kind: 'user', name, displayName: name.split('@')[0] ?? name, password })
  const { category } = await admin.call('category.create', {
    name: 'Trading desks',
    allowedMembers: ['alice@example.com', 'bob@example.com'],
  })
  const made = await admin.call('room.create', {
    category: category.id,
    name: 'Project Falcon',
    privacy: 'secret',
    members: ['alice@example.com', 'bob@example.com'],
  })
  room = made.room
  for (const name of ['alice@example.com', 'bob@example.com'])
    await (await signInAt(url, name)).call('room.follow', { room: room.id })
  alice = await sit(browser, url, 'alice@example.com')
  bob = await sit(browser, url, 'bob@example.com')
  await openRoom(alice.page, room.id)
  await openRoom(bob.page, room.id)
}, 60_000)

afterAll(async () => {
  await browser?.close()
  server?.kill('SIGTERM')
  await server?.ended
  await rm(folder, { recursive: true, force: true })
})

test('[WC1] two people talk: each line is on both screens once, in one order', async () => {
  await say(alice.page, 'talk 1')
  await stream(bob.page).getByText('talk 1').waitFor()
  await say(bob.page, 'talk 2')
  await stream(alice.page).getByText('talk 2').waitFor()
  for (const { page } of [alice, bob]) expect(await lines(page, /talk \d/)).toEqual(['talk 1', 'talk 2'])
})

test('[WC2] who is walled off sees nothing of the room: not in the list, the directory, search or by its link', async () => {
  const { page, context } = await sit(browser, url, 'mallory@rival.com')
  await page.getByText('You follow no rooms yet').first().waitFor()
  await page.goto(`${url}/#/find`)
  await page.getByText('There is no room yet that you may know of.').waitFor()
  await page.goto(`${url}/#/search?text=talk`)
  await page.getByText('Nothing found').waitFor()
  await page.goto(`${url}/#/room/${room.id}/1`)
  await page.getByText('There is no such room, or you may not know of it').waitFor()
  const screen = await page.locator('body').textContent()
  expect(screen).not.toContain(room.name)
  expect(screen).not.toContain('talk')
  expect(await page.title()).not.toContain(room.name)
  await context.close()
})

test('[WC3] [WC4] the server is killed and restarted under them: nothing is lost or doubled, not even from a closed window', async () => {
  await say(alice.page, 'before the kill 1')
  await stream(bob.page).getByText('before the kill 1').waitFor()
  const second = await alice.context.newPage()
  await second.goto(`${url}/#/room/${room.id}`)
  await stream(second).getByText('before the kill 1').waitFor()
  // Sent and not awaited: the kill may fall before or after its commit.
  await say(alice.page, 'around the kill 1')
  server.kill('SIGKILL')
  await server.ended
  await say(alice.page, 'while away 1')
  await say(bob.page, 'while away 2')
  await say(second, 'while away 3')
  await second.getByRole('textbox', { name: /^Message to/ }).fill('a draft')
  for (const page of [alice.page, bob.page, second]) {
    await page.getByText('Reconnecting… nothing is lost').waitFor()
    await stream(page).getByText('Waiting to be sent').first().waitFor()
  }
  await second.close()
  server = start(new URL(url).port)
  await server.ready()
  const third = await alice.context.newPage()
  await third.goto(`${url}/#/room/${room.id}`)
  const kill = /(before|around) the kill \d|while away \d/
  const expected = ['around the kill 1', 'before the kill 1', 'while away 1', 'while away 2', 'while away 3']
  for (const page of [alice.page, bob.page, third]) {
    for (const text of expected)
      await stream(page).locator('article[data-seq]').getByText(text).waitFor({ timeout: 30_000 })
    await expect.poll(() => page.getByText('Waiting to be sent').count()).toBe(0)
    expect((await lines(page, kill)).sort()).toEqual(expected)
    await expect.poll(() => page.getByText('Reconnecting').count()).toBe(0)
  }
  expect(await third.getByRole('textbox', { name: /^Message to/ }).inputValue()).toBe('a draft')
  await third.close()
  expect(await lines(alice.page, kill)).toEqual(await lines(bob.page, kill))
  const { messages } = await (await signInAt(url, 'alice@example.com')).call('message.list', {
    room: room.id,
    limit: 100,
  })
  expect(messages.flatMap(one => ('text' in one && kill.test(one.text) ? [one.text] : [])).sort()).toEqual(expected)
}, 60_000)

test('[WC5] unread rooms are bold with a number; reading on one device reads on the others', async () => {
  const laptop = await sit(browser, url, 'bob@example.com')
  await bob.page.goto(`${url}/#/find`)
  await bob.page.getByRole('heading', { name: 'Find rooms' }).waitFor()
  await say(alice.page, 'unread one')
  await laptop.page.getByLabel('1 unread').waitFor()
  await expect.poll(() => laptop.page.title()).toMatch(/^\(1\) /)
  await openRoom(bob.page, room.id)
  await bob.page.getByText(/New since \d\d:\d\d/).waitFor()
  await laptop.page.getByLabel('1 unread').waitFor({ state: 'detached' })
  // The line stays until the room is left.
  expect(await bob.page.getByText(/New since/).count()).toBe(1)
  await bob.page.goto(`${url}/#/find`)
  await bob.page.getByRole('heading', { name: 'Find rooms' }).waitFor()
  await openRoom(bob.page, room.id)
  await stream(bob.page).getByText('unread one').waitFor()
  expect(await bob.page.getByText(/New since/).count()).toBe(0)
  await laptop.context.close()
})

test('[WC6] a refused post says why and keeps its text until it is dismissed', async () => {
  await admin.call('settings.update', { settings: { maxTextCodePoints: 100 } })
  await say(alice.page, `too long ${'x'.repeat(200)}`)
  await alice.page.getByText(/Not sent\. .*100/).waitFor()
  await admin.call('settings.update', { settings: { maxTextCodePoints: 8000 } })
  await alice.page.getByRole('button', { name: 'Try again' }).click()
  await stream(bob.page).getByText('too long').waitFor()
  expect(await lines(alice.page, /too long/)).toHaveLength(1)
})

test('[WC7] a removed message is named as removed on every screen, and its words are gone', async () => {
  const { seq } = await (await signInAt(url, 'bob@example.com')).call('message.post', {
    room: room.id,
    clientId: crypto.randomUUID(),
    text: 'regretted words',
  })
  await stream(alice.page).getByText('regretted words').waitFor()
  await admin.call('message.remove', { room: room.id, seq })
  await stream(alice.page).getByText('Message removed by an administrator').waitFor()
  expect(await stream(alice.page).getByText('regretted words').count()).toBe(0)
})

test('[WC8] who is taken off the list loses the room on the screen at once', async () => {
  await admin.call('room.update', { room: room.id, members: { remove: ['bob@example.com'] } })
  await bob.page.getByText('You can no longer open this room').waitFor()
  const screen = await bob.page.locator('body').textContent()
  expect(screen).not.toContain('talk')
  expect(screen).not.toContain(room.name)
  await expect.poll(() => bob.page.title()).not.toContain(room.name)
})

test('[WC9] a wrong password is one sentence, and a lock-out says how long it lasts', async () => {
  await admin.call('settings.update', { settings: { lockoutThreshold: 3 } })
  const { page, context } = await openSeat(browser, url)
  for (let attempt = 0; attempt < 4; attempt++) {
    await page.getByLabel('Account name').fill('bob@example.com')
    await page.getByLabel('Password').fill('wrong')
    const answered = page.waitForResponse(/web\/signin/)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await answered
    await page.getByRole('alert').waitFor()
  }
  await page.getByText(/Try again in \d+ (seconds|minutes)/).waitFor()
  await context.close()
})

test('[WC1] no page threw', () => {
  expect([...alice.faults, ...bob.faults]).toEqual([])
})
