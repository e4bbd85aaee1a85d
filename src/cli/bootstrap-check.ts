import { needsOf } from '../topology/needs.ts'
import type { ServerPlan } from '../topology/plan.ts'
import type { Topology } from '../topology/schema.ts'
import { checkAuthorities } from './bootstrap-authority.ts'
import { checkDisk } from './bootstrap-disk.ts'
import { checkDoors } from './bootstrap-door.ts'
import { checkFiles } from './bootstrap-files.ts'
import { checkFollowing } from './bootstrap-following.ts'
import { checkThisMachine } from './bootstrap-machine.ts'
import { checkNames } from './bootstrap-names.ts'
import { checkSecrets, seenEnvironment } from './bootstrap-secrets.ts'
import { checkServices } from './bootstrap-services.ts'
import { checkStores } from './bootstrap-stores.ts'
import { type Check, checkLines, worstOf } from './doctor-check.ts'
import type { Done } from './topology-verbs.ts'

/** Looks at this machine as the one of the plan. It leaves nothing behind; only what the plan needs is asked for. `env`: what the services get; `asked`: what whoever asks has. */
export async function lookAtPrerequisites(
  topology: Topology,
  plan: ServerPlan,
  env: NodeJS.ProcessEnv,
  asked: NodeJS.ProcessEnv,
): Promise<Check[]> {
  const needs = needsOf(topology, plan)
  const folders = [...new Set(plan.processes.map(({ settings }) => settings.dataDir!))]
  const disks: Check[] = []
  // One after the other, and beside nothing: they are timed.
  for (const folder of folders) disks.push(...(await checkDisk(folder, needs)))
  const [machine, names, doors, authorities, secrets, stores, services] = await Promise.all([
    checkThisMachine(needs),
    checkNames(plan),
    checkDoors(plan),
    checkAuthorities(plan),
    checkSecrets(plan, env),
    checkStores(plan, env),
    checkServices(topology, plan),
  ])
  const files = await checkFiles(topology, plan, env, stores)
  const outside = [...stores, ...services, ...files, ...(await checkFollowing(plan, asked))]
  const all = [...machine, ...disks, ...names, ...doors, ...authorities, ...secrets, ...outside]
  return asSeenBy(process.getuid?.(), all)
}

/** What this user may not look at is no fault of the machine. */
export function asSeenBy(uid: number | undefined, checks: Check[]): Check[] {
  if (uid === 0) return checks
  return checks.map(one =>
    one.state === 'error' && /\bEACCES\b/.test(one.found)
      ? { ...one, state: 'warning', found: `not to be seen by this user: ${one.found}`, mend: 'Run the check as root.' }
      : one,
  )
}

export async function checkPrerequisites(
  topology: Topology,
  plan: ServerPlan,
  asked: NodeJS.ProcessEnv,
): Promise<Done> {
  const checks = await lookAtPrerequisites(topology, plan, seenEnvironment(), asked)
  const result = worstOf(checks)
  return {
    value: { server: plan.fqdn, result, checks },
    lines: checkLines(checks),
    ...(result === 'error' ? { exit: 1 } : {}),
  }
}
