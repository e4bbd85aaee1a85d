import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../src/client/client.ts'
import { now } from '../pool-clients.ts'
import { openRandom } from '../random.ts'
import { bootstrap, bring, complianceVerb, prepareCentral, publish, sessions } from './administrator.ts'
import {
  addServer,
  killServer,
  logTail,
  removeServer,
  replaceServer,
  type Standing,
  serves,
  setActive,
} from './changes.ts'
import { documentOf, domain, frontEnds } from './document.ts'
import { lookWest, shareFile, type WestReport } from './doors.ts'
import { openTestSite, type TestSite } from './site.ts'
import { openStage, type Stage } from './stage.ts'
import { openTalk, type Talk, type TalkReport } from './talk.ts'
import { findRefusals, type Refusal } from './tls.ts'

export type StoryOptions = { folder: string; users: number; seconds: number; postsPerSecond: number; seed: number }

/** What was done to the site while people talked, and how long they were without an answer meanwhile. */
type Happening = { what: string; tookMs: number; longestSilenceMs: number; slowestPostMs: number }

export type StoryReport = {
  seed: number
  seconds: number
  bootstrapSeconds: number
  machines: number
  /** Sessions of each server, while all talk. */
  sessions: Record<string, number>
  happenings: Happening[]
  fileBytes: number
  west?: WestReport
  refusals: Refusal[]
  talk?: TalkReport
  archive?: ArchiveReport
  faults: string[]
}

type ArchiveReport = { entries: number; sound: boolean; reconciled: boolean; messages: number; archived: number }
type Say = (text: string) => void

/** From bare machines to a site that serves, through what an administrator does to it and what befalls it, to the proof of its archive. */
export async function tellStory(options: StoryOptions, say: Say): Promise<StoryReport> {
  const startedAt = now()
  const stage = openStage(say)
  const report: StoryReport = {
    ...{ seed: options.seed, seconds: 0, bootstrapSeconds: 0, machines: 0, sessions: {}, happenings: [] },
    ...{ fileBytes: 0, refusals: [], faults: stage.faults },
  }
  const site = await openTestSite(options.folder)
  try {
    const standing = await begin(site, say)
    report.bootstrapSeconds = seconds(startedAt)
    await live(site, standing, stage, options, report, say)
    report.archive = await proveArchive(site)
  } catch (error) {
    stage.fault((error as Error).stack ?? String(error))
  }
  report.machines = site.machines.size
  report.seconds = seconds(startedAt)
  if (stage.faults.length > 0) for (const fqdn of site.machines.keys()) say(`${fqdn}:\n${await logTail(site, fqdn)}`)
  return report
}

const seconds = (since: number) => Math.round((now() - since) / 1_000)

/** Databases, one document, and each machine made from it. */
async function begin(site: TestSite, say: Say): Promise<Standing> {
  await prepareCentral(site)
  const standing: Standing = { servers: [1, 2, 3, 4].map(n => ({ fqdn: `chat${n}.${domain}` })), version: 1 }
  await publish(site, documentOf(standing.servers, site.ports), 0)
  const all = [...frontEnds, ...standing.servers.map(({ fqdn }) => fqdn), `west1.${domain}`]
  // Names are known before the first one asks for them, as in DNS.
  await Promise.all(all.map(fqdn => bring(site, fqdn)))
  say(`${site.machines.size} machines are there`)
  const make = async (fqdn: string, first = false) => {
    await bootstrap(site, fqdn, { first })
    say(`${fqdn} is bootstrapped`)
  }
  // The first machine of all makes the stores, the first Persistent Chat Server the archive; the others need no administrator of
  // databases. Each server is tried by two test users of its pool, so that those of one pool come one after the other.
  const [one = '', two = ''] = frontEnds
  const [third = '', ...others] = standing.servers.map(({ fqdn }) => fqdn)
  await make(one, true)
  const inTurn = async () => {
    await make(third, true)
    for (const fqdn of others) await make(fqdn)
  }
  await Promise.all([make(two), make(`west1.${domain}`), inTurn()])
  await Promise.all(all.map(fqdn => serves(site, fqdn)))
  return standing
}

async function live(
  site: TestSite,
  standing: Standing,
  stage: Stage,
  options: StoryOptions,
  report: StoryReport,
  say: Say,
) {
  const beganAt = now()
  const { users, postsPerSecond, seed } = options
  const urls = frontEnds.map(fqdn => `https://${fqdn}:${site.ports.main}`)
  const network = '10.77.0.0/24'
  const talk = await openTalk({ stage, frontEnds: urls, users, postsPerSecond, random: openRandom(seed), network })
  try {
    report.sessions = await whileMany(urls[0]!, talk.token, () => sessions(site, standing.servers.length))
    say(`all talk: ${JSON.stringify(report.sessions)}`)
    const aside = lookAround(site, talk, report)
    await befall(site, standing, stage, report, say)
    await aside
    await sleep(Math.max(0, options.seconds * 1_000 - (now() - beganAt)))
    report.talk = await talk.finish()
    tellSlowest(report, talk)
  } finally {
    talk.close()
  }
}

/** Each goes to any of the servers: so many leave none out but by a chance of one in a hundred thousand. */
async function whileMany<T>(url: string, token: string, work: () => Promise<T>): Promise<T> {
  const many = Array.from({ length: 40 }, () => connect({ url, token }))
  try {
    await Promise.all(many.map(one => one.ready()))
    return await work()
  } finally {
    for (const one of many) one.close()
  }
}

/** What has nothing to do with the rest, while that goes on. */
async function lookAround(site: TestSite, talk: Talk, report: StoryReport): Promise<void> {
  report.fileBytes = await shareFile(site, talk)
  report.west = await lookWest(site, talk)
  report.refusals = await findRefusals(site)
}

const spans = new WeakMap<Happening, { from: number; until: number }>()

async function befall(site: TestSite, standing: Standing, stage: Stage, report: StoryReport, say: Say): Promise<void> {
  const happens = async (what: string, work: () => Promise<unknown>) => {
    const from = now()
    await work()
    const tookMs = Math.round(now() - from)
    await stage.progress()
    await sleep(500)
    const one: Happening = {
      what,
      tookMs,
      longestSilenceMs: Math.round(stage.longestSilenceMs(from)),
      slowestPostMs: 0,
    }
    spans.set(one, { from, until: now() })
    report.happenings.push(one)
    say(`${what}: ${tookMs} ms, ${stage.count()} acknowledged`)
  }
  await happens('a fifth server is added', () => addServer(site, standing, 5))
  await happens('it becomes active instead of another one', () => setActive(site, 1, 3, 4, 5))
  await happens('that one is drained and removed', () => removeServer(site, standing, 2))
  await happens('NATS is restarted', async () => {
    await site.nats.stop()
    await sleep(2_000)
    await site.nats.start()
  })
  await happens('the network of the store is cut for three seconds', async () => {
    await site.store.machine.plug(false)
    await sleep(3_000)
    await site.store.machine.plug(true)
  })
  await happens('a server is killed', () => killServer(site, 3))
  await happens('another machine replaces it', () => replaceServer(site, standing, 3, 6))
  await happens('and becomes active', () => setActive(site, 1, 4, 5, 6))
}

/** The longest that anybody waited for the answer to a post that he sent meanwhile. */
function tellSlowest({ happenings }: StoryReport, { speakers }: Talk): void {
  const posts = speakers.flatMap(one => one.tried)
  for (const one of happenings) {
    const { from, until } = spans.get(one)!
    const mine = posts.filter(({ sentAt = 0, answeredAt = 0 }) => sentAt < until && answeredAt > from)
    one.slowestPostMs = Math.round(Math.max(0, ...mine.map(({ sentAt = 0, answeredAt = 0 }) => answeredAt - sentAt)))
  }
}

async function proveArchive(site: TestSite): Promise<ArchiveReport> {
  const json = async (...words: string[]) => {
    const { code, out, err } = await complianceVerb(site, ...words, '--json')
    if (out === '') throw new Error(`compliance ${words.join(' ')}: ${err}`)
    return { code, value: JSON.parse(out) }
  }
  // The last rooms of all are taken within seconds.
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(200))
    if ((await json('status')).value.backlog.events === 0) break
  const [verified, reconciled] = [await json('verify'), await json('reconcile')]
  const { messages, archived } = reconciled.value.report
  return {
    entries: verified.value.entries,
    sound: verified.code === 0 && verified.value.sound,
    reconciled: reconciled.code === 0 && reconciled.value.report.sound,
    ...{ messages, archived },
  }
}
