import { progress } from '../figures.ts'
import type { Agents } from './agents.ts'
import type { Work } from './behaviour.ts'
import type { Model, RoomKind } from './model.ts'
import type { LoadOptions } from './options.ts'
import { type Removals, startRemovals } from './removals.ts'
import type { LoadPhase } from './report.ts'
import type { Sampler } from './sampler.ts'
import type { Site } from './site.ts'
import type { TimingData } from './timings.ts'
import type { Removal } from './verdict.ts'

/** With what the profile filled in. */
export type Plan = {
  options: LoadOptions
  seconds: number
  endpoints: number
  passwordShare: number
  /** A second, over all processes. */
  work: Work
}

/** What a profile plays on. */
export type Stage = {
  plan: Plan
  site: Site
  model: Model
  agents: Agents
  phases: LoadPhase[]
  /** Under which labels the times of a phase stand: its name, and those that it was divided into. */
  labelsOf(phase: LoadPhase): ReadonlySet<string>
  sampler: Sampler
  /** What times are told apart by, where it is not the phase. */
  label(name: string): Promise<void>
  /** A part of the run: its figures are what it answers, and more that is known only at the end. */
  phase(name: string, play: () => Promise<LoadPhase['figures']>): Promise<void>
  /** From here on posts and all that goes with them come, and people are removed and let in again. */
  begin(work: Work): Promise<void>
  /** No further removal begins; answers those that were. */
  endRemovals(): Promise<Removal[]>
  /** Lasts so long, with a line now and then. */
  last(seconds: number): Promise<void>
}

/** What is known when all is over. */
export type Outcome = { stage: Stage; timings: TimingData[] }

const lineEveryMs = 5_000

export function openStage(
  parts: Pick<Stage, 'plan' | 'site' | 'model' | 'agents' | 'sampler'> & { verbose: boolean },
): Stage {
  const { agents, sampler } = parts
  const phases: LoadPhase[] = []
  const say = (text: string) => {
    if (parts.verbose) progress(text)
  }
  const labels = new Map<LoadPhase, Set<string>>()
  const label = async (name: string) => {
    labels.get(phases.at(-1)!)?.add(name)
    await agents.all('phase', { name })
  }
  let removals: Removals | undefined
  const stage: Stage = {
    ...parts,
    phases,
    labelsOf: phase => labels.get(phase) ?? new Set([phase.name]),
    label,
    async begin(work) {
      await agents.all('work', work)
      removals ??= startRemovals(stage, stage.plan.options.seed)
    },
    endRemovals: async () => (await removals?.stop()) ?? [],
    async phase(name, play) {
      const phase: LoadPhase = { name, fromSeconds: sampler.seconds(), throughSeconds: 0, figures: {} }
      phases.push(phase)
      labels.set(phase, new Set())
      await label(name)
      sampler.mark(name)
      say(`${name} …`)
      const lines = setInterval(
        () =>
          void agents.status().then(
            status => say(line(status)),
            () => {},
          ),
        lineEveryMs,
      )
      try {
        phase.figures = await play()
      } finally {
        clearInterval(lines)
        phase.throughSeconds = sampler.seconds()
      }
    },
    last: seconds => new Promise(resolve => setTimeout(resolve, seconds * 1000)),
  }
  return stage
}

function line(status: Awaited<ReturnType<Agents['status']>>): string {
  const told = (value: number) => value.toLocaleString('en')
  const { posts } = status
  return `${told(status.in)} in, ${told(posts.acknowledged)} posts, ${told(status.deliveries)} deliveries${
    posts.retried > 0 ? `, ${told(posts.retried)} tried again` : ''
  }${status.coming > 0 ? `, ${told(status.coming)} on their way` : ''}`
}

/** Everybody's sessions, or a share of each process's, signed in one after the other as fast as the pool lets them in. */
export async function bringIn(stage: Stage, share: { from: number; to: number }): Promise<LoadPhase['figures']> {
  const { agents, plan } = stage
  const before = (await agents.status()).in
  const startedAt = performance.now()
  const perSecond = plan.options.signIns === undefined ? undefined : plan.options.signIns / agents.processes
  await agents.each('bringIn', process => {
    const all = agents.sessions[process]!
    return {
      ...{ from: Math.floor(all * share.from), to: Math.floor(all * share.to), perSecond },
      ...{ atOnce: Math.ceil(atOnce / agents.processes), passwordShare: plan.passwordShare },
    }
  })
  const seconds = (performance.now() - startedAt) / 1000
  const came = (await agents.status()).in - before
  return { sessions: came, 'sign-ins a second': came / seconds }
}

/** Over all processes: enough to keep the pool busy, few enough that hardly anybody is told to wait. */
const atOnce = 160

export const modelRates: Record<'lync-2013' | 'model-1' | 'model-2', Record<RoomKind, number>> = {
  'lync-2013': { small: 22.22, medium: 1.67, large: 0.15 },
  'model-1': { small: 55.56, medium: 18.52, large: 0.03 },
  'model-2': { small: 41.67, medium: 13.89, large: 0.28 },
}

/** A model's rates at this scale, or those that `--rate` asks for in the same mixture. */
export function workAt(rates: Record<RoomKind, number>, { scale, rate }: LoadOptions): Work {
  const { small, medium, large } = rates
  const times = rate === undefined ? scale : rate / (small + medium + large)
  return {
    posts: { small: small * times, medium: medium * times, large: large * times },
    joins: 10 * scale,
    reads: 5 * scale,
    probes: 0.5,
  }
}
