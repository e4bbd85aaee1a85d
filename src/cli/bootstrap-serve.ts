import { setTimeout as sleep } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { operator } from '../domain/operator.ts'
import { readCompliance } from '../store/compliance.ts'
import { type Db, openDb, transaction } from '../store/db.ts'
import { readSchemaFacts } from '../store/doctor.ts'
import { readPool, registerServer } from '../store/server.ts'
import { raiseSettings } from '../store/stamp.ts'
import { asOnlyTrial } from '../store/trial.ts'
import type { ProcessPlan } from '../topology/plan.ts'
import { unitName } from '../topology/unit.ts'
import { trustOf } from './bootstrap-certificate.ts'
import type { Doing, Site } from './bootstrap-doing.ts'
import { filledSettings } from './bootstrap-stores.ts'
import { askUnits } from './bootstrap-units.ts'
import { sentence } from './doctor-check.ts'
import { addressOf } from './store-verb.ts'
import { testRoom } from './test-setup.ts'

const healthMs = 120_000
const lookMs = 500
const testMs = 60_000
/** What was made for the test is heard of by all servers within seconds. */
const testTries = 3
const trialWaitMs = 240_000

const serves = ({ roles }: ProcessPlan) => roles.includes('persistent-chat')

/** Work on the store of a process, as the operator of the machine. */
async function onStoreOf<T>(one: ProcessPlan, site: Site, work: (db: Db) => Promise<T>): Promise<T> {
  const db = openDb(await storeOf(one, site), { max: 2 })
  try {
    return await work(db)
  } finally {
    await db.end()
  }
}

function storeOf(one: ProcessPlan, { env }: Site) {
  const { databaseUrl, dataDir } = filledSettings(one, env)
  return addressOf({ ...(databaseUrl === undefined ? {} : { databaseUrl }), dataDir: dataDir! })
}

const notYet = (error: unknown) => ({ done: false, found: `not to be seen yet (${sentence(error)})` })

/** The server makes it; here its coming is waited for. */
export function embeddedDoing(site: Site): Doing {
  const own = site.plan.processes.filter(({ databases }) => databases.some(({ hosts }) => hosts.length === 0))
  const isThere = async () => {
    for (const one of own) {
      const facts = await onStoreOf(one, site, readSchemaFacts)
      if (!facts || facts.has < facts.knows) return false
    }
    return true
  }
  return {
    id: 'database-embedded',
    look: async () =>
      (await isThere().catch(() => false))
        ? { done: true, found: 'it runs, with the schema of this program' }
        : { done: false, found: 'no database runs there yet' },
    async act() {
      for (const deadline = Date.now() + healthMs; ; await sleep(lookMs)) {
        const isWell = await isThere().catch((error: Error) => error)
        if (isWell === true) return
        for (const one of own) await requireRunning(one, site)
        if (Date.now() > deadline) throw new Error(`Its database did not come. ${whereToLook(own)}`)
      }
    },
  }
}

const whereToLook = (all: ProcessPlan[]) => `See journalctl ${all.map(one => `--unit ${unitName(one)}`).join(' ')}.`

async function requireRunning(one: ProcessPlan, { machine }: Site): Promise<void> {
  const [state] = await askUnits(machine, [unitName(one)])
  if (state?.isDown) throw new Error(`${unitName(one)} does not run: the server ended. ${whereToLook([one])}`)
}

/** From here on this process trusts whoever signed the certificates of the machine. */
async function trust(site: Site): Promise<void> {
  const pem = await trustOf(site)
  if (pem !== undefined) setDefaultCACertificates([...getCACertificates('default'), pem])
}

export function healthDoing(site: Site): Doing {
  const { processes } = site.plan
  return {
    id: 'health',
    isTrial: true,
    look: async () => ({ done: false, found: 'asked each time' }),
    async act() {
      await trust(site)
      await Promise.all(processes.map(one => untilReady(one, site)))
    },
  }
}

async function untilReady(one: ProcessPlan, site: Site): Promise<void> {
  const { url } = one.listens
  for (const deadline = Date.now() + healthMs; ; await sleep(lookMs)) {
    const said = await askReady(url)
    if (said === undefined) return
    await requireRunning(one, site)
    if (Date.now() > deadline) throw new Error(`${url}/readyz: ${said}. ${whereToLook([one])}`)
  }
}

/** Why it is not ready; undefined where it is. */
async function askReady(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(10_000) })
    const said = (await answer.json().catch(() => undefined)) as { notes?: string[] } | undefined
    return answer.ok ? undefined : `${answer.status}, ${said?.notes?.join(', ') || 'no reason said'}`
  } catch (error) {
    return sentence(error)
  }
}

/** Before it starts for the first time, so that it never serves meanwhile; later the pool's administrator says who is active. */
export function standbyDoing(site: Site): Doing {
  const { fqdn, processes } = site.plan
  const standby = processes.find(one => serves(one) && one.standby)
  return {
    id: 'standby',
    look: () =>
      onStoreOf(standby!, site, async db => {
        const mine = (await readPool(db)).servers.find(({ name }) => name === fqdn)
        if (!mine) return { done: false, found: 'the pool does not know it yet' }
        if (!mine.active) return { done: true, found: 'on stand-by' }
        return { done: true, found: 'active, and left so: pchat pool active-servers changes it' }
      }).catch(notYet),
    act: () => onStoreOf(standby!, site, db => registerServer(db, fqdn, { standby: true })),
  }
}

export function recordingDoing(site: Site): Doing {
  const recorded = site.plan.processes.find(one => serves(one) && one.recording)
  return {
    id: 'recording',
    look: () =>
      onStoreOf(recorded!, site, async db =>
        (await readCompliance(db)).recording ? { done: true, found: 'on' } : { done: false, found: 'off' },
      ).catch(notYet),
    act: () =>
      onStoreOf(recorded!, site, async db => {
        // The verbs of the server, which no other step needs.
        const { switchCompliance, untilHeard, viewOf } = await import('../chat/compliance.ts')
        const version = await transaction(db, async tx => {
          await switchCompliance(tx, operator.id, true, {})
          return raiseSettings(tx)
        })
        await untilHeard(db, version)
        const { unheard } = await viewOf(db, version)
        if (unheard.length > 0)
          throw new Error(`${unheard.join(', ')} did not say that it records. Look at it, then run this again.`)
      }),
  }
}

/**
 * Two test users, whom the operator of the machine makes where they are missing, hear each other. People sign in at Front End Servers and
 * chat on Persistent Chat Servers: until both run, it is left to the machine that comes later.
 */
export function testDoing(site: Site): Doing {
  const tried = site.plan.processes.filter(one => !one.standby)
  return {
    id: 'test',
    isTrial: true,
    async look() {
      if (tried.length === 0) return { done: false, isLeft: true, found: 'nobody chats on a server on stand-by' }
      await trust(site).catch(() => {})
      const lacks = (await Promise.all(tried.map(one => lackOf(one, site)))).find(one => one !== undefined)
      return lacks === undefined
        ? { done: false, found: 'tried each time' }
        : { done: false, isLeft: true, found: `${lacks} runs yet` }
    },
    async act() {
      await trust(site)
      for (const one of tried) await tryOut(one, site)
    },
  }
}

const signsIn = ({ roles }: ProcessPlan) => roles.includes('sign-in')

/** What a test would need of other machines and is not there; this machine's own server is the step before's. */
async function lackOf(one: ProcessPlan, site: Site): Promise<string | undefined> {
  if (!signsIn(one) && (await entranceOf(one)) === undefined) return `no Front End Server of ${one.pool}`
  if (serves(one)) return undefined
  const { servers } = await onStoreOf(one, site, readPool).catch(() => ({ servers: [] }))
  const isThere = servers.some(({ active, processes }) => active && processes.some(({ alive }) => alive))
  return isThere ? undefined : `no active Persistent Chat Server of ${one.pool}`
}

/** The first of the addresses that people sign in at which is ready. */
async function entranceOf({ signIn }: ProcessPlan): Promise<string | undefined> {
  const said = await Promise.all(signIn.map(askReady))
  return signIn.find((_, i) => said[i] === undefined)
}

/** One machine at a time, since the test users get new passwords each time. */
function tryOut(one: ProcessPlan, site: Site): Promise<void> {
  return onStoreOf(one, site, db => asOnlyTrial(db, trialWaitMs, () => tryAlone(one, site)))
}

async function tryAlone(one: ProcessPlan, site: Site): Promise<void> {
  const [{ openOperator }, { setUpAs }, { runTest }, { diagnose }] = await Promise.all([
    import('./shell/operator.ts'),
    import('./test-setup.ts'),
    import('./test-steps.ts'),
    import('./test-diagnosis.ts'),
  ])
  const ask = await openOperator(await storeOf(one, site))
  try {
    // Before the first administrator is there, the pool has no domain of its own.
    const domain = one.settings.domain ?? domainOf(site.plan.fqdn)
    const admin: Parameters<typeof setUpAs>[0] = { request: (verb, input) => ask.call(verb, input) }
    const ready = await setUpAs(admin, { sender: {}, receiver: {}, domain })
    const signInAt = (await entranceOf(one)) ?? one.listens.url
    const server = (await takesSessions(one, site)) ? one.listens.url : signInAt
    for (let attempt = 1; ; attempt += 1) {
      const { fault } = await runTest({ server, signInAt, timeoutMs: testMs, ...ready })
      if (!fault) return
      if (attempt >= testTries)
        throw new Error(
          `${server}: ${fault.step}${fault.who ? `, ${fault.who}` : ''}: ${fault.message} (${fault.code}) ${diagnose(fault, testRoom)}`,
        )
      await sleep(2_000)
    }
  } finally {
    await ask.close()
  }
}

/** A pool with four active servers has those that come later on stand-by. */
async function takesSessions(one: ProcessPlan, site: Site): Promise<boolean> {
  if (!serves(one)) return false
  const { servers } = await onStoreOf(one, site, readPool)
  return servers.some(({ name, active }) => active && name === site.plan.fqdn)
}

/** Of a machine: what stands behind its own name, where something does. */
function domainOf(fqdn: string): string {
  return fqdn.replace(/^[^.]*\.(?=.*[a-z])/, '')
}
