import { ConnectionLost, notConnected, PchatError } from '../../src/client/error.ts'
import type { Input, Result, Verb } from '../../src/protocol/request.ts'
import { type BenchSocket, openBenchSocket } from '../socket.ts'
import { isPosted } from './delivery.ts'

export type LineOptions = {
  sessions: number
  /** Its own among several, since an address has 28,000 ports. */
  localAddressOf(session: number): string
  /** A message.posted, as bytes. */
  posted(session: number, buffer: Buffer, from: number, to: number): void
  /** The other events that change what a session hears. */
  opened(session: number, room: string): void
  closed(session: number, room: string): void
  ended(session: number, code: number): void
}

type Asked = {
  session: number
  at: number
  apply: ((result: never) => void) | undefined
  resolve: (result: never) => void
  reject: (error: PchatError) => void
}

/** Longer than any answer takes on a busy machine: then the connection is given up, as the client library does. */
const ANSWER_MS = 90_000
const LOOK_MS = 5_000
const bytes = (text: string) => Buffer.from(text, 'latin1')
const roomClosed = bytes('{"event":"room.closed"')
const roomOpened = bytes('{"event":"room.opened"')
const ANSWER = 'i'.charCodeAt(0)

/** The connections of all sessions of this process: as little of each as can be, since there are thousands. */
export type Lines = ReturnType<typeof openLines>

export function openLines({ sessions, localAddressOf, posted, opened, closed, ended }: LineOptions) {
  const sockets: (BenchSocket | undefined)[] = Array.from({ length: sessions })
  const asked = new Map<number, Asked>()
  const bySession = new Map<number, Set<number>>()
  let lastId = 0
  const looking = setInterval(giveUpSilent, LOOK_MS)

  async function connect(session: number, url: string): Promise<void> {
    let mine: BenchSocket | undefined
    const onFrame = (buffer: Buffer, from: number, to: number) => receive(session, buffer, from, to)
    const onEnd = (code: number) => {
      if (mine !== undefined && sockets[session] === mine) drop(session, code)
    }
    const address = { port: Number(new URL(url).port), localAddress: localAddressOf(session) }
    mine = await openBenchSocket(address, onFrame, onEnd)
    sockets[session] = mine
  }

  function receive(session: number, buffer: Buffer, from: number, to: number): void {
    if (isPosted(buffer, from, to)) posted(session, buffer, from, to)
    else if (buffer[from + 2] === ANSWER) answer(buffer.toString('utf8', from, to))
    else if (startsWith(roomClosed, buffer, from)) closed(session, JSON.parse(buffer.toString('utf8', from, to)).room)
    else if (startsWith(roomOpened, buffer, from))
      opened(session, JSON.parse(buffer.toString('utf8', from, to)).room.id)
  }

  /** What the answer changes is changed before the next frame is read: events follow it. */
  function answer(text: string): void {
    const { id, result, error } = JSON.parse(text)
    const waiting = take(id)
    if (waiting === undefined) return
    if (error !== undefined) waiting.reject(new PchatError(error))
    else {
      waiting.apply?.(result as never)
      waiting.resolve(result as never)
    }
  }

  function take(id: number): Asked | undefined {
    const waiting = asked.get(id)
    if (waiting === undefined) return undefined
    asked.delete(id)
    const ids = bySession.get(waiting.session)
    ids?.delete(id)
    if (ids?.size === 0) bySession.delete(waiting.session)
    return waiting
  }

  function drop(session: number, code: number): void {
    sockets[session] = undefined
    ended(session, code)
    for (const id of bySession.get(session) ?? []) take(id)?.reject(new ConnectionLost())
  }

  function giveUpSilent(): void {
    const before = performance.now() - ANSWER_MS
    for (const { session, at } of [...asked.values()]) if (at < before) end(session)
  }

  function end(session: number): void {
    const socket = sockets[session]
    if (socket === undefined) return
    drop(session, 1006)
    socket.end()
  }

  function ask<V extends Verb>(
    session: number,
    verb: V,
    input: Input<V>,
    apply?: (result: Result<V>) => void,
  ): Promise<Result<V>> {
    const socket = sockets[session]
    if (socket === undefined) return Promise.reject(notConnected())
    lastId += 1
    const id = lastId
    return new Promise((resolve, reject) => {
      asked.set(id, { session, at: performance.now(), apply, resolve, reject })
      const ids = bySession.get(session)
      if (ids) ids.add(id)
      else bySession.set(session, new Set([id]))
      socket.send(JSON.stringify({ id, verb, input }))
    })
  }

  return {
    connect,
    ask,
    /** As if the network had cut it. */
    end,
    isConnected: (session: number) => sockets[session] !== undefined,
    stop() {
      clearInterval(looking)
      for (const socket of sockets) socket?.end()
      sockets.fill(undefined)
    },
  }
}

function startsWith(expected: Uint8Array, buffer: Uint8Array, from: number): boolean {
  for (let index = 0; index < expected.length; index += 1) if (buffer[from + index] !== expected[index]) return false
  return true
}

export function describeRefusal(error: unknown): string {
  return error instanceof PchatError ? `${error.code}: ${error.message}` : String(error)
}
