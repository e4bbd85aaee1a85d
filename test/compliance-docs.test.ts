import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { besideStore } from '../src/compliance/database.ts'
import { openDb } from '../src/store/db.ts'
import { findEmbedded } from '../src/store/embedded.ts'
import { postFile } from './files.ts'
import { makeFolder } from './folder.ts'
import { type Person, password, signInAt } from './harness.ts'
import { type Pchat, runPchat } from './pchat.ts'
import { root } from './source.ts'
import { getFile } from './upload.ts'

const run = promisify(execFile)
const text = readFileSync(join(root, 'docs/compliance.md'), 'utf8')
const eventsText = readFileSync(join(root, 'docs/compliance-events.md'), 'utf8')
const blocks = new Map(
  [...text.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].map(([, name, body]) => [name!, body!] as const),
)

let folder: string
let server: Pchat
let url: string
let admin: Person
beforeAll(async () => {
  folder = await makeFolder('pchat-officer-docs')
  await mkdir(join(folder, 'srv/officer'), { recursive: true })
  await copyFile(join(root, 'docs/compliance/example-adapter.mjs'), join(folder, 'srv/example-adapter.mjs'))
  server = runPchat(['start', '--data-dir', join(folder, 'data'), '--port', '0', '--log-level', 'error'], {
    env: { PCHAT_ADMIN_USER: 'admin@example.com', PCHAT_ADMIN_PASSWORD: password },
  })
  url = await server.ready()
  admin = await signInAt(url, 'admin@example.com')
}, 120_000)
afterAll(async () => {
  server.kill('SIGTERM')
  await server.ended
  await rm(folder, { recursive: true, force: true })
})

/** Runs the block, and answers what it printed. */
async function shell(name: string, named: Record<string, string> = {}): Promise<string> {
  const main = join(root, 'src/cli/main.ts')
  const env = { PATH: process.env.PATH, PCHAT_DATA_DIR: join(folder, 'data') }
  const body = Object.entries(named)
    .reduce((text, [from, to]) => text.replaceAll(from, to), blocks.get(name)!)
    .replaceAll('/srv/', `${folder}/srv/`)
    .replaceAll(/^node /gm, `'${process.execPath}' `)
  return (await run('bash', ['--norc', '-ec', `pchat() { '${process.execPath}' '${main}' "$@"; }\n${body}`], { env }))
    .stdout
}

const exported = async () =>
  (await readFile(join(folder, 'srv/officer/export/entries.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { kind: string; data: Record<string, unknown> })

test('[CP65] [CP90] the walk from enable to a verified export, and all other commands, do what docs/compliance.md says', async () => {
  expect(await shell('officer')).toContain('Recording: on')
  const { category } = await admin.call('category.create', {
    ...{ name: 'Desks', allowedMembers: ['example.com'], fileUpload: true },
  })
  const { room } = await admin.call('room.create', { category: category.id, name: 'Desk', members: [admin.me.id] })
  await admin.call('message.post', { room: room.id, clientId: crypto.randomUUID(), text: 'gold' })
  const { file } = await postFile(admin, room, Buffer.from('abc'), 'a.txt')
  await getFile({ url } as never, admin, file)
  await admin.call('message.list', { room: room.id })
  await admin.call('message.search', { text: 'gold' })
  const live = await admin.open()
  await live.call('room.join', { room: room.id, history: 5 })
  await live.close()
  await signInAt(url, 'admin@example.com')
  const archive = openDb(besideStore((await findEmbedded(join(folder, 'data')))!), { max: 1 })
  const kindsNow = async () =>
    (await archive.query<{ kind: string }>('SELECT DISTINCT kind FROM entry')).rows.map(row => row.kind)
  try {
    await vi.waitFor(
      async () =>
        expect(await kindsNow()).toEqual(
          expect.arrayContaining(['chat', 'join', 'part', 'read', 'search', 'download', 'change', 'sign-in']),
        ),
      { timeout: 30_000, interval: 300 },
    )
    expect(await shell('prove')).toContain('"sound": true')
    expect(await shell('again')).toMatch(/Entries 1 to \d+[\s\S]*\.csv/)
    expect(await shell('adapter')).toContain('.txt')
    const denied = await shell('deny')
    expect(denied).toContain('Nothing is changed.')
    const [, denial] = /Denial ([0-9a-f-]{36}): in the room Desk may not be deleted/.exec(denied) ?? []
    expect(await admin.code('room.delete', { room: room.id })).toBe('forbidden')
    const lifted = await shell('lift', { '<denial>': denial! })
    expect(lifted).toMatch(new RegExp(`may be deleted[\\s\\S]*${denial}[\\s\\S]*Matter 12`))
    expect(await admin.code('room.delete', { room: room.id, dryRun: true })).toBe('ok')
    const { rows } = await archive.query<{ who: string; text: string }>(blocks.get('view')!)
    expect(rows).toMatchObject([{ who: 'admin@example.com', text: 'gold' }, { who: 'admin@example.com' }])
    await vi.waitFor(async () => expect(await kindsNow()).toContain('export'), { timeout: 20_000, interval: 300 })
    await shell('prove')
  } finally {
    await archive.end()
  }
  expect(readdirSync(join(folder, 'srv/officer/csv')).some(name => name.endsWith('.csv'))).toBe(true)
}, 180_000)

test('[CP65] docs/compliance-events.md has a section for every kind, which names every member', async () => {
  const sections = new Map(
    eventsText
      .split(/^## /m)
      .slice(1)
      .map(section => [section.split('\n')[0]!, section] as const),
  )
  const entries = await exported()
  expect([...new Set(entries.map(entry => entry.kind))].sort()).toEqual([...sections.keys()].sort())
  const unnamed = entries.flatMap(({ kind, data }) =>
    Object.keys(data).filter(member => kind !== 'search' && !sections.get(kind)!.includes(`\`${member}\``)),
  )
  expect([...new Set(unnamed)]).toEqual([])
})
