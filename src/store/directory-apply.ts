import { refuseLosses } from '../domain/directory-name.ts'
import { flattenNew, lockDirectory, reflatten } from './affiliation.ts'
import { audit } from './audit.ts'
import { type Connection, type Db, transaction } from './db.ts'
import { compareObjects, type Reading } from './directory-compare.ts'
import {
  compareAdministrators,
  compareMembers,
  compareOtherMembers,
  listReadGroups,
  renamePending,
  writeEdges,
  writeLacks,
  writeOtherLacks,
} from './directory-member.ts'
import {
  countEdges,
  type Effects,
  findLosses,
  nameAdministrators,
  noteEffects,
  readEffects,
} from './directory-report.ts'
import { keepCookie, requireFence } from './directory-source.ts'
import { countStaged, prepareForMany } from './directory-stage.ts'
import {
  addDomains,
  countAdministrators,
  endSessionsOf,
  findConcerned,
  writeAdministrators,
  writeObjects,
} from './directory-write.ts'
import { everyone, raiseDirectory } from './stamp.ts'

export type Plan = Reading & {
  /** What was put into the stage: less is a store that crashed meanwhile. */
  staged: { objects: number; ids: number }
  /** Kept with what is written; undefined leaves the one that is there. */
  cookie: string | undefined
  /** Key of the name of the administrators' group. */
  administrators: string | undefined
  maxDisabledShare: number
  /** However many of the source's users it shuts out. */
  anyShare: boolean
  /** Whatever harm it does. */
  force: boolean
  dryRun: boolean
  /** How many of each kind of change are told by name. */
  samples: number
  /** Who asked for it; null: the server by itself. */
  actor: string | null
  signal?: AbortSignal | undefined
}

export type Applied = Effects & {
  /** The new version of the directory, where somebody's rights changed. */
  directory?: number | undefined
  ended: string[]
  /** What is wrong and stopped nothing. */
  warning?: string | undefined
}

/** A run that would do too much harm: a sentence for who reads it. Nothing was changed. */
export class Stopped extends Error {}

/** Beyond so many the log says "everyone": each hub would read all of them. */
const maxNamed = 5_000
/** So many make the statistics of an empty table useless. */
const manyNew = 1_000
const manyEdges = 100_000

/**
 * Compares what is staged with the store and writes the difference, all in one transaction, or nothing. The fence first, so that
 * nobody else writes for this source; then the lock of all who write principals; the version last, since posts wait for it.
 */
export function applyReading(db: Db, plan: Plan): Promise<Applied> {
  return transaction(db, async tx => {
    await prepareForMany(tx)
    await requireFence(tx, plan.held)
    // The dry run only reads: it holds up nobody who writes.
    if (!plan.dryRun) await lockDirectory(tx)
    const { objects, ids } = await countStaged(tx, plan.held)
    if (objects !== plan.staged.objects || ids !== plan.staged.ids)
      throw new Error(
        'The store lost what was read (it crashed or failed over meanwhile). The next run reads it again.',
      )
    if (objects > manyNew) await tx.query('ANALYZE directory_stage')
    await compareObjects(tx, plan)
    const { lost, users } = await findLosses(tx, plan.held)
    const isShareFree = plan.force || plan.anyShare
    const refusal = isShareFree ? undefined : refuseLosses(plan.held.source, lost.length, users, plan.maxDisabledShare)
    if (refusal && !plan.dryRun) throw new Stopped(refusal)
    await noteEffects(tx, plan.held)
    const effects = await readEffects(tx, plan.samples)
    return plan.dryRun ? foresee(tx, plan, effects, refusal) : write(tx, plan, effects, lost)
  })
}

async function foresee(tx: Connection, plan: Plan, effects: Effects, refusal: string | undefined): Promise<Applied> {
  for (const groups of await listReadGroups(tx, plan.held)) {
    plan.signal?.throwIfAborted()
    await compareMembers(tx, plan.held, groups)
  }
  await compareOtherMembers(tx, plan.held)
  await countEdges(tx, effects, plan.samples)
  await tx.query('CREATE INDEX ON edge (grp, member); ANALYZE edge')
  const { add, remove, fault } = await compareAdministrators(tx, plan.held, plan.administrators)
  await nameAdministrators(tx, effects, 'administratorAdded', add, plan.samples)
  await nameAdministrators(tx, effects, 'administratorRemoved', remove, plan.samples)
  return { ...effects, ended: [], warning: refusal ?? fault }
}

async function write(tx: Connection, plan: Plan, effects: Effects, lost: string[]): Promise<Applied> {
  const { held } = plan
  const hadAdministrator = (await countAdministrators(tx)) > 0
  await writeObjects(tx, held)
  const domains = await addDomains(tx)
  // In a first run the tables were empty when they were looked at last: what follows would be planned for that.
  if ((effects.counts.added ?? 0) > manyNew) await tx.query('ANALYZE principal; ANALYZE directory_object')
  await writeMembers(tx, plan, effects)
  const { fresh, flatten, named } = await findConcerned(tx, domains)
  await flattenNew(tx, fresh, plan.signal)
  await reflatten(tx, flatten, plan.signal)
  const { add, remove, fault } = await compareAdministrators(tx, held, plan.administrators)
  await nameAdministrators(tx, effects, 'administratorAdded', add, plan.samples)
  await nameAdministrators(tx, effects, 'administratorRemoved', remove, plan.samples)
  await writeAdministrators(tx, add, remove)
  if (!plan.force && hadAdministrator && (await countAdministrators(tx)) === 0)
    throw new Stopped(
      `After this run of ${held.source} nobody could administer. Nothing was changed. Make an administrator with a password that is kept here, or look at the group of the administrators; or, if it is right, force a run.`,
    )
  const ended = lost.length === 0 ? [] : await endSessionsOf(tx, lost)
  if (plan.cookie !== undefined) await keepCookie(tx, held, plan.cookie, plan.whole)
  const { leftOut: _, ...changes } = effects.counts
  if (Object.keys(changes).length > 0)
    await audit(tx, plan.actor, 'directory.sync', held.source, { whole: plan.whole, force: plan.force, ...changes })
  const all = [...new Set([...named, ...add, ...remove])]
  const directory = all.length === 0 ? undefined : await raiseDirectory(tx, all.length > maxNamed ? [everyone] : all)
  return { ...effects, directory, ended, warning: fault }
}

async function writeMembers(tx: Connection, plan: Plan, effects: Effects): Promise<void> {
  const { held } = plan
  for (const groups of await listReadGroups(tx, held)) {
    plan.signal?.throwIfAborted()
    await compareMembers(tx, held, groups)
    await countEdges(tx, effects, plan.samples)
    await writeEdges(tx)
    await writeLacks(tx, held, groups)
  }
  await renamePending(tx, held)
  await compareOtherMembers(tx, held)
  await countEdges(tx, effects, plan.samples)
  await writeEdges(tx)
  await writeOtherLacks(tx, held)
  if ((effects.counts.memberAdded ?? 0) > manyEdges) await tx.query('ANALYZE group_member')
}
