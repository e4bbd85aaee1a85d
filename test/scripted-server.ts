import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import type { WireError } from '../src/protocol/error.ts'
import type { Event } from '../src/protocol/event.ts'

export type Asked = { verb: string; input: Record<string, unknown>; connection: number }
/** What to answer: a result, a refusal, or nothing at all. */
export type Reply = { result?: unknown; error?: WireError } | undefined
export type Script = (asked: Asked, server: ScriptedServer) => Reply

/** A WebSocket server that says what a test wants said, for the cases that the real one does not show on command. */
export class ScriptedServer {
  readonly asked: Asked[] = []
  connections = 0
  readonly #sockets = new Set<WebSocket>()
  readonly #server: WebSocketServer
  #script: Script

  constructor(script: Script, port = 0) {
    this.#script = script
    this.#server = new WebSocketServer({ port, host: '127.0.0.1', path: '/ws' })
    this.#server.on('connection', socket => this.#accept(socket))
  }

  static async start(script: Script, port = 0): Promise<ScriptedServer> {
    const server = new ScriptedServer(script, port)
    await once(server.#server, 'listening')
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  play(script: Script): void {
    this.#script = script
  }

  tell(event: Event): void {
    for (const socket of this.#sockets) socket.send(JSON.stringify(event))
  }

  /** Ends every connection: without a code as a broken network does. */
  drop(code?: number): void {
    for (const socket of this.#sockets) code === undefined ? socket.terminate() : socket.close(code)
  }

  askedFor(verb: string): Asked[] {
    return this.asked.filter(asked => asked.verb === verb)
  }

  async close(): Promise<void> {
    this.drop()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #accept(socket: WebSocket): void {
    this.connections += 1
    const connection = this.connections
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('message', data => {
      const { id, verb, input } = JSON.parse(String(data))
      this.asked.push({ verb, input, connection })
      const reply = this.#script({ verb, input, connection }, this)
      if (reply !== undefined) socket.send(JSON.stringify({ id, ...reply }))
    })
  }
}
