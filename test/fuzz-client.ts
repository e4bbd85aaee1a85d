import { WebSocket } from 'ws'
import { type Client, connect } from '../src/client/client.ts'
import type { SocketClass } from '../src/client/connection.ts'
import type { Event } from '../src/protocol/event.ts'
import type { Verb } from '../src/protocol/request.ts'
import type { Person } from './harness.ts'

/** What came over a connection, as it came: an event, or an answer with what was asked and when. */
export type Heard =
  | { user: string; name: string; at: number; event: Event }
  | { user: string; name: string; at: number; verb: Verb; input: { room?: string }; askedAt: number; result: unknown }

export type FuzzClient = {
  name: string
  user: Person
  client: Client
  /** Cuts the connection as a network does. */
  drop(): void
  drops(): number
  /** Resolves when it is open and was brought up to date after the last drop. */
  synced(): Promise<void>
}

type Options = { name: string; user: Person; url: string; heard(heard: Heard): void; fault(text: string): void }

/** The client library on sockets that are listened to and can be cut. */
export function openFuzzClient({ name, user, url, heard, fault }: Options): FuzzClient {
  let current: WebSocket | undefined
  let drops = 0
  let stale = true

  class Tapped extends WebSocket {
    readonly #asked = new Map<number, { verb: Verb; input: { room?: string }; askedAt: number }>()
    constructor(address: string, protocols?: string | string[]) {
      super(address, protocols)
      current = this
      this.on('message', data => this.#tap(data.toString()))
    }
    override send(data: string): void {
      const { id, verb, input } = JSON.parse(data)
      this.#asked.set(id, { verb, input, askedAt: performance.now() })
      super.send(data)
    }
    #tap(text: string) {
      const frame = JSON.parse(text)
      const at = performance.now()
      if (frame.event !== undefined) return heard({ user: user.me.id, name, at, event: frame })
      const asked = this.#asked.get(frame.id)
      this.#asked.delete(frame.id)
      if (frame.error?.code === 'internal') fault(`${name}: ${asked?.verb}: ${frame.error.message} ${frame.error.id}`)
      if (asked && frame.result) heard({ user: user.me.id, name, at, ...asked, result: frame.result })
    }
  }

  const client = connect({ url, token: user.token, random: () => 0, webSocket: Tapped as unknown as SocketClass })
  client.on('synced', () => {
    stale = false
  })
  return {
    name,
    user,
    client,
    drop() {
      drops += 1
      stale = true
      current?.terminate()
    },
    drops: () => drops,
    async synced() {
      for (const deadline = Date.now() + 15_000; stale || client.state !== 'open'; ) {
        if (Date.now() > deadline)
          return fault(`${name} did not come back: ${client.state} ${client.error?.message ?? ''}`)
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    },
  }
}
