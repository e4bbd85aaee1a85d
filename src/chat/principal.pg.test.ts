import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { addUser, openAdministrator, openPeople, password, signedIn } from '../../test/people.ts'
import { listAudit } from './audit.ts'
import { createBot, issueBotToken } from './bot.ts'
import type { Caller, Chat } from './chat.ts'
import { listGroupMembers, updateGroup } from './group.ts'
import { grantPolicy, listPolicies } from './policy.ts'
import { createPrincipal, findPrincipals, getPrincipal } from './principal.ts'
import { updatePrincipal } from './principal-update.ts'
import { callerOfToken, signIn } from './session.ts'
import { getSettings, updateSettings } from './settings.ts'

let people: Awaited<ReturnType<typeof openPeople>>
let chat: Chat
let admin: Caller
beforeAll(async () => {
  people = await openPeople()
  chat = people.chat
  admin = await openAdministrator(chat)
})
afterAll(() => people.close())
beforeEach(() => {
  people.heard.length = 0
})

type Kind = 'user' | 'group' | 'organizationalUnit' | 'domain'
const create = async (kind: Kind, name: string, more: { in?: string; displayName?: string; email?: string } = {}) =>
  (await createPrincipal(chat, admin, { kind, name, displayName: name, ...more })).principal

const ancestors = async (id: string) => {
  const { rows } = await chat.db.query<{ name: string }>(
    'SELECT p.name FROM affiliation a JOIN principal p ON p.id = a.ancestor WHERE a.member = $1 ORDER BY p.name_key',
    [id],
  )
  return rows.map(row => row.name)
}

test('[PR1] a name stands for one principal of any kind, whatever its case and spelling', async () => {
  await create('group', 'Caf\u00e9')
  await expect(create('organizationalUnit', ' CAFE\u0301 ')).rejects.toMatchObject({ code: 'name_taken' })
  await expect(create('user', 'alone')).rejects.toMatchObject({ code: 'invalid_argument' })
  expect((await getPrincipal(chat, admin, { principal: 'CAF\u00c9' })).principal.name).toBe('Caf\u00e9')
  await expect(getPrincipal(chat, admin, { principal: 'nobody' })).rejects.toMatchObject({ code: 'not_found' })
  const missing = updateGroup(chat, admin, { group: 'Caf\u00e9', add: ['admin@example.com', 'no one', 'nobody'] })
  await expect(missing).rejects.toThrow(/"no one"/)
})

test('[PR2] the first user of a domain brings the domain, which can be adopted once', async () => {
  const user = await create('user', 'a@brought.net')
  expect(await ancestors(user.id)).toEqual(['a@brought.net', 'brought.net'])
  const adopted = await create('domain', 'Brought.net', { displayName: 'Brought Inc.' })
  expect((await getPrincipal(chat, admin, { principal: 'brought.net' })).principal).toEqual(adopted)
  expect(adopted.displayName).toBe('Brought Inc.')
  await expect(create('domain', 'brought.net')).rejects.toMatchObject({ code: 'name_taken' })
  expect(people.heard).toEqual([])
})

test('[PR3] a unit holds users, groups and units, and not itself; nothing else holds anything by `in`', async () => {
  const upper = await create('organizationalUnit', 'upper unit')
  const lower = await create('organizationalUnit', 'lower unit', { in: upper.id })
  const user = await create('user', 'u@unit.net', { in: 'Lower Unit' })
  const group = await create('group', 'group in unit', { in: lower.id })
  expect(await ancestors(user.id)).toEqual(['lower unit', 'u@unit.net', 'unit.net', 'upper unit'])
  const update = (principal: string, to: string | null) => updatePrincipal(chat, admin, { principal, in: to })
  for (const [who, to] of [
    [upper.id, lower.id],
    [upper.id, upper.id],
    [user.id, group.id],
    [user.id, user.id],
  ] as const)
    await expect(update(who, to)).rejects.toMatchObject({ code: 'invalid_argument' })
  await expect(create('domain', 'in.net', { in: upper.id })).rejects.toMatchObject({ code: 'invalid_argument' })
  await update(lower.id, null)
  expect(await ancestors(user.id)).toEqual(['lower unit', 'u@unit.net', 'unit.net'])
  const { rows } = await chat.db.query('SELECT principal FROM directory_change ORDER BY version DESC LIMIT 1')
  expect(rows).toEqual([{ principal: lower.id }])
  expect(people.heard.map(head => head.kind)).toEqual(['directory'])
})

test('[PR4] a group holds users and groups; its unit says nothing about its members', async () => {
  const unit = await create('organizationalUnit', 'unit of a group')
  const [outer, inner] = [await create('group', 'outer', { in: unit.id }), await create('group', 'inner')]
  const user = await create('user', 'm@member.net')
  await updateGroup(chat, admin, { group: 'outer', add: ['inner'] })
  await updateGroup(chat, admin, { group: 'inner', add: [user.name, user.id] })
  expect(await ancestors(user.id)).toEqual(['inner', 'm@member.net', 'member.net', 'outer'])
  expect((await getPrincipal(chat, admin, { principal: user.id })).groups).toEqual([inner])
  for (const change of [{ add: ['outer'] }, { add: ['unit of a group'] }, { add: ['member.net'] }, { add: ['inner'] }])
    await expect(updateGroup(chat, admin, { group: inner.id, ...change })).rejects.toMatchObject({
      code: 'invalid_argument',
    })
  const twice = updateGroup(chat, admin, { group: inner.id, add: [user.id], remove: [user.id] })
  await expect(twice).rejects.toMatchObject({ code: 'invalid_argument' })
  await expect(updateGroup(chat, admin, { group: user.id })).rejects.toMatchObject({ code: 'invalid_argument' })
  people.heard.length = 0
  await updateGroup(chat, admin, { group: outer.id, remove: [inner.id] })
  expect(await ancestors(user.id)).toEqual(['inner', 'm@member.net', 'member.net'])
  await updateGroup(chat, admin, { group: outer.id, remove: [inner.id] })
  expect(people.heard.length, 'who is not there is not removed again').toBe(1)
})

test('[PR4] the members of a group and of a unit are told page by page', async () => {
  const unit = await create('organizationalUnit', 'paged unit')
  const group = await create('group', 'paged group')
  const names = ['p1@paged.net', 'p2@paged.net', 'p3@paged.net']
  for (const name of names) await create('user', name, { in: unit.id })
  await updateGroup(chat, admin, { group: group.id, add: names })
  for (const holder of [unit.id, group.id]) {
    const first = await listGroupMembers(chat, admin, { group: holder, limit: 2 })
    const second = await listGroupMembers(chat, admin, { group: holder, limit: 2, after: first.next! })
    expect([...first.principals, ...second.principals].map(one => one.name)).toEqual(names)
    expect(second.next).toBeUndefined()
  }
})

test('[PR7] disabling a user ends his sessions at once, and he cannot come back until re-enabled', async () => {
  const id = await addUser(chat, admin, 'leaver@example.com')
  const caller = await signedIn(chat, 'leaver@example.com')
  people.heard.length = 0
  await updatePrincipal(chat, admin, { principal: id, disabled: true })
  expect(people.heard.map(head => head.kind)).toEqual(['directory', 'ended'])
  expect(people.heard[1]).toMatchObject({ sessions: [caller.session] })
  await expect(signIn(chat, { address: '::1' }, { user: 'leaver', password })).rejects.toMatchObject({
    code: 'unauthenticated',
  })
  expect((await findPrincipals(chat, admin, { text: 'leaver' })).principals).toEqual([])
  await updatePrincipal(chat, admin, { principal: id, disabled: false })
  await signedIn(chat, 'leaver@example.com')
  await expect(updatePrincipal(chat, admin, { principal: 'example.com', disabled: true })).rejects.toMatchObject({
    code: 'invalid_argument',
  })
})

test('[PR8] the last administrator can neither be disabled nor stripped, also not by two at once', async () => {
  for (const change of [{ disabled: true }, { administrator: false }])
    await expect(updatePrincipal(chat, admin, { principal: admin.user.id, ...change })).rejects.toMatchObject({
      code: 'conflict',
    })
  const second = await addUser(chat, admin, 'second@example.com', { administrator: true })
  const both = await Promise.allSettled([
    updatePrincipal(chat, admin, { principal: second, administrator: false }),
    updatePrincipal(chat, admin, { principal: admin.user.id, administrator: false }),
  ])
  expect(both.map(one => one.status).sort()).toEqual(['fulfilled', 'rejected'])
  await updatePrincipal(chat, admin, { principal: admin.user.id, administrator: true })
})

test('[PR9] people are found by how words of their names begin, without case, and without disabled ones', async () => {
  await create('user', 'zoe.quint@search.net', { displayName: '\u00c9mile Zo\u00eb Quint', email: 'zq@mail.net' })
  const find = async (text: string, kind?: Kind) =>
    (await findPrincipals(chat, admin, { text, ...(kind ? { kind } : {}) })).principals.map(one => one.name)
  for (const text of ['\u00e9mi', 'ZO\u00cb qui', 'zoe.quint@sea', 'quint', 'zq@', '@search'])
    expect(await find(text), text).toContain('zoe.quint@search.net')
  for (const text of ['mile', '.*', '%', 'quint nobody', '\\', '(', '[a', '\u{1F600}', '\u20ac', '***:x', '(?i)q'])
    expect(await find(text), text).not.toContain('zoe.quint@search.net')
  expect(await find('search', 'domain')).toEqual(['search.net'])
  expect((await findPrincipals(chat, admin, { text: '', limit: 1 })).principals).toHaveLength(1)
  await expect(find('a '.repeat(200))).rejects.toMatchObject({ code: 'invalid_argument' })
})

test('[PR9] with a category only those within its scope are found, by those who may see it', async () => {
  const scoped = async (denied: string[]) => {
    const { rows } = await chat.db.query<{ id: string }>('INSERT INTO category (name) VALUES ($1) RETURNING id', [
      `c${Math.random()}`,
    ])
    const domain = (await getPrincipal(chat, admin, { principal: 'scope.net' })).principal.id
    await chat.db.query('INSERT INTO category_scope SELECT $1, $2, false', [domain, rows[0]!.id])
    await chat.db.query('INSERT INTO category_scope SELECT unnest($1::uuid[]), $2, true', [denied, rows[0]!.id])
    return rows[0]!.id
  }
  const inside = await addUser(chat, admin, 'inside@scope.net')
  const walled = await addUser(chat, admin, 'walled@scope.net')
  const category = await scoped([walled])
  await grantPolicy(chat, admin, { scope: 'scope.net', enabled: true })
  const found = (caller: Caller) => findPrincipals(chat, caller, { text: 'scope.net', category })
  const names = (await found(await signedIn(chat, 'inside@scope.net'))).principals.map(one => one.name)
  expect(names).toEqual(['inside@scope.net', 'scope.net'])
  expect((await found(admin)).principals.map(one => one.id)).toContain(inside)
  await expect(found(await signedIn(chat, 'walled@scope.net'))).rejects.toMatchObject({ code: 'not_found' })
})

test('[PR10] others than administrators see of a principal who it is and no more', async () => {
  await addUser(chat, admin, 'curious@example.com')
  const caller = await signedIn(chat, 'curious@example.com')
  expect(Object.keys(await getPrincipal(chat, caller, { principal: admin.user.id }))).toEqual(['principal'])
  await addUser(chat, admin, 'stripped@example.com', { administrator: true })
  const stripped = await signedIn(chat, 'stripped@example.com')
  await updatePrincipal(chat, admin, { principal: 'stripped@example.com', administrator: false })
  expect(Object.keys(await getPrincipal(chat, stripped, { principal: admin.user.id })), 'read anew').toEqual([
    'principal',
  ])
  await grantPolicy(chat, admin, { scope: 'curious@example.com', enabled: false })
  await expect(findPrincipals(chat, caller, { text: 'a' })).rejects.toMatchObject({ code: 'forbidden' })
  await grantPolicy(chat, admin, { scope: 'curious@example.com', enabled: null })
  expect(await getPrincipal(chat, admin, { principal: caller.user.id })).toEqual({
    principal: caller.user,
    email: null,
    in: null,
    groups: [],
    administrator: false,
    roles: [],
    disabled: false,
    enabled: true,
  })
})

test('[PR11] a bot signs in by token only; a new token ends the old one', async () => {
  const { principal, token } = await createBot(chat, admin, { name: 'bot@example.com', displayName: 'Bot' })
  expect((await callerOfToken(chat, token, '::1'))?.user).toEqual(principal)
  const byPassword = updatePrincipal(chat, admin, { principal: principal.id, password })
  await expect(byPassword).rejects.toMatchObject({ code: 'invalid_argument' })
  people.heard.length = 0
  const next = await issueBotToken(chat, admin, { bot: principal.name })
  expect(await callerOfToken(chat, token, '::1')).toBeUndefined()
  expect(await callerOfToken(chat, next.token, '::1')).toBeDefined()
  expect(people.heard.map(head => head.kind)).toEqual(['directory', 'ended'])
  await expect(issueBotToken(chat, admin, { bot: admin.user.id })).rejects.toMatchObject({ code: 'invalid_argument' })
})

test('[PR6] a grant is given, listed and taken back, and concerns who stands in the log', async () => {
  const group = await create('group', 'granted')
  for (const [scope, logged] of [
    ['global', null],
    ['site:Hamburg', null],
    ['granted', group.id],
  ] as const) {
    await grantPolicy(chat, admin, { scope, enabled: false })
    const { rows } = await chat.db.query('SELECT principal FROM directory_change ORDER BY version DESC LIMIT 1')
    expect(rows).toEqual([{ principal: logged ?? '00000000-0000-0000-0000-000000000000' }])
  }
  const { policies } = await listPolicies(chat, admin, {})
  expect(policies).toContainEqual({ scope: 'global', enabled: false })
  expect(policies).toContainEqual({ scope: 'site:hamburg', enabled: false })
  expect(policies).toContainEqual({ scope: group.id, principal: group, enabled: false })
  await grantPolicy(chat, admin, { scope: 'granted', enabled: null })
  expect((await listPolicies(chat, admin, {})).policies.map(one => one.scope)).not.toContain(group.id)
  await expect(grantPolicy(chat, admin, { scope: 'unheard', enabled: true })).rejects.toMatchObject({
    code: 'not_found',
  })
})

test('[PR12] options that are not named stay, bad ones change nothing, and the version tells the pool', async () => {
  const before = (await getSettings(chat, admin, {})).settings
  const { settings } = await updateSettings(chat, admin, { settings: { postsPerSecond: 7 } })
  expect(settings).toEqual({ ...before, postsPerSecond: 7 })
  expect(chat.settings).toEqual(settings)
  expect(people.heard).toEqual([{ kind: 'settings', version: chat.settingsVersion }])
  for (const bad of [
    { trustedNetworks: ['nonsense'] },
    { roomManagementUrl: 'javascript:alert(1)' },
    { domain: 'a b' },
  ])
    await expect(updateSettings(chat, admin, { settings: bad })).rejects.toMatchObject({ code: 'invalid_argument' })
  expect((await getSettings(chat, admin, {})).settings).toEqual(settings)
})

test('[PR13] what administrators do is in the audit record, and no password or token is', async () => {
  await addUser(chat, admin, 'audited@example.com')
  await updatePrincipal(chat, admin, { principal: 'audited@example.com', password: 'another password' })
  await createBot(chat, admin, { name: 'audited-bot@example.com', displayName: 'Bot' })
  const { entries } = await listAudit(chat, admin, { limit: 3 })
  expect(entries.map(one => one.action)).toEqual(['bot.create', 'principal.update', 'principal.create'])
  expect(entries[0]!.actor).toEqual(admin.user)
  const { rows } = await chat.db.query<{ all: string }>("SELECT string_agg(detail::text, ' ') AS all FROM audit")
  for (const secret of [password, 'another password', 'argon2', 'token"']) expect(rows[0]!.all).not.toContain(secret)
  const older = await listAudit(chat, admin, { limit: 1, before: entries[2]!.id })
  expect(older.entries[0]!.id).toBeLessThan(entries[2]!.id)
})
