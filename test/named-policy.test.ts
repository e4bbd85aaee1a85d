import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { readStamps } from '../src/store/stamp.ts'
import { openStage, type Stage } from './stage.ts'

type Other = Awaited<ReturnType<Stage['another']>>
let stage: Stage
/** A server of a site, with a bus of its own. */
let hamburg: Other
beforeAll(async () => {
  stage = await openStage()
  hamburg = await stage.another({ site: 'Hamburg' })
})
afterAll(() => stage.stop())
beforeEach(async () => {
  const { admin } = stage
  for (const { name } of (await admin.call('policy.get', {})).policies)
    await admin.call('policy.delete', { policy: name })
  for (const { scope } of (await admin.call('policy.list', {})).policies)
    await admin.call('policy.grant', { scope, enabled: null })
  await admin.call('policy.grant', { scope: 'global', enabled: true })
})

const directory = async () => (await readStamps(stage.db)).directory
const listed = async (filter?: string) => (await stage.admin.call('policy.get', filter ? { filter } : {})).policies
const may = async (who: 'alice' | 'bob', at: Pick<Other, 'at'> | undefined = undefined) => {
  const person = at ? at.at(stage[who]) : stage[who]
  return (await person.code('room.find', {})) === 'ok'
}

test('[CF10] a policy has a name, a description and a switch that is off unless said; only administrators make, see, change and delete them', async () => {
  const { admin, alice } = stage
  for (const code of [
    await alice.code('policy.create', { name: 'mine' }),
    await alice.code('policy.update', { policy: 'global', enabled: true }),
    await alice.code('policy.get', {}),
    await alice.code('policy.delete', { policy: 'global' }),
  ])
    expect(code).toBe('forbidden')
  const { policy } = await admin.call('policy.create', { name: ' Traders ', description: 'of the floor' })
  expect(policy).toEqual({ name: 'Traders', description: 'of the floor', enabled: false, granted: 0 })
  expect(await admin.code('policy.create', { name: 'TRADERS' })).toBe('name_taken')
  expect((await admin.call('policy.create', { name: 'Site:Berlin', enabled: true })).policy.name).toBe('site:berlin')
  for (const taken of ['site:BERLIN', 'Global', 'global'])
    expect(await admin.code('policy.create', { name: taken }), taken).toBe('name_taken')
  for (const bad of ['site:', ' ', 'x'.repeat(257)])
    expect(await admin.code('policy.create', { name: bad }), bad).toBe('invalid_argument')
  expect(await listed()).toEqual([
    { name: 'global', description: '', enabled: true, granted: 0 },
    { name: 'site:berlin', description: '', enabled: true, granted: 0 },
    policy,
  ])
  expect((await listed('*R*')).map(one => one.name)).toEqual(['site:berlin', 'Traders'])
  expect((await listed('trader?')).map(one => one.name)).toEqual(['Traders'])
  expect(await listed('trader')).toEqual([])
})

test('[CF11] a named policy is given to users, groups, units and domains in place of what they had; null takes it back', async () => {
  const { admin, alice } = stage
  await admin.call('policy.create', { name: 'No chat' })
  await admin.call('policy.grant', { scope: 'alice@example.com', policy: 'no CHAT' })
  expect(await may('alice')).toBe(false)
  expect(await may('bob')).toBe(true)
  await admin.call('principal.create', { kind: 'group', name: 'floor', displayName: 'Floor' })
  await admin.call('group.update', { group: 'floor', add: ['bob@example.com'] })
  await admin.call('policy.grant', { scope: 'floor', policy: 'No chat' })
  expect(await may('bob')).toBe(false)
  expect((await listed('No*'))[0]).toMatchObject({ granted: 2 })
  const { policies } = await admin.call('policy.list', {})
  expect(policies.find(one => one.scope === alice.me.id)).toMatchObject({ enabled: false, policy: 'No chat' })
  // What is said of the switch alone is no named policy any more.
  await admin.call('policy.grant', { scope: alice.me.id, enabled: true })
  expect(await may('alice')).toBe(true)
  expect((await listed('No*'))[0]).toMatchObject({ granted: 1 })
  await admin.call('policy.grant', { scope: 'floor', policy: null })
  expect(await may('bob')).toBe(true)
  const before = await directory()
  for (const input of [
    { scope: 'global', policy: 'No chat' },
    { scope: 'site:Hamburg', policy: null },
    { scope: 'floor', policy: 'site:Hamburg' },
    { scope: 'floor' },
    { scope: 'floor', enabled: true, policy: 'No chat' },
  ])
    expect(await admin.code('policy.grant', input), JSON.stringify(input)).toBe('invalid_argument')
  expect(await admin.code('policy.grant', { scope: 'floor', policy: 'Nothing' })).toBe('not_found')
  expect(await admin.code('policy.grant', { scope: 'nobody', policy: 'No chat' })).toBe('not_found')
  expect(await directory()).toBe(before)
})

test('[CF12] turning its switch turns the rights of all who have it at once, on every server, and raises the directory once', async () => {
  const { admin, alice } = stage
  await admin.call('policy.create', { name: 'Floor', enabled: true })
  for (const scope of ['alice@example.com', 'bob@example.com'])
    await admin.call('policy.grant', { scope, policy: 'Floor' })
  const room = await stage.room()
  const lives = await Promise.all([alice.open(), hamburg.at(alice).open()])
  for (const live of lives) await live.call('room.join', { room: room.id })
  const before = await directory()
  const { policy } = await admin.call('policy.update', { policy: 'floor', enabled: false, name: 'Trading floor' })
  expect(policy).toEqual({ name: 'Trading floor', description: '', enabled: false, granted: 2 })
  for (const at of [undefined, hamburg])
    for (const who of ['alice', 'bob'] as const) expect(await may(who, at)).toBe(false)
  for (const live of lives) expect((await live.hears('room.closed')).room).toBe(room.id)
  expect(await directory()).toBe(before + 1)
  const { rows } = await stage.db.query('SELECT principal FROM directory_change WHERE version = $1', [before + 1])
  expect(rows.map(row => row.principal).sort()).toEqual([alice.me.id, stage.bob.me.id].sort())
  // What is said of it otherwise turns no right.
  await admin.call('policy.update', { policy: 'Trading floor', description: 'of the exchange', enabled: false })
  expect(await directory()).toBe(before + 1)
  await admin.call('policy.update', { policy: 'Trading floor', enabled: true })
  expect(await may('bob', hamburg)).toBe(true)
  expect(await admin.code('policy.update', { policy: 'floor', enabled: true })).toBe('not_found')
  await admin.call('policy.create', { name: 'other' })
  expect(await admin.code('policy.update', { policy: 'other', name: 'trading FLOOR' })).toBe('name_taken')
  expect(await admin.code('policy.update', { policy: 'other', name: 'site:x' })).toBe('invalid_argument')
  await Promise.all(lives.map(live => live.close()))
})

test('[CF13] the policies of all and of a site are changed in place, and their grants are the same as ever', async () => {
  const { admin } = stage
  expect(await admin.code('policy.update', { policy: 'site:Hamburg', enabled: false })).toBe('not_found')
  await admin.call('policy.create', { name: 'site:Hamburg', description: 'the harbour' })
  expect([await may('alice'), await may('alice', hamburg)]).toEqual([true, false])
  const { policy } = await admin.call('policy.update', { policy: 'SITE:hamburg', enabled: true })
  expect(policy).toEqual({ name: 'site:hamburg', description: 'the harbour', enabled: true, granted: 0 })
  await admin.call('policy.update', { policy: 'global', enabled: false, description: 'nobody yet' })
  expect([await may('alice'), await may('alice', hamburg)]).toEqual([false, true])
  await admin.call('policy.grant', { scope: 'site:Hamburg', enabled: false })
  expect((await listed()).map(({ name, description, enabled }) => [name, description, enabled])).toEqual([
    ['global', 'nobody yet', false],
    ['site:hamburg', 'the harbour', false],
  ])
  expect((await admin.call('policy.list', {})).policies).toEqual([
    { scope: 'global', enabled: false },
    { scope: 'site:hamburg', enabled: false },
  ])
  expect(await admin.code('policy.update', { policy: 'global', name: 'all' })).toBe('invalid_argument')
})

test('[CF14] a deleted policy takes its grants along and says how many; the one of all is reset to off', async () => {
  const { admin } = stage
  await admin.call('policy.create', { name: 'Gone' })
  for (const scope of ['alice@example.com', 'bob@example.com'])
    await admin.call('policy.grant', { scope, policy: 'Gone' })
  expect(await may('alice')).toBe(false)
  const before = await directory()
  expect(await admin.call('policy.delete', { policy: 'gone' })).toEqual({ grants: 2 })
  expect(await directory()).toBe(before + 1)
  expect([await may('alice'), await may('bob')]).toEqual([true, true])
  expect(await admin.code('policy.delete', { policy: 'gone' })).toBe('not_found')
  expect(await admin.code('policy.delete', { policy: 'site:Hamburg' })).toBe('not_found')
  await admin.call('policy.create', { name: 'site:Hamburg', enabled: true })
  expect(await admin.call('policy.delete', { policy: 'global' })).toEqual({ grants: 0 })
  expect((await listed('global'))[0]).toEqual({ name: 'global', description: '', enabled: false, granted: 0 })
  expect([await may('alice'), await may('alice', hamburg)]).toEqual([false, true])
  await admin.call('policy.delete', { policy: 'site:hamburg' })
  expect(await may('alice', hamburg)).toBe(false)
  const { entries } = await admin.call('audit.list', { limit: 50 })
  const deleted = entries.filter(one => one.action === 'policy.delete').map(one => [one.subject, one.detail])
  expect(deleted.slice(0, 3)).toEqual([
    ['site:hamburg', { grants: 0 }],
    ['global', { grants: 0 }],
    ['gone', { grants: 2 }],
  ])
})

test('[CF15] a grant and a turned switch at the same time leave the grant with the switch as it is', async () => {
  const { admin } = stage
  await admin.call('policy.create', { name: 'Racing' })
  for (let round = 0; round < 10; round += 1) {
    const enabled = round % 2 === 0
    await Promise.all([
      admin.call('policy.update', { policy: 'Racing', enabled }),
      admin.call('policy.grant', { scope: 'alice@example.com', policy: 'Racing' }),
      admin.call('policy.grant', { scope: 'bob@example.com', policy: round % 3 === 0 ? null : 'Racing' }),
    ])
    const { policies } = await admin.call('policy.list', {})
    for (const one of policies.filter(grant => grant.policy === 'Racing')) expect(one.enabled).toBe(enabled)
    expect(await may('alice')).toBe(enabled)
  }
})

test('[CF16] where a policy has more than a thousand holders the log of changes names everybody instead of them', async () => {
  const { admin, db } = stage
  await admin.call('policy.create', { name: 'Many' })
  await db.query(
    `WITH made AS (INSERT INTO principal (kind, name, name_key, display_name)
       SELECT 'group', 'many ' || n, 'many ' || n, 'm' FROM generate_series(1, 1001) n RETURNING id)
     INSERT INTO policy (scope, principal, enabled, named)
     SELECT made.id::text, made.id, false, (SELECT id FROM named_policy WHERE name_key = 'many') FROM made`,
  )
  await admin.call('policy.update', { policy: 'Many', enabled: true })
  const { rows } = await db.query('SELECT principal FROM directory_change WHERE version = $1', [await directory()])
  expect(rows).toEqual([{ principal: '00000000-0000-0000-0000-000000000000' }])
  expect(await admin.call('policy.delete', { policy: 'Many' })).toEqual({ grants: 1001 })
})

test('[CF18] a site is the same one by whichever way of writing its name', async () => {
  const road = await stage.another({ site: ' STRASSE' })
  expect(await may('alice', road)).toBe(true)
  await stage.admin.call('policy.grant', { scope: 'Site:Straße', enabled: false })
  expect([await may('alice', road), await may('alice'), await may('alice', hamburg)]).toEqual([false, true, true])
  await stage.admin.call('policy.grant', { scope: 'site:strasse', enabled: null })
  expect(await may('alice', road)).toBe(true)
  await road.stop()
})
