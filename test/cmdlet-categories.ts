import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Effect, names } from './cmdlet-world.ts'

export const categoryEffects: Effect[] = [
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
]
