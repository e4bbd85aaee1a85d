import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Effect, posted } from './cmdlet-world.ts'

export const contentEffects: Effect[] = [
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
