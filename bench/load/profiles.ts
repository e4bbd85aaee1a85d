import { toLoadHistogram } from './histogram.ts'
import type { RoomKind } from './model.ts'
import type { LoadOptions, ProfileName } from './options.ts'
import type { LoadGoal } from './report.ts'
import { bringIn, modelRates, type Outcome, type Plan, type Stage } from './stage.ts'
import { sumTimings } from './timings.ts'

export type Profile = {
  seconds: number
  endpoints: number
  passwordShare: number
  rates: Record<RoomKind, number>
  /** After the store is filled, up to the moment when all rest. */
  play(stage: Stage): Promise<void>
  /** Figures that are known only at the end go into the phases; goals are judged at scale 1. */
  conclude?(outcome: Outcome): LoadGoal[]
}

const usual = { seconds: 60, endpoints: 1, passwordShare: 0, rates: modelRates['lync-2013'] }
const everybody = { from: 0, to: 1 }

async function signIn(stage: Stage): Promise<void> {
  await stage.phase('sign-in', () => bringIn(stage, everybody))
}

async function steady(stage: Stage): Promise<void> {
  await signIn(stage)
  await stage.phase('load', async () => {
    await stage.begin(stage.plan.work)
    await stage.last(stage.plan.seconds)
    return {}
  })
}

/** Everybody comes, while those who are in go on posting. */
async function morning(stage: Stage): Promise<void> {
  const early = { from: 0, to: earlyShare(stage) }
  await stage.phase('first ones', () => bringIn(stage, early))
  await stage.phase('calm', async () => {
    await stage.begin(stage.plan.work)
    await stage.last(Math.max(5, stage.plan.seconds / 4))
    return {}
  })
  await stage.phase('morning', () => bringIn(stage, { from: early.to, to: 1 }))
  await stage.phase('afterwards', async () => {
    await stage.last(Math.max(2, stage.plan.seconds / 8))
    return {}
  })
}

const earlyShare = ({ model }: Stage) => Math.min(1, Math.max(0.02, 200 / model.sessions))

async function failover(stage: Stage): Promise<void> {
  const { agents, site, plan, model } = stage
  await signIn(stage)
  await stage.phase('load', async () => {
    await stage.begin(plan.work)
    await stage.last(plan.seconds / 3)
    return {}
  })
  await stage.phase('failover', async () => {
    const before = performance.now()
    await site.servers[0]!.kill()
    const left = model.sessions - (await agents.status()).in
    const seconds = await untilAllAreIn(stage, before)
    return { 'sessions of the killed server': left, 'all back after s': seconds }
  })
  await stage.phase('afterwards', async () => {
    await stage.last(plan.seconds / 3)
    return {}
  })
}

const comeBackWithinMs = 180_000

async function untilAllAreIn({ agents, model }: Stage, since: number): Promise<number> {
  while (performance.now() - since < comeBackWithinMs) {
    if ((await agents.status()).in === model.sessions) break
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  return (performance.now() - since) / 1000
}

const announceEverySeconds = 5
const announcingSeconds = 2

/** Posts into a large auditorium while small rooms go on. */
async function announcement(stage: Stage): Promise<void> {
  const { plan, model } = stage
  await signIn(stage)
  await stage.phase('before', async () => {
    await stage.begin(plan.work)
    await stage.last(plan.seconds / 2)
    return {}
  })
  await stage.phase('announcement', async () => {
    const room = Array.from({ length: model.roomsOfKind.large }, (_, index) => index).find(model.isAuditorium)!
    const turns = Math.max(1, Math.floor(plan.seconds / 2 / announceEverySeconds))
    for (let turn = 0; turn < turns; turn += 1) {
      await stage.label('announcing')
      await announce(stage, room)
      await stage.last(announcingSeconds)
      await stage.label('between')
      await stage.last(announceEverySeconds - announcingSeconds)
    }
    return { announcements: turns, endpoints: model.membersOf(room).length * plan.endpoints }
  })
}

async function announce({ agents }: Stage, room: number): Promise<void> {
  for (let process = 0; process < agents.processes; process += 1)
    if ((await agents.one(process, 'postInto', { room })).posted !== undefined) return
  throw new Error('Nobody who is in may post into the auditorium.')
}

async function mattermost(stage: Stage): Promise<void> {
  await signIn(stage)
  await stage.phase('load', async () => {
    await stage.begin({ ...stage.plan.work, mattermost: true })
    await stage.last(stage.plan.seconds)
    return {}
  })
}

export const profiles: Record<ProfileName, Profile> = {
  'lync-2013': { ...usual, endpoints: 1.5, play: steady, conclude: concludeSteady },
  'model-1': { ...usual, rates: modelRates['model-1'], play: steady, conclude: concludeSteady },
  'model-2': { ...usual, rates: modelRates['model-2'], play: steady, conclude: concludeSteady },
  morning: { ...usual, play: morning, conclude: concludeMorning },
  failover: { ...usual, play: failover, conclude: concludeFailover },
  announcement: { ...usual, play: announcement, conclude: concludeAnnouncement },
  mattermost: { ...usual, play: mattermost },
}

/** The model's rates at this scale, or those that `--rate` asks for in the same mixture. */
export function planOf(options: LoadOptions): Plan {
  const profile = profiles[options.profile]
  const whole = profile.rates.small + profile.rates.medium + profile.rates.large
  const times = options.rate === undefined ? options.scale : options.rate / whole
  const { small, medium, large } = profile.rates
  return {
    options,
    seconds: options.seconds ?? profile.seconds,
    endpoints: options.endpoints ?? profile.endpoints,
    passwordShare: options.passwordShare ?? profile.passwordShare,
    work: {
      posts: { small: small * times, medium: medium * times, large: large * times },
      joins: 10 * options.scale,
      reads: 5 * options.scale,
      probes: 0.5,
    },
  }
}

function concludeSteady(outcome: Outcome): LoadGoal[] {
  const delivery = histogramOf(outcome, 'load', kind => kind.startsWith('delivery'))
  const goals = [
    under('Half of the deliveries arrive within', delivery.p50Ms, 50, 'ms'),
    under('99 of 100 deliveries arrive within', delivery.p99Ms, 500, 'ms'),
  ]
  return outcome.stage.plan.options.profile === 'lync-2013' ? goals : []
}

function concludeMorning(outcome: Outcome): LoadGoal[] {
  const phase = phaseOf(outcome, 'morning')
  const password = histogramOf(outcome, 'morning', kind => kind === 'password')
  const seconds = phase.throughSeconds - phase.fromSeconds
  phase.figures['argon2id sign-ins a second'] = password.count / seconds
  const rate = Number(phase.figures['sign-ins a second'])
  return [
    {
      text: 'Sign-ins a second, with 16 rooms each',
      wanted: 'at least 200',
      seen: rate.toFixed(0),
      met: rate >= 200,
    },
  ]
}

function concludeFailover(outcome: Outcome): LoadGoal[] {
  const phase = phaseOf(outcome, 'failover')
  const back = histogramOf(outcome, 'failover', kind => kind === 'back')
  Object.assign(phase.figures, { 'half back after s': back.p50Ms / 1000, '99 % back after s': back.p99Ms / 1000 })
  return [
    under('All sessions of the killed server are back within', Number(phase.figures['all back after s']), 60, 's'),
  ]
}

function concludeAnnouncement(outcome: Outcome): LoadGoal[] {
  const phase = phaseOf(outcome, 'announcement')
  const [before, during] = ['before', 'announcing'].map(name =>
    histogramOf(outcome, name, kind => kind === 'delivery small'),
  )
  const last = histogramOf(outcome, 'announcing', kind => kind === 'delivery large').maxMs
  const rise = during!.p99Ms - before!.p99Ms
  Object.assign(phase.figures, {
    'last endpoint after ms': last,
    'small rooms p99 ms before': before!.p99Ms,
    'small rooms p99 ms while': during!.p99Ms,
  })
  return [
    under('An announcement reaches its last endpoint within', last, 1_000, 'ms'),
    under("The small rooms' p99 rises by less than", rise, 100, 'ms'),
  ]
}

function under(text: string, seen: number, wanted: number, unit: string): LoadGoal {
  return { text, wanted: `under ${wanted} ${unit}`, seen: `${Number(seen.toPrecision(3))} ${unit}`, met: seen < wanted }
}

function phaseOf({ stage }: Outcome, name: string) {
  return stage.phases.find(phase => phase.name === name)!
}

function histogramOf({ timings }: Outcome, label: string, which: (kind: string) => boolean) {
  return toLoadHistogram(
    label,
    sumTimings(timings, ({ phase, kind }) => phase === label && which(kind)),
  )
}
