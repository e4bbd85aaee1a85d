import { PchatError } from '../src/client/error.ts'
import type { Input, Result, Verb } from '../src/protocol/request.ts'
import { type Address, type BenchSocket, type OnFrame, openBenchSocket } from './socket.ts'

/** A signed-in session that counts what it hears and parses only answers. */
export type BenchSession = {
  ask<V extends Verb>(verb: V, input: Input<V>): Promise<Result<V>>
  /** Sends a request as text; its answer comes to who listens. */
  send(text: string): void
  /** From now on answers come as bytes, to nobody else; undefined: to who asked, as usual. */
  listen(onAnswer: OnFrame | undefined): void
  end(): void
}

/** Shared by all sessions of the process. */
export type Heard = { messages: number; reads: number; bytes: number; ended: number }

type Asked = { resolve: (result: never) => void; reject: (error: Error) => void }

/** An answer begins `{"id":`, an event `{"event":"m…`. */
const EVENT_NAME_AT = 10
const E = 'e'.charCodeAt(0)
const M = 'm'.charCodeAt(0)

export async function openBenchSession(
  address: Address,
  token: string,
  heard: Heard,
  onMessage?: () => void,
): Promise<BenchSession> {
  const asked = new Map<number, Asked>()
  let lastId = 0
  let over = false
  let listener: OnFrame | undefined

  function onFrame(buffer: Buffer, from: number, to: number): void {
    heard.bytes += to - from
    if (buffer[from + 2] !== E) {
      if (listener) listener(buffer, from, to)
      else answer(buffer.toString('utf8', from, to))
    } else if (buffer[from + EVENT_NAME_AT] === M) {
      heard.messages += 1
      onMessage?.()
    }
  }

  function answer(text: string): void {
    const { id, result, error } = JSON.parse(text)
    const waiting = asked.get(id)
    asked.delete(id)
    if (error === undefined) waiting?.resolve(result as never)
    else waiting?.reject(new PchatError(error))
  }

  function onEnd(): void {
    if (!over) heard.ended += 1
    for (const waiting of asked.values()) waiting.reject(new Error('the connection ended'))
  }

  const onRead = () => {
    heard.reads += 1
  }
  const socket: BenchSocket = await openBenchSocket(address, onFrame, onEnd, onRead)
  const session: BenchSession = {
    ask: (verb, input) => {
      lastId += 1
      const id = lastId
      return new Promise((resolve, reject) => {
        asked.set(id, { resolve, reject })
        socket.send(JSON.stringify({ id, verb, input }))
      })
    },
    send: socket.send,
    listen: onAnswer => {
      listener = onAnswer
    },
    end: () => {
      over = true
      socket.end()
    },
  }
  await session.ask('session.open', { token })
  return session
}
