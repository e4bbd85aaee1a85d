import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Effect, names, roomIn } from './cmdlet-world.ts'

export const poolEffects: Effect[] = [
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
      for (const more of [[], ['--what-if']])
        expect((await pchat('active-server', 'set', '--swap', ...more)).err).toContain('No server is on stand-by')
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
]
