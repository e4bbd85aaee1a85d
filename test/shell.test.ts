import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keepSelfSigned } from '../src/cli/certificate.ts'
import { keepSignIn, keptFile } from '../src/cli/kept-sign-in.ts'
import { makeFolder } from './folder.ts'
import { openSite, type Site } from './harness.ts'
import { type SiteShell, shell, shellOf } from './shell.ts'

let site: Site
let pchat: SiteShell
beforeAll(async () => {
  site = await openSite()
  pchat = shellOf(site)
}, 60_000)
afterAll(() => site.stop())

test('[SH1] a verb asks a server with a token or works on the store itself, with the same answer; the record calls that hand operator', async () => {
  await pchat('category', 'new', 'Trading')
  const made = await pchat.machine('room', 'new', 'FX desk', '--category', 'Trading')
  expect(made).toMatchObject({ code: 0, err: '' })
  const remote = await pchat.json('room', 'get', 'FX desk')
  const machine = await pchat.machine('room', 'get', 'FX desk', '--json')
  expect(machine.json.room).toEqual(remote.room)
  expect(remote.room.id).toBe(made.out.trim())
  const { entries } = await site.admin.call('audit.list', { limit: 10 })
  const actors = Object.fromEntries(entries.map(one => [one.action, one.actor?.name ?? null]))
  expect(actors).toMatchObject({ 'room.create': 'operator', 'category.create': 'admin@example.com' })
})

const nowhere = { XDG_CONFIG_HOME: '/nonexistent', PCHAT_DATA_DIR: '/nonexistent' }

test('[SH2] who is asked: what the options say, else the token or the kept sign-in, else the store that the environment names', async () => {
  const folder = await makeFolder('pchat-shell')
  const { token } = site.admin
  const { host, user, database } = site.database.address
  const store = `postgres://${user}@${encodeURIComponent(host)}/${database}`
  const lists = async (args: string[], env: NodeJS.ProcessEnv) =>
    (await shell(['category', 'get', '--json', ...args], { env })).code
  writeFileSync(join(folder, 'token'), `${token}\n`)
  expect(await lists(['--server', site.url, '--token-file', join(folder, 'token')], nowhere)).toBe(0)
  expect(await lists([], { ...nowhere, PCHAT_TOKEN: token, PCHAT_URL: site.url })).toBe(0)
  expect(await lists([], { ...nowhere, PCHAT_DATABASE_URL: store })).toBe(0)
  await keepSignIn(keptFile({ XDG_CONFIG_HOME: folder }), site.url, { token, user: 'admin@example.com' })
  expect(await lists([], { ...nowhere, XDG_CONFIG_HOME: folder })).toBe(0)
  // The sign-in comes before the store: the record then has a name.
  await shell(['category', 'new', 'By name'], {
    env: { ...nowhere, XDG_CONFIG_HOME: folder, PCHAT_DATABASE_URL: store },
  })
  expect((await site.admin.call('audit.list', { limit: 1 })).entries[0]!.actor?.name).toBe('admin@example.com')
  expect(await lists([], nowhere)).toBe(2)
  expect(await lists(['--server', site.url, '--database-url', store], nowhere)).toBe(2)
  expect(await lists([], { ...nowhere, PCHAT_TOKEN: token })).toBe(2)
})

test('[SH3] a token goes to no server in the clear, and to one of a private authority with --ca-file alone', async () => {
  const env = { ...nowhere, PCHAT_TOKEN: site.admin.token }
  const clear = await shell(['category', 'get', '--server', 'http://chat.example.com'], { env })
  expect(clear).toMatchObject({ code: 2, err: expect.stringContaining('https://') })
  const folder = await makeFolder('pchat-shell-tls')
  const tls = await keepSelfSigned(folder, 'localhost')
  const server = await site.another({ tls })
  const strange = await shell(['category', 'get', '--server', server.url], { env })
  expect(strange).toMatchObject({ code: 4, err: expect.stringContaining('--ca-file') })
  const known = await shell(['category', 'get', '--server', server.url, '--ca-file', join(folder, 'self-signed.pem')], {
    env,
  })
  expect(known).toMatchObject({ code: 0, err: '' })
  await server.stop()
})

test('[SH5] exit codes: 0 done, 1 refused, 2 wrong use, 4 nobody answered; errors have the code and the sentence, as JSON with --json', async () => {
  expect(await pchat('category', 'new', 'Codes')).toMatchObject({ code: 0, err: '' })
  const taken = await pchat('category', 'new', 'codes')
  expect(taken).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^pchat: .+ \(name_taken\)\n$/) })
  const told = await pchat('category', 'new', 'codes', '--json')
  expect(JSON.parse(told.err)).toEqual({ error: { code: 'name_taken', message: expect.stringMatching(/\w/) } })
  for (const wrong of [
    ['room', 'new'],
    ['room', 'get', '--privacy', 'hidden'],
    ['room', 'paint'],
    ['room', 'clear', 'x'],
    ['room', 'set', 'a', '--identity', 'b'],
  ])
    expect((await pchat(...wrong)).code, wrong.join(' ')).toBe(2)
  const away = { ...nowhere, PCHAT_TOKEN: 'x', PCHAT_URL: 'http://localhost:1' }
  expect(await shell(['category', 'get'], { env: away })).toMatchObject({
    code: 4,
    err: expect.stringContaining('does not answer'),
  })
  const stranger = { ...nowhere, PCHAT_TOKEN: 'x', PCHAT_URL: site.url }
  expect(await shell(['category', 'get'], { env: stranger })).toMatchObject({
    code: 1,
    err: expect.stringContaining('unauthenticated'),
  })
})

test('[SH6] --what-if says what would change and changes nothing; what is as wished already changes nothing', async () => {
  const recorded = async () => (await site.admin.call('audit.list', { limit: 1 })).entries[0]!.id
  await pchat('category', 'new', 'Plans')
  await pchat('category', 'set', 'Plans', '--allowed-members', 'example.com')
  await pchat('room', 'new', 'Plan', '--category', 'Plans')
  const before = await recorded()
  const change = [
    'room',
    'set',
    'Plan',
    '--description',
    'new',
    '--members-add',
    'admin@example.com',
    '--privacy',
    'closed',
  ]
  const would = await pchat.json(...change, '--what-if')
  expect(would).toEqual({
    whatIf: true,
    changes: [
      { what: 'room Plan', change: 'description', now: '-', after: 'new' },
      { what: 'room Plan', change: 'members, add', now: '', after: 'admin@example.com' },
    ],
  })
  for (const verb of [
    ['category', 'new', 'Other'],
    ['category', 'set', 'Plans', '--chat-history', 'false'],
    ['room', 'remove', 'Plan'],
    ['user', 'new', 'new@example.com'],
    ['user', 'set', 'admin@example.com', '--display-name', 'Other'],
    ['user', 'disable', 'admin@example.com'],
    ['group', 'new', 'Plan group'],
    ['session', 'end', 'admin@example.com'],
    ['active-server', 'set', '--active-servers-none'],
    ['state', 'set', '--pool-state', 'failed-over'],
  ]) {
    const said = await pchat(...verb, '--what-if')
    expect(said, verb.join(' ')).toMatchObject({ code: 0, out: expect.stringMatching(/^WHAT +CHANGE +NOW +AFTER\n\w/) })
  }
  expect(await recorded()).toBe(before)
  expect(await pchat(...change)).toMatchObject({ code: 0, out: '' })
  const after = await recorded()
  expect(after).toBeGreaterThan(before)
  expect((await pchat(...change, '--what-if')).out).toBe('Nothing would change.\n')
  await pchat(...change)
  expect(await recorded()).toBe(after)
  const absent = await pchat('room', 'set', 'Plan', '--members-add', 'nobody@example.com', '--what-if')
  expect(absent).toMatchObject({ code: 1, err: expect.stringContaining('nobody@example.com') })
})

test('[SH7] what cannot be undone is asked; without somebody to ask it is refused unless --confirm is given', async () => {
  await pchat('category', 'new', 'Doomed')
  const there = async () => (await pchat('category', 'get', 'Doomed')).code === 0
  const remove = ['category', 'remove', 'Doomed']
  expect(await pchat(...remove)).toMatchObject({ code: 2, err: expect.stringContaining('--confirm') })
  expect(await pchat.with({ answers: 'n' }, ...remove)).toMatchObject({
    code: 1,
    err: expect.stringContaining('for good'),
  })
  expect(await pchat.with({ answers: '' }, ...remove)).toMatchObject({ code: 1 })
  expect(await there()).toBe(true)
  expect(await pchat.with({ answers: 'yes' }, ...remove)).toMatchObject({ code: 0 })
  expect(await there()).toBe(false)
  await pchat('category', 'new', 'Doomed')
  expect(await pchat(...remove, '--confirm')).toMatchObject({ code: 0, out: '' })
  expect(await there()).toBe(false)
})

test('[SH8] rooms and categories are named by id, address or their whole name, whatever the case; what is absent or ambiguous is told', async () => {
  const { category } = await pchat.json('category', 'new', 'Names')
  const { room } = await pchat.json('room', 'new', 'Straße', '--category', 'NAMES')
  for (const ref of [room.id, room.id.toUpperCase(), room.uri, 'strasse', ' STRASSE '])
    expect((await pchat.json('room', 'get', ref)).room.id, ref).toBe(room.id)
  expect((await pchat.json('category', 'get', category.id)).category.name).toBe('Names')
  expect(await pchat('room', 'get', 'Stra')).toMatchObject({
    code: 1,
    err: expect.stringContaining('There is no room "Stra"'),
  })
  expect(await pchat('category', 'get', 'Name')).toMatchObject({
    code: 1,
    err: expect.stringContaining('There is no category "Name"'),
  })
  for (const name of ['twin1@example.com', 'twin2@example.com'])
    await pchat('user', 'new', name, '--display-name', 'Twin')
  const twins = await pchat('room', 'set', 'Straße', '--members', 'Twin', '--as-object')
  expect(twins).toMatchObject({ code: 2, err: expect.stringContaining('twin1@example.com, twin2@example.com') })
  const ways = await pchat('room', 'set', 'Straße', '--members', 'a', '--members-none')
  expect(ways).toMatchObject({ code: 2, err: expect.stringContaining('Give one of the ways') })
})

const people = (count: number, more = '') =>
  `Name,Display name,unit,groups,password\n${Array.from({ length: count }, (_, n) => `p${n}@example.com,Person ${n},Unit ${n % 3},"Group ${n % 5}; Everybody",a long password ${n}`).join('\n')}\n${more}`

test('[SH13] people come from a CSV file with their units and groups; again, nothing changes; a bad row is told and the others are done', async () => {
  const folder = await makeFolder('pchat-import')
  const file = join(folder, 'people.csv')
  const count = 25
  writeFileSync(file, people(count))
  const without = await pchat('user', 'import', '--csv', file)
  expect(without).toMatchObject({ code: 2, err: expect.stringContaining('--make-groups') })
  const bring = ['user', 'import', '--csv', file, '--make-groups']
  const would = await pchat.json(...bring, '--what-if')
  expect(would.changes.filter((one: { what: string }) => one.what.startsWith('user '))).toHaveLength(count)
  expect(await pchat.json('user', 'get', '--filter', 'Person')).toEqual({ principals: [] })
  expect(await pchat.json(...bring)).toEqual({
    read: count,
    added: count,
    groups: 6,
    units: 3,
    joined: count * 2,
    changed: 0,
    refused: [],
  })
  const one = await pchat.json('user', 'get', 'p7@example.com')
  expect(one).toMatchObject({
    principal: { displayName: 'Person 7' },
    in: { name: 'Unit 1' },
    groups: [{ name: 'Everybody' }, { name: 'Group 2' }],
  })
  expect((await pchat(...bring, '--what-if')).out).toBe('Nothing would change.\n')
  writeFileSync(
    file,
    people(
      count,
      'no address,X,,Everybody,\np90@example.com,Late,,Everybody,short\np91@example.com,Last,,Everybody,\n',
    ).replace('Person 3,', 'Renamed,'),
  )
  const again = await pchat(...bring, '--json')
  expect(again.code).toBe(1)
  expect(again.json).toMatchObject({
    added: 1,
    changed: 1,
    joined: 3,
    refused: [{ line: 27, name: 'user no address' }, { line: 28 }],
  })
  expect((await pchat.json('user', 'get', 'p91@example.com')).groups).toMatchObject([{ name: 'Everybody' }])
  writeFileSync(file, 'name,colour\nx@example.com,red\n')
  expect(await pchat(...bring)).toMatchObject({ code: 2, err: expect.stringContaining('There is no column "colour"') })
}, 60_000)

test('[SH14] who asks too fast waits as long as the server says, and asks again', async () => {
  let asked = 0
  const server = createServer((_, answer) => {
    asked += 1
    if (asked === 1)
      answer.writeHead(429).end('{"error":{"code":"rate_limited","message":"Slower.","retryAfterMs":50}}')
    else answer.writeHead(200).end('{"result":{"categories":[]}}')
  })
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
  const { port } = server.address() as { port: number }
  const env = { ...nowhere, PCHAT_TOKEN: 'x', PCHAT_URL: `http://localhost:${port}` }
  expect(await shell(['category', 'get', '--json'], { env })).toMatchObject({ code: 0, json: { categories: [] } })
  expect(asked).toBe(2)
  server.close()
})

test('[SH15] users, groups, sessions and the record are in the shell as well', async () => {
  await pchat('group', 'new', 'Night shift')
  await pchat('user', 'new', 'eve@example.com', '--display-name', 'Eve', '--email', 'eve@mail.example.com')
  expect(await pchat('user', 'get', 'eve@example.com')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/E-mail +eve@mail/),
  })
  await pchat('group', 'set', 'Night shift', '--members', 'eve@example.com')
  expect((await pchat.json('group', 'get', 'Night shift')).members).toMatchObject([{ name: 'eve@example.com' }])
  await pchat('group', 'set', 'Night shift', '--members-none')
  expect((await pchat.json('group', 'get', 'Night shift')).members).toEqual([])
  await pchat.with({ stdin: 'a very long password\n' }, 'user', 'set', 'eve@example.com', '--password-file', '-')
  const signIn = await fetch(`${site.url}/api/v1/session.signIn`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'eve@example.com', password: 'a very long password' }),
  })
  expect(signIn.status).toBe(200)
  expect((await pchat.json('session', 'get', 'eve@example.com')).sessions).toHaveLength(1)
  expect(await pchat('session', 'end', 'eve@example.com')).toMatchObject({ code: 0 })
  expect((await pchat.json('session', 'get', 'eve@example.com')).sessions).toEqual([])
  await pchat('user', 'disable', 'eve@example.com')
  expect((await pchat.json('user', 'get', 'eve@example.com')).disabled).toBe(true)
  await pchat('user', 'enable', 'eve@example.com')
  expect((await pchat.json('user', 'get', 'eve@example.com')).disabled).toBe(false)
  expect((await pchat('audit', 'get', '--result-size', '1')).out).toMatch(/admin@example.com +principal.update/)
})

test('[SH15] roles of administration are given, listed and taken back; groups can have them, too', async () => {
  await pchat('user', 'new', 'rita@example.com')
  await pchat('group', 'new', 'Desk of help')
  const holders = async (...args: string[]) =>
    (await pchat.json('role', 'get', ...args)).holders.map((one: { role: string; principal: { name: string } }) => [
      one.role,
      one.principal.name,
    ])
  const grant = ['role', 'grant', 'rita@example.com', '--role', 'chat-administrator']
  expect((await pchat.json(...grant, '--what-if')).changes).toMatchObject([
    { what: 'user rita@example.com', change: 'role', now: '', after: 'chat-administrator' },
  ])
  expect(await holders('--role', 'chat-administrator')).toEqual([])
  await pchat.json(...grant)
  expect(await pchat(...grant, '--what-if')).toMatchObject({ code: 0, out: 'Nothing would change.\n' })
  await pchat.json('role', 'grant', 'Desk of help', '--role', 'help-desk')
  expect(await holders('--role', 'chat-administrator')).toEqual([['chatAdministrator', 'rita@example.com']])
  expect(await holders()).toEqual(
    expect.arrayContaining([
      ['administrator', 'admin@example.com'],
      ['chatAdministrator', 'rita@example.com'],
      ['helpDesk', 'Desk of help'],
    ]),
  )
  expect((await pchat('role', 'get')).out).toMatch(/^help-desk +Desk of help +group +admin@example\.com/m)
  expect(await pchat('role', 'grant', 'rita@example.com')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--role is missing'),
  })
  expect((await pchat('role', 'grant', 'Desk of help', '--role', 'administrator')).code).toBe(1)
  await pchat.json(...grant, '--revoke')
  expect(await holders('--role', 'chat-administrator')).toEqual([])
})

test('[SH15] the usage report is in the shell: a period, whoever was inactive, lists of a length', async () => {
  await pchat('category', 'new', 'Used', '--allowed-members', 'example.com')
  for (const name of ['Busy', 'Quiet'])
    await pchat.json('room', 'new', name, '--category', 'Used', '--members', 'admin@example.com')
  const { room } = await pchat.json('room', 'get', 'Busy')
  for (const text of ['one', 'two'])
    await site.admin.call('message.post', { room: room.id, clientId: randomUUID(), text })
  // A room that is new today was not idle till today.
  await site.db.query(`UPDATE room SET created_at = now() - interval '9 days' WHERE name = 'Quiet'`)
  const today = new Date().toISOString().slice(0, 10)
  const period = ['--start-date', today, '--end-date', today, '--inactive-since', today]
  const usage = async (...args: string[]) => (await pchat.json('usage', 'get', ...args)).report
  // The counts of a day follow its posts.
  await expect
    .poll(async () => (await usage(...period)).rooms.mostActive, { timeout: 15_000 })
    .toEqual(
      expect.arrayContaining([
        expect.objectContaining({ room: expect.objectContaining({ name: 'Busy' }), messages: 2 }),
      ]),
    )
  const report = await usage(...period)
  expect(report).toMatchObject({ from: today, until: today, inactiveSince: today })
  expect(report.rooms.inactive.longest.map((one: { room: { name: string } }) => one.room.name)).toContain('Quiet')
  const leastOf = async (size: string) => (await usage(...period, '--result-size', size)).rooms.leastActive
  expect(await leastOf('1')).toHaveLength(1)
  const { out } = await pchat('usage', 'get', ...period)
  expect(out).toMatch(/^MOST ACTIVE ROOMS +MESSAGES\nBusy +2$/m)
  expect(out).toContain(`ROOMS WITHOUT A POST SINCE ${today}`)
  expect(await pchat('usage', 'get', '--start-date', 'yesterday')).toMatchObject({ code: 1, out: '' })
  expect(await pchat('usage', 'get', '--result-size', '0')).toMatchObject({ code: 2, out: '' })
})

test('[SH15] who somebody is, and why he may enter a room or not, is said for a room by its name', async () => {
  await pchat('user', 'new', 'ina@example.com')
  await pchat('user', 'new', 'odo@example.com')
  await pchat('group', 'new', 'Insiders')
  await pchat('group', 'set', 'Insiders', '--members', 'ina@example.com')
  await pchat(
    'category',
    'new',
    'Walled',
    '--allowed-members',
    'example.com,Insiders',
    '--denied-members',
    'odo@example.com',
  )
  await pchat.json('room', 'new', 'Behind it', '--category', 'Walled', '--privacy', 'secret', '--members', 'Insiders')
  const inside = await pchat.json('user', 'explain', 'ina@example.com', '--room', 'Behind it')
  expect(inside).toMatchObject({ groups: [{ group: { name: 'Insiders' } }], room: { mayRead: true } })
  const said = await pchat.machine('user', 'explain', 'odo@example.com', '--room', 'behind it')
  expect(said).toMatchObject({ code: 0, out: expect.stringContaining('He may not enter this room.') })
  expect(said.out).toMatch(/denied members hold him/)
  expect((await pchat('user', 'explain', 'odo@example.com')).out).not.toContain('Room ')
  expect((await pchat('user', 'explain', 'odo@example.com', '--room', 'No such')).code).toBe(1)
})

test('[SH16] a new category or room has its lists at once, and a name that is unknown or out of scope makes nothing', async () => {
  await pchat('group', 'new', 'Outsiders')
  const category = ['category', 'new', 'Narrow', '--allowed-members', 'example.com']
  expect((await pchat(...category, '--denied-members', 'No such group')).code).toBe(1)
  expect((await pchat('category', 'get', 'Narrow')).code).toBe(1)
  await pchat.json(...category)
  const room = ['room', 'new', 'Narrow room', '--category', 'Narrow', '--members']
  expect(await pchat(...room, 'example.com,Outsiders')).toMatchObject({
    code: 1,
    err: expect.stringContaining('Outsiders is outside the scope'),
  })
  expect((await pchat(...room, 'example.com', '--managers', 'nobody@example.com')).code).toBe(1)
  expect((await pchat('room', 'get', 'Narrow room')).code).toBe(1)
  await pchat.json(...room, 'example.com')
  expect((await pchat.json('room', 'get', 'Narrow room')).members).toMatchObject([{ name: 'example.com' }])
})
