import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, connect } from '../../src/client/client.ts'
import { PchatError } from '../../src/client/error.ts'
import type { Kept } from '../kill-check.ts'
import type { PoolTried } from '../pool-check.ts'
import { now } from '../pool-clients.ts'
import type { Random } from '../random.ts'
import type { Stage } from './stage.ts'

/** Somebody at the client library: signs in at a Front End Server, hears his rooms, and posts. */
export type Speaker = {
  name: string
  rooms: string[]
  client: Client
  tried: PoolTried[]
  read(room: string): Kept[]
  /** How often a connection was open. */
  connected(): number
  /** Hears all of his rooms. */
  ready(): Promise<void>
  /** Posts until the stage is over, each time waiting for the answer. */
  talk(paceMs: number): Promise<void>
  close(): void
}

export type SpeakerOptions = {
  stage: Stage
  frontEnd: string
  name: string
  password: string
  rooms: string[]
  random: Random
  number: number
}

/** What he hears is to come once and in order, of his own rooms alone, whatever becomes of servers meanwhile. */
export function openSpeaker({ stage, frontEnd, name, password, rooms, random, number }: SpeakerOptions): Speaker {
  const reads = new Map<string, Kept[]>(rooms.map(room => [room, []]))
  const tried: PoolTried[] = []
  let connected = 0
  // Two of everybody's devices are not asked for; one keeps little, since it is told all that it missed.
  const client = connect({ url: frontEnd, signIn: { user: name, password }, catchUp: 'all', keepMessages: 100 })
  client.on('state', state => {
    if (state === 'open') connected += 1
    if (state === 'closed' && !stage.over.aborted)
      stage.fault(`${name} was closed: ${client.error?.code} ${client.error?.message}`)
  })
  client.on('message.posted', ({ room, message }) => {
    const { seq, at, clientId, text } = message as Kept
    stage.heard({ user: name, room, seq, at: now(), over: name })
    const read = reads.get(room)
    if (!read) return stage.fault(`LEAK: ${name} heard ${seq} of room ${room}, which is not his`)
    if (seq !== read.length + 1) stage.fault(`${name} heard ${seq} of room ${room} after ${read.length}`)
    read.push({ seq, at, clientId, text })
  })

  async function say(room: string): Promise<void> {
    const post: PoolTried = {
      ...{ by: name, room, clientId: randomUUID(), text: `${name} ${tried.length} ${'x'.repeat(random.below(60))}` },
      ...{ connection: number, place: tried.length, tries: 1, acknowledged: [], sentAt: now() },
    }
    tried.push(post)
    try {
      const { seq, at } = await client.post(room, { text: post.text }, post.clientId)
      post.answeredAt = now()
      post.acknowledged.push({ seq, at, repeated: false, attempt: 1 })
      stage.acknowledged()
    } catch (error) {
      if (!stage.over.aborted)
        stage.fault(
          `${name} could not post: ${error instanceof PchatError ? error.code : ''} ${(error as Error).message}`,
        )
    }
  }

  return {
    ...{ name, rooms, client, tried },
    read: room => reads.get(room) ?? [],
    connected: () => connected,
    async ready() {
      await client.ready()
      for (const room of rooms) await client.join(room, { history: 1 })
    },
    async talk(paceMs) {
      while (!stage.stopping.aborted) {
        await sleep(random.below(2 * paceMs))
        if (!stage.stopping.aborted) await say(random.pick(rooms))
      }
    },
    close: () => client.close(),
  }
}
