import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WireError } from '../src/protocol/error.ts'
import { isPassing, isRefusal, openSocket, type Socket } from './client-socket.ts'
import type { Kept, Tried } from './kill-check.ts'
import type { Random } from './random.ts'

/** What the clients of a kill run share: where the server is by now, and what went wrong. */
export type Stage = {
  url(): string
  rooms: string[]
  fault(text: string): void
  stopping: AbortSignal
}

/** A short pause however long the server asks for: the test wants many tries around each kill. */
async function pauseAfter(error: WireError | 'gone') {
  await sleep(error === 'gone' ? 50 : Math.min(error.retryAfterMs ?? 100, 200))
}

export type Writer = { tried: Tried[]; done: Promise<void>; acknowledged(): number }

/** Posts at full speed with many in flight, connects again by itself, and tries each post until it is answered. */
export function openWriter(stage: Stage, token: string, name: string, random: Random, inFlight: number): Writer {
  const tried: Tried[] = []
  let acknowledged = 0
  let connecting: Promise<Socket | undefined> | undefined
  let current: Socket | undefined
  let place = 0

  async function socket(): Promise<Socket> {
    for (;;) {
      if (current) return current
      connecting ??= openSocket(stage.url(), token, () => {}).then(made => {
        connecting = undefined
        current = made
        void made?.closed.then(() => {
          if (current === made) current = undefined
        })
        return made
      })
      const made = await connecting
      if (made) return made
      await sleep(50)
    }
  }

  function draft(): Tried {
    const text = `${name} ${tried.length} ${'x'.repeat(random.below(200))}`
    return {
      room: random.pick(stage.rooms),
      clientId: randomUUID(),
      text,
      connection: 0,
      place: 0,
      tries: 0,
      acknowledged: [],
    }
  }

  /** Until it is answered for good. */
  async function deliver(post: Tried): Promise<void> {
    for (;;) {
      const over = await socket()
      post.tries += 1
      if (post.tries === 1) {
        place += 1
        post.connection = over.number
        post.place = place
      }
      const { room, clientId, text } = post
      const answer = await over.ask('message.post', { room, clientId, text })
      if (answer === 'gone') {
        if (current === over) current = undefined
        await pauseAfter(answer)
      } else if (!isRefusal(answer)) {
        post.acknowledged.push({ ...answer, attempt: post.tries })
        acknowledged += 1
        return
      } else if (isPassing(answer)) await pauseAfter(answer)
      else return stage.fault(`${name}: ${answer.code} ${answer.message} ${answer.id ?? ''}`)
    }
  }

  async function lane() {
    while (!stage.stopping.aborted) {
      const post = draft()
      tried.push(post)
      await deliver(post)
    }
  }

  async function run() {
    await Promise.all(Array.from({ length: inFlight }, lane))
    // What was answered long ago is still known: some of it is posted again.
    for (let count = Math.min(20, tried.length); count > 0; count -= 1) await deliver(random.pick(tried))
    current?.end()
  }
  return { tried, done: run(), acknowledged: () => acknowledged }
}

export type Reader = { name: string; read(room: string): Kept[]; done: Promise<void>; resumed(): number }

/** Hears all rooms, and after each kill resumes with the last sequence, revision and epoch that it has. `until` says how far it must get. */
export function openReader(
  stage: Stage,
  token: string,
  name: string,
  until: Promise<Map<string, number>>,
  by: 'room.join' | 'session.sync',
): Reader {
  const copies = new Map(stage.rooms.map(room => [room, { messages: [] as Kept[], revision: 0 }]))
  let epoch: string | undefined
  let resumed = 0
  let ends: Map<string, number> | undefined
  void until.then(known => {
    ends = known
  })
  const isDone = () => ends && [...ends].every(([room, end]) => copies.get(room)!.messages.length >= end)

  function take(room: string, message: { seq: number }) {
    const copy = copies.get(room)!
    const known = copy.messages.length
    const { seq, at, clientId, text } = message as Kept
    const there = copy.messages[seq - 1]
    if (there && there.clientId !== clientId) stage.fault(`${name} in ${room}: ${seq} came twice, as two messages`)
    if (seq > known + 1) stage.fault(`${name} in ${room}: ${seq} came after ${known}`)
    if (seq === known + 1) copy.messages.push({ seq, at, clientId, text })
  }

  async function connectOnce() {
    // Events that came while older ones are still being read.
    const held = new Map<string, { seq: number }[]>()
    /** The next sequence of each room that this connection may bring. */
    const next = new Map<string, number>()
    const socket = await openSocket(stage.url(), token, event => {
      if (event.event !== 'message.posted') return
      const due = next.get(event.room)
      if (due !== undefined && event.message.seq !== due)
        stage.fault(`${name} in ${event.room}: the event ${event.message.seq} came instead of ${due}`)
      next.set(event.room, event.message.seq + 1)
      const waiting = held.get(event.room)
      if (waiting) waiting.push(event.message)
      else take(event.room, event.message)
    })
    if (!socket) return
    resumed += 1
    for (const room of stage.rooms) held.set(room, [])
    await resume(socket, next)
    for (const room of stage.rooms) {
      const end = (next.get(room) ?? 1) - 1
      if (!(await fill(socket, room, Math.max(end, held.get(room)!.at(-1)?.seq ?? 0)))) break
      for (const message of held.get(room)!) take(room, message)
      held.delete(room)
    }
    const watching = setInterval(() => isDone() && socket.end(), 50)
    await socket.closed
    clearInterval(watching)
  }

  async function resume(socket: Socket, next: Map<string, number>) {
    const rooms = stage.rooms.map(room => {
      const { messages, revision } = copies.get(room)!
      return { room, seq: messages.length, revision }
    })
    if (by === 'session.sync' || epoch !== undefined) {
      const answer = await socket.ask(
        'session.sync',
        epoch === undefined ? { rooms: rooms.map(({ room }) => ({ room })) } : { epoch, rooms },
      )
      if (answer === 'gone' || isRefusal(answer)) return socket.end()
      if (epoch !== undefined && answer.epoch !== epoch) stage.fault(`${name}: the epoch changed`)
      epoch = answer.epoch
      for (const { room, lastSeq, messages, reset, changed } of answer.rooms) {
        if (reset || changed) stage.fault(`${name} in ${room}: ${reset ? 'reset' : 'changed'}`)
        next.set(room, Math.max(lastSeq + 1, next.get(room) ?? 0))
        const known = copies.get(room)!.messages.length
        if (messages[0] && messages[0].seq <= known + 1) for (const message of messages) take(room, message)
      }
      return
    }
    for (const { room } of rooms) {
      const answer = await socket.ask('room.join', { room, history: 10 })
      if (answer === 'gone' || isRefusal(answer)) return socket.end()
      epoch = answer.epoch
      next.set(room, Math.max(answer.lastSeq + 1, next.get(room) ?? 0))
    }
  }

  /** False where the connection went before. */
  async function fill(socket: Socket, room: string, end: number): Promise<boolean> {
    const { messages } = copies.get(room)!
    while (messages.length < end) {
      const page = await socket.ask('message.list', { room, after: messages.length, limit: 500 })
      if (page === 'gone') return false
      if (isRefusal(page)) {
        if (!isPassing(page)) stage.fault(`${name}: ${page.code} ${page.message}`)
        socket.end()
        return false
      }
      for (const message of page.messages) take(room, message)
    }
    return true
  }

  async function run() {
    while (!isDone()) {
      await connectOnce()
      await sleep(50)
    }
  }
  return { name, read: room => copies.get(room)!.messages, done: run(), resumed: () => resumed }
}
