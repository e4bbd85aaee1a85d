import { setTimeout as sleep } from 'node:timers/promises'
import { bringIn, modelRates, type Stage, workAt } from './stage.ts'

/** What happens in a profile, after the store is filled and up to the moment when all rest. */
export type Play = (stage: Stage) => Promise<void>

const everybody = { from: 0, to: 1 }

async function signIn(stage: Stage): Promise<void> {
  await stage.phase('sign-in', () => bringIn(stage, everybody))
}

export async function steady(stage: Stage): Promise<void> {
  await signIn(stage)
  await lasting(stage, 'load', stage.plan.seconds)
}

function lasting(stage: Stage, phase: string, seconds: number, work = stage.plan.work): Promise<void> {
  return stage.phase(phase, async () => {
    await stage.begin(work)
    await stage.last(seconds)
    return {}
  })
}

/** Everybody comes, while those who are in go on posting. */
export async function morning(stage: Stage): Promise<void> {
  const early = { from: 0, to: earlyShare(stage) }
  await stage.phase('first ones', () => bringIn(stage, early))
  await lasting(stage, 'calm', Math.max(5, stage.plan.seconds / 4))
  await stage.phase('morning', () => bringIn(stage, { from: early.to, to: 1 }))
  await lasting(stage, 'afterwards', Math.max(2, stage.plan.seconds / 8))
}

const earlyShare = ({ model }: Stage) => Math.min(1, Math.max(0.02, 200 / model.sessions))

export async function failover(stage: Stage): Promise<void> {
  const { plan } = stage
  await signIn(stage)
  await lasting(stage, 'load', plan.seconds / 3)
  await killOne(stage)
  await lasting(stage, 'afterwards', plan.seconds / 3)
}

async function killOne(stage: Stage): Promise<void> {
  await stage.phase('failover', async () => {
    const before = (await stage.agents.status()).in
    const killedAt = performance.now()
    await stage.site.servers[0]!.kill()
    const { left, backAt } = await untilAllAreBack(stage, before, killedAt)
    return { 'sessions of the killed server': left, 'all back after s': (backAt - killedAt) / 1000 }
  })
}

/** The kernel closes ten thousand lines one after the other, and the first ones are on their way back before the last one breaks. */
const breakWithinMs = 3_000
const comeBackWithinMs = 180_000
const lookMs = 50

/** How many were missed at once, and when the last one was. */
async function untilAllAreBack({ agents }: Stage, before: number, killedAt: number) {
  let [left, backAt, now] = [0, killedAt, killedAt]
  while (now - killedAt < comeBackWithinMs) {
    const missing = before - (await agents.status()).in
    now = performance.now()
    left = Math.max(left, missing)
    if (missing > 0) backAt = now
    else if (now - killedAt > breakWithinMs) break
    await sleep(lookMs)
  }
  return { left, backAt }
}

const announceEverySeconds = 5
const announcingSeconds = 2

/** Posts into a large auditorium while small rooms go on. */
export async function announcement(stage: Stage): Promise<void> {
  await signIn(stage)
  await announcing(stage, stage.plan.seconds / 2)
}

async function announcing(stage: Stage, seconds: number): Promise<void> {
  const { model, plan } = stage
  await lasting(stage, 'before', seconds)
  await stage.phase('announcement', async () => {
    const room = Array.from({ length: model.roomsOfKind.large }, (_, index) => index).find(model.isAuditorium)!
    const turns = Math.max(1, Math.floor(seconds / announceEverySeconds))
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

export async function mattermost(stage: Stage): Promise<void> {
  await signIn(stage)
  await lasting(stage, 'load', stage.plan.seconds, { ...stage.plan.work, mattermost: true })
}

/** All of it on one pool, filled once: everybody comes, the model's rate, its busiest variant, announcements, a dead server. */
export async function day(stage: Stage): Promise<void> {
  const { seconds, options } = stage.plan
  await steady(stage)
  await lasting(stage, 'busiest', seconds / 5, workAt(modelRates['model-1'], options))
  await announcing(stage, seconds / 10)
  await killOne(stage)
  await lasting(stage, 'afterwards', seconds / 10)
}
