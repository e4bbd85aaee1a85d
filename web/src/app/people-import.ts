import type { Client } from '../../../src/client/client.ts'
import { faultOf } from './fault.ts'
import { keyOfName, type LineFault } from './people-file.ts'
import type { Known, PeoplePlan, Step } from './people-plan.ts'

/** What was done; the rest is refused, with why. */
export type PeopleReport = { done: Step[]; faults: LineFault[]; isStopped: boolean }
type OnProgress = (share: number) => void

/** Askers beside each other: enough to be quick, too few to be in anybody's way. */
const askers = 4

async function inTurn<T>(
  all: readonly T[],
  work: (one: T) => Promise<void>,
  onProgress: OnProgress,
  signal: AbortSignal,
) {
  let next = 0
  let done = 0
  const asker = async () => {
    while (next < all.length && !signal.aborted) {
      const one = all[next]
      next += 1
      if (one !== undefined) await work(one)
      done += 1
      onProgress(done / all.length)
    }
  }
  await Promise.all(Array.from({ length: askers }, asker))
}

/** A server that asks to be left alone for a moment is: nothing of an import is lost by its being large. */
async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const { code, retryAfterMs = 1_000 } = faultOf(error)
      if (code !== 'rate_limited' || signal.aborted) throw error
      await new Promise(resolve => setTimeout(resolve, retryAfterMs))
    }
  }
}

/** What each name stands for now. */
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
        throw error
      })
      known.set(keyOfName(name), found)
    },
    onProgress,
    signal,
  )
  return known
}

/** Does what was planned. What is refused is told with its line, the others are done. */
export async function runPlan(
  client: Client,
  { steps, faults }: PeoplePlan,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<PeopleReport> {
  const done: Step[] = []
  const refused: LineFault[] = []
  const missing = new Set<string>()
  let count = 0
  const run = async (step: Step) => {
    const lacks = step.needs.find(name => missing.has(keyOfName(name)))
    try {
      if (lacks !== undefined) throw Object.assign(new Error(`"${lacks}" could not be made.`), { code: 'not_found' })
      await patiently(() => runStep(client, step, missing), signal)
      done.push(step)
    } catch (error) {
      const { code, sentence } = faultOf(error)
      // Nothing more will go through while the server is away.
      if (code === 'unavailable' || code === 'unauthenticated') throw error
      missing.add(keyOfName(step.name))
      refused.push({ line: step.line, name: step.name, sentence })
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
      signal,
    )
  return { done, faults: [...faults, ...refused].sort((a, b) => a.line - b.line), isStopped: signal.aborted }
}

async function runStep(client: Client, step: Step, missing: ReadonlySet<string>): Promise<unknown> {
  switch (step.kind) {
    case 'change':
      return client.request('principal.update', step.input)
    case 'join': {
      const add = step.add.map(one => one.name).filter(name => !missing.has(keyOfName(name)))
      return add.length === 0 ? undefined : client.request('group.update', { group: step.group, add })
    }
    default:
      return client.request('principal.create', step.input)
  }
}
