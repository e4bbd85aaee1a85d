import { setTimeout as sleep } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { operator } from '../domain/operator.ts'
import { audit } from '../store/audit.ts'
import { readCompliance } from '../store/compliance.ts'
import { type Db, openDb, transaction } from '../store/db.ts'
import { readSchemaFacts } from '../store/doctor.ts'
import { readPool, setActiveServers } from '../store/server.ts'
import { raiseSettings } from '../store/stamp.ts'
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

/** A process that holds live sessions, whether that is what the topology wants there or what starts beside it. */
const holdsSessions = ({ roles }: ProcessPlan) => roles.includes('persistent-chat')
const serves = ({ roles }: ProcessPlan) => roles.includes('persistent-chat')

/** Work on the store of a process, as the operator of the machine. */
async function onStoreOf<T>(one: ProcessPlan, { env }: Site, work: (db: Db) => Promise<T>): Promise<T> {
  const { databaseUrl, dataDir } = filledSettings(one, env)
  const address = await addressOf({ ...(databaseUrl === undefined ? {} : { databaseUrl }), dataDir: dataDir! })
  const db = openDb(address, { max: 2 })
  try {
    return await work(db)
  } finally {
    await db.end()
  }
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

export function standbyDoing(site: Site): Doing {
  const { fqdn, processes } = site.plan
  const standby = processes.find(one => serves(one) && one.standby)
  return {
    id: 'standby',
    look: () =>
      onStoreOf(standby!, site, async db => {
        const mine = (await readPool(db)).servers.find(({ name }) => name === fqdn)
        if (!mine) return { done: false, found: 'the pool does not know it yet' }
        return mine.active ? { done: false, found: 'active' } : { done: true, found: 'on stand-by' }
      }).catch(notYet),
    act: () =>
      onStoreOf(standby!, site, db =>
        transaction(db, async tx => {
          const active = (await readPool(tx)).servers.filter(one => one.active).map(({ name }) => name)
          const names = active.filter(name => name !== fqdn)
          if (names.length === 0)
            throw new Error(`No other server of ${standby!.pool} is active. Bootstrap an active one, then this again.`)
          await setActiveServers(tx, names)
          await audit(tx, operator.id, 'pool.update', 'pool', { activeServers: names.join(' ') })
        }),
      ),
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

/** Two test users, whom the operator of the machine makes where they are missing, hear each other. */
export function testDoing(site: Site): Doing {
  const tried = site.plan.processes.filter(one => holdsSessions(one) && !one.standby)
  return {
    id: 'test',
    isTrial: tried.length > 0,
    look: async () =>
      tried.length > 0
        ? { done: false, found: 'tried each time' }
        : { done: true, found: 'not tried, since nobody signs in here' },
    async act() {
      await trust(site)
      for (const one of tried) await tryOut(one, site)
    },
  }
}

/** Where people sign in who come to this process. */
async function doorOf({ roles, listens, peers }: ProcessPlan): Promise<string> {
  if (roles.includes('sign-in')) return listens.url
  const doors = peers.filter(({ what }) => what === 'Front End Server').map(peer => `https://${peer.host}:${peer.port}`)
  for (const door of doors) if ((await askReady(door)) === undefined) return door
  throw new Error(
    `${listens.url} serves, and nobody can try it: no Front End Server answers (${doors.join(', ')}). Run this on one of them, then here again.`,
  )
}

async function tryOut(one: ProcessPlan, site: Site): Promise<void> {
  const [{ openOperator }, { setUpAs }, { runTest }, { diagnose }] = await Promise.all([
    import('./shell/operator.ts'),
    import('./test-setup.ts'),
    import('./test-steps.ts'),
    import('./test-diagnosis.ts'),
  ])
  const { databaseUrl, dataDir } = filledSettings(one, site.env)
  const ask = await openOperator(
    await addressOf({ ...(databaseUrl === undefined ? {} : { databaseUrl }), dataDir: dataDir! }),
  )
  try {
    // Before the first administrator is there, the pool has no domain of its own.
    const domain = one.settings.domain ?? domainOf(site.plan.fqdn)
    const admin: Parameters<typeof setUpAs>[0] = { request: (verb, input) => ask.call(verb, input) }
    const ready = await setUpAs(admin, { sender: {}, receiver: {}, domain })
    const server = one.listens.url
    const signInAt = await doorOf(one)
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

/** Of a machine: what stands behind its own name, where something does. */
function domainOf(fqdn: string): string {
  return fqdn.replace(/^[^.]*\.(?=.*[a-z])/, '')
}
