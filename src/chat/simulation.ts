import { setTimeout as sleep } from 'node:timers/promises'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import type { Simulation } from '../protocol/simulation.ts'
import { findCategory } from '../store/category.ts'
import { storeRefusal } from '../store/db.ts'
import { readScopeChange, type Scope } from '../store/scope-change.ts'
import { beatSimulation, endSimulation, insertSimulation, lookAtSimulation } from '../store/simulation.ts'
import type { Caller, Chat } from './chat.ts'
import { listChange } from './list-change.ts'

/** Of one process; the store has a bound of its own over all of them. */
const atOnce = 2
/** A small one is answered at once, and how far another is not asked for more often than that. */
const answerMs = 1_500
const lookMs = 100
const beatMs = 1_000
/** Three times what the largest store is given. */
const wholeMs = 180_000

const runs = new WeakMap<Chat, Map<AbortController, Promise<Outcome>>>()
type Outcome = 'busy' | 'ended'

function runsOf(chat: Chat) {
  const found = runs.get(chat) ?? new Map<AbortController, Promise<Outcome>>()
  runs.set(chat, found)
  return found
}

/**
 * category.simulate. Exact, from one snapshot: what saving these lists would do to who is in scope, and to the effect of entries.
 * Refusals: not_found, invalid_argument, rate_limited (there are enough of them).
 */
export async function simulateCategory(
  chat: Chat,
  caller: Caller,
  input: Input<'category.simulate'>,
): Promise<Result<'category.simulate'>> {
  if (input.allowedMembers === undefined && input.deniedMembers === undefined)
    throw new Refusal('invalid_argument', 'Give allowedMembers or deniedMembers as they are to be.')
  if (!(await findCategory(chat.db, input.category))) throw notFound('category')
  const change = {
    allowed: await listChange(chat.db, input.allowedMembers),
    denied: await listChange(chat.db, input.deniedMembers),
  }
  const mine = runsOf(chat)
  if (mine.size >= atOnce) throw busy()
  const controller = new AbortController()
  // Entered before the first wait: two that come together are counted.
  const begun = insertSimulation(chat.db, caller.user.id, input.category)
  const running = begun
    .then(id => run(chat, id, input.category, now => changed(now, change), controller))
    .finally(() => mine.delete(controller))
  mine.set(controller, running)
  running.catch(() => {})
  const id = await begun
  if ((await Promise.race([running, sleep(answerMs, undefined, { ref: false })])) === 'busy') throw busy()
  return { simulation: await look(chat, caller, id) }
}

/** category.simulation. Waits a moment for the end, so that who asks again and again does not do so too often. */
export async function readSimulation(
  chat: Chat,
  caller: Caller,
  input: Input<'category.simulation'>,
): Promise<Result<'category.simulation'>> {
  const until = performance.now() + answerMs
  for (;;) {
    const simulation = await look(chat, caller, input.simulation)
    if (simulation.state !== 'running' || performance.now() > until) return { simulation }
    await sleep(lookMs, undefined, { ref: false })
  }
}

/** A server that stops waits for none of them. */
export async function stopSimulations(chat: Chat): Promise<void> {
  const mine = [...runsOf(chat)]
  for (const [controller] of mine) controller.abort(new Refusal('unavailable', 'The server stops. Begin again.'))
  await Promise.allSettled(mine.map(([, running]) => running))
}

async function look(chat: Chat, caller: Caller, id: string): Promise<Simulation> {
  const found = await lookAtSimulation(chat.db, id, caller.user.id)
  if (!found) throw notFound('simulation')
  return found
}

type Change = Record<keyof Scope, (list: string[]) => string[]>

function changed(now: Scope, change: Change): Scope {
  return { allowed: change.allowed(now.allowed), denied: change.denied(now.denied) }
}

async function run(
  chat: Chat,
  id: string,
  category: string,
  after: (now: Scope) => Scope,
  controller: AbortController,
): Promise<Outcome> {
  let progress = 0
  const { signal } = controller
  const tooLong = setTimeout(
    () => controller.abort(new Refusal('unavailable', 'It took too long. Try again when the store has less to do.')),
    wholeMs,
  )
  const beat = setInterval(() => {
    beatSimulation(chat.db, id, progress).then(
      isWanted => isWanted || controller.abort(new Refusal('unavailable', 'Nobody asked about it. Begin again.')),
      error => chat.log.warn({ err: error }, 'a simulation could not say how far it is'),
    )
  }, beatMs)
  try {
    const onProgress = (now: number) => {
      progress = now
    }
    const result = await readScopeChange(chat.db, category, after, { onProgress, signal })
    if (result === undefined) throw notFound('category')
    await endSimulation(chat.db, id, result === 'busy' ? { reason: busy().message } : { result })
    return result === 'busy' ? 'busy' : 'ended'
  } catch (error) {
    const told = signal.aborted ? (signal.reason as Error) : storeRefusal(error)
    if (!told) chat.log.error({ err: error }, 'a simulation failed')
    await endSimulation(chat.db, id, { reason: told?.message ?? 'A fault of the server; the log has it.' }).catch(
      fault => chat.log.warn({ err: fault }, 'the end of a simulation could not be told'),
    )
    return 'ended'
  } finally {
    clearTimeout(tooLong)
    clearInterval(beat)
  }
}

function busy(): Refusal {
  return new Refusal('rate_limited', 'Other scopes are being simulated. Wait a moment, then try again.', {
    retryAfterMs: 2_000,
  })
}
