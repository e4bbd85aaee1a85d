import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSite, type Site } from './harness.ts'
import { root } from './source.ts'

const run = promisify(execFile)
let folder = ''
let site: Site

/** An empty folder with nothing but what npm puts there from the tarball, with no registry to ask. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pchat-client-'))
  await run('npm', ['pack', '-w', 'src/client', '--pack-destination', folder], { cwd: root })
  const [tarball = ''] = await readdir(folder)
  await mkdir(join(folder, 'bot'))
  const inBot = { cwd: join(folder, 'bot') }
  await writeFile(join(inBot.cwd, 'package.json'), '{ "type": "module", "private": true }')
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join('..', tarball)], inBot)
  site = await openSite()
}, 120_000)

afterAll(async () => {
  await site?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function codeOfReadme(path: string): Promise<string> {
  const readme = await readFile(join(root, path), 'utf8')
  return /```js\n(.*?)```/s.exec(readme)?.[1] ?? ''
}

test('[CL14] the package holds only JavaScript, types and papers, and brings no other package', async () => {
  expect((await readdir(join(folder, 'bot/node_modules'))).filter(name => !name.startsWith('.'))).toEqual([
    'pchat-client',
  ])
  const files = await readdir(join(folder, 'bot/node_modules/pchat-client'), { recursive: true, withFileTypes: true })
  const names = files.filter(file => file.isFile()).map(file => file.name)
  expect(names).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'index.js', 'index.d.ts']))
  expect(names.filter(name => !/\.(js|d\.ts|md)$|^LICENSE$|^package\.json$/.test(name))).toEqual([])
})

test("[CL14] the README's bot (the same in both READMEs) has ten lines and answers ping with pong", async () => {
  const code = await codeOfReadme('README.md')
  expect(await codeOfReadme('src/client/README.md')).toBe(code)
  expect(code.split('\n').filter(line => line !== '').length).toBeLessThanOrEqual(10)
  await writeFile(join(folder, 'bot/bot.js'), code)

  const category = await site.addCategory({})
  const person = await site.addUser('peter@example.com')
  const bot = await site.admin.call('bot.create', { name: 'ping@example.com', displayName: 'Ping' })
  const allowedMembers = [person.me.id, bot.principal.id]
  await site.admin.call('category.update', { category: category.id, allowedMembers })
  const room = await site.addRoom({ category: category.id, members: allowedMembers })

  const env = { ...process.env, PCHAT_URL: site.url, PCHAT_TOKEN: bot.token, PCHAT_ROOM: room.id }
  const child = spawn(process.execPath, ['bot.js'], { cwd: join(folder, 'bot'), env, stdio: 'inherit' })
  try {
    const live = await person.open()
    await live.call('room.join', { room: room.id })
    await live.hears('participant.joined')
    await live.post(room.id, 'ping')
    const pong = await live.hears('message.posted', ({ message }) => message.text === 'pong')
    expect(pong.message.author.id).toBe(bot.principal.id)
    await live.close()
  } finally {
    child.kill()
  }
})

const typed = `
import { connect, PchatError, type Message, type RoomState } from 'pchat-client'

const client = connect({ url: 'http://localhost:8080', signIn: { user: 'a', password: 'b' }, catchUp: 'all' })
const found = await client.request('room.find', { text: 'x' })
const names: string[] = found.rooms.map(room => room.name)
client.on('message.posted', ({ room, message }) => void client.post(room, { text: message.text }).catch(refused))
client.on('state', state => state === 'open')
const state: RoomState | undefined = client.room(names[0] ?? '')
const messages: readonly Message[] = state?.messages ?? []
function refused(error: unknown): void {
  if (error instanceof PchatError && error.code === 'rate_limited') console.log(error.retryAfterMs, messages)
}
// @ts-expect-error: there is no such verb
await client.request('room.fly', {})
// @ts-expect-error: a post needs a text
await client.post('room', {})
`

test('[CL14] its types are whole, strict and need no other package', async () => {
  await writeFile(join(folder, 'bot/typed.ts'), typed)
  const options = [
    '--strict',
    '--noEmit',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--lib',
    'es2024,dom',
    '--types',
    '',
  ]
  await run(join(root, 'node_modules/.bin/tsc'), [...options, 'typed.ts'], { cwd: join(folder, 'bot') }).catch(
    error => {
      throw new Error(error.stdout)
    },
  )
}, 60_000)
