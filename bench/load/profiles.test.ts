import { expect, test } from 'vitest'
import { openHistogram } from './histogram.ts'
import { type LoadOptions, profileNames, readLoadOptions } from './options.ts'
import { planOf, profiles } from './profiles.ts'
import type { LoadPhase } from './report.ts'
import type { Outcome, Stage } from './stage.ts'

test('[LD12] rates are those of the model times the scale, or the mixture of the model at the rate asked for', () => {
  const whole = planOf(optionsOf('--scale', '1'))
  expect(whole).toMatchObject({
    endpoints: 1.5,
    work: { posts: { small: 22.22, medium: 1.67, large: 0.15 }, joins: 10 },
  })
  expect(sumOf(planOf(optionsOf('--profile', 'model-1', '--scale', '1')))).toBeCloseTo(74, 0)
  expect(sumOf(planOf(optionsOf('--profile', 'model-2', '--scale', '1')))).toBeCloseTo(56, 0)
  expect(sumOf(planOf(optionsOf('--scale', '0.1')))).toBeCloseTo(2.4, 1)
  const asked = planOf(optionsOf('--scale', '0.1', '--rate', '100', '--seconds', '7', '--endpoints', '1'))
  expect(asked).toMatchObject({ seconds: 7, endpoints: 1 })
  expect(sumOf(asked)).toBeCloseTo(100, 5)
  expect(asked.work.posts.small / asked.work.posts.medium).toBeCloseTo(22.22 / 1.67, 5)
  for (const name of profileNames) expect(planOf(optionsOf('--profile', name)).seconds).toBeGreaterThan(0)
})

test('[LD13] the goals of a profile are judged by what was measured in their phase', () => {
  const steady = outcomeOf('lync-2013', [
    ['load', 'delivery small', 40],
    ['load', 'delivery large', 600],
    ['sign-in', 'delivery small', 9_000],
  ])
  expect(profiles['lync-2013'].conclude!(steady).map(({ met }) => met)).toEqual([true, false])
  const back = (seconds: number) =>
    outcomeOf('failover', [['failover', 'back', 5_000]], { 'all back after s': seconds })
  expect(profiles.failover.conclude!(back(59))).toMatchObject([{ met: true, seen: '59 s' }])
  expect(profiles.failover.conclude!(back(61))).toMatchObject([{ met: false, wanted: 'under 60 s' }])
  const morning = outcomeOf('morning', [['morning', 'password', 100]], { 'sign-ins a second': 199 })
  expect(profiles.morning.conclude!(morning)).toMatchObject([{ met: false, seen: '199' }])
  expect(morning.stage.phases[0]!.figures['argon2id sign-ins a second']).toBe(0.1)
  const announcement = outcomeOf('announcement', [
    ['before', 'delivery small', 50],
    ['announcing', 'delivery small', 149],
    ['announcing', 'delivery large', 1_200],
  ])
  expect(profiles.announcement.conclude!(announcement).map(({ met }) => met)).toEqual([false, true])
  const day = outcomeOf(
    'day',
    [
      ['load', 'delivery small', 40],
      ['before', 'delivery small', 40],
    ],
    {
      'sign-ins a second': 201,
      'all back after s': 61,
    },
  )
  const [whole] = day.stage.phases
  day.stage.phases.push(...['sign-in', 'announcement', 'failover'].map(name => ({ ...whole!, name })))
  expect(profiles.day.conclude!(day).map(({ met }) => met)).toEqual([true, true, true, true, true, false])
})

function optionsOf(...args: string[]): LoadOptions {
  const read = readLoadOptions(args)
  if (!('options' in read)) throw new Error(JSON.stringify(read))
  return read.options
}

function sumOf({ work: { posts } }: ReturnType<typeof planOf>): number {
  return posts.small + posts.medium + posts.large
}

/** A run of ten seconds with these times, and one phase of the profile's name. */
function outcomeOf(
  name: string,
  times: [phase: string, kind: string, ms: number][],
  figures: LoadPhase['figures'] = {},
) {
  const phases = [{ name, fromSeconds: 0, throughSeconds: 10, figures }]
  const stage = { plan: planOf(optionsOf('--profile', name, '--scale', '1')), phases } as unknown as Stage
  const timings = times.map(([phase, kind, ms]) => {
    const histogram = openHistogram()
    histogram.record(ms)
    return { phase, kind, data: histogram.data() }
  })
  return { stage, timings } satisfies Outcome
}
