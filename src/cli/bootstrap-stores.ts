import { resolve } from 'node:path'
import { splitHosts } from '../store/address.ts'
import { openDb } from '../store/db.ts'
import { findEmbedded } from '../store/embedded.ts'
import { readClock } from '../store/server.ts'
import { fillSecrets } from '../topology/connection.ts'
import type { DatabasePlan, ProcessPlan, ServerPlan } from '../topology/plan.ts'
import type { ServerSettings } from '../topology/settings.ts'
import { settingOf } from '../topology/steps.ts'
import { type Check, fault, ok, sentence, warning } from './doctor-check.ts'
import { checkHost, checkPair } from './probe-store.ts'
import { readReference } from './secret-reference.ts'

/** The settings with their passwords; undefined for an address whose password cannot be read, which is told by another check. */
export function filledSettings({ settings, secrets }: ProcessPlan, env: NodeJS.ProcessEnv): ServerSettings {
  let filled = settings
  for (const secret of secrets)
    try {
      filled = fillSecrets(filled, [secret], reference => readReference(reference, env))
    } catch {
      filled = { ...filled, [secret.setting]: undefined }
    }
  return filled
}

/** Who connects and then says nothing is not waited for. */
export const bounded = { max: 1, statementMs: 8_000, onError() {} }

/** Each host of each database that the processes of the machine work on, each database once. */
export async function checkStores({ processes }: ServerPlan, env: NodeJS.ProcessEnv): Promise<Check[]> {
  const all = processes.flatMap(one => {
    const filled = filledSettings(one, env)
    const away = one.databases.filter(({ what, hosts }) => hosts.length > 0 && one.settings[settingOf[what]])
    return away.map(plan => ({ plan, url: filled[settingOf[plan.what]], workers: one.settings.workers ?? 1 }))
  })
  const keyOf = ({ plan }: (typeof all)[number]) => `${plan.hosts.join()}/${plan.database}`
  const once = all.filter((one, i) => all.findIndex(other => keyOf(other) === keyOf(one)) === i)
  const outside = once.map(({ plan, url, workers }) => checkDatabase(plan, url, workers, env))
  return (await Promise.all([...outside, ...processes.map(checkEmbedded)])).flat()
}

/** Of a server that runs here already; otherwise it is made at the first start. */
async function checkEmbedded({ databases, settings }: ProcessPlan): Promise<Check[]> {
  if (databases.every(({ hosts }) => hosts.length > 0)) return []
  const area = 'PersistentChatStore'
  const address = await findEmbedded(resolve(settings.dataDir!))
  if (!address)
    return [
      { area, check: 'embedded', ...ok('no server runs here', 'PostgreSQL 15 or later, which comes with the program') },
    ]
  const db = openDb(address, bounded)
  try {
    const { checks } = await checkHost({ name: 'embedded', db, backup: false }, settings.workers ?? 1)
    return checks.map(one => ({ ...one, area }))
  } finally {
    await db.end()
  }
}

async function checkDatabase(
  plan: DatabasePlan,
  url: string | undefined,
  workers: number,
  env: NodeJS.ProcessEnv,
): Promise<Check[]> {
  const { what, hosts, password } = plan
  const notAsked = () =>
    fault(
      `not asked: ${reasonOf(password ?? '', env)}`,
      'PostgreSQL 15 or later',
      'Mend that first: see the checks of secrets.',
    )
  if (url === undefined) return hosts.map(host => ({ area: what, check: host, ...notAsked() }))
  const seen = await Promise.all(
    (splitHosts(url) ?? []).map(({ name, connectionString }) =>
      checkOneHost(plan, name, connectionString, workers).catch(error => unopened(name, error)),
    ),
  )
  const facts = seen.flatMap(one => one.facts ?? [])
  const pair = hosts.length > 1 && facts.length === hosts.length ? [checkPair(facts)] : []
  return [...seen.flatMap(one => one.checks), ...pair].map(one => ({ ...one, area: what }))
}

function reasonOf(reference: string, env: NodeJS.ProcessEnv): string {
  try {
    readReference(reference, env)
    return 'its password could not be read'
  } catch (error) {
    return sentence(error)
  }
}

/** Where database or role are still to be made, what can be seen of the server without them is. */
async function checkOneHost(plan: DatabasePlan, name: string, connectionString: string, workers: number) {
  const { database, user } = plan
  const code = await codeOf(connectionString)
  if (code !== '3D000' && code !== '28P01' && code !== '28000') return ask(name, connectionString, workers)
  const notYet = (found: string, mend: string): Check => ({
    ...{ area: '', check: `${name}: ${database}` },
    ...warning(found, `${database}, which ${user} owns`, mend),
  })
  if (code === '3D000') {
    const elsewhere = new URL(connectionString)
    elsewhere.pathname = '/postgres'
    const { checks, facts } = await ask(name, elsewhere.href, workers)
    const check = notYet('not there yet', 'It is made by one of the steps: --what-if shows them.')
    return { checks: [...checks, check], facts }
  }
  const found = `PostgreSQL answers, and does not let ${user} in (${code}); version and settings are not to be seen`
  const mend = `Where the role is still to be made: --what-if shows how. Where it is: mend its password, or pg_hba.conf.`
  return { checks: [notYet(found, mend)], facts: undefined }
}

/** The driver reads the certificate of the authority before it asks anybody. */
function unopened(name: string, error: unknown): { checks: Check[]; facts: undefined } {
  const seen = fault(
    sentence(error),
    'PostgreSQL 15 or later',
    'Mend what is named; caFile of the topology says where it is.',
  )
  return { checks: [{ area: '', check: name, ...seen }], facts: undefined }
}

async function ask(name: string, connectionString: string, workers: number) {
  const db = openDb({ connectionString }, bounded)
  try {
    return await checkHost({ name, db, backup: false }, workers)
  } finally {
    await db.end()
  }
}

/** Why PostgreSQL itself refuses (SQLSTATE); undefined where it does not, or does not answer. */
async function codeOf(connectionString: string): Promise<string | undefined> {
  const db = openDb({ connectionString }, bounded)
  try {
    await readClock(db)
    return undefined
  } catch (error) {
    return (error as { code?: string }).code ?? ((error as Error).cause as { code?: string } | undefined)?.code
  } finally {
    await db.end().catch(() => {})
  }
}
