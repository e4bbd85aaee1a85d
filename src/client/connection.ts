import { closeCodes, type WireError } from '../protocol/error.ts'
import type { Event } from '../protocol/event.ts'
import type { Input, Result, Verb } from '../protocol/request.ts'
import { WEBSOCKET_SUBPROTOCOL } from '../protocol/version.ts'
import { ConnectionLost, PchatError } from './error.ts'

/** The part of a WebSocket that is used here: browsers, Node and the package ws have it. */
export type Socket = {
  send(data: string): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'open' | 'error', hear: () => void): void
  addEventListener(type: 'message', hear: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', hear: (event: { code: number }) => void): void
}
export type SocketClass = new (url: string, protocols?: string | string[]) => Socket

export type ConnectionOptions = {
  url: string
  webSocket: SocketClass
  opened: () => void
  heard: (event: Event) => void
  /** Called before the next frame is read, unlike what awaits the promise: events that follow an answer find it applied. */
  answered?: (answer: Answer) => void
  /** Called once. 1006 where the connection was never made or went silent. */
  closed: (code: number) => void
}

/** One socket: numbers requests, matches answers, notices silence. It never connects again. */
export type Connection = {
  request<V extends Verb>(verb: V, input: Input<V>): Promise<Result<V>>
  close(): void
}

export type Answer = { [V in Verb]: { verb: V; input: Input<V>; result: Result<V> } }[Verb]

type Pending = {
  verb: Verb
  input: unknown
  resolve: (result: never) => void
  reject: (error: PchatError) => void
}
type AnswerFrame = { event?: undefined; id: number; result?: unknown; error?: WireError }
type Frame = Event | AnswerFrame

const CLOSED_BY_CLIENT = 1000
const ABNORMAL = 1006
const CONNECT_TIMEOUT_MS = 15_000
/** Scripts in browsers cannot ping: after this silence they ask something cheap instead. */
const SILENCE_MS = 45_000
const ANSWER_MS = 15_000
const NO_ROOM = '00000000-0000-0000-0000-000000000000'

export function openConnection(options: ConnectionOptions): Connection {
  const socket = new options.webSocket(options.url, WEBSOCKET_SUBPROTOCOL)
  const pending = new Map<number, Pending>()
  let lastId = 0
  let lastHeardAt = Date.now()
  let over = false
  let timer = setTimeout(giveUp, CONNECT_TIMEOUT_MS)

  socket.addEventListener('open', () => {
    if (over) return
    watch(SILENCE_MS)
    options.opened()
  })
  socket.addEventListener('message', event => receive(event.data))
  socket.addEventListener('close', event => end(event.code))
  // A failed connection fires close after error, so error itself has nothing to do; Node's ws throws where nobody listens.
  socket.addEventListener('error', () => {})

  function request<V extends Verb>(verb: V, input: Input<V>): Promise<Result<V>> {
    if (over) return Promise.reject(new ConnectionLost())
    lastId += 1
    const id = lastId
    return new Promise<Result<V>>((resolve, reject) => {
      pending.set(id, { verb, input, resolve, reject })
      socket.send(JSON.stringify({ id, verb, input }))
    })
  }

  function receive(data: unknown): void {
    if (over) return
    lastHeardAt = Date.now()
    const frame = parse(data)
    if (frame === undefined) close(closeCodes.protocolError)
    else if (frame.event === undefined) settle(frame)
    else options.heard(frame)
  }

  function settle(frame: AnswerFrame): void {
    const asked = pending.get(frame.id)
    pending.delete(frame.id)
    if (asked === undefined) return
    if (frame.error !== undefined) {
      asked.reject(new PchatError(frame.error))
      return
    }
    options.answered?.({ verb: asked.verb, input: asked.input, result: frame.result } as Answer)
    asked.resolve(frame.result as never)
  }

  function watch(ms: number): void {
    clearTimeout(timer)
    if (!over) timer = setTimeout(checkSilence, ms)
  }

  function checkSilence(): void {
    const silentMs = Date.now() - lastHeardAt
    if (silentMs < SILENCE_MS) watch(SILENCE_MS - silentMs)
    else probe()
  }

  function probe(): void {
    timer = setTimeout(giveUp, ANSWER_MS)
    // Parting from no room touches nothing on the server, and a refusal proves as well as a result that it is there.
    const alive = () => watch(SILENCE_MS)
    request('room.part', { room: NO_ROOM }).then(alive, error => {
      if (!(error instanceof ConnectionLost)) alive()
    })
  }

  /** close() would wait for the other side, which may be gone for good: it is over for us now. */
  function giveUp(): void {
    socket.close()
    end(ABNORMAL)
  }

  function end(code: number): void {
    if (over) return
    over = true
    clearTimeout(timer)
    for (const asked of pending.values()) asked.reject(new ConnectionLost())
    pending.clear()
    options.closed(code)
  }

  function close(code: number): void {
    socket.close(code)
    end(code)
  }

  return { request, close: () => close(CLOSED_BY_CLIENT) }
}

function parse(data: unknown): Frame | undefined {
  try {
    const frame: unknown = JSON.parse(String(data))
    return typeof frame === 'object' && frame !== null ? (frame as Frame) : undefined
  } catch {
    return undefined
  }
}
