import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { LoadReport } from './report.ts'

const main = join(import.meta.dirname, 'main.ts')
const everything = 180_000

type Ended = { code: number; said: string; complained: string }

test(
  '[LD1] a small run with a server killed under load: everybody is back, and the checker finds nothing',
  async () => {
    const size = ['--scale', '0.0075', '--endpoints', '1.5', '--servers', '2', '--workers', '1', '--processes', '2']
    const { code, said, complained } = await load([
      '--profile',
      'failover',
      ...size,
      '--seconds',
      '9',
      '--rate',
      '40',
      '--json',
    ])
    expect(said, complained).toMatch(/^\{/)
    const report = JSON.parse(said) as LoadReport
    expect(report, JSON.stringify(report.notes)).toMatchObject({ lost: 0, doubled: 0, disordered: 0, leaked: 0 })
    expect(code).toBe(0)
    expect(report.site).toMatchObject({ users: 600, sessions: 900, servers: 2, workers: 1 })
    const { posts } = report
    expect(posts.acknowledged).toBeGreaterThan(40)
    expect(posts.sent).toBe(posts.acknowledged + posts.refused)
    // Rooms of 30 users and more.
    expect(report.deliveries).toBeGreaterThan(posts.acknowledged * 20)
    const [failover, quiet] = ['failover', 'quiet'].map(name => report.phases.find(phase => phase.name === name)!)
    expect(failover!.figures['sessions of the killed server']).toBeGreaterThan(300)
    expect(countOf(report, 'back')).toBeGreaterThan(300)
    expect(quiet!.figures['sessions removed and let in again']).toBeGreaterThan(0)
    expect(quiet!.figures['heard before and after']).toBeGreaterThan(0)
    expect(quiet!.figures['outsiders asked']).toBeGreaterThan(0)
    for (const kind of ['delivery', 'delivery small', 'delivery medium', 'acknowledgement', 'open', 'sync', 'sign-in'])
      expect(countOf(report, kind), kind).toBeGreaterThan(0)
    expect(report.goals.every(goal => goal.met)).toBe(true)
  },
  everything,
)

test('[LD11] what cannot be run is refused in a sentence before anything is started', async () => {
  const few = await load(['--scale', '0.001'])
  expect(few).toMatchObject({ code: 2, said: '' })
  expect(few.complained).toMatch(/--scale 0\.001 is 80 users, too few .* Give 0\.0075 or more\./)
  const wrong = await load(['--profile', 'nothing'])
  expect(wrong).toMatchObject({ code: 2, said: '' })
  expect(wrong.complained).toContain('lync-2013')
  const crowded = await load(['--scale', '1', '--processes', '2'])
  expect(crowded.code).toBe(2)
  expect(crowded.complained).toContain('--processes 2')
})

function countOf(report: LoadReport, kind: string): number {
  return report.latencies.find(histogram => histogram.kind === kind)?.count ?? 0
}

function load(args: string[]): Promise<Ended> {
  return new Promise(resolve =>
    execFile(process.execPath, [main, ...args], { maxBuffer: 2 ** 26 }, (error, said, complained) =>
      resolve({ code: error === null ? 0 : Number(error.code), said, complained }),
    ),
  )
}
