import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openRandom, type Random } from '../../test/random.ts'
import type { Subject } from './bus.ts'
import { type Line, openInterest } from './interest.ts'

type Hear = (subject: Subject, bytes: Uint8Array) => void

/**
 * As wilful as NATS may be: what is asked for takes effect later, in order; the copies of a message and the answers come each for
 * itself, and only what one publisher says stays in order. What comes for somebody who has ended is passed over, as the client does.
 */
function openWilfulLine(random: Random) {
  const asked: (() => void)[] = []
  const lanes: Record<string, (() => void)[]> = { a: [], b: [], answers: [] }
  const here = new Set<object>()
  const singles = new Map<Subject, Hear>()
  let whole: Hear | undefined
  /** Each with a function of its own, as NATS numbers them. */
  function ask(hear: Hear, begin: (mine: Hear) => void, end: () => void): () => void {
    const mine: Hear = (subject, bytes) => here.has(mine) && hear(subject, bytes)
    here.add(mine)
    asked.push(() => begin(mine))
    return () => {
      here.delete(mine)
      asked.push(end)
    }
  }
  const line: Line = {
    hearOne: (subject, hear) =>
      ask(
        hear,
        mine => singles.set(subject, mine),
        () => singles.delete(subject),
      ),
    hearAll: (_kind, hear) =>
      ask(
        hear,
        mine => (whole = mine),
        () => (whole = undefined),
      ),
    flush: () => new Promise(resolve => asked.push(() => lanes.answers!.push(resolve))),
    isClosed: () => false,
  }
  return {
    line,
    hears: () => (singles.size > 0 ? 'one by one' : 'nothing') + (whole ? ', all' : ''),
    publish(publisher: string, subject: Subject, text: string) {
      const copies = [singles.get(subject), whole].filter(mine => mine !== undefined)
      if (random.chance(0.5)) copies.reverse()
      for (const mine of copies) lanes[publisher]!.push(() => mine(subject, Buffer.from(text)))
    },
    /** Something happens, there or here. */
    turn() {
      if (random.chance(0.3)) asked.shift()?.()
      const busy = Object.values(lanes).filter(lane => lane.length > 0)
      if (busy.length > 0) random.pick(busy).shift()?.()
    },
    isQuiet: () => asked.length === 0 && Object.values(lanes).every(lane => lane.length === 0),
  }
}

async function goOverAndBack(seed: number) {
  const random = openRandom(seed)
  const wilful = openWilfulLine(random)
  const wanted = new Map<Subject, number>()
  const [said, heard]: [string[], string[]] = [[], []]
  const hear: Hear = (subject, bytes) => void heard.push(`${subject} ${Buffer.from(bytes)}`)
  const interest = openInterest({ line: wilful.line, kind: 'room', wanted, maxSingles: 16, hear })
  const rooms = Array.from({ length: 30 }, (_, i): Subject => `room.${i}`)
  const lasting = rooms.slice(0, 3)
  const passing = rooms.slice(3)
  const want = (subject: Subject) => {
    wanted.set(subject, 1)
    interest.added(subject)
  }
  const drop = (subject: Subject) => {
    wanted.delete(subject)
    interest.removed(subject)
  }
  async function talkUntil(state: string) {
    for (let n = 1; wilful.hears() !== state; n += 1) {
      const [publisher, subject] = [random.pick(['a', 'b']), random.pick(lasting)]
      said.push(`${subject} ${publisher} ${said.length}`)
      wilful.publish(publisher, subject, `${publisher} ${said.length - 1}`)
      for (let turns = random.below(6); turns > 0; turns -= 1) wilful.turn()
      if (n % 20 === 0) await sleep(5)
    }
  }
  for (const subject of lasting) want(subject)
  while (!wilful.isQuiet()) wilful.turn()
  for (const subject of passing) want(subject)
  await talkUntil('nothing, all')
  for (const subject of passing) drop(subject)
  await talkUntil('one by one')
  while (!wilful.isQuiet()) wilful.turn()
  return { said, heard }
}

test('[PO8] however copies and answers come, going over to all and back loses nothing, doubles nothing, keeps the order', async () => {
  const runs = await Promise.all(Array.from({ length: 20 }, (_, seed) => goOverAndBack(seed)))
  const of = (publisher: string, lines: string[]) => lines.filter(text => text.includes(` ${publisher} `))
  for (const { said, heard } of runs) {
    expect(said.length).toBeGreaterThan(100)
    expect(of('a', heard)).toEqual(of('a', said))
    expect(of('b', heard)).toEqual(of('b', said))
  }
})
