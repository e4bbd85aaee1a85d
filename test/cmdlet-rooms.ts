import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Effect, names, posted, roomIn, roomNames } from './cmdlet-world.ts'

export const roomEffects: Effect[] = [
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
]
