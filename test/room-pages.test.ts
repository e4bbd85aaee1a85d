import { mkdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { faultsInBothColours, inTheDark } from './axe.ts'
import { openSite, type Person, type Site } from './harness.ts'
import { openBrowser, type Seat, sit, webRoot } from './web-browser.ts'

let site: Site
let browser: Browser
let alice: Person
let desks: string
let lab: string

const crowd = 130

beforeAll(async () => {
  browser = await openBrowser()
  site = await openSite({ webRoot })
  alice = await site.addUser('alice@example.com', { displayName: 'Alice Adams' })
  await site.addUser('bob@example.com', { displayName: 'Bob Brown' })
  await site.addUser('carol@example.com', { displayName: 'Carol Clark' })
  const add = (kind: 'user' | 'group', name: string, displayName: string) =>
    site.admin.call('principal.create', { kind, name, displayName })
  await add('user', 'otto@example.org', 'Otto Outside')
  await add('group', 'traders', 'Traders')
  for (let index = 1; index <= crowd; index += 1)
    await add('user', `p${index}@example.com`, `Person ${String(index).padStart(3, '0')}`)
  const allowedMembers = ['example.com', 'traders']
  desks = (
    await site.addCategory({ name: 'Desks', allowedMembers, creators: ['alice@example.com'], invitations: true })
  ).id
  lab = (
    await site.addCategory({
      name: 'Research',
      allowedMembers: ['alice@example.com', 'bob@example.com'],
      creators: ['alice@example.com'],
    })
  ).id
}, 60_000)

afterAll(async () => {
  await browser?.close()
  await site?.stop()
})

async function makeRoom(name: string, more: object = {}): Promise<string> {
  const members = ['alice@example.com', 'bob@example.com', 'carol@example.com']
  return (await alice.call('room.create', { category: desks, name, members, ...more })).room.id
}

/** Pictures for who looks at them, where PCHAT_PICTURES names a folder: wide and narrow, light and dark. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.PCHAT_PICTURES
  if (folder === undefined) return
  await mkdir(folder, { recursive: true })
  const size = page.viewportSize()!
  // Colours and widths change by and by.
  const settled = () => page.waitForTimeout(400)
  for (const [width, height] of [
    [1280, 800],
    [360, 740],
  ] as const) {
    await page.setViewportSize({ width, height })
    await settled()
    await page.screenshot({ path: `${folder}/${name}-${width}.png` })
    await inTheDark(page, async () => {
      await settled()
      await page.screenshot({ path: `${folder}/${name}-${width}-dark.png` })
    })
  }
  await page.setViewportSize(size)
  await settled()
}

async function seat(user = 'alice@example.com', hash = 'rooms', width = 1280): Promise<Seat> {
  const taken = await sit(browser, site.url, user, { colorScheme: 'light', viewport: { width, height: 800 } })
  await taken.page.goto(`${site.url}/#/${hash}`)
  await taken.page.locator('main h1').waitFor()
  return taken
}

const nameBox = (page: Page) => page.getByRole('textbox', { name: 'Name', exact: true })
const categoryBox = (page: Page) => page.getByRole('combobox', { name: 'Category' })
const people = (page: Page, list: string) => page.getByRole('region', { name: new RegExp(`^${list}`) })

async function pick(page: Page, box: string, text: string, option: RegExp): Promise<void> {
  await page.getByRole('combobox', { name: box }).fill(text)
  await page.getByRole('option', { name: option }).click()
}

async function save(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Save changes' }).click()
}

async function saved(page: Page): Promise<void> {
  await page.getByRole('region', { name: 'Unsaved changes' }).waitFor({ state: 'detached' })
}

async function listed(room: string) {
  const { room: facts, members, managers, presenters } = await site.admin.call('room.get', { room })
  const names = (list: typeof members) => list?.map(one => one.name) ?? null
  return { ...facts, members: names(members), managers: names(managers), presenters: names(presenters) }
}

test('[RP20] my rooms are those that I manage and those that I am in, with kind and counts; who may create none is offered none', async () => {
  await makeRoom('FX spot', { description: 'Spot currencies' })
  await makeRoom('Town hall', { type: 'auditorium', privacy: 'open' })
  await makeRoom('All of us', { members: null })
  await makeRoom('Deal Rosetta', { privacy: 'secret', members: [] })
  const pit = await makeRoom('Old pit')
  await alice.call('room.update', { room: pit, disabled: true })
  const { page, context, faults } = await seat()
  const row = (name: string) => page.getByRole('row', { name: new RegExp(`^${name}`) })
  expect(await row('FX spot').textContent()).toMatch(/Spot currenciesDesksClosed31/)
  expect(await row('Town hall').textContent()).toMatch(/OpenAuditoriumEveryone in scope1/)
  expect(await row('All of us').textContent()).toMatch(/ClosedEveryone in scope1/)
  expect(await row('Deal Rosetta').textContent()).toMatch(/Secret01/)
  expect(await row('Old pit').textContent()).toMatch(/DisabledClosed31/)
  await picture(page, 'my-rooms')
  await page.getByRole('searchbox').fill('currencies')
  await row('Town hall').waitFor({ state: 'detached' })
  await row('FX spot').waitFor()
  await page.getByRole('searchbox').fill('')
  await page.getByRole('link', { name: 'I am a member of' }).click()
  await row('All of us').waitFor()
  await row('FX spot').waitFor()
  // He manages it, which makes him no member; and what is disabled is found by its managers only.
  for (const name of ['Deal Rosetta']) expect(await row(name).count()).toBe(0)
  await page.getByRole('link', { name: 'Create a room' }).waitFor()
  await context.close()

  const bob = await seat('bob@example.com')
  await bob.page.getByText('You manage no room yet.').waitFor()
  await bob.page.getByRole('link', { name: 'I am a member of' }).click()
  await bob.page.getByRole('link', { name: 'FX spot', exact: true }).waitFor()
  expect(await bob.page.getByRole('link', { name: 'Create a room' }).count()).toBe(0)
  expect(await bob.page.getByRole('link', { name: 'Old pit' }).count()).toBe(0)
  expect([...faults, ...bob.faults]).toEqual([])
  await bob.context.close()
})

test('[RP21] a room is made with its lists: a taken name is told on leaving the field, who is not eligible is shown with the reason', async () => {
  await makeRoom('Bond desk')
  const { page, context, faults } = await seat('alice@example.com', 'rooms/new')
  await categoryBox(page).selectOption({ label: 'Desks' })
  await nameBox(page).pressSequentially('bond DESK')
  await page.getByText('has this name already').waitFor({ state: 'detached' })
  await page.keyboard.press('Tab')
  await page.getByText('A room or category has this name already. Choose another.').waitFor()
  await nameBox(page).fill('Bond desk 2')
  await page.getByText('has this name already').waitFor({ state: 'detached' })
  await page.keyboard.press('Tab')
  await page.getByText('This name is free.').waitFor()
  await page.getByLabel('Description').fill('d'.repeat(257))
  await page.getByText('1 too many: at most 256.').waitFor()
  expect(await page.getByRole('button', { name: 'Create the room' }).isDisabled()).toBe(true)
  await page.getByLabel('Description').fill('Bonds')

  await page.getByRole('combobox', { name: 'Add a member' }).fill('otto')
  const otto = page.getByRole('option', { name: /Otto Outside/ })
  await otto.getByText(/^Not eligible: .*scope/).waitFor()
  expect(await otto.getAttribute('aria-disabled')).toBe('true')
  await picture(page, 'create')
  await otto.click({ force: true })
  expect(await people(page, 'Members').getByRole('listitem').count()).toBe(0)
  for (const [text, option] of [
    ['trad', /Traders \(Group/],
    ['bob', /Bob Brown \(User/],
    ['example.com', /\(Domain/],
  ] as const)
    await pick(page, 'Add a member', text, option)
  await pick(page, 'Add a manager', 'bob', /Bob Brown/)
  await page.getByRole('combobox', { name: 'Add a manager' }).fill('bob')
  await page.getByText('Not eligible: on this list already').waitFor()
  await page.keyboard.press('Escape')
  await page.getByLabel(/^Auditorium: /).check()
  await pick(page, 'Add a presenter', 'bob', /Bob Brown/)
  await page.getByRole('button', { name: 'Create the room' }).click()
  await page.getByRole('heading', { name: 'Bond desk 2', level: 1 }).waitFor()
  const [room] = (await alice.call('room.find', { text: 'Bond desk 2' })).rooms
  expect(await listed(room!.id)).toMatchObject({
    ...{ description: 'Bonds', type: 'auditorium', privacy: 'closed' },
    members: ['bob@example.com', 'example.com', 'traders'],
    managers: ['alice@example.com', 'bob@example.com'],
    presenters: ['bob@example.com'],
  })
  expect(faults).toEqual([])
  await context.close()
}, 60_000)

test('[RP22] a room is changed as a whole: nothing happens before it is saved, the page says what will, and what was begun is found again', async () => {
  const room = await makeRoom('Rates')
  await site.admin.call('addin.create', { name: 'Ticker', url: 'https://ticker.example.com/' })
  const before = await listed(room)
  const { page, context, faults } = await seat('alice@example.com', `rooms/${room}`)
  await nameBox(page).fill('Rates London')
  await page.getByLabel('Secret: ').check()
  await page.getByRole('button', { name: 'Remove Carol Clark from the members' }).click()
  await pick(page, 'Add a member', 'trad', /Traders/)
  const bar = page.getByRole('region', { name: 'Unsaved changes' })
  expect(await bar.textContent()).toContain('Name; Who finds it and joins; Members: 1 added, 1 taken off')
  await picture(page, 'manage')
  expect(await listed(room)).toEqual(before)
  await page.getByRole('link', { name: 'Find rooms' }).click()
  await page.goBack()
  expect(await nameBox(page).inputValue()).toBe('Rates London')
  await save(page)
  await saved(page)
  expect(await listed(room)).toMatchObject({
    ...{ name: 'Rates London', privacy: 'secret', version: before.version + 1 },
    members: ['alice@example.com', 'bob@example.com', 'traders'],
  })
  await page.getByRole('combobox', { name: 'Add-in' }).selectOption({ label: 'Ticker' })
  await page.getByLabel('Everyone in the scope of the category, now and later').check()
  await save(page)
  await saved(page)
  expect(await listed(room)).toMatchObject({ members: null, addin: { name: 'Ticker' } })
  await page.getByRole('combobox', { name: 'Add-in' }).selectOption({ label: 'None' })
  await page.getByLabel('Those on this list').check()
  await pick(page, 'Add a member', 'bob', /Bob Brown/)
  expect(await bar.textContent()).toContain('Members: a list of 1 instead of everyone')
  await save(page)
  await saved(page)
  expect((await listed(room)).members).toEqual(['bob@example.com'])
  expect((await listed(room)).addin).toBeUndefined()
  // What the server refuses is said, and what was typed stays.
  await nameBox(page).fill('desks')
  await save(page)
  await bar.getByText('A room or category has this name already.').waitFor()
  expect(await nameBox(page).inputValue()).toBe('desks')
  await page.getByRole('button', { name: 'Discard' }).click()
  await saved(page)
  expect(await nameBox(page).inputValue()).toBe('Rates London')
  // Who may not change it is told, and shown no form.
  await page.getByRole('button', { name: 'Remove Alice Adams from the managers' }).click()
  await bar.getByText(/You take yourself off the managers/).waitFor()
  await bar.getByRole('button', { name: 'Discard' }).click()
  const bob = await seat('bob@example.com', `rooms/${room}`)
  await bob.page.getByText('Only managers of this room and administrators may change it.').waitFor()
  expect([...faults, ...bob.faults]).toEqual([])
  await Promise.all([context.close(), bob.context.close()])
}, 60_000)

test('[RP23] two who change a room at once: the second sees both versions, takes of each, and nothing is overwritten', async () => {
  const room = await makeRoom('Credit')
  const { page, context, faults } = await seat('alice@example.com', `rooms/${room}`)
  await nameBox(page).fill('Credit A')
  await page.getByLabel('Description').fill('mine')
  await page.getByRole('button', { name: 'Remove Carol Clark from the members' }).click()
  await pick(page, 'Add a member', 'trad', /Traders/)
  await site.admin.call('room.update', {
    ...{ room, name: 'Credit B', privacy: 'secret' },
    members: { remove: ['bob@example.com'], add: ['p1@example.com'] },
  })
  await save(page)
  const heading = page.getByRole('heading', { name: 'Somebody else changed this room meanwhile' })
  await heading.waitFor()
  expect(await page.evaluate<string>('document.activeElement.textContent')).toMatch(/^Somebody else changed/)
  const both = await listed(room)
  expect(both).toMatchObject({ name: 'Credit B', description: '' })
  const field = (name: RegExp | string) => page.getByRole('radiogroup', { name })
  expect(await field('Name').locator('..').textContent()).toMatch(/Both of you changed it. As it was: Credit/)
  expect(await field('Name').textContent()).toBe('Theirs: Credit BMine: Credit A')
  for (const [name, side] of [
    ['Description', 'Mine: mine'],
    ['Who finds it and joins', 'Theirs: Secret'],
    [/Members: Carol Clark/, 'Mine: not on the list'],
    [/Members: Traders/, 'Mine: on the list'],
    [/Members: Bob Brown/, 'Theirs: not on the list'],
    [/Members: Person 001/, 'Theirs: on the list'],
  ] as const)
    expect(await field(name).getByLabel(side).isChecked(), String(name)).toBe(true)
  const take = page.getByRole('button', { name: 'Save what I chose' })
  expect(await take.isDisabled()).toBe(true)
  await picture(page, 'conflict')
  await field('Name').getByLabel('Mine: Credit A').check()
  await field(/Members: Bob Brown/)
    .getByLabel('Mine: on the list')
    .check()
  // A third version comes while he chooses: it is compared once more, and what he chose is not asked for again.
  await site.admin.call('room.update', { room, description: 'third' })
  await take.click()
  await field('Description').getByLabel('Theirs: third').waitFor()
  expect(await listed(room)).toMatchObject({ name: 'Credit B', description: 'third' })
  expect(await field('Name').getByLabel('Mine: Credit A').isChecked()).toBe(true)
  await field('Description').getByLabel('Theirs: third').check()
  await page.getByRole('button', { name: 'Go on editing with it' }).click()
  expect(await nameBox(page).inputValue()).toBe('Credit A')
  await nameBox(page).fill('Credit C')
  await save(page)
  await saved(page)
  expect(await listed(room)).toMatchObject({
    ...{ name: 'Credit C', description: 'third', privacy: 'secret' },
    members: ['alice@example.com', 'bob@example.com', 'p1@example.com', 'traders'],
  })
  expect(faults).toEqual([])
  await context.close()
}, 60_000)

test('[RP23] who has changed nothing sees the newest at once; who has is told that there is a newer one before he saves', async () => {
  const room = await makeRoom('Repo')
  await alice.call('room.follow', { room })
  const { page, context } = await seat('alice@example.com', `rooms/${room}`)
  await nameBox(page).waitFor()
  await site.admin.call('room.update', { room, name: 'Repo North' })
  await expect.poll(() => nameBox(page).inputValue()).toBe('Repo North')
  await page.getByLabel('Description').fill('mine')
  await site.admin.call('room.update', { room, name: 'Repo South' })
  await page.getByText('This room was changed while you edit it.').waitFor()
  expect(await page.getByLabel('Description').inputValue()).toBe('mine')
  await page.getByRole('button', { name: 'Compare' }).click()
  await page.getByRole('button', { name: 'Save what I chose' }).click()
  await nameBox(page).waitFor()
  expect(await listed(room)).toMatchObject({ name: 'Repo South', description: 'mine' })
  await context.close()
}, 60_000)

test('[RP24] a move is saved after a question that names whom it takes off the lists', async () => {
  const room = await makeRoom('Movers')
  const { page, context, faults } = await seat('alice@example.com', `rooms/${room}`)
  await categoryBox(page).selectOption({ label: 'Research' })
  await save(page)
  const dialog = page.getByRole('dialog', { name: 'Move Movers to Research?' })
  await dialog
    .getByText(/scope of the new category/)
    .first()
    .waitFor()
  await dialog.getByText('The move takes off 1 member, who').waitFor()
  const purged = dialog.getByRole('list', { name: 'Members to be taken off' })
  expect(await purged.getByRole('listitem').allTextContents()).toEqual(['Carol Clark (User, carol@example.com)'])
  await picture(page, 'move')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  expect((await listed(room)).category).toBe(desks)
  await save(page)
  await dialog.getByRole('button', { name: 'Move it and save' }).click()
  await saved(page)
  expect(await listed(room)).toMatchObject({ category: lab, members: ['alice@example.com', 'bob@example.com'] })
  expect(faults).toEqual([])
  await context.close()
}, 60_000)

test('[RP25] a manager disables a room after a question that says what that does; only an administrator is offered to re-enable it', async () => {
  const room = await makeRoom('Pit')
  const { page, context } = await seat('alice@example.com', `rooms/${room}`)
  await page.getByRole('button', { name: 'Disable' }).click()
  const dialog = page.getByRole('dialog', { name: 'Disable Pit?' })
  await dialog.getByText(/puts everyone out of the room at once.*a manager cannot/).waitFor()
  await picture(page, 'disable')
  await dialog.getByRole('button', { name: 'Disable it' }).click()
  await page.getByText(/Ask an administrator to re-enable it/).waitFor()
  expect((await listed(room)).disabled).toBe(true)
  expect(await page.getByRole('button', { name: /Re-enable|Delete|Clear/ }).count()).toBe(0)
  const admin = await seat('admin@example.com', `rooms/${room}`)
  await admin.page.getByRole('button', { name: 'Re-enable' }).click()
  await admin.page.getByRole('button', { name: 'Disable', exact: true }).waitFor()
  expect((await listed(room)).disabled).toBe(false)
  await Promise.all([context.close(), admin.context.close()])
}, 60_000)

test('[RP29] an administrator clears and deletes a room from its page: messages are counted first, and the name is typed', async () => {
  const room = await makeRoom('Cleared pit')
  for (const text of ['one', 'two']) await alice.call('message.post', { room, clientId: crypto.randomUUID(), text })
  const { page, context, faults } = await seat('admin@example.com', `rooms/${room}`)
  await page.getByRole('button', { name: 'Clear history' }).click()
  const clear = page.getByRole('dialog', { name: 'Clear the history of Cleared pit?' })
  await clear.getByLabel('Clear everything posted up to').fill('2099-01-01T00:00')
  await clear.getByText('2 messages would go').waitFor()
  await clear.getByRole('button', { name: 'Clear 2 messages' }).click()
  await clear.waitFor({ state: 'detached' })
  expect((await alice.call('message.list', { room })).messages).toEqual([])

  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  const remove = page.getByRole('dialog', { name: 'Delete Cleared pit?' })
  const sure = remove.getByRole('button', { name: 'Delete it for good' })
  await remove.getByRole('textbox').fill('Cleared')
  expect(await sure.isDisabled()).toBe(true)
  await remove.getByRole('textbox').fill('Cleared pit')
  await sure.click()
  await page.getByRole('heading', { name: 'Find rooms' }).waitFor()
  await expect(alice.call('room.get', { room })).rejects.toThrow('not_found')
  expect(faults).toEqual([])
  await context.close()
}, 60_000)

test('[RP26] a long list is read on page by page, and who is looked for is found anywhere in it', async () => {
  const members = Array.from({ length: crowd }, (_, index) => `p${index + 1}@example.com`)
  const room = await makeRoom('Everybody', { members })
  const { page, context } = await seat('alice@example.com', `rooms/${room}`)
  const list = people(page, 'Members')
  await list.getByRole('heading', { name: `Members (${crowd})` }).waitFor()
  expect(await list.getByRole('listitem').count()).toBe(100)
  await picture(page, 'long-list')
  await list.getByRole('button', { name: `Show more (100 of ${crowd})` }).click()
  await expect.poll(() => list.getByRole('listitem').count()).toBe(crowd)
  await page.reload()
  // The server's order is by account name: p99 is the last, and not read yet.
  await list.getByRole('searchbox').fill('person 099')
  await list.getByRole('button', { name: 'Remove Person 099 from the members' }).click()
  await list.getByText('goes').waitFor()
  await save(page)
  await saved(page)
  const { counts } = await alice.call('room.get', { room })
  expect(counts?.members).toBe(crowd - 1)
  await context.close()
}, 60_000)

test('[RP27] by keyboard alone a room is made, changed and saved', async () => {
  const { page, context, faults } = await seat()
  const press = (key: string) => page.keyboard.press(key)
  /** Tab, until what has the focus is called so. */
  async function tabTo(name: RegExp): Promise<void> {
    for (let step = 0; step < 60; step += 1) {
      await press('Tab')
      const label = await page.evaluate<string>(`(() => {
        const node = document.activeElement
        const by = (node.getAttribute('aria-labelledby') ?? '').split(' ').map(id => document.getElementById(id)?.textContent ?? '')
        return [node.getAttribute('aria-label') ?? '', ...by, ...[...(node.labels ?? [])].map(one => one.textContent), node.matches('a, button') ? node.textContent : ''].join('|')
      })()`)
      if (name.test(label)) return
    }
    throw new Error(`Tab does not lead to ${name}`)
  }
  await tabTo(/Create a room/)
  await press('Enter')
  await page.getByRole('heading', { name: 'Create a room', level: 1 }).waitFor()
  await tabTo(/Category/)
  await page.keyboard.type('Desks')
  await tabTo(/Name/)
  await page.keyboard.type('Keys only')
  await tabTo(/Add a member/)
  await page.keyboard.type('bob')
  await page.getByRole('option', { name: /Bob Brown/ }).waitFor()
  await press('ArrowDown')
  await press('Enter')
  await people(page, 'Members').getByText('Bob Brown', { exact: true }).waitFor()
  await nameBox(page).focus()
  await press('Enter')
  await page.getByRole('heading', { name: 'Keys only', level: 1 }).waitFor()
  await page.getByRole('link', { name: 'Manage this room' }).focus()
  await press('Enter')
  await page.getByRole('button', { name: 'Remove Bob Brown from the members' }).focus()
  await press('Enter')
  // What took the place of the button has the focus: it is not lost.
  expect(await page.evaluate<string>('document.activeElement.getAttribute("aria-label")')).toBe(
    'Keep Bob Brown among the members',
  )
  await nameBox(page).focus()
  await page.keyboard.type(' still')
  await press('Enter')
  await saved(page)
  const [room] = (await alice.call('room.find', { text: 'keys only' })).rooms
  expect((await listed(room!.id)).members).toEqual([])
  expect(faults).toEqual([])
  await context.close()
}, 60_000)

test('[RP27] [RP28] axe finds nothing serious on any of the pages, light or dark, and at 360 pixels nothing is cut off', async () => {
  const room = await makeRoom('Looked at', { type: 'auditorium' })
  await site.admin.call('room.update', { room, presenters: ['bob@example.com'] })
  const { page, context } = await seat()
  const found: string[] = []
  async function look(name: string): Promise<void> {
    found.push(...(await faultsInBothColours(page)))
    await page.setViewportSize({ width: 360, height: 740 })
    const look360 = () =>
      page.evaluate<string[]>(`[...document.querySelectorAll('main *')]
        .filter(node => node.getBoundingClientRect().right > 361 && node.checkVisibility())
        .map(node => node.outerHTML.slice(0, 120))`)
    // The page is drawn anew a moment after its window has become narrow.
    let cut = await look360()
    for (let n = 0; n < 20 && cut.length > 0; n += 1) {
      await sleep(100)
      cut = await look360()
    }
    found.push(...cut.map(one => `${name} is cut off: ${one}`))
    await page.setViewportSize({ width: 1280, height: 800 })
  }
  await page.getByRole('link', { name: 'Looked at', exact: true }).waitFor()
  await look('my rooms')
  await page.goto(`${site.url}/#/rooms/joined`)
  await page.getByRole('link', { name: 'Looked at', exact: true }).waitFor()
  await look('rooms that I am in')
  await page.goto(`${site.url}/#/rooms/new`)
  await categoryBox(page).selectOption({ label: 'Desks' })
  await page.getByRole('combobox', { name: 'Add a member' }).fill('o')
  await page.getByRole('option', { name: /Otto/ }).waitFor()
  await look('create')
  await page.goto(`${site.url}/#/rooms/${room}`)
  await people(page, 'Presenters').waitFor()
  await page.getByRole('button', { name: 'Remove Carol Clark from the members' }).click()
  await pick(page, 'Add a member', 'trad', /Traders/)
  await nameBox(page).fill('Looked at twice')
  await nameBox(page).blur()
  await page.getByText('This name is free.').waitFor()
  await look('manage')
  await categoryBox(page).selectOption({ label: 'Research' })
  await save(page)
  await page
    .getByRole('dialog')
    .getByText(/scope of the new category/)
    .first()
    .waitFor()
  await look('move')
  await page.keyboard.press('Escape')
  await site.admin.call('room.update', { room, name: 'Looked at once', category: desks })
  await save(page)
  await page.getByRole('button', { name: 'Move it and save' }).click()
  await page.getByRole('heading', { name: 'Somebody else changed this room meanwhile' }).waitFor()
  await look('conflict')
  expect(found).toEqual([])
  await context.close()
}, 120_000)

test('[RP5] where the pool has a custom address, links lead to it beside this window; the pages here stay', async () => {
  const room = await makeRoom('Elsewhere')
  await site.admin.call('settings.update', { settings: { roomManagementUrl: 'https://rooms.example.com/manage' } })
  const { page, context } = await seat('alice@example.com', `room/${room}?pane=card`)
  const link = page.getByRole('link', { name: 'Manage this room' })
  await expect.poll(() => link.getAttribute('href')).toBe(`https://rooms.example.com/manage?room=${room}`)
  expect(await link.getAttribute('target')).toBe('_blank')
  expect(await link.getAttribute('rel')).toBe('noopener noreferrer')
  await page.goto(`${site.url}/#/find`)
  await expect
    .poll(() => page.getByRole('link', { name: 'Create a room' }).getAttribute('href'))
    .toBe('https://rooms.example.com/manage')
  await page.goto(`${site.url}/#/rooms/${room}`)
  expect(await nameBox(page).inputValue()).toBe('Elsewhere')
  await site.admin.call('settings.update', { settings: { roomManagementUrl: '' } })
  await context.close()
}, 60_000)
