import { setTimeout as sleep } from 'node:timers/promises'
import { now } from '../pool-clients.ts'
import { openRandom } from '../random.ts'
import { bootstrap, bring, complianceVerb, prepareDatabases, publish, sessions } from './administrator.ts'
import { addServer, killServer, logTail, removeServer, replaceServer, type Standing, serves, setActive } from './changes.ts'
import { documentOf, domain, frontEnds } from './document.ts'
import { openTestSite, type TestSite } from './site.ts'
import { openStage } from './stage.ts'
import { openTalk, type TalkReport } from './talk.ts'

export type StoryOptions = { folder: string; users: number; seconds: number; postsPerSecond: number; seed: number }

/** What was done to the site while people talked, and how long they were without an answer. */
type Event = { what: string; tookMs: number; recoveredMs: number; longestSilenceMs: number }

export type StoryReport = {
  seed: number
  seconds: number
  bootstrapSeconds: number
  machines: number
  /** Sessions of each server, while all talk. */
  sessions: Record<string, number>
  events: Event[]
  talk?: TalkReport
  archive?: { entries: number; sound: boolean; reconciled: boolean }
  faults: string[]
}

const network = '10.77.0.0/24'

/** From bare machines to a site that serves, through all that an administrator does to it and all that befalls it. */
export async function tellStory(options: StoryOptions, say: (text: string) => void): Promise<StoryReport> {
  const { folder, users, seconds, postsPerSecond, seed } = options
  const startedAt = now()
  const stage = openStage(say)
  const report: StoryReport = { seed, seconds: 0, bootstrapSeconds: 0, machines: 0, sessions: {}, events: [], faults: stage.faults }
  const site = await openTestSite(folder)
  try {
    await prepareDatabases(site)
    const standing: Standing = { servers: [1, 2, 3, 4].map(n => ({ fqdn: `chat${n}.${domain}`, standby: n > 2 })), version: 0 }
    await publish(site, documentOf(standing.servers, site.ports), 0)
    standing.version = 1
    await bootstrapAll(site, standing, say)
    report.bootstrapSeconds = Math.round((now() - startedAt) / 1_000)
    say(`bootstrapped in ${report.bootstrapSeconds} s`)

    const talk = await openTalk({ stage, frontEnds: frontEnds.map(fqdn => `https://${fqdn}:${site.ports.main}`), users, postsPerSecond, random: openRandom(seed), network })
    const event = async (what: string, work: () => Promise<unknown>) => {
      const beganAt = now()
      await work()
      const doneAt = now()
      const recoveredMs = await stage.progress()
      await sleep(500)
      const one = { what, tookMs: doneAt - beganAt, recoveredMs, longestSilenceMs: stage.longestSilenceMs(beganAt) }
      report.events.push(Object.fromEntries(Object.entries(one).map(([k, v]) => [k, typeof v === 'number' ? Math.round(v) : v])) as Event)
      say(JSON.stringify(report.events.at(-1)))
    }
    const round = async () => {
      report.sessions = await sessions(site)
      await event('a fifth server is added', () => addServer(site, standing, 5))
      await event('it becomes active instead of another one', () => setActive(site, 1, 3, 4, 5))
      await event('that one is drained and removed', () => removeServer(site, standing, 2))
      await event('NATS is restarted', async () => {
        await site.nats.stop()
        await sleep(2_000)
        await site.nats.start()
      })
      await event("the store's network is cut for 3 s", async () => {
        await site.store.machine.plug(false)
        await sleep(3_000)
        await site.store.machine.plug(true)
      })
      await event('a server is killed', () => killServer(site, 3))
      await event('another machine replaces it', () => replaceServer(site, standing, 3, 6))
      await event('and becomes active', () => setActive(site, 1, 4, 5, 6))
    }
    try {
      await round()
      const left = seconds * 1_000 - (now() - startedAt)
      if (left > 0) await sleep(left)
      report.talk = await talk.finish()
    } finally {
      talk.close()
    }
    report.archive = await proveArchive(site)
  } catch (error) {
    stage.fault((error as Error).stack ?? String(error))
  } finally {
    report.machines = site.machines.size
    report.seconds = Math.round((now() - startedAt) / 1_000)
    if (stage.faults.length > 0) for (const fqdn of site.machines.keys()) say(`${fqdn}:\n${await logTail(site, fqdn)}`)
  }
  return report
}

async function bootstrapAll(site: TestSite, { servers }: Standing, say: (text: string) => void): Promise<void> {
  const west = `west1.${domain}`
  const all = [...frontEnds, ...servers.map(({ fqdn }) => fqdn), west]
  // Names are known before the first one asks for them, as in DNS.
  for (const fqdn of all) await bring(site, fqdn)
  say('machines are there')
  for (const fqdn of all) {
    await bootstrap(site, fqdn)
    say(`${fqdn} is bootstrapped`)
  }
  for (const fqdn of all) await serves(site, fqdn)
  await setActive(site, 1, 2, 3, 4)
  const { code, err } = await complianceVerb(site, 'enable')
  if (code !== 0) throw new Error(`compliance enable: ${err}`)
}

async function proveArchive(site: TestSite) {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(300)) {
    const status = JSON.parse((await complianceVerb(site, 'status', '--json')).out)
    if (status.waiting === 0 || status.outbox?.rows === 0) break
  }
  const status = await complianceVerb(site, 'status', '--json')
  const verified = await complianceVerb(site, 'verify', '--json')
  const reconciled = await complianceVerb(site, 'reconcile', '--json')
  console.error(status.out, verified.out, verified.err, reconciled.out.slice(0, 3000), reconciled.err)
  return { entries: 0, sound: verified.code === 0, reconciled: reconciled.code === 0 }
}
