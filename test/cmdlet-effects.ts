import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Site } from './harness.ts'
import type { SiteShell } from './shell.ts'

export type World = { site: Site; pchat: SiteShell; folder: string; fresh(): string }
/** `room set --members-none --members-all`: the verb, and the options whose effect the check shows. */
type Effect = [what: string, check: (world: World) => Promise<void>]

let made = 0
export const fresh = () => {
  made += 1
  return `thing ${made}`
}

/** A category that has everybody in its scope, with a room in it. */
async function roomIn({ pchat, fresh }: World, ...args: string[]) {
  const category = fresh()
  const room = fresh()
  await pchat.json('category', 'new', category)
  await pchat.json('category', 'set', category, '--allowed-members', 'example.com,Team')
  await pchat.json('room', 'new', room, '--category', category, ...args)
  return { category, room, get: () => pchat.json('room', 'get', room) }
}

async function posted(world: World, ...texts: string[]) {
  const found = await roomIn(world)
  await world.pchat.json('room', 'set', found.room, '--members', 'admin@example.com,ann@example.com,bob@example.com')
  const { room } = await found.get()
  for (const text of texts) await world.site.admin.call('message.post', { room: room.id, clientId: randomUUID(), text })
  const list = async () =>
    (await world.site.admin.call('message.list', { room: room.id, limit: 100 })).messages.map(one =>
      'text' in one ? one.text : null,
    )
  return { ...found, id: room.id as string, list }
}

const names = (list: { name: string }[]) => list.map(one => one.name).sort()
const roomNames = (answer: { rooms: { room: { name: string } }[] }) => answer.rooms.map(one => one.room.name).sort()

export const effects: Effect[] = [
  [
    'room new --name --category --description --type --privacy --invitations --disabled',
    async world => {
      const { pchat, fresh } = world
      const { category } = await roomIn(world)
      const name = fresh()
      const told = [
        '--description',
        'of the day',
        '--type',
        'Auditorium',
        '--privacy',
        'Secret',
        '--invitations',
        'False',
        '--disabled',
      ]
      const { room } = await pchat.json('room', 'new', '--name', name, '--category', category, ...told)
      expect(room).toMatchObject({
        ...{ name, categoryName: category, description: 'of the day', type: 'auditorium', privacy: 'secret' },
        ...{ invitations: 'off', disabled: true },
      })
      const plain = await pchat.json('room', 'new', fresh(), '--category', category)
      expect(plain.room).toMatchObject({
        type: 'normal',
        privacy: 'closed',
        invitations: 'inherit',
        disabled: false,
        description: '',
      })
    },
  ],
  [
    'room new --members --members-all --managers --presenters',
    async world => {
      const { pchat, fresh } = world
      const { category } = await roomIn(world)
      const name = fresh()
      const lists = ['--members', 'Team,ann@example.com', '--managers', 'ann@example.com', '--presenters', 'Team']
      const args = ['room', 'new', name, '--category', category, '--type', 'auditorium', ...lists]
      const { changes } = await pchat.json(...args, '--what-if')
      expect(changes.map((one: { change: string }) => one.change)).toEqual([
        ...['create', 'members, add', 'members, add', 'managers, add', 'presenters, add'],
      ])
      await pchat.json(...args)
      const made = await pchat.json('room', 'get', name)
      expect(names(made.members)).toEqual(['Team', 'ann@example.com'])
      expect(names(made.managers)).toContain('ann@example.com')
      expect(names(made.presenters)).toEqual(['Team'])
      const everyone = fresh()
      await pchat.json('room', 'new', everyone, '--category', category, '--members-all')
      expect((await pchat.json('room', 'get', everyone)).members).toBeNull()
      const wrong = fresh()
      expect((await pchat('room', 'new', wrong, '--category', category, '--members', 'nobody@example.com')).code).toBe(
        1,
      )
      expect((await pchat('room', 'get', wrong)).code).toBe(1)
    },
  ],
  [
    'category new --allowed-members --denied-members --creators',
    async ({ pchat, fresh }) => {
      const name = fresh()
      const lists = ['--allowed-members', 'example.com', '--denied-members', 'Team', '--creators', 'bob@example.com']
      await pchat.json('category', 'new', name, ...lists)
      const { category } = await pchat.json('category', 'get', name)
      expect(names(category.allowedMembers)).toEqual(['example.com'])
      expect(names(category.deniedMembers)).toEqual(['Team'])
      expect(names(category.creators)).toEqual(['bob@example.com'])
    },
  ],
  [
    'room set --name --description --type --privacy --invitations --disabled',
    async world => {
      const { room, get } = await roomIn(world)
      const id = (await get()).room.id
      const renamed = world.fresh()
      const told = [
        '--description',
        'later',
        '--type',
        'auditorium',
        '--privacy',
        'open',
        '--invitations',
        'off',
        '--disabled',
        'true',
      ]
      await world.pchat.json('room', 'set', room, '--name', renamed, ...told)
      const { room: now } = await world.pchat.json('room', 'get', id)
      expect(now).toMatchObject({
        name: renamed,
        description: 'later',
        type: 'auditorium',
        privacy: 'open',
        invitations: 'off',
        disabled: true,
      })
      await world.pchat.json('room', 'set', '--identity', id, '--disabled', 'false')
      expect((await world.pchat.json('room', 'get', id)).room.disabled).toBe(false)
    },
  ],
  [
    'room set --members --members-add --members-remove --members-none --members-all',
    async world => {
      const { room, get } = await roomIn(world)
      const set = (...args: string[]) => world.pchat.json('room', 'set', room, ...args)
      await set('--members', 'ann@example.com,sip:bob@example.com')
      expect(names((await get()).members)).toEqual(['ann@example.com', 'bob@example.com'])
      await set('--members-add', 'Team', '--members-remove', 'ann@example.com')
      expect(names((await get()).members)).toEqual(['Team', 'bob@example.com'])
      await set('--members-none')
      expect((await get()).members).toEqual([])
      await set('--members-all')
      expect((await get()).members).toBe(null)
    },
  ],
  [
    'room set --managers --managers-add --managers-remove --managers-none',
    async world => {
      const { room, get } = await roomIn(world)
      const set = (...args: string[]) => world.pchat.json('room', 'set', room, ...args)
      await set('--managers', 'ann@example.com')
      expect(names((await get()).managers)).toEqual(['ann@example.com'])
      await set('--managers-add', 'bob@example.com', '--managers-remove', 'ann@example.com')
      expect(names((await get()).managers)).toEqual(['bob@example.com'])
      await set('--managers-none')
      expect((await get()).managers).toEqual([])
    },
  ],
  [
    'room set --presenters --presenters-add --presenters-remove --presenters-none',
    async world => {
      const { room, get } = await roomIn(world, '--type', 'auditorium')
      const set = (...args: string[]) => world.pchat.json('room', 'set', room, ...args)
      await set('--members', 'ann@example.com,bob@example.com', '--presenters', 'ann@example.com')
      expect(names((await get()).presenters)).toEqual(['ann@example.com'])
      await set('--presenters-add', 'bob@example.com', '--presenters-remove', 'ann@example.com')
      expect(names((await get()).presenters)).toEqual(['bob@example.com'])
      await set('--presenters-none')
      expect((await get()).presenters).toEqual([])
    },
  ],
  [
    'room set --as-object',
    async world => {
      const { room, get } = await roomIn(world)
      await world.pchat.json('room', 'set', room, '--members', 'Ann of the north', '--as-object')
      expect(names((await get()).members)).toEqual(['ann@example.com'])
      expect(await world.pchat('room', 'set', room, '--members', 'Nobody of that name', '--as-object')).toMatchObject({
        code: 1,
      })
    },
  ],
  [
    'room get --as-object',
    async world => {
      const { room } = await roomIn(world)
      await world.pchat.json('room', 'set', room, '--members', 'ann@example.com')
      expect((await world.pchat('room', 'get', room, '--as-object')).out).toMatch(/Members +Ann of the north/)
      expect((await world.pchat('room', 'get', room)).out).toMatch(/Members +ann@example.com/)
    },
  ],
  [
    'room set --instance',
    async world => {
      const { room, get } = await roomIn(world)
      const view = await get()
      view.room.description = 'edited by hand'
      view.members = ['bob@example.com']
      const file = join(world.folder, 'room.json')
      writeFileSync(file, JSON.stringify(view))
      await world.pchat.json('room', 'set', '--instance', file)
      expect(await get()).toMatchObject({
        room: { name: room, description: 'edited by hand' },
        members: [{ name: 'bob@example.com' }],
      })
    },
  ],
  [
    'room set --category',
    async world => {
      const { room, get } = await roomIn(world)
      const { category } = await roomIn(world)
      await world.pchat.json('category', 'set', category, '--denied-members', 'ann@example.com')
      await world.pchat.json('room', 'set', room, '--members', 'ann@example.com,bob@example.com')
      expect(await world.pchat('room', 'set', room, '--category', category)).toMatchObject({ code: 2 })
      const would = await world.pchat('room', 'set', room, '--category', category, '--what-if')
      expect(would.out).toMatch(/members, remove +ann@example\.com/)
      expect(names((await get()).members)).toHaveLength(2)
      await world.pchat.json('room', 'set', room, '--category', category, '--confirm')
      expect(await get()).toMatchObject({ room: { categoryName: category }, members: [{ name: 'bob@example.com' }] })
    },
  ],
  [
    'room new --addin; room set --addin --addin-none; room get --addin',
    async world => {
      const { pchat, fresh } = world
      const addin = fresh()
      await pchat.json('addin', 'new', addin, '--url', 'https://example.com/a')
      const { room, get } = await roomIn(world, '--addin', addin)
      expect((await get()).room.addin).toMatchObject({ name: addin })
      expect(roomNames(await pchat.json('room', 'get', '--addin', addin))).toEqual([room])
      await pchat.json('room', 'set', room, '--addin-none')
      expect((await get()).room.addin).toBeUndefined()
      await pchat.json('room', 'set', room, '--addin', addin)
      expect((await get()).room.addin).toMatchObject({ name: addin })
    },
  ],
  [
    'room get --category --filter --search-description --result-size',
    async world => {
      const { pchat } = world
      const { category, room } = await roomIn(world, '--description', 'zebra crossing')
      const second = world.fresh()
      await pchat.json('room', 'new', second, '--category', category)
      expect(roomNames(await pchat.json('room', 'get', '--category', category))).toEqual([room, second].sort())
      expect(
        roomNames(await pchat.json('room', 'get', '--filter', `${room.slice(0, -1)}?`, '--category', category)),
      ).toContain(room)
      expect(roomNames(await pchat.json('room', 'get', '--filter', '*ebra*', '--category', category))).toEqual([])
      expect(
        roomNames(
          await pchat.json('room', 'get', '--filter', '*ebra*', '--search-description', '--category', category),
        ),
      ).toEqual([room])
      expect(roomNames(await pchat.json('room', 'get', '--category', category, '--result-size', '1'))).toHaveLength(1)
      expect(await pchat.json('room', 'get', '--result-size', '0')).toEqual({ rooms: [] })
    },
  ],
  [
    'room get --member --manager --disabled --privacy --type --invitations',
    async world => {
      const { pchat } = world
      const { category, room } = await roomIn(
        world,
        '--type',
        'auditorium',
        '--privacy',
        'secret',
        '--invitations',
        'off',
      )
      const second = world.fresh()
      await pchat.json('room', 'new', second, '--category', category)
      await pchat.json('room', 'set', room, '--members', 'ann@example.com', '--managers', 'bob@example.com')
      const found = async (...args: string[]) =>
        roomNames(await pchat.json('room', 'get', '--category', category, ...args))
      expect(await found('--member', 'ann@example.com')).toEqual([room])
      expect(await found('--manager', 'bob@example.com')).toEqual([room])
      expect(await found('--privacy', 'secret')).toEqual([room])
      expect(await found('--type', 'auditorium')).toEqual([room])
      expect(await found('--invitations', 'off')).toEqual([room])
      await pchat.json('room', 'set', second, '--disabled')
      expect(await found('--disabled')).toEqual([second])
      expect(await found('--disabled', 'false')).toEqual([room])
    },
  ],
  [
    'room get --chat-content-exceeds-mb',
    async world => {
      const { room, category } = await posted(world, 'x'.repeat(7_000))
      const found = async (mb: string) =>
        roomNames(await world.pchat.json('room', 'get', '--category', category, '--chat-content-exceeds-mb', mb))
      await expect.poll(() => found('0'), { timeout: 20_000 }).toEqual([room])
      expect(await found('1')).toEqual([])
    },
  ],
  [
    'room remove --instance',
    async world => {
      const { room, get } = await roomIn(world)
      const file = join(world.folder, 'gone.json')
      writeFileSync(file, JSON.stringify(await get()))
      await world.pchat.json('room', 'remove', '--instance', file, '--confirm')
      expect(await world.pchat('room', 'get', room)).toMatchObject({
        code: 1,
        err: expect.stringContaining('not_found'),
      })
    },
  ],
  [
    'room clear --end-date --instance',
    async world => {
      const { get, id, list } = await posted(world, 'one', 'two')
      const first = (await world.site.admin.call('message.list', { room: id })).messages[0]!
      await new Promise(resolve => setTimeout(resolve, 5))
      await world.site.admin.call('message.post', { room: id, clientId: randomUUID(), text: 'three' })
      const file = join(world.folder, 'clear.json')
      writeFileSync(file, JSON.stringify(await get()))
      expect(
        await world.pchat('room', 'clear', '--instance', file, '--end-date', '1999-01-01', '--what-if'),
      ).toMatchObject({ out: 'Nothing would change.\n' })
      await world.pchat.json('room', 'clear', '--instance', file, '--end-date', first.at, '--confirm')
      expect(await list()).not.toContain('one')
      expect(await list()).toContain('three')
    },
  ],
  [
    'message remove --remove --filter --match-clause --case-sensitive',
    async world => {
      const { room, list } = await posted(world, 'red apple', 'Red pear', 'green apple', 'apple red')
      const remove = (...args: string[]) =>
        world.pchat.json('message', 'remove', room, '--remove', '--confirm', ...args)
      expect(await remove('--filter', 'Red', '--case-sensitive')).toEqual({ removed: 1 })
      expect(await list()).toEqual(['red apple', null, 'green apple', 'apple red'])
      expect(await remove('--filter', 'red apple', '--match-clause', 'exact')).toEqual({ removed: 1 })
      expect(await list()).toEqual([null, null, 'green apple', 'apple red'])
      expect(await remove('--filter', 'RED apple')).toEqual({ removed: 1 })
      expect(await remove('--filter', 'red green', '--match-clause', 'and')).toEqual({ removed: 0 })
      expect(await remove('--filter', 'red green', '--match-clause', 'or')).toEqual({ removed: 1 })
      expect(await list()).toEqual([null, null, null, null])
    },
  ],
  [
    'message remove --replace-message --user-uri',
    async world => {
      const { room, id, list } = await posted(world, 'of the administrator')
      const person = await world.site.addUser(`${world.fresh().replace(' ', '')}@example.com`)
      await world.pchat.json('room', 'set', room, '--members-add', person.me.name)
      await person.call('message.post', { room: id, clientId: randomUUID(), text: 'of the person' })
      const remove = (...args: string[]) => world.pchat.json('message', 'remove', room, '--confirm', ...args)
      await remove('--user-uri', `sip:${person.me.name}`)
      expect(await list()).toEqual([
        'of the administrator',
        'This message was replaced by the Persistent Chat administrator.',
      ])
      await remove('--user-uri', 'admin@example.com', '--replace-message', 'gone')
      expect((await list())[0]).toBe('gone')
    },
  ],
  [
    'message remove --start-date --end-date',
    async world => {
      const { room, id, list } = await posted(world, 'early')
      const at = (await world.site.admin.call('message.list', { room: id })).messages[0]!.at
      await new Promise(resolve => setTimeout(resolve, 5))
      await world.site.admin.call('message.post', { room: id, clientId: randomUUID(), text: 'late' })
      const remove = (...args: string[]) =>
        world.pchat.json('message', 'remove', room, '--remove', '--confirm', ...args)
      expect(await remove('--end-date', '2001-12-31')).toEqual({ removed: 0 })
      expect(await remove('--start-date', new Date(Date.parse(at) + 1).toISOString())).toEqual({ removed: 1 })
      expect(await list()).toEqual(['early', null])
      expect(await remove('--end-date', at)).toEqual({ removed: 1 })
    },
  ],
  [
    'category new --name --description --enable-file-upload --enable-invitations --remove-chat-history',
    async ({ pchat, fresh }) => {
      const name = fresh()
      const told = ['--description', 'words', '--enable-file-upload', '--enable-invitations', '--remove-chat-history']
      const { category } = await pchat.json('category', 'new', '--name', name, ...told)
      expect(category).toMatchObject({
        name,
        description: 'words',
        fileUpload: true,
        invitations: true,
        chatHistory: false,
      })
      const plain = await pchat.json('category', 'new', fresh())
      expect(plain.category).toMatchObject({
        description: '',
        fileUpload: false,
        invitations: false,
        chatHistory: true,
      })
    },
  ],
  [
    'category set --name --description --file-upload --invitations --chat-history --instance',
    async ({ pchat, fresh, folder }) => {
      const name = fresh()
      const { category } = await pchat.json('category', 'new', name)
      const renamed = fresh()
      const told = ['--description', 'words', '--file-upload', '--invitations', 'true', '--chat-history', '$false']
      await pchat.json('category', 'set', name, '--name', renamed, ...told)
      const now = await pchat.json('category', 'get', '--identity', category.id)
      expect(now.category).toMatchObject({
        name: renamed,
        description: 'words',
        fileUpload: true,
        invitations: true,
        chatHistory: false,
      })
      const file = join(folder, 'category.json')
      writeFileSync(file, JSON.stringify({ category: { ...now.category, description: 'by hand' } }))
      await pchat.json('category', 'set', '--instance', file)
      expect((await pchat.json('category', 'get', renamed)).category.description).toBe('by hand')
    },
  ],
  ...(['allowed-members', 'denied-members', 'creators'] as const).map<Effect>(list => [
    `category set --${list} --${list}-add --${list}-remove --${list}-none`,
    async ({ pchat, fresh }) => {
      const name = fresh()
      await pchat.json('category', 'new', name)
      const member = { 'allowed-members': 'allowedMembers', 'denied-members': 'deniedMembers', creators: 'creators' }[
        list
      ]
      const now = async () => names((await pchat.json('category', 'get', name)).category[member])
      const set = (...args: string[]) => pchat.json('category', 'set', name, ...args)
      await set(`--${list}`, 'ann@example.com,Team')
      expect(await now()).toEqual(['Team', 'ann@example.com'])
      await set(`--${list}-add`, 'example.com', `--${list}-remove`, 'Team')
      expect(await now()).toEqual(['ann@example.com', 'example.com'])
      await set(`--${list}-none`)
      expect(await now()).toEqual([])
    },
  ]),
  [
    'category set --as-object; category get --as-object',
    async ({ pchat, fresh }) => {
      const name = fresh()
      await pchat.json('category', 'new', name)
      await pchat.json('category', 'set', name, '--creators', 'Ann of the north', '--as-object')
      expect((await pchat('category', 'get', name)).out).toMatch(/Creators +ann@example.com/)
      expect((await pchat('category', 'get', name, '--as-object')).out).toMatch(/Creators +Ann of the north/)
    },
  ],
  [
    'category remove --instance',
    async ({ pchat, fresh, folder }) => {
      const name = fresh()
      await pchat.json('category', 'new', name)
      const file = join(folder, 'category-gone.json')
      writeFileSync(file, JSON.stringify(await pchat.json('category', 'get', name)))
      await pchat.json('category', 'remove', '--instance', file, '--confirm')
      expect(await pchat('category', 'get', name)).toMatchObject({ code: 1 })
    },
  ],
  [
    'addin new --name --url; addin set --name --url --instance; addin remove --instance',
    async ({ pchat, fresh, folder }) => {
      const [name, renamed] = [fresh(), fresh()]
      const { addin } = await pchat.json('addin', 'new', '--name', name, '--url', 'https://example.com/one')
      expect(addin).toMatchObject({ name, url: 'https://example.com/one' })
      await pchat.json('addin', 'set', name, '--name', renamed, '--url', 'https://example.com/two')
      const now = await pchat.json('addin', 'get', '--identity', addin.id)
      expect(now.addin).toMatchObject({ name: renamed, url: 'https://example.com/two' })
      const file = join(folder, 'addin.json')
      writeFileSync(file, JSON.stringify({ addin: { ...now.addin, url: 'https://example.com/three' } }))
      await pchat.json('addin', 'set', '--instance', file)
      expect((await pchat.json('addin', 'get', renamed)).addin.url).toBe('https://example.com/three')
      await pchat.json('addin', 'remove', '--instance', file, '--confirm')
      expect(await pchat('addin', 'get', renamed)).toMatchObject({ code: 1 })
    },
  ],
  [
    'policy new --description --enable-persistent-chat; policy set --description --enable-persistent-chat --instance; policy get --filter',
    async ({ pchat, fresh, folder }) => {
      const name = fresh()
      await pchat.json('policy', 'new', name, '--description', 'first')
      const get = async () => (await pchat.json('policy', 'get', name)).policies[0]
      expect(await get()).toMatchObject({ name, description: 'first', enabled: false })
      await pchat.json('policy', 'set', `tag:${name}`, '--description', 'second', '--enable-persistent-chat')
      expect(await get()).toMatchObject({ description: 'second', enabled: true })
      const file = join(folder, 'policy.json')
      writeFileSync(file, JSON.stringify({ policies: [{ ...(await get()), description: 'third' }] }))
      await pchat.json('policy', 'set', '--instance', file)
      expect(await get()).toMatchObject({ description: 'third', enabled: true })
      const site = `site:${fresh()}`
      await pchat.json('policy', 'new', site, '--enable-persistent-chat')
      const found = await pchat.json('policy', 'get', '--filter', `${name.slice(0, -1)}*`)
      expect(names(found.policies)).toContain(name)
      expect(names((await pchat.json('policy', 'get', '--filter', 'site:*')).policies)).toEqual([site])
      await pchat.json('policy', 'remove', site, '--confirm')
    },
  ],
  [
    'policy remove --instance',
    async ({ pchat, fresh, folder }) => {
      const name = fresh()
      await pchat.json('policy', 'new', name)
      const file = join(folder, 'policy-gone.json')
      writeFileSync(file, JSON.stringify(await pchat.json('policy', 'get', name)))
      await pchat.json('policy', 'remove', '--instance', file, '--confirm')
      expect(await pchat('policy', 'get', name)).toMatchObject({ code: 1 })
    },
  ],
  [
    'policy grant --policy-name --policy-none --pass-thru',
    async ({ pchat, fresh }) => {
      const name = fresh()
      await pchat.json('policy', 'new', name, '--enable-persistent-chat', 'false')
      const granted = async () => (await pchat.json('policy', 'get', name)).policies[0].granted
      const passed = await pchat('policy', 'grant', 'Bob of*', '--policy-name', name, '--pass-thru')
      expect(passed).toMatchObject({ code: 0, out: 'bob@example.com\n' })
      expect(await granted()).toBe(1)
      expect((await pchat.json('user', 'get', 'bob@example.com')).enabled).toBe(false)
      expect(await pchat('policy', 'grant', 'sip:bob@example.com', '--policy-none')).toMatchObject({ code: 0, out: '' })
      expect(await granted()).toBe(0)
      expect((await pchat.json('user', 'get', 'bob@example.com')).enabled).toBe(true)
    },
  ],
  [
    'configuration new --default-chat-history --max-file-size-kb --participant-update-limit --room-management-url; configuration set --default-chat-history --max-file-size-kb --participant-update-limit --room-management-url --instance; configuration get --filter; configuration remove --instance',
    async ({ pchat, fresh, folder }) => {
      const scope = `site:${fresh().replace(' ', '')}`
      const told = (n: string) => [
        '--default-chat-history',
        n,
        '--max-file-size-kb',
        `${n}00`,
        '--participant-update-limit',
        n,
      ]
      await pchat.json(
        'configuration',
        'new',
        scope,
        ...told('40'),
        '--room-management-url',
        'https://example.com/rooms',
      )
      const get = async () => (await pchat.json('configuration', 'get', scope)).configurations[0]
      expect(await get()).toMatchObject({
        defaultChatHistory: 40,
        maxFileKb: 4000,
        participantUpdateLimit: 40,
        roomManagementUrl: 'https://example.com/rooms',
      })
      await pchat.json('configuration', 'set', scope, ...told('50'), '--room-management-url', '')
      expect(await get()).toMatchObject({
        defaultChatHistory: 50,
        maxFileKb: 5000,
        participantUpdateLimit: 50,
        roomManagementUrl: '',
      })
      const file = join(folder, 'configuration.json')
      writeFileSync(file, JSON.stringify({ configurations: [{ ...(await get()), defaultChatHistory: 60 }] }))
      await pchat.json('configuration', 'set', '--instance', file)
      expect(await get()).toMatchObject({ defaultChatHistory: 60, maxFileKb: 5000 })
      expect((await pchat.json('configuration', 'get', '--filter', 'site:*')).configurations).toHaveLength(1)
      await pchat.json('configuration', 'remove', '--instance', file, '--confirm')
      expect(await pchat('configuration', 'get', scope)).toMatchObject({ code: 1 })
    },
  ],
  [
    'eligible-principal get --category --room --filter --presenters --result-size',
    async world => {
      const { pchat } = world
      const { category, room } = await roomIn(world, '--type', 'auditorium')
      const found = async (...args: string[]) =>
        names((await pchat.json('eligible-principal', 'get', ...args)).principals)
      const all = await found('--category', category)
      expect(all).toEqual(expect.arrayContaining(['ann@example.com', 'bob@example.com']))
      expect(await found('--room', room)).toEqual(all)
      expect(await found('--category', category, '--filter', 'sip:ann@*')).toEqual(['ann@example.com'])
      await pchat.json('room', 'set', room, '--members', 'bob@example.com')
      expect(await found('--room', room, '--presenters')).toEqual(['bob@example.com'])
      expect(await found('--category', category, '--result-size', '1')).toHaveLength(1)
      expect(await found('--category', category, '--result-size', '0')).toEqual([])
    },
  ],
  [
    'active-server set --active-servers --active-servers-none --swap; state get --filter; state set --pool-state',
    async ({ pchat }) => {
      const [server] = (await pchat.json('state', 'get')).pool.servers
      const active = async () => (await pchat.json('state', 'get', server.name)).pool.servers[0].active
      expect((await pchat.json('state', 'get', '--filter', 'nothing*')).pool.servers).toEqual([])
      await pchat.json('active-server', 'set', '--active-servers-none')
      expect(await active()).toBe(false)
      await pchat.json('active-server', 'set', '--swap')
      expect(await active()).toBe(true)
      await pchat.json('active-server', 'set', '--active-servers-none')
      await pchat.json('active-server', 'set', '--active-servers', server.name)
      expect(await active()).toBe(true)
      await pchat.json('state', 'set', '--pool-state', 'FailedOver')
      expect((await pchat.json('state', 'get')).pool.state).toBe('failed-over')
      await pchat.json('state', 'set')
      expect((await pchat.json('state', 'get')).pool.state).toBe('normal')
    },
  ],
  [
    'data export --file-name --level --scope --start-date --disable-exported-nodes --report; data import --file-name --report',
    async world => {
      const { room, category, get } = await posted(world, 'early', 'late')
      const [zip, page] = [join(world.folder, 'some.zip'), join(world.folder, 'some.html')]
      const run = async (...args: string[]) => {
        const said = await world.pchat.machine('data', ...args, '--json')
        expect(said).toMatchObject({ code: 0, err: '' })
        return said.json
      }
      const lines = ({ manifest }: { manifest: { entries: { name: string; records: number }[] } }) =>
        Object.fromEntries(manifest.entries.map(one => [one.name, one.records]))
      const scope = ['--scope', category]
      expect(lines(await run('export', '--file-name', zip, ...scope, '--level', 'User'))).toEqual({
        'users.jsonl': expect.any(Number),
      })
      expect(lines(await run('export', '--file-name', zip, ...scope))).toMatchObject({ 'content.jsonl': 2 })
      expect(lines(await run('export', '--file-name', zip, ...scope, '--start-date', '2999-01-01'))).toMatchObject({
        'content.jsonl': 0,
      })
      await run('export', '--file-name', zip, ...scope, '--disable-exported-nodes', '--report', page)
      expect((await get()).room.disabled).toBe(true)
      expect(readFileSync(page, 'utf8')).toContain(`<td>${room}</td>`)
      await world.pchat.json('room', 'set', room, '--disabled', 'false', '--description', 'changed meanwhile')
      const done = await run('import', '--file-name', zip, '--confirm', '--report', page)
      expect(done).toMatchObject({ rooms: { overwritten: 1 }, messages: { added: 0, there: 2 }, faults: [] })
      expect((await get()).room.description).toBe('')
      expect(readFileSync(page, 'utf8')).toContain('<h2>What was done</h2>')
    },
  ],
]
