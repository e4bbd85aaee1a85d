import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeFolder } from './folder.ts'
import { openSite, type Person, password, type Site, signInAt } from './harness.ts'
import { group, openScriptedDirectory, type ScriptedDirectory, unit, user } from './scripted-directory.ts'
import { until } from './stage.ts'

let site: Site
let corp: ScriptedDirectory
let other: Awaited<ReturnType<Site['another']>>
beforeAll(async () => {
  corp = openScriptedDirectory()
  const file = join(await makeFolder('pchat-directory'), 'directory.yaml')
  await writeFile(
    file,
    `ldap:
  - name: corp
    kind: openldap
    urls: [ldaps://ldap.corp.example]
    bindDn: cn=reader,dc=corp
    bindPassword: { env: CORP_PASSWORD }
    base: dc=corp
    domain: corp.example
    administrators: Admins
    everySeconds: 3600
`,
  )
  corp.put(unit('o', 'Sales'))
  for (const [id, name] of [
    ['1', 'ann'],
    ['2', 'ben'],
    ['3', 'cid'],
    ['4', 'boss'],
  ] as const) {
    corp.put(user(id, name, { in: 'ou=Sales,dc=corp' }))
    corp.passwords.set(id, password)
  }
  const dns = (...ids: string[]) => ids.map(id => corp.objects.get(id)!.dn)
  corp.put(group('inner', 'Inner', dns('1', '2'), { in: 'ou=Sales,dc=corp' }))
  corp.put(group('outer', 'Outer', dns('inner')))
  corp.put(group('admins', 'Admins', dns('4')))
  // With its own sweeps, as a pool has them.
  site = await openSite({ directoryConfig: file, openSource: () => corp, sweepMs: 1_000, server: 'one' })
  other = await site.another({ server: 'two' })
  // The first one of a server may be under way.
  await until(async () => (await site.admin.code('directory.sync', {})) === 'ok', 'read')
})
afterAll(() => site.stop())

const roomFor = async (allowed: string[], members: string[]) => {
  const category = await site.addCategory({ allowedMembers: allowed })
  return site.addRoom({ category: category.id, members })
}
const dn = (id: string) => corp.objects.get(id)!.dn
const sync = async () => (await site.admin.call('directory.sync', { source: 'corp' })).runs[0]!

test('[DS22] people of a directory sign in with the password that it keeps, and their groups open rooms', async () => {
  const ann = await signInAt(site.url, 'ann@corp.example')
  const room = await roomFor(['Outer'], ['Inner'])
  expect((await ann.call('room.get', { room: room.id })).rights).toMatchObject({ read: true })
  const cid = await signInAt(site.url, 'cid@corp.example')
  expect(await cid.code('room.get', { room: room.id })).toBe('not_found')
  const boss = await signInAt(site.url, 'boss@corp.example')
  expect((await boss.call('directory.status', {})).sources[0]).toMatchObject({
    source: 'corp',
    users: 4,
    groups: 3,
    units: 1,
  })
  expect(await ann.code('directory.status', {})).toBe('forbidden')
  const tries: [string, string][] = [
    ['ann@corp.example', 'wrong'],
    ['ann@corp.example', ''],
    ['nobody@corp.example', password],
  ]
  for (const [who, typed] of tries)
    await expect(signInWith(who, typed), `${who} ${typed}`).resolves.toBe('unauthenticated')
  corp.away = 'not reached'
  expect(await signInWith('ann@corp.example', password)).toBe('unavailable')
  expect(await signInWith('admin@example.com', password)).toBe('ok')
  corp.away = undefined
})

test('[DS22] who is disabled while his directory thinks about the password does not come in', async () => {
  const thinks = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  corp.beforePassword = () => {
    asked.resolve()
    return thinks.promise
  }
  const coming = signInWith('cid@corp.example', password)
  await asked.promise
  await site.admin.call('principal.update', { principal: 'cid@corp.example', disabled: true })
  thinks.resolve()
  expect(await coming).toBe('unauthenticated')
  corp.beforePassword = () => {}
  await site.admin.call('principal.update', { principal: 'cid@corp.example', disabled: false })
  expect(await signInWith('cid@corp.example', password)).toBe('ok')
})

test('[DS22] guesses at a password that a directory keeps lock the name as those at any other', async () => {
  const { settings } = await site.admin.call('settings.get', {})
  corp.put(user('5', 'guessed'))
  corp.passwords.set('5', password)
  await sync()
  for (let i = 0; i < settings.lockoutThreshold; i += 1) await signInWith('guessed@corp.example', `guess ${i}`)
  let binds = 0
  corp.beforePassword = () => {
    binds += 1
  }
  expect(await signInWith('guessed@corp.example', password)).toBe('rate_limited')
  expect(binds).toBe(0)
  corp.beforePassword = () => {}
})

async function signInWith(who: string, typed: string): Promise<string> {
  const response = await fetch(`${site.url}/api/v1/session.signIn`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: who, password: typed }),
  })
  return ((await response.json()) as { error?: { code: string } }).error?.code ?? 'ok'
}

test('[DS23] who leaves a group loses the room on every server within five seconds, who is disabled his session', async () => {
  const room = await roomFor(['Outer'], ['Outer'])
  const [ann, ben] = [await signInAt(site.url, 'ann@corp.example'), await signInAt(site.url, 'ben@corp.example')]
  const here = await ann.open()
  const there = await other.at(ann).open()
  const bens = await other.at(ben).open()
  for (const live of [here, there, bens]) await live.call('room.join', { room: room.id })
  corp.change('inner', { members: [dn('2')] })
  const beganAt = performance.now()
  expect((await sync()).counts).toEqual({ memberRemoved: 1 })
  await Promise.all([here, there].map(live => live.hears('room.closed', event => event.room === room.id)))
  expect(performance.now() - beganAt).toBeLessThan(5_000)
  expect(await ann.code('message.list', { room: room.id })).not.toBe('ok')
  expect(bens.heard('room.closed')).toEqual([])
  await bens.post(room.id, 'still in')
  corp.change('2', { disabled: true })
  const disabledAt = performance.now()
  await sync()
  expect((await bens.closed).code).toBe(4003)
  expect(performance.now() - disabledAt).toBeLessThan(5_000)
  expect(await signInWith('ben@corp.example', password)).toBe('unauthenticated')
  expect(await ben.code('session.list', {})).toBe('unauthenticated')
  corp.change('2', { disabled: false })
  corp.change('inner', { members: [dn('1'), dn('2')] })
  await sync()
  await until(async () => (await ann.code('message.list', { room: room.id })) === 'ok')
  expect(await signInWith('ben@corp.example', password)).toBe('ok')
})

test('[DS24] what a source owns is changed there; what is added here stays', async () => {
  const refused: [Parameters<Person['ask']>[0], object][] = [
    ['principal.update', { principal: 'ann@corp.example', displayName: 'Anna' }],
    ['principal.update', { principal: 'ann@corp.example', email: 'a@b.example' }],
    ['principal.update', { principal: 'ann@corp.example', in: null }],
    ['principal.update', { principal: 'ann@corp.example', password: 'a new password' }],
    ['principal.update', { principal: 'boss@corp.example', administrator: false }],
    ['group.update', { group: 'Inner', remove: ['ann@corp.example'] }],
    ['group.update', { group: 'Inner', add: ['admin@example.com'] }],
  ]
  for (const [verb, input] of refused)
    expect((await site.admin.ask(verb, input as never)).error, `${verb} ${JSON.stringify(input)}`).toMatchObject({
      code: 'forbidden',
      message: expect.stringMatching(/corp/),
    })
  const ann = await signInAt(site.url, 'ann@corp.example')
  expect((await ann.ask('password.change', { password, newPassword: 'a new password' })).error).toMatchObject({
    code: 'forbidden',
    message: expect.stringMatching(/corp/),
  })
  await site.admin.call('principal.create', { kind: 'group', name: 'Own group', displayName: 'Own' })
  await site.admin.call('group.update', { group: 'Own group', add: ['ann@corp.example', 'Outer'] })
  expect((await site.admin.call('directory.sync', { full: true })).runs[0]!.counts).toEqual({})
  const { groups } = await site.admin.call('directory.explain', { user: 'ann@corp.example' })
  expect(groups.map(one => one.group.name)).toEqual(['Inner', 'Outer', 'Own group'])
  expect((await site.admin.call('directory.check', { source: 'corp' })).sound).toBe(true)
  expect((await site.admin.call('principal.get', { principal: 'ann@corp.example' })).source).toBe('corp')
})

test('[DS25] it is told who somebody is, through which groups and units, and what of that opens a room or shuts him out', async () => {
  const room = await roomFor(['Sales', 'Outer'], ['Outer'])
  const explain = (user: string) => site.admin.call('directory.explain', { user, room: room.id })
  const ann = await explain('ann@corp.example')
  expect(ann).toMatchObject({
    source: 'corp',
    externalId: '1',
    dn: 'cn=ann,ou=Sales,dc=corp',
    disabled: false,
    units: [{ name: 'Sales' }],
    domain: { name: 'corp.example' },
  })
  expect(ann.groups.find(one => one.group.name === 'Outer')?.path.map(step => step.name)).toEqual(['Inner', 'Outer'])
  expect(ann.room).toMatchObject({ mayRead: true, rights: { member: true } })
  expect(ann.room!.sentences).toEqual([
    'He may enter this room.',
    'The category\'s allowed members hold him through the group "Inner", which is in "Outer".',
    'The category\'s allowed members hold him through the unit "Sales".',
    'The room\'s members hold him through the group "Inner", which is in "Outer".',
  ])
  expect((await explain('cid@corp.example')).room!.sentences).toEqual([
    'He may not enter this room.',
    'The category\'s allowed members hold him through the unit "Sales".',
    "No entry of the room's members stands for him.",
  ])
  await site.admin.call('category.update', { category: room.category, deniedMembers: ['Inner'] })
  const denied = await explain('ann@corp.example')
  expect(denied.room!.sentences).toContain(
    'The category\'s denied members hold him, which beats everything else, through the group "Inner" of the unit "Sales".',
  )
  expect(denied.room).toMatchObject({ mayRead: false })
  expect(denied.room!.reasons.map(reason => reason.list)).toEqual(['allowed', 'allowed', 'denied', 'member'])
  expect(await site.admin.code('directory.explain', { user: 'Inner', room: room.id })).toBe('invalid_argument')
  expect(await site.admin.code('directory.explain', { user: 'nobody' })).toBe('not_found')
})

test('[DS26] the verbs answer with counts, refuse unknown sources, and leave a record', async () => {
  corp.change('3', { displayName: 'Cidney' })
  const dry = (await site.admin.call('directory.sync', { dryRun: true })).runs[0]!
  expect(dry).toMatchObject({ dryRun: true, counts: { changed: 1 } })
  expect((await site.admin.call('directory.resync', { principal: 'cid@corp.example' })).run.counts).toEqual({
    changed: 1,
  })
  expect(await site.admin.code('directory.sync', { source: 'unheard' })).toBe('not_found')
  expect(await site.admin.code('directory.check', { source: 'unheard' })).toBe('not_found')
  expect(await site.admin.code('directory.resync', { principal: 'admin@example.com' })).toBe('invalid_argument')
  const { entries } = await site.admin.call('audit.list', { limit: 1 })
  expect(entries[0]).toMatchObject({
    action: 'directory.sync',
    subject: 'corp',
    detail: { changed: 1 },
    actor: { name: 'admin@example.com' },
  })
  const metrics = await (await fetch(`${site.url}/metrics`)).text()
  expect(metrics).toMatch(/pchat_directory_changes_total\{source="corp",change="changed"\} \d/)
  expect(metrics).toMatch(/pchat_directory_lag_seconds\{source="corp"\} [\d.]+/)
})
