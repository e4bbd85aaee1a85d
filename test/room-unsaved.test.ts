import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSite, type Site } from './harness.ts'
import { openBrowser, type Seat, signIn, sit, webRoot } from './web-browser.ts'

let site: Site
let browser: Browser
let desks: string
let lab: string

beforeAll(async () => {
  browser = await openBrowser()
  site = await openSite({ webRoot })
  for (const name of ['alice', 'bob', 'carol']) await site.addUser(`${name}@example.com`)
  const creators = ['alice@example.com']
  desks = (await site.addCategory({ name: 'Desks', allowedMembers: ['example.com'], creators })).id
  const inLab = ['alice@example.com', 'bob@example.com']
  lab = (await site.addCategory({ name: 'Research', allowedMembers: inLab, creators })).id
}, 60_000)

afterAll(async () => {
  await browser?.close()
  await site?.stop()
})

async function makeRoom(name: string): Promise<string> {
  const [members, managers] = [
    ['alice@example.com', 'carol@example.com'],
    ['alice@example.com', 'bob@example.com'],
  ]
  return (await site.admin.call('room.create', { category: desks, name, members, managers })).room.id
}

async function manage(room: string): Promise<Seat> {
  const seat = await sit(browser, site.url, 'alice@example.com')
  await seat.page.goto(`${site.url}/#/rooms/${room}`)
  await nameBox(seat.page).waitFor()
  return seat
}

const nameBox = (page: Page) => page.getByRole('textbox', { name: 'Name', exact: true })
const unsaved = (page: Page) => page.getByRole('region', { name: 'Unsaved changes' })
/** By the address bar, so that it is the same page. */
const goTo = (page: Page, hash: string) => page.evaluate(`location.hash = ${JSON.stringify(`#/${hash}`)}`)

test('[RP34] whoever signs in after another at the same window sees the room as it is, and nothing of what the other had begun', async () => {
  const room = await makeRoom('Rates')
  const { page, context, faults } = await manage(room)
  await nameBox(page).fill('Alice thinks of a name')
  await unsaved(page).waitFor()
  const leave = async () => {
    await goTo(page, 'account')
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.getByText('You have signed out.').waitFor()
  }
  await leave()
  await goTo(page, `rooms/${room}`)
  await signIn(page, 'bob@example.com')
  await nameBox(page).waitFor()
  expect(await nameBox(page).inputValue()).toBe('Rates')
  expect(await unsaved(page).count()).toBe(0)
  await leave()
  await goTo(page, `rooms/${room}`)
  await signIn(page, 'alice@example.com')
  await nameBox(page).waitFor()
  expect(await nameBox(page).inputValue()).toBe('Rates')
  // Where the sign-in was ended by the server, he who began it goes on.
  await nameBox(page).fill('Rates North')
  await unsaved(page).waitFor()
  await site.admin.call('session.end', { user: 'alice@example.com' })
  await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
  await signIn(page, 'alice@example.com')
  await nameBox(page).waitFor()
  expect(await nameBox(page).inputValue()).toBe('Rates North')
  expect(faults).toEqual([])
  await context.close()
})

test('[RP35] a move that is saved out of two versions is asked about, with the names of whom it takes off; who would shut himself out is told', async () => {
  const room = await makeRoom('Movers')
  const { page, context, faults } = await manage(room)
  await page.getByRole('combobox', { name: 'Category' }).selectOption({ label: 'Research' })
  await page.getByRole('button', { name: 'Remove alice from the managers' }).click()
  await site.admin.call('room.update', { room, description: 'theirs' })
  await page.getByRole('button', { name: 'Save changes' }).click()
  const question = page.getByRole('dialog', { name: 'Move Movers to Research?' })
  await question.getByRole('button', { name: 'Move it and save' }).click()
  await page.getByRole('heading', { name: 'Somebody else changed this room meanwhile' }).waitFor()
  await page.getByText(/^You take yourself off the managers/).waitFor()
  const save = page.getByRole('button', { name: 'Save what I chose' })
  await save.click()
  const purged = question.getByRole('list', { name: 'Members to be taken off' }).getByRole('listitem')
  await purged.waitFor()
  expect(await purged.allTextContents()).toEqual([expect.stringContaining('carol@example.com')])
  await question.getByRole('button', { name: 'Cancel' }).click()
  const facts = async () => (await site.admin.call('room.get', { room })).room
  expect((await facts()).category).toBe(desks)
  // Left where it is, nothing is asked.
  await page.getByRole('radiogroup', { name: 'Category' }).getByLabel('Theirs: Desks').check()
  await page
    .getByRole('radiogroup', { name: /^Managers: alice/ })
    .getByLabel('Theirs: on the list')
    .check()
  await page.getByText(/^You take yourself off the managers/).waitFor({ state: 'detached' })
  await page.getByRole('radiogroup', { name: 'Category' }).getByLabel('Mine: Research').check()
  await save.click()
  await question.getByRole('button', { name: 'Move it and save' }).click()
  await nameBox(page).waitFor()
  expect(await facts()).toMatchObject({ category: lab, description: 'theirs' })
  expect(faults).toEqual([])
  await context.close()
})

test('[RP38] a reading of a long list that failed says so, and looking on reads it again', async () => {
  const names = Array.from({ length: 120 }, (_, index) => `p${String(index).padStart(3, '0')}@example.com`)
  for (const name of names) await site.admin.call('principal.create', { kind: 'user', name, displayName: name })
  const input = { category: desks, name: 'Everybody', members: names, managers: ['alice@example.com'] }
  const { room } = await site.admin.call('room.create', input)
  const { page, context, faults } = await sit(browser, site.url, 'alice@example.com')
  let isAway = true
  await page.routeWebSocket(/\/ws$/, socket => {
    const server = socket.connectToServer()
    socket.onMessage(data => {
      const { id, verb } = JSON.parse(String(data))
      const error = { code: 'unavailable', message: 'The list cannot be read now.' }
      if (verb === 'room.members' && isAway) socket.send(JSON.stringify({ id, error }))
      else server.send(data)
    })
  })
  await page.goto(`${site.url}/#/rooms/${room.id}`)
  await page.reload()
  const list = page.getByRole('region', { name: /^Members/ })
  await list.getByRole('searchbox').fill('p119')
  await list.getByText('The list cannot be read now.').waitFor()
  await list.getByText('Not among those that were read.').waitFor()
  isAway = false
  await list.getByRole('searchbox').fill('p119@')
  await list.getByRole('button', { name: 'Remove p119@example.com from the members' }).waitFor()
  expect(await list.getByText('The list cannot be read now.').count()).toBe(0)
  expect(faults).toEqual([])
  await context.close()
})
