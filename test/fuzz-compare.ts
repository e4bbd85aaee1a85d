import { setTimeout as sleep } from 'node:timers/promises'
import type { FuzzClient } from './fuzz-client.ts'
import type { World } from './fuzz-world.ts'

/** Every client has what its user may read, as the store has it, and nothing else. `live`: without asking anew. */
export async function compare(
  world: World,
  mayRead: (user: string, room: string) => boolean,
  when: 'live' | 'resumed',
) {
  const truths = new Map<string, Truth>()
  for (const room of world.rooms) truths.set(room, await readTruth(world, room, mayRead))
  const deadline = Date.now() + 6_000
  for (const { client, name, user } of world.clients)
    for (const room of world.rooms) {
      const truth = truths.get(room)!
      const differs = async () => {
        const state = client.room(room)
        if (!mayRead(user.me.id, room))
          return state && state.closed !== 'disabled' ? 'has a room that it may not read' : undefined
        if (when === 'resumed') {
          if (!state) await client.join(room)
          if (truth.messages) await client.fill(room, { from: 1, through: client.room(room)!.lastSeq })
        }
        return state && differenceOf(client.room(room)!, truth, world, when)
      }
      let difference: string | undefined
      // What crosses between servers without a bus comes with the sweep, and filling takes a moment.
      for (;;) {
        difference = await differs().catch((error: Error) => error.message)
        if (difference === undefined || Date.now() > deadline) break
        await sleep(50)
      }
      if (difference !== undefined) world.fault(`${when}: ${name} in room ${world.rooms.indexOf(room)}: ${difference}`)
    }
}

type Row = { seq: number; text?: string; removed?: true; replaced?: boolean; clientId?: string }
type Truth = { messages: Map<number, string> | undefined; firstSeq: number; lastSeq: number; revision: number }

async function readTruth(world: World, room: string, mayRead: (user: string, room: string) => boolean): Promise<Truth> {
  const reader = world.users.find(user => mayRead(user.me.id, room))
  const none = { messages: undefined, firstSeq: 0, lastSeq: 0, revision: 0 }
  if (!reader) return none
  const messages = new Map<number, string>()
  for (let after = 0; ; ) {
    const { result, error } = await reader.ask('message.list', { room, after, limit: 500 })
    if (error) return none
    for (const message of result.messages) messages.set(message.seq, shown(message as Row))
    after = result.messages.at(-1)?.seq ?? 0
    if (result.messages.length < 500)
      return { messages, firstSeq: result.firstSeq, lastSeq: result.lastSeq, revision: result.revision }
  }
}

function shown({ text, removed, replaced, clientId }: Row): string {
  return removed ? 'removed' : `${clientId} ${text}${replaced ? ' (replaced)' : ''}`
}

type State = NonNullable<ReturnType<FuzzClient['client']['room']>>

function differenceOf(state: State, truth: Truth, world: World, when: 'live' | 'resumed'): string | undefined {
  // That a room is open again is told to its followers, and over the bus alone: the others find it when they sync.
  if (state.closed) return when === 'live' ? undefined : `is closed: ${state.closed}`
  if (!truth.messages) return undefined
  for (const member of ['firstSeq', 'lastSeq', 'revision'] as const)
    if (state[member] !== truth[member]) return `${member} is ${state[member]}, not ${truth[member]}`
  const seen = new Set<number>()
  for (const message of state.messages as readonly Row[]) {
    seen.add(message.seq)
    const there = truth.messages.get(message.seq)
    const wasPassing = there === undefined && world.passing.has(state.id)
    if (
      wasPassing
        ? message.text !== world.posted.get(message.clientId ?? '') && message.text !== 'replaced'
        : there !== shown(message)
    )
      return `${message.seq} is ${JSON.stringify(shown(message))}, not ${JSON.stringify(there)}`
  }
  if (when === 'live') return undefined
  for (const seq of truth.messages.keys()) if (!seen.has(seq)) return `${seq} is missing`
  return undefined
}
