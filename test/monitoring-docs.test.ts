import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { openMetrics, openParentMetrics } from '../src/base/metrics.ts'
import { makeFolder } from './folder.ts'
import { openSite, type Site } from './harness.ts'
import { root } from './source.ts'
import { readTools } from './tools.ts'

vi.setConfig({ testTimeout: 120_000 })

const run = promisify(execFile)
const text = readFileSync(join(root, 'docs/monitoring.md'), 'utf8')
const blocks = new Map(
  [...text.matchAll(/^```sh (\S+)\n([\s\S]*?)^```$/gm)].map(([, name, body]): [string, string] => [name!, body!]),
)
const rowsOf = (heading: string) =>
  text
    .slice(text.indexOf(`\n## ${heading}\n`))
    .split('\n## ')[1]!
    .split('\n')
    .filter(line => line.startsWith('| `'))

let site: Site
let folder: string
beforeAll(async () => {
  site = await openSite()
  folder = await makeFolder('pchat-monitoring')
  const bin = join(folder, 'bin')
  await mkdir(bin)
  await symlink((await readTools()).promtool, join(bin, 'promtool'))
  await writeFile(join(bin, 'pchat'), `#!/bin/bash\nexec ${process.execPath} ${join(root, 'src/cli/main.ts')} "$@"\n`)
  await chmod(join(bin, 'pchat'), 0o755)
}, 60_000)
afterAll(async () => {
  await site.stop()
  await rm(folder, { recursive: true })
})

/** As in the document, with this test's places for its own. Answers exit code and output. */
async function shell(name: string, places: Record<string, string> = {}, env: NodeJS.ProcessEnv = {}) {
  let script = blocks.get(name)!
  for (const [there, here] of Object.entries(places)) {
    expect(script).toContain(there)
    script = script.replaceAll(there, here)
  }
  const whole = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}`, XDG_CONFIG_HOME: folder, ...env }
  return run('bash', ['-c', script], { cwd: root, env: whole }).then(
    ({ stdout }) => ({ code: 0, out: stdout }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      out: error.stdout + error.stderr,
    }),
  )
}

test('[MN40] docs/monitoring.md has every metric and no other', async () => {
  const listed = rowsOf('Metrics').flatMap(line =>
    [...line.split('|')[1]!.matchAll(/`(pchat_\w+)/g)].map(found => found[1]),
  )
  const shown = await Promise.all([openMetrics(), openParentMetrics()].map(({ registry }) => registry.metrics()))
  const names = [...shown.join('\n').matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name)
  expect(new Set(listed)).toEqual(new Set(names))
  expect(new Set(listed).size).toBe(listed.length)
})

test('[MN40] it has every alert with its severity', () => {
  const listed = rowsOf('Alerts').map(line =>
    line
      .split('|')
      .map(cell => cell.trim().replaceAll('`', ''))
      .slice(1, 3),
  )
  const file = parse(readFileSync(join(root, 'ops/prometheus/alerts.yml'), 'utf8')) as {
    groups: { rules: { alert: string; labels: { severity: string } }[] }[]
  }
  const rules = file.groups.flatMap(group => group.rules).map(rule => [rule.alert, rule.labels.severity])
  expect(listed).toEqual(rules)
})

test('[MN40] its commands do what it says', async () => {
  expect(await shell('check')).toMatchObject({ code: 0, out: expect.stringContaining('SUCCESS') })
  const here = { 'https://chat.example.com': site.url }
  const env = { PCHAT_TOKEN: site.admin.token }
  const passwords = {
    'PASSWORD=… PCHAT': 'PASSWORD=sender-pass-1 PCHAT',
    'RECEIVER_PASSWORD=…': 'RECEIVER_PASSWORD=receiver-pass-1',
  }
  // Nobody is at a browser here.
  const signIn = { 'pchat sign-in --server https://chat.example.com\n': '' }
  const setup = await shell('setup', { ...signIn, ...here, ...passwords }, env)
  expect(setup).toMatchObject({ code: 0, out: expect.stringMatching(/^Success/) })
  for (const made of ['user pchat-test-sender@example.com', 'category Test messages', 'room Test message'])
    expect(setup.out).toContain(made)
  const known = { PCHAT_TEST_SENDER_PASSWORD: 'sender-pass-1', PCHAT_TEST_RECEIVER_PASSWORD: 'receiver-pass-1' }
  expect(await shell('test', here, known)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Success.* \| latency=/),
  })
  const { host, user, database } = site.database.address
  const url = `postgres://${user}@${encodeURIComponent(host)}/${database}`
  const places = { 'postgres://pchat@db1,db2/pchat': url, 'nats://nats1:4222': 'nats://127.0.0.1:9' }
  const doctor = await shell('doctor', places, { PCHAT_DATA_DIR: join(folder, 'data'), PCHAT_PORT: '0' })
  expect(doctor.code).toBe(2)
  expect(doctor.out).toMatch(/^OK +configuration: options/m)
  expect(doctor.out).toContain('"check": "127.0.0.1:9"')
})
