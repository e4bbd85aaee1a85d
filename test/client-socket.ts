import { WebSocket } from 'ws'
import type { WireError } from '../src/protocol/error.ts'
import type { Event } from '../src/protocol/event.ts'
import type { Input, Result, Verb } from '../src/protocol/request.ts'

type Answer = { result?: unknown; error?: WireError }
export type Outcome<V extends Verb> = Result<V> | WireError | 'gone'
export type Socket = {
  number: number
  /** `atOnce` is told in the turn in which the answer comes: the next frame may be an event that follows it. */
  ask<V extends Verb>(verb: V, input: Input<V>, atOnce?: (outcome: Outcome<V>) => void): Promise<Outcome<V>>
  closed: Promise<void>
  end(): void
}
let connections = 0

/** One connection, opened; undefined where the server is away. Silence ends it, since a frozen server sends no end. */
export async function openSocket(
  url: string,
  token: string,
  hear: (event: Event) => void,
  silenceS = Number.POSITIVE_INFINITY,
): Promise<Socket | undefined> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, 'pchat.v1', {
    ...(Number.isFinite(silenceS) ? { handshakeTimeout: silenceS * 1_000 } : {}),
  })
  const waiting = new Map<number, (answer: Answer | 'gone') => void>()
  let lastId = 0
  let over = false
  let silent = 0
  // Counted in turns of this process: one that is late itself takes nobody for dead.
  const watching = setInterval(() => {
    silent += 1
    if (silent > silenceS) socket.terminate()
    else if (socket.readyState === WebSocket.OPEN) socket.ping()
  }, 1_000)
  const closed = new Promise<void>(resolve =>
    socket.once('close', () => {
      over = true
      clearInterval(watching)
      for (const answer of waiting.values()) answer('gone')
      waiting.clear()
      resolve()
    }),
  )
  socket.on('error', () => {})
  socket.on('pong', () => {
    silent = 0
  })
  socket.on('message', data => {
    silent = 0
    if (over) return
    const frame = JSON.parse(data.toString()) as Event | (Answer & { event?: undefined; id: number })
    if (frame.event !== undefined) return hear(frame)
    waiting.get(frame.id)?.(frame)
    waiting.delete(frame.id)
  })
  const ask: Socket['ask'] = (verb, input, atOnce) =>
    new Promise(resolve => {
      const end = (outcome: Outcome<typeof verb>) => {
        atOnce?.(outcome)
        resolve(outcome)
      }
      if (over) return end('gone')
      lastId += 1
      waiting.set(lastId, answer =>
        end(answer === 'gone' ? 'gone' : (answer.error ?? (answer.result as Result<typeof verb>))),
      )
      socket.send(JSON.stringify({ id: lastId, verb, input }))
    })
  const opened = new Promise<boolean>(resolve => socket.once('open', () => resolve(true)))
  if (!(await Promise.race([opened, closed.then(() => false)]))) return undefined
  connections += 1
  const number = connections
  const end = () => {
    over = true
    socket.terminate()
  }
  const answer = await ask('session.open', { token })
  if (answer !== 'gone' && 'epoch' in answer) return { number, ask, closed, end }
  end()
  return undefined
}

export function isRefusal(answer: object): answer is WireError {
  return 'code' in answer
}

/** Refused for the moment: the same may be asked again. */
export function isPassing(error: WireError): boolean {
  return error.code === 'unavailable' || error.code === 'rate_limited'
}
