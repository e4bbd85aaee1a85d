import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withStartOptions } from '../src/cli/options.ts'
import { addressOf } from './download-host.ts'
import { postFile } from './files.ts'
import { makeFolder } from './folder.ts'
import { type Person, password, signInAt } from './harness.ts'
import { type Pchat, runPchat } from './pchat.ts'
import { root } from './source.ts'
import { someBytes } from './upload.ts'

const run = promisify(execFile)
const text = readFileSync(join(root, 'docs/files.md'), 'utf8')
const blocks = new Map(
  [...text.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].map(([, name, body]) => [name!, body!] as const),
)

/** A server as the document starts it, with the places of this test for those of the document. */
let folder: string
let server: Pchat
let url: string
let admin: Person
let ann: Person
let room: { id: string }
const here = (name: string) =>
  blocks
    .get(name)!
    .replaceAll(/\/(srv|etc|mnt)\/pchat/g, `${folder}/$1/pchat`)
    .replaceAll('https://files.example.net', url?.replace('localhost', '127.0.0.1') ?? 'http://127.0.0.1')
    .replaceAll('https://chat.example.com', url ?? '')

/** Runs the block, and answers what it printed. */
async function shell(name: string, file = ''): Promise<string> {
  const main = join(root, 'src/cli/main.ts')
  const env = {
    ...{ PATH: process.env.PATH, PCHAT_DATA_DIR: `${folder}/srv/pchat` },
    ...{ PCHAT_FILE_STORE: `${folder}/srv/pchat-files`, PCHAT_FILE_KEY_FILE: `${folder}/etc/pchat/file.keys` },
  }
  const program = `pchat() { '${process.execPath}' '${main}' "$@"; }\n${here(name)
    .replaceAll('FILE ', `${file} `)
    .replaceAll(/ FILE$/gm, ` ${file}`)}`
  return (await run('bash', ['--norc', '-ec', program], { env })).stdout
}

beforeAll(async () => {
  folder = await makeFolder('pchat-file-docs')
  for (const one of ['srv', 'mnt', 'etc/pchat']) await mkdir(join(folder, one), { recursive: true })
  await shell('keys')
  const [, ...args] = here('start').trim().split(' ')
  server = runPchat([...args, '--port', '0'], {
    env: { PCHAT_ADMIN_USER: 'admin@example.com', PCHAT_ADMIN_PASSWORD: password },
  })
  url = await server.ready()
  admin = await signInAt(url, 'admin@example.com')
  await admin.call('principal.create', { kind: 'user', name: 'ann@example.com', displayName: 'Ann', password })
  ann = await signInAt(url, 'ann@example.com')
  const { category } = await admin.call('category.create', {
    ...{ name: 'desks', allowedMembers: ['example.com'], fileUpload: true },
  })
  room = (await admin.call('room.create', { name: 'desk', category: category.id, members: ['ann@example.com'] })).room
}, 120_000)
afterAll(async () => {
  server?.kill('SIGTERM')
  await server?.ended
  await rm(folder, { recursive: true, force: true })
})

test('[FI70] docs/files.md has every option of files, and no other', () => {
  const { options } = withStartOptions(new Command())
  const flags = options.map(one => one.long!)
  const table = [...text.matchAll(/^\| `(--[\w-]+)` \| `(\w+)` \|/gm)].map(([, flag, variable]) => [flag!, variable!])
  expect(table.map(([flag]) => flag)).toEqual(
    flags
      .filter(flag => /^--(file|clamd|scanner|download)/.test(flag))
      .sort((a, b) => text.indexOf(a) - text.indexOf(b)),
  )
  for (const [flag, variable] of table) expect(options.find(one => one.long === flag)!.envVar).toBe(variable)
})

test('[FI70] a server that is set up as docs/files.md says does what its commands say', async () => {
  const settings = JSON.parse(here('settings'))
  await admin.call('settings.update', settings)
  expect((await admin.call('settings.get', {})).settings).toMatchObject(settings.settings)
  const { file, seq } = await postFile(ann, room, someBytes(5_000, 950), 'report.bin')
  const kept = await postFile(ann, room, someBytes(6_000, 951), 'kept.bin')
  expect(await addressOf({ url }, ann, file)).toMatch(/^http:\/\/127\.0\.0\.1\/files\//)
  expect(await shell('check')).toMatch(/report\.bin\n[\s\S]*missing: 0\nchanged: 0\nstrays: 0/)
  expect(await shell('download-host')).toBe('404\n200\n')
  await shell('set-scan', file)
  const { entries } = await admin.call('audit.list', { limit: 10 })
  expect(entries.filter(entry => entry.action === 'file.setScan').map(entry => entry.detail)).toMatchObject([
    { finding: 'clean' },
    { finding: 'Our.Own.Finding' },
  ])
  expect(await addressOf({ url }, ann, file)).toBeDefined()
  await admin.call('message.remove', { room: room.id, seq })
  await admin.call('settings.update', { settings: { fileGraceDays: 0 } })
  // It is under a hold.
  expect(await shell('collect', file)).toBe('files: 0\nobjects: 0\nstrays: 0\n'.repeat(2))
  expect(await shell('rekey')).toMatch(/^pieces: 2\nbytes: 11000\nwritten: 2\nfaults: 0\n[\s\S]*changed: 0/)
  expect(await shell('adopt')).toMatch(/known: true\nlooked: 2\nfound: 2\n[\s\S]*changed: 0/)
  await expect
    .poll(() => ann.code('file.begin', { room: room.id, name: 'a', size: 1 }), { timeout: 15_000 })
    .toBe('unavailable')
  expect(await ann.code('file.get', { file: kept.file })).toBe('ok')
}, 240_000)
