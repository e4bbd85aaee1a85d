import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { makeFolder } from './folder.ts'
import { type Pchat, runPchat } from './pchat.ts'
import { root } from './source.ts'
import { readTools } from './tools.ts'

const run = promisify(execFile)
const rulesFile = join(root, 'ops/prometheus/alerts.yml')
const rulesText = readFileSync(rulesFile, 'utf8')
const testsText = readFileSync(join(root, 'ops/prometheus/alerts.test.yml'), 'utf8')

type Rule = { alert: string; expr: string; labels: { severity: string }; annotations: Record<string, string> }
const rules = (parse(rulesText) as { groups: { rules: Rule[] }[] }).groups.flatMap(group => group.rules)
const dashboard = JSON.parse(readFileSync(join(root, 'ops/grafana/persistent-chat.json'), 'utf8'))

/** Every expression of the dashboard, with values in place of its variables. */
const expressions = [...JSON.stringify(dashboard).matchAll(/"(?:expr|query)":"((?:[^"\\]|\\.)*)"/g)]
  .map(([, text]) => JSON.parse(`"${text}"`) as string)
  .filter(text => /pchat_|up\{/.test(text) && !text.startsWith('label_values'))
  .map(text => text.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '5m'))

let promtool: string
let folder: string
let server: Pchat
let metrics: string
beforeAll(async () => {
  promtool = (await readTools()).promtool
  folder = await makeFolder('pchat-ops')
  await chmod(folder, 0o755)
  const data = join(folder, 'data')
  const env = { PCHAT_ADMIN_USER: 'admin@example.com', PCHAT_ADMIN_PASSWORD: 'correct horse battery' }
  server = runPchat(['start', '--port', '0', '--data-dir', data, '--workers', '2', '--log-level', 'error'], { env })
  const url = await server.ready()
  await vi.waitFor(
    async () => {
      metrics = await (await fetch(`${url}/metrics`)).text()
      expect(metrics).toMatch(/^pchat_entries\{/m)
      expect(metrics).toMatch(/^pchat_file_store_free_bytes \d/m)
    },
    { timeout: 60_000, interval: 500 },
  )
}, 180_000)
afterAll(async () => {
  server.kill('SIGTERM')
  await server.ended
  await rm(folder, { recursive: true, force: true })
})

/** The metrics that an expression asks for, without what a histogram adds to its name. */
function namesIn(text: string): string[] {
  const names = text.match(/\bpchat_\w+/g) ?? []
  return [...new Set(names.map(name => name.replace(/_(bucket|sum|count)$/, '')))]
}

test('[MN6] promtool takes the rules, their tests and the example of a scrape', async () => {
  const here = { cwd: join(root, 'ops/prometheus') }
  const checked = await run(promtool, ['check', 'rules', 'alerts.yml'], here)
  expect(checked.stdout).toContain(`SUCCESS: ${rules.length} rules found`)
  await run(promtool, ['check', 'config', 'prometheus.yml'], here)
  const tested = await run(promtool, ['test', 'rules', 'alerts.test.yml'], here)
  expect(tested.stdout).toContain('SUCCESS')
})

test('[MN6] every rule says what it means and what to do, and is tried by a test that fails without it', async () => {
  for (const { alert, labels, annotations } of rules) {
    expect(['critical', 'warning'], alert).toContain(labels.severity)
    expect(Object.keys(annotations), alert).toEqual(['summary', 'description', 'action'])
    expect(testsText, `${alert} has no test`).toContain(alert)
  }
  expect(new Set(rules.map(rule => rule.alert)).size).toBe(rules.length)
  const copy = join(folder, 'mutants')
  await run('cp', ['-r', join(root, 'ops/prometheus'), copy])
  const survivors: string[] = []
  for (const { alert } of rules) {
    await writeFile(join(copy, 'alerts.yml'), rulesText.replace(`alert: ${alert}\n`, `alert: ${alert}Gone\n`))
    if (spawnSync(promtool, ['test', 'rules', join(copy, 'alerts.test.yml')]).status === 0) survivors.push(alert)
  }
  expect(survivors).toEqual([])
}, 120_000)

test('[MN6] promtool finds nothing to blame in what a server shows', () => {
  const { stdout, stderr, status } = spawnSync(promtool, ['check', 'metrics'], { input: metrics, encoding: 'utf8' })
  expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: '' })
})

test('[MN7] every metric that rules and dashboard name is shown by a server, and the dashboard shows every metric', () => {
  const shown = [...metrics.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name!)
  const asked = namesIn([...rules.map(rule => rule.expr), ...expressions].join('\n'))
  expect(asked.filter(name => !shown.includes(name))).toEqual([])
  const charted = namesIn(expressions.join('\n'))
  expect(shown.filter(name => !charted.includes(name))).toEqual([])
  expect(namesIn('rate(pchat_nothing_bucket[5m])').filter(name => !shown.includes(name))).toEqual(['pchat_nothing'])
})

test('[MN7] the expressions of the dashboard are such as Prometheus takes, and no two panels lie over each other', async () => {
  expect(expressions.length).toBeGreaterThan(40)
  const file = join(folder, 'dashboard.json')
  const records = expressions.map((expr, n) => ({ record: `panel_${n}`, expr }))
  await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: records }] }))
  const { stdout } = await run(promtool, ['check', 'rules', file])
  expect(stdout).toContain(`SUCCESS: ${expressions.length} rules found`)
  const taken = new Set<string>()
  for (const { gridPos, id, title } of dashboard.panels) {
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        expect(taken.has(`${x} ${y}`), `${title} ${id}`).toBe(false)
        taken.add(`${x} ${y}`)
      }
  }
  const ids = dashboard.panels.map((panel: { id: number }) => panel.id)
  expect(new Set(ids).size).toBe(ids.length)
})

test('[MN7] of the dashboard each panel has the members that Grafana reads, and each variable and data source is declared', () => {
  const { templating, schemaVersion, uid, title } = dashboard
  expect({ schemaVersion, uid, title }).toEqual({
    schemaVersion: expect.any(Number),
    uid: expect.stringMatching(/^[\w-]{1,40}$/),
    title: expect.stringMatching(/./),
  })
  const declared = templating.list.map(({ name }: { name: string }) => name)
  const used = [...JSON.stringify(dashboard).matchAll(/\$\{?([a-z]\w*)/g)].map(([, name]) => name!)
  expect(used.length).toBeGreaterThan(40)
  expect(used.filter(name => !declared.includes(name))).toEqual([])
  const source = { type: 'prometheus', uid: `\${datasource}` }
  for (const panel of dashboard.panels) {
    expect(panel, panel.title).toMatchObject({
      id: expect.any(Number),
      type: expect.stringMatching(/^(row|stat|timeseries)$/),
    })
    if (panel.type === 'row') {
      expect(panel).toMatchObject({ collapsed: false, panels: [] })
      continue
    }
    expect(panel, panel.title).toMatchObject({
      datasource: source,
      fieldConfig: { defaults: {}, overrides: [] },
      options: {},
    })
    const refs = panel.targets.map(({ refId }: { refId: string }) => refId)
    expect(refs.length, panel.title).toBeGreaterThan(0)
    expect(new Set(refs).size, panel.title).toBe(refs.length)
    for (const target of panel.targets)
      expect(target).toMatchObject({ datasource: source, expr: expect.stringMatching(/./) })
  }
})
