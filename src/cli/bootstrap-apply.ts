import { Refusal } from '../protocol/error.ts'
import type { ServerPlan } from '../topology/plan.ts'
import type { Topology } from '../topology/schema.ts'
import { stepsOf } from '../topology/steps.ts'
import { accountDoing, foldersDoing } from './bootstrap-account.ts'
import { adminUrlsOf } from './bootstrap-admin.ts'
import { certificateDoing } from './bootstrap-certificate.ts'
import { lookAtPrerequisites } from './bootstrap-check.ts'
import { databaseDoing, migrationsDoing } from './bootstrap-database.ts'
import { type Doing, openMachine, type Site, type Standing, Waits } from './bootstrap-doing.ts'
import { lockMachine } from './bootstrap-lock.ts'
import { poolsDoing } from './bootstrap-pools.ts'
import { readEnvironmentFile, rolesOf, secretsDoing } from './bootstrap-secrets.ts'
import { embeddedDoing, healthDoing, recordingDoing, standbyDoing, testDoing } from './bootstrap-serve.ts'
import { openTeller, type Teller } from './bootstrap-teller.ts'
import { programIn, requirePlaces, startDoing, unitsDoing } from './bootstrap-units.ts'
import { type Check, worstOf } from './doctor-check.ts'
import { exitCodes } from './shell/fault.ts'
import type { Io } from './shell/io.ts'

export type ApplyOptions = {
  adminUrl?: string[]
  makeSecrets?: boolean
  authority?: string
  caFile?: string
  uid?: number
  installDir?: string
  json?: boolean
}

/** Where the internal authority keeps its key, unless somebody says otherwise. */
export const authorityFolder = '/etc/pchat/authority'
/** Something is left for an administrator of a database. */
const exitWaits = 3

/** Carries the steps out: prerequisites first, then each step looked at, done, and looked at again. Answers the exit code. */
export async function apply(topology: Topology, plan: ServerPlan, options: ApplyOptions, io: Io): Promise<number> {
  requireRoot()
  requirePlaces(plan)
  const adminUrls = adminUrlsOf(options.adminUrl, plan, io.env)
  const program = programIn(options.installDir)
  const lock = await lockMachine()
  const umask = process.umask(0o022)
  try {
    const env = await readEnvironmentFile()
    const site: Site = {
      ...{ plan, program, env, adminUrls, machine: openMachine(lock.descriptor) },
      ...{ makeSecrets: options.makeSecrets === true, uid: options.uid, caFile: options.caFile },
      authority: options.authority ?? authorityFolder,
    }
    const teller = openTeller(plan.fqdn, options.json === true, io)
    const checks = await prerequisites(topology, site, io.env)
    teller.prerequisites(checks)
    if (worstOf(checks) === 'error')
      throw new Refusal(
        'invalid_argument',
        'The machine is not what the plan needs: see the errors. Nothing was changed.',
      )
    return await carryOut(site, teller)
  } finally {
    process.umask(umask)
    await lock.release()
  }
}

export function requireRoot(): void {
  if (process.getuid?.() !== 0)
    throw new Refusal(
      'forbidden',
      'Accounts, folders and units are made by root alone. Run this as root (sudo -i): a variable before a command of sudo is seen by everybody on this machine.',
    )
}

/** What one of the steps mends is no fault before it. */
async function prerequisites(topology: Topology, site: Site, asked: NodeJS.ProcessEnv): Promise<Check[]> {
  const { plan, env, makeSecrets, authority } = site
  const checks = await lookAtPrerequisites(topology, plan, env, asked)
  const isRole = (check: string) => rolesOf(plan).has(check.replace(/^file:/, ''))
  // A file of an authority that a database has is checked by its own name, and no step makes it.
  const isToCome = ({ area, check, found }: Check) =>
    (makeSecrets && /\(ENOENT\)/.test(found) && (isRole(check) || found.startsWith('not asked: '))) ||
    (area === 'certificate' && !check.startsWith('/') && plan.certificate.from === 'authority' && authority !== '')
  return checks.map(one =>
    one.state === 'error' && isToCome(one)
      ? { ...one, state: 'warning', wanted: `${one.wanted}; a step sees to it`, mend: 'Nothing is to be done.' }
      : one,
  )
}

function doingsOf(site: Site): Doing[] {
  const all = [
    ...[accountDoing(site), foldersDoing(site), secretsDoing(site), certificateDoing(site), ...databaseDoing(site)],
    ...[
      migrationsDoing(site),
      poolsDoing(site),
      unitsDoing(site),
      startDoing(site),
      embeddedDoing(site),
      healthDoing(site),
    ],
    ...[standbyDoing(site), recordingDoing(site), testDoing(site)],
  ]
  return stepsOf(site.plan).map(({ id }) => all.find(one => one.id === id)!)
}

type Planned = { doing: Doing; title: string; before: Standing }

async function carryOut(site: Site, teller: Teller): Promise<number> {
  const titles = stepsOf(site.plan).map(({ title }) => title)
  const planned: Planned[] = []
  // All of them before the first is done: what somebody else has to do is said while nothing was changed.
  for (const [i, doing] of doingsOf(site).entries())
    planned.push({ doing, title: titles[i]!, before: await doing.look() })
  teller.plan(planned.map(({ doing, title, before }) => ({ id: doing.id, title, ...before })))
  let changed = 0
  for (const { doing, title } of planned) {
    const beganAt = performance.now()
    const told = { id: doing.id, title }
    try {
      const before = await doing.look()
      if (before.done || before.isLeft) {
        teller.step({ ...told, state: before.isLeft ? 'left' : 'already', found: before.found }, beganAt)
        continue
      }
      teller.begin(told)
      await doing.act()
      const after = doing.isTrial ? { done: true, found: '' } : await doing.look()
      if (!after.done) throw new Error(`${title}: it was done, and is not as it should be: ${after.found}.`)
      if (!doing.isTrial) changed += 1
      teller.step({ ...told, state: doing.isTrial ? 'tried' : 'done', found: after.found }, beganAt)
    } catch (error) {
      if (!(error instanceof Waits)) {
        teller.step({ ...told, state: 'failed', found: (error as Error).message }, beganAt)
        throw error
      }
      teller.step({ ...told, state: 'waits', found: error.message }, beganAt)
      teller.waits(error)
      teller.end('waits', changed)
      return exitWaits
    }
  }
  teller.end('done', changed)
  return exitCodes.done
}
