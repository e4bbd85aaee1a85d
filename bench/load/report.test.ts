import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'
import { expect, test } from 'vitest'
import { sampleReport } from '../../test/load-report.ts'
import { readTools } from '../../test/tools.ts'
import { toHtml } from './report-html.ts'
import { toText } from './report-text.ts'

const spiteful = `<script>alert('1')</script><img src=x onerror="alert(2)">&"'`

/** Every text that a report has. */
function spitefulReport() {
  const report = sampleReport()
  const [series, ...others] = report.series
  return sampleReport({
    ...{ profile: spiteful, startedAt: spiteful, program: spiteful },
    machine: { ...report.machine, kernel: spiteful, node: spiteful, postgres: spiteful, nats: spiteful },
    latencies: report.latencies.map(one => ({ ...one, kind: spiteful })),
    phases: report.phases.map(phase => ({ ...phase, name: spiteful, figures: { [spiteful]: spiteful } })),
    series: [{ ...series!, group: 'lag', name: spiteful, unit: spiteful }, ...others],
    memory: report.memory.map(one => ({ ...one, server: spiteful })),
    goals: [{ text: spiteful, wanted: spiteful, seen: spiteful, met: true }],
    notes: [spiteful],
  })
}

test('[LD21] the page has no script, loads nothing, and shows whatever a name contains as text', () => {
  const page = toHtml(spitefulReport())
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
  expect(page.split('&lt;script&gt;').length).toBeGreaterThan(20)
  // Every tag there is, of ours and of what was slipped in.
  const tags = new Set([...page.matchAll(/<([a-z!][a-z0-9]*)/gi)].map(([, name]) => name))
  for (const name of ['script', 'img', 'link', 'iframe', 'a', 'object', 'use', 'image'])
    expect(tags).not.toContain(name)
  // What stands in quotes is a value, whatever it looks like.
  const bare = page.replace(/="[^"]*"/g, '')
  expect(bare.match(/<[^>]*\s(on\w+|src|href)[\s>]/)).toBeNull()
  expect(page.match(/url\(|@import/)).toBeNull()
})

test('[LD22] the four counts stand first, in words too', () => {
  const good = toHtml(sampleReport())
  expect(good).toContain('All 11,518 acknowledged posts reached whom they should, once and in order, and nobody else.')
  for (const name of ['lost', 'doubled', 'disordered', 'leaked']) expect(good).toContain(`✓ none ${name}`)
  expect(good.indexOf('✓ none lost')).toBeLessThan(good.indexOf('<h2>'))
  const bad = sampleReport({ lost: 3, leaked: 1200 })
  expect(toHtml(bad)).toContain('Not as promised: 3 lost, 1,200 leaked.')
  expect(toHtml(bad)).toMatch(/fault bad"><b>3<\/b> <span class="word">✗ lost/)
  expect(toText(bad)).toMatch(
    /^3 lost, 0 doubled, 0 disordered, 1,200 leaked\nNot as promised: 3 lost, 1,200 leaked\.$/m,
  )
  expect(toText(sampleReport())).toMatch(/^0 lost, 0 doubled, 0 disordered, 0 leaked\nAll 11,518/m)
})

test('[LD22] a run that acknowledged nothing has shown nothing, and says so', () => {
  const empty = sampleReport({ posts: { sent: 0, acknowledged: 0, refused: 0, retried: 0 } })
  for (const text of [toText(empty), toHtml(empty)])
    expect(text).toContain('No post was acknowledged, so that nothing was shown.')
})

test('[LD24] the text names every goal, time, phase, server and note of the report', () => {
  const report = sampleReport()
  const text = toText(report)
  for (const { text: goal, seen } of report.goals) expect(text).toMatch(new RegExp(`${goal}.*${seen}`))
  expect(text).toMatch(/NOT MET +memory of each server/)
  for (const { kind } of report.latencies) expect(text).toMatch(new RegExp(`^ +${kind} +[\\d,]+ +.* m?s$`, 'm'))
  expect(text).toMatch(/^ +load +2:00 +9:50 +posts a second 24.1, joins 4,700$/m)
  for (const { server } of report.memory) expect(text).toMatch(new RegExp(`^ +${server} +3 +[\\d,]+ +\\d+$`, 'm'))
  expect(text).toContain(report.notes[0])
})

test('[LD23] what was measured a few times only has no chart, but its figures', () => {
  const [often, ...others] = sampleReport().latencies
  const rare = { ...others[0]!, kind: 'rare', count: 19 }
  const page = toHtml(sampleReport({ latencies: [often!, rare], series: [] }))
  expect(page.match(/<figure/g)).toHaveLength(1)
  expect(page).toContain('<th scope="row">rare</th>')
})

test('[LD24] what a report does not have leaves no empty heading', () => {
  const bare = sampleReport({ goals: [], latencies: [], phases: [], series: [], memory: [], notes: [] })
  expect(toText(bare)).not.toMatch(/^(Goals|Times|Phases|Memory|CPU|Notes)/m)
  expect(toHtml(bare).match(/<h2>/g)).toHaveLength(1)
})

test('[LD23] in a browser: nothing that axe calls serious, light or dark, every chart told in words and figures', async () => {
  const { chromium: executablePath } = await readTools()
  const whole = sampleReport({ lost: 1 })
  // Axe looks at every cell: fewer servers, all charts.
  const html = toHtml({ ...whole, series: whole.series.filter(({ name }) => !/load[2-4]/.test(name)) })
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      // The page's own policy would keep axe out.
      const context = await browser.newContext({ colorScheme, bypassCSP: true })
      const tab = await context.newPage()
      const asked: string[] = []
      tab.on('request', request => asked.push(request.url()))
      await tab.setContent(html)
      const { violations } = await new AxeBuilder({ page: tab }).setLegacyMode(true).analyze()
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
      expect(asked).toEqual([])
      const drawings = await tab.getByRole('img').count()
      expect(drawings).toBe(5 + 10)
      expect(await tab.locator('figure details table').count()).toBe(drawings)
      expect(await tab.getByRole('img', { name: 'CPU, cores in use over 10:00' }).count()).toBe(1)
      await context.close()
    }
  } finally {
    await browser.close()
  }
}, 120_000)
