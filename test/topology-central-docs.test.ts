import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openDb } from '../src/store/db.ts'
import { findEmbedded } from '../src/store/embedded.ts'
import { makeFolder } from './folder.ts'
import { password } from './harness.ts'
import { type Pchat, runPchat } from './pchat.ts'
import { root } from './source.ts'

const run = promisify(execFile)
const text = readFileSync(join(root, 'docs/central-management.md'), 'utf8')
const blocks = new Map(
  [...text.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)].map(([, name, body]) => [name!, body!] as const),
)

let folder: string
let server: Pchat
beforeAll(async () => {
  folder = await makeFolder('pchat-central-docs')
  server = runPchat(['start', '--data-dir', join(folder, 'data'), '--port', '0', '--log-level', 'error'], {
    env: { PCHAT_ADMIN_USER: 'admin@example.com', PCHAT_ADMIN_PASSWORD: password },
  })
  await server.ready()
}, 120_000)
afterAll(async () => {
  server.kill('SIGTERM')
  await server.ended
  await rm(folder, { recursive: true, force: true })
})

type Ran = { code: number; stdout: string; stderr: string }
async function shell(body: string, user = 'ann'): Promise<Ran> {
  const main = join(root, 'src/cli/main.ts')
  const env = {
    ...{ PATH: process.env.PATH, PCHAT_DATA_DIR: join(folder, 'data'), HOME: join(folder, user) },
  }
  const script = `pchat() { '${process.execPath}' '${main}' "$@"; }\n${body}`
  return run('bash', ['--norc', '-ec', script], { env, cwd: folder }).then(
    done => ({ ...done, code: 0 }),
    failed => failed as Ran,
  )
}
const block = async (name: string, body = blocks.get(name)!) => {
  const { code, stdout, stderr } = await shell(body)
  expect([code, stderr], name).toEqual([0, ''])
  return stdout
}

test('[CM30] the commands of docs/central-management.md do what it says, one after the other', async () => {
  const { host, user } = inject('store')
  const admin = `postgres://${user}@${encodeURIComponent(host)}`
  const db = openDb({ connectionString: `${admin}/postgres` }, { max: 1 })
  try {
    await shell('pchat topology new standard-edition > plan.yaml; pchat topology publish plan.yaml --what-if')
    const embedded = openDb((await findEmbedded(join(folder, 'data')))!, { max: 1 })
    const { rowCount } = await embedded.query("SELECT FROM pg_database WHERE datname = 'pchat_central'")
    await embedded.end()
    expect(rowCount).toBe(0)
    expect(await block('first')).toMatch(
      /It is sound[\s\S]*would be version 1[\s\S]*Version 1 is published[\s\S]*the beginning/,
    )
    expect(await block('change')).toMatch(
      /displayName[\s\S]*All rooms[\s\S]*Version 2 is published[\s\S]*Version 2, published/,
    )
    await shell('pchat topology export > next.yaml')
    await writeFile(
      join(folder, 'hers.yaml'),
      (await readFile(join(folder, 'next.yaml'), 'utf8')).replace('All rooms', 'Every room'),
    )
    expect((await shell('pchat topology publish hers.yaml', 'bob')).code).toBe(0)
    await writeFile(
      join(folder, 'next.yaml'),
      (await readFile(join(folder, 'next.yaml'), 'utf8')).replace('All rooms', 'My rooms'),
    )
    const refused = await shell('pchat topology publish next.yaml')
    expect(refused.code).toBe(1)
    const told = blocks.get('refused')!.trim().split('\n')
    const pattern = told.map(line => line.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '.*')).join('\n')
    expect(refused.stderr.trim()).toMatch(new RegExp(`^${pattern}$`))
    expect(await block('back')).toMatch(
      /It would be version 4[\s\S]*Version 4 is published[\s\S]*version 1 again +as it was/,
    )
    expect(await readFile(join(folder, 'second.yaml'), 'utf8')).toMatch(/^# based on version 2 [\s\S]*All rooms/)
    expect(await block('adopt')).toMatch(/Servers follow this store at version 4[\s\S]*Adopted at version 4/)
    for (const name of ['publisher', 'reader']) await writeFile(join(folder, `${name}.secret`), `${name}-word\n`)
    await shell('pchat topology new enterprise-edition > pool.yaml')
    const pool = blocks
      .get('pool')!
      .replace('postgres://postgres@db1', admin)
      .replace('postgres://pchat_publisher@db1', admin.replace(`//${user}@`, '//pchat_publisher@'))
      .replaceAll('/etc/pchat/', `${folder}/`)
    expect(await block('pool', pool)).toMatch(
      /new schema: 0001_central\.sql[\s\S]*pchat_reader@[\s\S]*Version 1 is published/,
    )
    expect(await block('pool', pool)).toMatch(/up to date[\s\S]*Nothing was changed/)
  } finally {
    await db.query('DROP DATABASE IF EXISTS pchat_central WITH (FORCE)')
    for (const role of ['pchat_publisher', 'pchat_reader', 'pchat_central_owner'])
      await db.query(`DROP ROLE IF EXISTS ${role}`)
    await db.end()
  }
}, 180_000)

test('[CM30] every block of the page is run', () => {
  expect([...blocks.keys()]).toEqual(['first', 'change', 'refused', 'back', 'pool', 'adopt'])
})
