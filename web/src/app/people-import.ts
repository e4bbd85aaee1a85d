import type { Client } from '../../../src/client/client.ts'
import { sleep } from '../../../src/client/wait.ts'
import { type Fault, faultOf } from './fault.ts'
import { keyOfName, type LineFault } from './people-file.ts'
import type { Creation, Known, PeoplePlan, Step } from './people-plan.ts'

/**
 * What was done, and what was refused with why. `isStopped`: not all was tried; by the person, or where there is a `fault` because of it.
 * Of a step that puts people into a group only those stand in `done` who came into it.
 */
export type PeopleReport = { done: Step[]; faults: LineFault[]; isStopped: boolean; fault?: Fault }
type OnProgress = (share: number) => void

/** Askers beside each other: enough to be quick, too few to be in anybody's way. */
const askers = 4

/** Where one of them fails the others end too, each after what it has begun; then it rejects. */
async function inTurn<T>(
  all: readonly T[],
  work: (one: T) => Promise<void>,
  onProgress: OnProgress,
  signal: AbortSignal,
) {
  const failures: unknown[] = []
  let next = 0
  let done = 0
  const asker = async () => {
    while (next < all.length && !signal.aborted && failures.length === 0) {
      const one = all[next]
      next += 1
      try {
        if (one !== undefined) await work(one)
      } catch (error) {
        failures.push(error)
      }
      done += 1
      onProgress(done / all.length)
    }
  }
  await Promise.all(Array.from({ length: askers }, asker))
  if (failures.length > 0) throw failures[0]
}

/** A server that asks to be left alone for a moment is: nothing of an import is lost by its being large. */
async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const { code, retryAfterMs = 1_000 } = faultOf(error)
      if (code !== 'rate_limited' || signal.aborted) throw error
      await sleep(retryAfterMs, signal)
      // Stopped while it waited: asked once more, it would be done after all.
      if (signal.aborted) throw error
    }
  }
}

/** What each name stands for now. Where it is stopped it is told no error, and not all names are known. */
export async function lookUpNames(
  client: Client,
  names: readonly string[],
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<Known> {
  const known: Known = new Map()
  await inTurn(
    names,
    async name => {
      const found = await patiently(() => client.request('principal.get', { principal: name }), signal).catch(error => {
        if (faultOf(error).code === 'not_found') return null
        if (signal.aborted) return undefined
        throw error
      })
      if (found !== undefined) known.set(keyOfName(name), found)
    },
    onProgress,
    signal,
  )
  return known
}

/** Nothing more goes through after one of these. */
const ends = new Set(['unavailable', 'unauthenticated'])

/** Does what was planned. What is refused is told with its line, the others are done. Rejects never. */
export async function runPlan(
  client: Client,
  { steps, faults }: PeoplePlan,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<PeopleReport> {
  const done: Step[] = []
  const refused: LineFault[] = []
  /** Names that stand for nothing, since what should have been made was refused. */
  const missing = new Set<string>()
  // One stop for all askers, whoever it comes from.
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  let end: Fault | undefined
  let count = 0

  async function run(step: Step): Promise<void> {
    try {
      const { did, taken } = await tryStep(client, step, missing, either)
      if (did !== undefined) done.push(did)
      // Of a unit or group it is all that was wanted; of a person the rest of his line was not done.
      if (taken !== undefined && step.kind === 'user') refused.push(...leftOut(step, taken.sentence, missing))
    } catch (error) {
      const fault = faultOf(error)
      // It was asked to wait and stopped meanwhile: that is no refusal.
      if (fault.code === 'rate_limited' && either.aborted) return
      if (ends.has(fault.code)) {
        end ??= fault
        return stop.abort()
      }
      if (isCreation(step)) missing.add(keyOfName(step.name))
      refused.push(...leftOut(step, fault.sentence, missing))
    }
    count += 1
    onProgress(count / steps.length)
  }

  // Units and groups are there before people come, and people before they join.
  for (const kinds of [['unit', 'group'], ['user', 'change'], ['join']])
    await inTurn(
      steps.filter(step => kinds.includes(step.kind)),
      run,
      () => {},
      either,
    )
  return {
    ...{ done, faults: [...faults, ...refused].sort((a, b) => a.line - b.line), isStopped: either.aborted },
    ...(end === undefined ? {} : { fault: end }),
  }
}

function isCreation(step: Step): step is Creation {
  return step.kind === 'unit' || step.kind === 'group' || step.kind === 'user'
}

/** A line for each whom the refusal leaves out. Who could not be made himself has one already. */
function leftOut(step: Step, sentence: string, missing: ReadonlySet<string>): LineFault[] {
  if (step.kind !== 'join') return [{ line: step.line, name: step.name, sentence }]
  return step.add
    .filter(one => !missing.has(keyOfName(one.name)))
    .map(({ line, name }) => ({ line, name, sentence: `Not put into "${step.group}": ${sentence}` }))
}

/** What was done of it; undefined: there was nothing to do. */
async function runStep(client: Client, step: Step, missing: ReadonlySet<string>): Promise<Step | undefined> {
  const lacks = step.needs.find(name => missing.has(keyOfName(name)))
  if (lacks !== undefined) throw Object.assign(new Error(`"${lacks}" could not be made.`), { code: 'not_found' })
  switch (step.kind) {
    case 'change':
      await client.request('principal.update', step.input)
      return step
    case 'join': {
      const add = step.add.filter(one => !missing.has(keyOfName(one.name)))
      if (add.length === 0) return undefined
      await client.request('group.update', { group: step.group, add: add.map(one => one.name) })
      return { ...step, add }
    }
    default:
      await client.request('principal.create', step.input)
      return step
  }
}

/** What was done; or `taken`, where it was not needed any more: what was to be made is there. Rejects where it was refused. */
async function tryStep(
  client: Client,
  step: Step,
  missing: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<{ did?: Step | undefined; taken?: Fault }> {
  try {
    return { did: await patiently(() => runStep(client, step, missing), signal) }
  } catch (error) {
    const fault = faultOf(error)
    if (!isCreation(step) || fault.code !== 'name_taken') throw error
    if (!(await patiently(() => isThereNow(client, step), signal))) throw error
    return { taken: fault }
  }
}

/** Somebody else has made it since the preview. Rejects where nobody can say. */
async function isThereNow(client: Client, { input }: Creation): Promise<boolean> {
  try {
    const { principal } = await client.request('principal.get', { principal: input.name })
    return principal.kind === input.kind
  } catch (error) {
    if (faultOf(error).code === 'not_found') return false
    throw error
  }
}
