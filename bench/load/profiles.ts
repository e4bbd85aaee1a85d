import { toLoadHistogram } from './histogram.ts'
import type { RoomKind } from './model.ts'
import type { LoadOptions, ProfileName } from './options.ts'
import { announcement, day, failover, mattermost, morning, type Play, steady } from './plays.ts'
import type { LoadGoal } from './report.ts'
import { modelRates, type Outcome, type Plan, workAt } from './stage.ts'
import { sumTimings } from './timings.ts'

export type Profile = {
  seconds: number
  endpoints: number
  passwordShare: number
  rates: Record<RoomKind, number>
  play: Play
  /** Figures that are known only at the end go into the phases; goals are judged at scale 1. */
  conclude?(outcome: Outcome): LoadGoal[]
}

const usual = { seconds: 60, endpoints: 1, passwordShare: 0, rates: modelRates['lync-2013'] }
export const profiles: Record<ProfileName, Profile> = {
  'lync-2013': { ...usual, endpoints: 1.5, play: steady, conclude: concludeSteady },
  'model-1': { ...usual, rates: modelRates['model-1'], play: steady },
  'model-2': { ...usual, rates: modelRates['model-2'], play: steady },
  morning: { ...usual, play: morning, conclude: concludeMorning },
  failover: { ...usual, play: failover, conclude: concludeFailover },
  announcement: { ...usual, play: announcement, conclude: concludeAnnouncement },
  mattermost: { ...usual, play: mattermost },
  day: { ...usual, seconds: 600, play: day, conclude: concludeDay },
}

export function planOf(options: LoadOptions): Plan {
  const profile = profiles[options.profile]
  return {
    options,
    seconds: options.seconds ?? profile.seconds,
    endpoints: options.endpoints ?? profile.endpoints,
    passwordShare: options.passwordShare ?? profile.passwordShare,
    work: workAt(profile.rates, options),
  }
}

function concludeSteady(outcome: Outcome): LoadGoal[] {
  const delivery = histogramOf(outcome, 'load', kind => kind.startsWith('delivery'))
  return [
    under('Half of the deliveries arrive within', delivery.p50Ms, 50, 'ms'),
    under('99 of 100 deliveries arrive within', delivery.p99Ms, 500, 'ms'),
  ]
}

function concludeDay(outcome: Outcome): LoadGoal[] {
  return [
    signInGoal(Number(phaseOf(outcome, 'sign-in').figures['sign-ins a second'])),
    ...concludeSteady(outcome),
    ...concludeAnnouncement(outcome),
    ...concludeFailover(outcome),
  ]
}

function concludeMorning(outcome: Outcome): LoadGoal[] {
  const phase = phaseOf(outcome, 'morning')
  const password = histogramOf(outcome, 'morning', kind => kind === 'password')
  const seconds = phase.throughSeconds - phase.fromSeconds
  phase.figures['argon2id sign-ins a second'] = password.count / seconds
  return [signInGoal(Number(phase.figures['sign-ins a second']))]
}

function signInGoal(rate: number): LoadGoal {
  return {
    text: 'Sign-ins a second, with 16 rooms each',
    wanted: 'at least 200',
    seen: rate.toFixed(0),
    met: rate >= 200,
  }
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
