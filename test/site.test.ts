import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { domain } from './site/document.ts'
import { runSite } from './site/enter.ts'
import type { StoryReport } from './site/story.ts'

let report: StoryReport
beforeAll(async () => {
  let said = ''
  const { out } = await runSite(['--users', '8', '--posts-per-second', '15', '--seed', '1'], text => {
    said += text
  })
  if (out === '')
    throw new Error(`${fileURLToPath(new URL('site/inside.ts', import.meta.url))} ended:\n${said.slice(-4_000)}`)
  report = JSON.parse(out)
  if (report.faults.length > 0) throw new Error(`${report.faults.join('\n')}\n${said.slice(-6_000)}`)
}, 600_000)

test('[TS3] [TS10] eleven machines are made from one published document, and users are served from all four servers', () => {
  // Those of the pools, two of databases, NATS, the desk of the administrator, and two that came later.
  expect(report.machines).toBe(13)
  const serving = Object.entries(report.sessions).filter(([, count]) => count > 0)
  expect(serving.map(([name]) => name).sort()).toEqual([1, 2, 3, 4].map(n => `chat${n}.${domain}`))
})

test('[TS4] while servers come, go, die and are replaced, and NATS and store are away, nothing is lost, doubled, mixed up or leaked', () => {
  expect(report.happenings.map(({ what }) => what)).toEqual([
    'a fifth server is added',
    'it becomes active instead of another one',
    'that one is drained and removed',
    'NATS is restarted',
    'the network of the store is cut for three seconds',
    'a server is killed',
    'another machine replaces it',
    'and becomes active',
  ])
  expect(report.faults).toEqual([])
  const { talk } = report
  expect(talk!.posts).toBeGreaterThan(100)
  expect(talk!.acknowledged).toBe(talk!.posts)
  expect(talk!.heard).toBeGreaterThan(talk!.posts)
  // Who was on the one that was drained, and on the one that died.
  expect(talk!.reconnected).toBeGreaterThan(0)
  expect(talk!.rightChanges).toBeGreaterThan(4)
  expect(talk!.refusedStrangers).toBeGreaterThan(4)
})

test('[TS5] the archive has every message, is proved sound and agrees with the store', () => {
  expect(report.archive).toMatchObject({ sound: true, reconciled: true })
  const { messages, archived, entries } = report.archive!
  expect(messages).toBeGreaterThanOrEqual(report.talk!.posts)
  expect(archived).toBe(messages)
  expect(entries).toBeGreaterThan(messages)
})

test('[TS6] a file that goes in at one Front End Server comes out at the other one', () => {
  expect(report.fileBytes).toBe(300_000)
})

test('[TS7] a second pool has rooms of its own, and neither knows of those of the other one', () => {
  expect(report.west).toMatchObject({ heard: 5, mainRoomAnswered: 'not_found' })
  expect(report.west!.roomsOfWest).toContain('sunset')
  expect(report.west!.seenFromMain).toContain('hall')
  expect(report.west!.seenFromMain).not.toContain('sunset')
  expect(report.west!.roomsOfWest).not.toContain('hall')
})

test('[TS11] one sign-in shows both pools by their display names, and opens the second one without a password', () => {
  expect(report.west!.pools).toEqual(['Main rooms', 'Rooms of the west'])
  expect(report.west!.handedOver).toMatch(/@example\.com$/)
})

test('[TS12] the policy of a site counts at its servers, and at no other site', () => {
  expect(report.west!.enabled).toEqual({ before: true, after: false, elsewhere: true })
})

const untrusted = /certificate (is )?of an authority that (is not trusted here|this machine does not know)/

/** Not that nobody was there. */
const plainEnded = /other side closed|ECONNRESET|HPE_|hang up/

test.each([
  ['PostgreSQL without TLS', /no encryption/],
  ['NATS without TLS', /tls_required/],
  [`fe1.${domain} without TLS`, plainEnded],
  [`chat1.${domain} without TLS`, plainEnded],
])('[TS8] %s is refused', (who, pattern) => {
  expect(saidTo(who)).toMatch(pattern)
})

test.each([
  ['server to PostgreSQL', /The database pchat on db1\.example\.com:5432 .*Mend that certificate, or name the file/],
  ['command to PostgreSQL', /Mend that certificate, or name the file of its authority/],
  ['server to NATS', /^NATS .*NODE_EXTRA_CA_CERTS/],
  ['client to server', /name its file with --ca-file/],
])('[TS9] %s: a certificate of an authority that is not trusted is refused with what to do', (who, mend) => {
  expect(saidTo(who)).toMatch(untrusted)
  expect(saidTo(who)).toMatch(mend)
})

function saidTo(who: string): string | undefined {
  return report.refusals.find(one => one.who === who)?.said
}
