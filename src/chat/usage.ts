import { setTimeout as sleep } from 'node:timers/promises'
import { type Running, repeatEvery } from '../base/lifecycle.ts'
import { Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { readClock } from '../store/server.ts'
import { readUsage } from '../store/usage.ts'
import { countUsage } from '../store/usage-count.ts'
import type { Caller, Chat } from './chat.ts'

const dayMs = 86_400_000
const usualDays = 30
const usualInactiveDays = 90
const maxDays = 1_100
const usualLimit = 10
const countEveryMs = 60_000

/** Counts each day once it is over, and once what there was before; rests as long as each step took, so that nobody notices. */
export function openUsageCount({ db, log }: Pick<Chat, 'db' | 'log'>): Running {
  const stopping = new AbortController()
  const counting = repeatEvery(
    countEveryMs,
    async () => {
      for (let more = true; more && !stopping.signal.aborted; ) {
        const beganAt = performance.now()
        more = await countUsage(db)
        if (more) await sleep(performance.now() - beganAt, undefined, { signal: stopping.signal }).catch(() => {})
      }
    },
    error => log.warn({ err: error }, 'counting the usage waits for the store'),
  )
  return {
    async stop() {
      stopping.abort()
      await counting.stop()
    },
  }
}

/** Of each process one report is under way: it may take the store seconds. */
const reporting = new WeakSet<Chat>()

/** usage.report. Refusals: invalid_argument, too_large, rate_limited. */
export async function reportUsage(
  chat: Chat,
  _caller: Caller,
  input: Input<'usage.report'>,
): Promise<Result<'usage.report'>> {
  const today = dayOf((await readClock(chat.db)).getTime())
  const until = checkedDay('until', input.until) ?? today
  const from = checkedDay('from', input.from) ?? dayOf(Date.parse(until) - (usualDays - 1) * dayMs)
  const inactiveSince =
    checkedDay('inactiveSince', input.inactiveSince) ?? dayOf(Date.parse(today) - usualInactiveDays * dayMs)
  if (from > until) throw new Refusal('invalid_argument', 'from is later than until. Turn them round.')
  if (Date.parse(until) - Date.parse(from) >= maxDays * dayMs)
    throw new Refusal(
      'invalid_argument',
      `A report covers at most ${maxDays} days. Name a later from or an earlier until.`,
    )
  if (reporting.has(chat))
    throw new Refusal('rate_limited', 'Another report is being made. Ask again when it is done.', {
      retryAfterMs: 3_000,
    })
  reporting.add(chat)
  try {
    return { report: await readUsage(chat.db, { from, until, inactiveSince, limit: input.limit ?? usualLimit }) }
  } finally {
    reporting.delete(chat)
  }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

/** A day as it is, of an instant the day in UTC. */
function checkedDay(name: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const ms = Date.parse(text)
  const year = Number(text.slice(0, 4))
  // What Date.parse makes of the 31st of February is another day.
  const isDay = !Number.isNaN(ms) && year > 0 && (text.length > 10 || dayOf(ms) === text)
  if (!isDay || Number(dayOf(ms).slice(0, 4)) !== year)
    throw new Refusal('invalid_argument', `${name} is no day. Write it like 2026-11-30.`)
  return dayOf(ms)
}
