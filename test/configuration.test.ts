import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openLocalBus } from '../src/pool/local.ts'
import { defaultSettings } from '../src/store/settings.ts'
import type { Live } from './harness.ts'
import { openStage, postAll, type Stage, until } from './stage.ts'

type Other = Awaited<ReturnType<Stage['another']>>
const bus = openLocalBus()
let stage: Stage
/** Of a site; one of them of another pool, on a bus of its own. */
let hamburg: Other
let berlin: Other
beforeAll(async () => {
  stage = await openStage({ bus })
  hamburg = await stage.another({ site: 'Hamburg', bus })
  berlin = await stage.another({ site: 'Hamburg', pool: 'Straße', bus: openLocalBus() })
})
afterAll(() => stage.stop())
beforeEach(async () => {
  const { admin } = stage
  for (const { scope } of (await admin.call('configuration.list', {})).configurations)
    await admin.call('configuration.delete', { scope })
})

const all = async () => (await stage.admin.call('configuration.list', {})).configurations
/** What a new session at each server is told. */
const opened = async () =>
  Promise.all(
    [stage.alice, hamburg.at(stage.alice), berlin.at(stage.alice)].map(async person => {
      const live = await person.open()
      await live.close()
      const { limits, roomManagementUrl = '' } = live.opened
      return [limits.historyOnJoin, limits.fileBytes, limits.participantUpdateLimit, roomManagementUrl]
    }),
  )
const inForce = (wanted: unknown[]) =>
  until(async () => JSON.stringify(await opened()) === JSON.stringify(wanted), JSON.stringify(wanted))
const defaults = [30, 20_000 * 1024, 75, '']

test('[CF20] options are set by administrators for all, a site or a pool; global stands always, and a scope shows which are its own', async () => {
  const { admin, alice } = stage
  expect(await alice.code('configuration.list', {})).toBe('forbidden')
  expect(await alice.code('configuration.set', { scope: 'global', defaultChatHistory: 5 })).toBe('forbidden')
  expect(await alice.code('configuration.delete', { scope: 'global' })).toBe('forbidden')
  const plain = { defaultChatHistory: 30, maxFileKb: 20_000, participantUpdateLimit: 75, roomManagementUrl: '' }
  expect(await all()).toEqual([{ scope: 'global', ...plain, own: [] }])
  const { configuration } = await admin.call('configuration.set', { scope: ' Site:HAMBURG ', maxFileKb: 1_000 })
  expect(configuration).toEqual({ scope: 'site:hamburg', ...plain, maxFileKb: 1_000, own: ['maxFileKb'] })
  await admin.call('configuration.set', { scope: 'pool:STRASSE' })
  await admin.call('configuration.set', { scope: 'global', defaultChatHistory: 50 })
  expect(await all()).toEqual([
    { scope: 'global', ...plain, defaultChatHistory: 50, own: ['defaultChatHistory'] },
    { ...configuration, defaultChatHistory: 50 },
    { scope: 'pool:strasse', ...plain, defaultChatHistory: 50, own: [] },
  ])
  const some = await admin.call('configuration.list', { filter: '*:*' })
  expect(some.configurations.map(one => one.scope)).toEqual(['site:hamburg', 'pool:strasse'])
  const taken = await admin.call('configuration.set', { scope: 'site:hamburg', maxFileKb: null, defaultChatHistory: 1 })
  expect(taken.configuration).toMatchObject({ maxFileKb: 20_000, defaultChatHistory: 1, own: ['defaultChatHistory'] })
})

test('[CF21] what is out of range, no address or no scope is refused and changes nothing; deleting what is not there is not_found', async () => {
  const { admin } = stage
  const bad = [
    { scope: 'global', defaultChatHistory: 0 },
    { scope: 'global', defaultChatHistory: 501 },
    { scope: 'site:a', maxFileKb: 0 },
    { scope: 'site:a', participantUpdateLimit: 1 },
    { scope: 'site:a', roomManagementUrl: 'file:///etc' },
    { scope: 'site:' },
    { scope: 'server:a' },
    { scope: 'globally' },
  ]
  for (const input of bad)
    expect(await admin.code('configuration.set', input), JSON.stringify(input)).toBe('invalid_argument')
  expect(await all()).toHaveLength(1)
  expect(await admin.code('configuration.delete', { scope: 'site:a' })).toBe('not_found')
  expect(await admin.code('configuration.delete', { scope: 'a' })).toBe('invalid_argument')
})

test('[CF22] on each server the pool wins over the site and the site over global, option by option, at once and without a restart', async () => {
  const { admin } = stage
  await inForce([defaults, defaults, defaults])
  await admin.call('configuration.set', { scope: 'global', defaultChatHistory: 7, maxFileKb: 7 })
  await inForce([
    [7, 7 * 1024, 75, ''],
    [7, 7 * 1024, 75, ''],
    [7, 7 * 1024, 75, ''],
  ])
  await admin.call('configuration.set', { scope: 'site:Hamburg', defaultChatHistory: 8, participantUpdateLimit: 8 })
  await admin.call('configuration.set', {
    scope: 'pool:straße',
    defaultChatHistory: 9,
    roomManagementUrl: 'https://r.example',
  })
  await inForce([
    [7, 7 * 1024, 75, ''],
    [8, 7 * 1024, 8, ''],
    [9, 7 * 1024, 8, 'https://r.example'],
  ])
  // Of no server here.
  await admin.call('configuration.set', { scope: 'site:Bremen', defaultChatHistory: 100 })
  await admin.call('configuration.set', { scope: 'pool:pchat', maxFileKb: 3 })
  await inForce([
    [7, 3 * 1024, 75, ''],
    [8, 3 * 1024, 8, ''],
    [9, 7 * 1024, 8, 'https://r.example'],
  ])
  for (const scope of ['site:Bremen', 'pool:pchat', 'site:hamburg', 'pool:straße'])
    await admin.call('configuration.delete', { scope })
  await admin.call('configuration.delete', { scope: 'global' })
  await inForce([defaults, defaults, defaults])
})

test('[CF23] settings.get and settings.update tell and change the global values, whatever the server has of its own', async () => {
  const { admin } = stage
  await admin.call('configuration.set', { scope: 'site:hamburg', defaultChatHistory: 8 })
  await inForce([defaults, [8, ...defaults.slice(1)], [8, ...defaults.slice(1)]])
  const there = hamburg.at(admin)
  expect((await there.call('settings.get', {})).settings.defaultChatHistory).toBe(30)
  const { settings } = await there.call('settings.update', {
    settings: { defaultChatHistory: 40, maxFileBytes: 1_536 },
  })
  expect(settings.defaultChatHistory).toBe(40)
  expect((await all())[0]).toMatchObject({
    defaultChatHistory: 40,
    maxFileKb: 1.5,
    own: ['defaultChatHistory', 'maxFileKb'],
  })
  await inForce([
    [40, 1_536, 75, ''],
    [8, 1_536, 75, ''],
    [8, 1_536, 75, ''],
  ])
  // Others than these four are kept, and are nobody's own.
  await admin.call('configuration.delete', { scope: 'global' })
  const { settings: left } = await admin.call('settings.get', {})
  expect(left).toEqual({ ...defaultSettings, domain: left.domain, trustedNetworks: left.trustedNetworks })
  expect(left.trustedNetworks).not.toEqual([])
})

test('[CF24] joins bring the history, and uploads are held to the size, of the server that is asked', async () => {
  const { admin, alice } = stage
  const files = await stage.sameScope({ fileUpload: true })
  const room = await stage.room({ category: files.id })
  await postAll(alice, room.id, ['one', 'two', 'three', 'four'])
  await admin.call('configuration.set', { scope: 'site:Hamburg', defaultChatHistory: 2, maxFileKb: 1 })
  await inForce([defaults, [2, 1024, 75, ''], [2, 1024, 75, '']])
  const lives: Live[] = await Promise.all([alice, hamburg.at(alice)].map(person => person.open()))
  const joined = await Promise.all(lives.map(live => live.call('room.join', { room: room.id })))
  expect(joined.map(({ messages }) => messages.length)).toEqual([4, 2])
  const size = (bytes: number) => ({ room: room.id, name: 'a.txt', size: bytes })
  expect(await hamburg.at(alice).code('file.begin', size(1_025))).toBe('too_large')
  // No server here has a file store; that is looked at after the size.
  expect(await hamburg.at(alice).code('file.begin', size(1_024))).toBe('unavailable')
  expect(await alice.code('file.begin', size(1_025))).toBe('unavailable')
  await Promise.all(lives.map(live => live.close()))
})

test('[CF25] the cut-off of the roster is that of each server: of one room with six people one server tells, the other does not', async () => {
  const { admin } = stage
  const crowd = await Promise.all(['ann', 'ben', 'cat'].map(name => stage.addUser(`${name}@example.com`)))
  const people = [stage.alice, stage.bob, stage.carol, ...crowd]
  const room = await stage.room({ privacy: 'open' })
  await admin.call('configuration.set', { scope: 'site:hamburg', participantUpdateLimit: 5 })
  await inForce([defaults, [30, 20_000 * 1024, 5, ''], [30, 20_000 * 1024, 5, '']])
  /** Both servers know all who are there. */
  const agree = (count: number) =>
    until(async () => {
      const lists = [here, there].map(live => live.call('participant.list', { room: room.id }))
      return (await Promise.all(lists)).every(({ participants }) => participants.length === count)
    }, `both know ${count}`)
  const here = await people[0]!.open()
  const there = await hamburg.at(people[1]!).open()
  await here.call('room.join', { room: room.id })
  await there.call('room.join', { room: room.id })
  await agree(2)
  const others: Live[] = []
  for (const [i, person] of people.slice(2).entries()) {
    const live = await (i % 2 === 0 ? person : hamburg.at(person)).open()
    others.push(live)
    const { participants } = await live.call('room.join', { room: room.id })
    // The sixth comes to the server with the lower limit.
    expect(participants?.length, `${i}`).toBe(i === 3 ? undefined : i + 3)
    await agree(i + 3)
  }
  await there.hears('room.roster', event => event.suspended && event.participants === 6)
  expect(there.heard('participant.joined').map(event => event.participants)).toEqual([3, 4, 5])
  expect(here.heard('room.roster')).toEqual([])
  await here.hears('participant.joined', event => event.participants === 6)
  for (const live of others.slice(1)) await live.call('room.part', { room: room.id })
  await there.hears('room.roster', event => !event.suspended && event.participants === 3)
  await here.hears('participant.left', event => event.participants === 3)
  expect(here.heard('room.roster')).toEqual([])
  await Promise.all([here, there, ...others].map(live => live.close()))
})

test('[CF26] every change is in the record with its scope and what was set', async () => {
  const { admin } = stage
  await admin.call('configuration.set', { scope: 'Site:Hamburg', defaultChatHistory: 9, maxFileKb: null })
  await admin.call('configuration.delete', { scope: 'site:hamburg' })
  const { entries } = await admin.call('audit.list', { limit: 2 })
  expect(entries.map(({ action, subject, detail }) => [action, subject, detail])).toEqual([
    ['configuration.delete', 'site:hamburg', {}],
    ['configuration.set', 'site:hamburg', { defaultChatHistory: 9, maxFileKb: null }],
  ])
})
