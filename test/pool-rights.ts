import { setTimeout as sleep } from 'node:timers/promises'
import type { Input, Verb } from '../src/protocol/request.ts'
import { draftPost, tryCall } from './pool-call.ts'
import type { Answered, Closing, Loss, PoolTried } from './pool-check.ts'
import { now, type PoolPerson } from './pool-clients.ts'
import type { PoolSite } from './pool-site.ts'
import type { Random } from './random.ts'

/** A request that takes a right in a room, and the one that gives it back. Asking twice does no more than asking once. */
export type Churn = {
  how: string
  room: string
  /** Who loses it; the first one asks at every server meanwhile. */
  people: PoolPerson[]
  verb: Verb
  take: object
  give: object
  /** Nobody can post either. */
  closes?: boolean
}

export type Rights = {
  losses: Loss[]
  closings: Closing[]
  answered: Answered[]
  /** Posts that were tried without the right, which may come to pass once it is given back, and those of the witness. */
  tried: PoolTried[]
  changes(): number
  probes(): number
  /** Gives back everything, and answers when that is done. */
  end(): Promise<void>
}

/** An administrator takes rights and gives them back, one change of each kind at a time, and those concerned try all the same. */
export function openRights(
  site: PoolSite,
  token: string,
  churns: Churn[],
  witness: PoolPerson,
  random: Random,
  fault: (text: string) => void,
  over: AbortSignal,
): Rights {
  const losses: Loss[] = []
  const closings: Closing[] = []
  const answered: Answered[] = []
  const tried: PoolTried[] = []
  const stopping = new AbortController()
  const probing = new Set<Promise<void>>()
  let changes = 0
  let probes = 0

  /** Until it is acknowledged. Answers the servers that may still be about to do it. */
  async function settle(churn: Churn, what: 'take' | 'give'): Promise<Set<number>> {
    const unknown = new Set<number>()
    while (!over.aborted) {
      const slot = random.below(site.slots.length)
      // A request is never given up while its server may still do it: it would undo the next change.
      const answer = await tryCall(site.slots[slot]!.url(), token, churn.verb, churn[what] as Input<Verb>, 120_000)
      if (answer !== 'gone' && 'result' in answer) break
      unknown.add(slot)
      if (answer !== 'gone' && answer.error.code !== 'unavailable') {
        fault(
          `${churn.verb} ${JSON.stringify(churn[what])}: ${answer.error.code} ${answer.error.message} ${answer.error.id ?? ''}`,
        )
        await sleep(1_000)
      }
      await sleep(50)
    }
    changes += 1
    return unknown
  }

  /** What was asked of a server that was cut off or stopped may come to pass when it is back. */
  async function settled(unknown: Set<number>) {
    for (const slot of unknown)
      while (!over.aborted && (site.slots[slot]!.troubled.size > 0 || site.storeTroubled.size > 0)) await sleep(50)
    if (unknown.size > 0) await sleep(3_000)
  }

  async function probe(churn: Churn, slot: number, until: () => boolean) {
    const { name: user, token: own } = churn.people[0]!
    const { room } = churn
    while (!until() && !over.aborted) {
      const url = site.slots[slot]!.url()
      for (const verb of ['room.get', 'message.list', 'message.post'] as const) {
        const askedAt = now()
        const post = draftPost(user, room, `${user} without the right`)
        const { clientId, text } = post
        if (verb === 'message.post') tried.push(post)
        const answer = await tryCall(
          url,
          own,
          verb,
          verb === 'message.post' ? { room, clientId, text } : { room },
          15_000,
        )
        probes += 1
        if (answer === 'gone' || 'error' in answer) continue
        const { result } = answer
        // Who may not read a room may still see that it is there.
        if ('rights' in result && (!result.rights.read || result.room.disabled)) continue
        answered.push({ user, room, verb, askedAt, at: now(), over: `HTTP, server ${slot}` })
      }
      await sleep(100)
    }
  }

  /** Posts over every server as soon as a right has ended: none of this may reach who lost it, whatever its server knows by now. */
  async function post(churn: Churn, slot: number) {
    const mine = draftPost(witness.name, churn.room, `after ${churn.how}`)
    tried.push(mine)
    const { room, clientId, text } = mine
    const input = { room, clientId, text }
    const answer = await tryCall(site.slots[slot]!.url(), witness.token, 'message.post', input, 15_000)
    if (answer === 'gone' || 'error' in answer) return
    mine.answeredAt = now()
    mine.acknowledged.push({ ...answer.result, attempt: 1 })
  }

  /** A right that was given back is there at every server at once. */
  async function expectBack(churn: Churn) {
    const { name: user, token: own } = churn.people[0]!
    await Promise.all(
      site.slots.map(async (slot, place) => {
        const answer = await tryCall(slot.url(), own, 'message.list', { room: churn.room, limit: 1 }, 15_000)
        if (answer !== 'gone' && 'error' in answer && answer.error.code !== 'unavailable')
          fault(
            `${user} was let in again (${churn.how}), and server ${place} says ${answer.error.code} ${answer.error.id ?? ''}`,
          )
      }),
    )
  }

  async function once(churn: Churn) {
    const unknown = await settle(churn, 'take')
    const from = now()
    const mine: Loss[] = churn.people.map(({ name }) => ({
      ...{ user: name, room: churn.room, from, until: Number.POSITIVE_INFINITY, how: churn.how },
    }))
    losses.push(...mine)
    const closing: Closing = { room: churn.room, from, until: Number.POSITIVE_INFINITY }
    if (churn.closes) closings.push(closing)
    let isBack = false
    const posts = churn.closes ? [] : site.slots.map((_, slot) => post(churn, slot))
    for (const one of [...posts, ...site.slots.map((_, slot) => probe(churn, slot, () => isBack))]) {
      probing.add(one)
      void one.finally(() => probing.delete(one))
    }
    // Where probes post nothing may hold them up for long: what they ask late is judged by when it was asked.
    await sleep(400 + random.below(churn.closes ? 800 : 2_500))
    await settled(unknown)
    const until = now()
    isBack = true
    for (const loss of mine) loss.until = until
    closing.until = until
    const late = await settle(churn, 'give')
    await expectBack(churn)
    await settled(late)
  }

  const running = churns.map(async churn => {
    while (!stopping.signal.aborted && !over.aborted) {
      await sleep(200 + random.below(1_500), undefined, { signal: stopping.signal }).catch(() => {})
      if (!stopping.signal.aborted) await once(churn)
    }
  })
  return {
    ...{ losses, closings, answered, tried },
    changes: () => changes,
    probes: () => probes,
    async end() {
      stopping.abort()
      await Promise.all(running)
      await Promise.all(probing)
    },
  }
}
