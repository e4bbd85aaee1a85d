import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../src/client/client.ts'
import { PchatError } from '../../src/client/error.ts'
import { tryCall } from '../pool-call.ts'
import type { Answered, Loss } from '../pool-check.ts'
import { now } from '../pool-clients.ts'
import type { Random } from '../random.ts'
import type { Stage } from './stage.ts'

export type VictimOptions = {
  stage: Stage
  /** Addresses of the Front End Servers. */
  frontEnds: string[]
  name: string
  password: string
  /** A secret room, out of which he is put and into which he is let again. */
  room: string
  /** Of an administrator. */
  token: string
  random: Random
}

export type Victim = {
  losses: Loss[]
  answered: Answered[]
  heard(): number
  ready(): Promise<void>
  run(): Promise<void>
  close(): void
}

/** Somebody whose right comes and goes, who always listens, and asks for the room's messages all the time. */
export function openVictim({ stage, frontEnds, name, password, room, token, random }: VictimOptions): Victim {
  const losses: Loss[] = []
  const answered: Answered[] = []
  let heard = 0
  const client = connect({ url: random.pick(frontEnds), signIn: { user: name, password }, keepMessages: 100 })
  client.on('message.posted', event => {
    if (event.room !== room) stage.fault(`LEAK: ${name} heard of room ${event.room}, which is not his`)
    heard += 1
    stage.heard({ user: name, room, seq: event.message.seq, at: now(), over: name })
  })

  /** In the room again as soon as he may. */
  async function listen() {
    while (!stage.stopping.aborted) {
      if (client.room(room) === undefined) await client.join(room, { history: 1 }).catch(passing)
      await sleep(150)
    }
  }

  async function ask() {
    const { token: own } = await signIn()
    while (!stage.stopping.aborted) {
      const frontEnd = random.pick(frontEnds)
      const askedAt = now()
      const answer = await tryCall(frontEnd, own, 'message.list', { room, after: 0, limit: 1 }, 120_000)
      if (answer !== 'gone' && 'result' in answer)
        answered.push({ user: name, room, verb: 'message.list', askedAt, at: now(), over: frontEnd })
      else if (answer !== 'gone' && !/^(unavailable|not_found|rate_limited)$/.test(answer.error.code))
        stage.fault(`${name}: message.list: ${answer.error.code} ${answer.error.message}`)
      await sleep(50)
    }
  }

  async function signIn() {
    const answer = await tryCall(random.pick(frontEnds), '', 'session.signIn', { user: name, password })
    if (answer === 'gone' || 'error' in answer) throw new Error(`${name} cannot sign in.`)
    return answer.result
  }

  /** Until it is acknowledged: a request whose answer did not come may be done later, so that it is never given up. */
  async function settle(change: 'add' | 'remove') {
    for (;;) {
      const input = { room, members: { [change]: [name] } }
      const answer = await tryCall(random.pick(frontEnds), token, 'room.update', input, 120_000)
      if (answer !== 'gone' && 'result' in answer) return
      if (answer !== 'gone' && answer.error.code !== 'unavailable') {
        stage.fault(`room.update: ${answer.error.code} ${answer.error.message}`)
        return
      }
      await sleep(200)
    }
  }

  async function change() {
    while (!stage.stopping.aborted) {
      await sleep(300 + random.below(1_200))
      await settle('remove')
      const loss: Loss = { user: name, room, from: now(), until: Number.POSITIVE_INFINITY, how: 'member list' }
      losses.push(loss)
      await sleep(500 + random.below(1_000))
      loss.until = now()
      await settle('add')
    }
  }

  return {
    ...{ losses, answered },
    heard: () => heard,
    async ready() {
      await client.ready()
      await client.join(room, { history: 1 })
    },
    run: async () => void (await Promise.all([listen(), ask(), change()])),
    close: () => client.close(),
  }
}

function passing(error: unknown): void {
  if (!(error instanceof PchatError)) throw error
}
