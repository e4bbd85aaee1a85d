import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Event } from '../src/protocol/event.ts'
import { isPassing, isRefusal, openSocket, type Socket } from './client-socket.ts'
import type { Kept } from './kill-check.ts'
import type { Answered, HeardPost, PoolTried } from './pool-check.ts'
import type { Random } from './random.ts'

/** What the clients of a pool share. A slot is the place of a server, whichever process fills it by now. */
export type PoolStage = {
  slots: number
  /** Its address; undefined while there is no server. */
  url(slot: number): string | undefined
  rooms: string[]
  /** Rooms out of which somebody may be put. */
  closes(user: string, room: string): boolean
  fault(text: string): void
  heard(post: HeardPost): void
  answered(answer: Answered): void
  acknowledged(): void
  stopping: AbortSignal
  /** The run is over, well or not: nobody tries anything any more. */
  over: AbortSignal
}

export type PoolPerson = { name: string; token: string }

export const now = () => performance.now()

export type PoolWriter = { tried: PoolTried[]; done: Promise<void> }

/** How long a poster waits for an answer before it tries its luck at another server. */
const answerMs = 8_000

/** Posts with several in flight, moves to another server when its own goes, is silent or cannot, and tries each post until it is answered. */
export function openPoolWriter(
  stage: PoolStage,
  person: PoolPerson,
  random: Random,
  { lanes, paceMs }: { lanes: number; paceMs: number },
): PoolWriter {
  const tried: PoolTried[] = []
  let connecting: Promise<Socket | undefined> | undefined
  let current: Socket | undefined
  let unavailable = 0
  let place = 0

  function leave(socket: Socket) {
    if (current === socket) current = undefined
    unavailable = 0
    socket.end()
  }

  async function socket(): Promise<Socket | undefined> {
    while (!stage.over.aborted) {
      if (current) return current
      connecting ??= connect().finally(() => {
        connecting = undefined
      })
      const made = await connecting
      if (made) return made
      await sleep(50 + random.below(200))
    }
    return undefined
  }

  async function connect(): Promise<Socket | undefined> {
    const url = stage.url(random.below(stage.slots))
    const made = url === undefined ? undefined : await openSocket(url, person.token, () => {}, 3)
    current = made
    void made?.closed.then(() => {
      if (current === made) current = undefined
    })
    return made
  }

  function draft(): PoolTried {
    return {
      by: person.name,
      room: random.pick(stage.rooms),
      clientId: randomUUID(),
      text: `${person.name} ${tried.length} ${'x'.repeat(random.below(60))}`,
      ...{ connection: 0, place: 0, tries: 0, acknowledged: [] },
    }
  }

  /** Until it is answered for good. */
  async function deliver(post: PoolTried): Promise<void> {
    const { room, clientId, text } = post
    for (;;) {
      const over = await socket()
      if (!over) return
      post.tries += 1
      if (post.tries === 1) {
        place += 1
        post.connection = over.number
        post.place = place
        post.sentAt = now()
      }
      const late = setTimeout(() => leave(over), answerMs)
      const answer = await over.ask('message.post', { room, clientId, text })
      clearTimeout(late)
      if (answer === 'gone') {
        leave(over)
        await sleep(30 + random.below(100))
      } else if (!isRefusal(answer)) {
        post.answeredAt ??= now()
        post.acknowledged.push({ ...answer, attempt: post.tries })
        unavailable = 0
        return stage.acknowledged()
      } else if (isPassing(answer) || (answer.code === 'room_disabled' && stage.closes(person.name, room))) {
        if (answer.code === 'unavailable') unavailable += 1
        if (unavailable > 6) leave(over)
        await sleep(Math.min(answer.retryAfterMs ?? 100, 200))
      } else {
        stage.fault(`${person.name}: ${answer.code} ${answer.message} ${answer.id ?? ''}`)
        if (answer.code !== 'internal') return
        await sleep(500)
      }
    }
  }

  async function lane() {
    while (!stage.stopping.aborted) {
      const post = draft()
      tried.push(post)
      await deliver(post)
      await sleep(random.below(2 * paceMs))
    }
  }

  async function run() {
    await Promise.all(Array.from({ length: lanes }, lane))
    // What was answered long ago is still known, by every server: some of it is posted again.
    const again = Array.from({ length: Math.min(20, tried.length) }, () => random.pick(tried))
    for (const post of again) await deliver(post)
    current?.end()
  }
  return { tried, done: run() }
}

export type PoolReader = {
  person: PoolPerson
  read(room: string): Kept[]
  /** Hears all rooms live, with nothing left to be asked for. */
  isLive(): boolean
  connected(): number
  end(): Promise<void>
}

type Ear = {
  messages: Kept[]
  phase: 'away' | 'joining' | 'filling' | 'live' | 'closed'
  /** The next sequence that this connection may bring. */
  next: number | undefined
  held: Kept[]
  closedMeanwhile: boolean
  /** The server has said that the room is closed to it: by an event, or by refusing the way in. */
  isTold: boolean
}

export type ReaderOptions = {
  by: 'room.join' | 'session.sync'
  /** Stays with this server however long it is silent; else the reader moves to any other one. */
  slot?: number
}

/** Hears all rooms over one connection at a time, and resumes with the last sequence of each. Joins again where it was put out. */
export function openPoolReader(
  stage: PoolStage,
  person: PoolPerson,
  random: Random,
  options: ReaderOptions,
): PoolReader {
  const { name: user, token } = person
  const ears = new Map<string, Ear>(
    stage.rooms.map(room => [
      room,
      { messages: [], phase: 'away', next: undefined, held: [], closedMeanwhile: false, isTold: false } satisfies Ear,
    ]),
  )
  let epoch: string | undefined
  let over = ''
  let ended = false
  let connected = 0
  let current: Socket | undefined

  const where = (room: string) => `${user} in room ${stage.rooms.indexOf(room)}`

  function take(room: string, message: { seq: number }) {
    const { messages } = ears.get(room)!
    const { seq, at, clientId, text } = message as Kept
    const there = messages[seq - 1]
    if (there && there.clientId !== clientId) stage.fault(`${where(room)}: ${seq} came twice, as two messages`)
    if (seq > messages.length + 1) stage.fault(`${where(room)}: ${seq} came after ${messages.length}`)
    if (seq === messages.length + 1) messages.push({ seq, at, clientId, text })
  }

  function hear(event: Event) {
    if (event.event === 'message.posted') return hearPost(event.room, event.message)
    if (event.event === 'history.changed') stage.fault(`${where(event.room)}: history.changed`)
    if (event.event !== 'room.closed') return
    const ear = ears.get(event.room)!
    if (!stage.closes(user, event.room)) stage.fault(`${where(event.room)}: was put out (${event.reason}) over ${over}`)
    if (ear.phase === 'joining') ear.closedMeanwhile = true
    else close(ear)
  }

  function hearPost(room: string, message: { seq: number }) {
    const ear = ears.get(room)!
    stage.heard({ user, room, seq: message.seq, at: now(), over })
    if (ear.phase === 'closed' && ear.isTold)
      stage.fault(`${where(room)}: ${message.seq} came after room.closed, over ${over}`)
    if (ear.next === undefined) return
    if (message.seq !== ear.next)
      stage.fault(`${where(room)}: the event ${message.seq} came instead of ${ear.next}, over ${over}`)
    ear.next = message.seq + 1
    if (ear.phase === 'live') take(room, message)
    else ear.held.push(message as Kept)
  }

  function close(ear: Ear, isTold = true) {
    Object.assign(ear, { phase: 'closed', next: undefined, held: [], closedMeanwhile: false, isTold })
  }

  /** In the same turn as the answer. */
  function enter(room: string, lastSeq: number) {
    const ear = ears.get(room)!
    if (ear.closedMeanwhile) return close(ear)
    Object.assign(ear, { phase: 'filling', next: lastSeq + 1, held: [] })
  }

  function refuse(room: string, code: string, id = '') {
    const ear = ears.get(room)!
    if (code !== 'unavailable' && !stage.closes(user, room)) stage.fault(`${where(room)}: refused with ${code} ${id}`)
    // A store that is away says nothing of the room: whoever was live there stays so.
    close(ear, code !== 'unavailable' || ear.isTold)
  }

  async function sync(socket: Socket) {
    const askedAt = now()
    const rooms = stage.rooms.map(room => ({ room, seq: ears.get(room)!.messages.length, revision: 0 }))
    const input = epoch === undefined ? { rooms: rooms.map(({ room }) => ({ room })) } : { epoch, rooms }
    for (const ear of ears.values()) ear.phase = 'joining'
    await socket.ask('session.sync', input, answer => {
      if (answer === 'gone') return
      if (isRefusal(answer)) {
        if (!isPassing(answer))
          stage.fault(`${user}: session.sync: ${answer.code} ${answer.message} ${answer.id ?? ''}`)
        return socket.end()
      }
      if (epoch !== undefined && answer.epoch !== epoch) stage.fault(`${user}: the epoch changed`)
      epoch = answer.epoch
      for (const { room, code } of answer.refused) refuse(room, code)
      for (const { room, lastSeq, messages, reset, changed } of answer.rooms) {
        if (!ears.has(room)) continue
        stage.answered({ user, room, verb: 'session.sync', askedAt, at: now(), over })
        if (reset || changed) stage.fault(`${where(room)}: ${reset ? 'reset' : 'changed'}`)
        if (messages[0] && messages[0].seq <= ears.get(room)!.messages.length + 1)
          for (const message of messages) take(room, message)
        enter(room, lastSeq)
      }
      for (const [room, ear] of ears) if (ear.phase === 'joining') refuse(room, 'no word')
    })
  }

  async function join(socket: Socket, room: string) {
    const askedAt = now()
    const ear = ears.get(room)!
    Object.assign(ear, { phase: 'joining', next: undefined, held: [], closedMeanwhile: false })
    await socket.ask('room.join', { room, history: 10 }, answer => {
      if (answer === 'gone') return
      if (isRefusal(answer)) return refuse(room, answer.code, answer.id)
      stage.answered({ user, room, verb: 'room.join', askedAt, at: now(), over })
      epoch = answer.epoch
      enter(room, answer.lastSeq)
    })
  }

  /** Loads what lies below the first event, then takes what was held. */
  async function fill(socket: Socket, room: string) {
    const ear = ears.get(room)!
    while (ear.phase === 'filling') {
      const end = Math.max((ear.next ?? 1) - 1 - ear.held.length, 0)
      if (ear.messages.length >= end) {
        for (const message of ear.held.splice(0)) take(room, message)
        ear.phase = 'live'
        return
      }
      const askedAt = now()
      const page = await socket.ask('message.list', { room, after: ear.messages.length, limit: 500 })
      if (page === 'gone') return
      if (!isRefusal(page)) {
        stage.answered({ user, room, verb: 'message.list', askedAt, at: now(), over })
        for (const message of page.messages) take(room, message)
      } else if (isPassing(page)) await sleep(100)
      else {
        // The word that closes the room may still be on its way, for long where the server was stopped, and does not come where the right
        // is back before it was looked at: then what it brings is rightly heard, and judged by the rights alone.
        if (!stage.closes(user, room)) stage.fault(`${where(room)}: ${page.code} ${page.message} ${page.id ?? ''}`)
        if (ear.phase === 'filling') await sleep(100)
        if (ear.phase === 'filling') close(ear, false)
      }
    }
  }

  async function follow(socket: Socket) {
    for (const room of stage.rooms) {
      const answer = await socket.ask('room.follow', { room })
      if (answer === 'gone') return
    }
  }

  async function connectOnce() {
    const slot = options.slot ?? random.below(stage.slots)
    const url = stage.url(slot)
    if (url === undefined) return
    for (const ear of ears.values()) {
      close(ear)
      ear.phase = 'away'
    }
    over = `server ${slot}`
    const socket = await openSocket(url, token, hear, options.slot === undefined ? 4 : 60)
    if (!socket) return
    current = socket
    if (ended) return socket.end()
    let open = true
    void socket.closed.then(() => {
      open = false
    })
    if (connected === 0) await follow(socket)
    connected += 1
    if (options.by === 'session.sync' || epoch !== undefined) await sync(socket)
    else for (const room of stage.rooms) await join(socket, room)
    const keep = async (room: string) => {
      while (open) {
        const { phase } = ears.get(room)!
        if (phase === 'filling') await fill(socket, room)
        else if (phase === 'closed' && !ended) {
          await sleep(100 + random.below(200))
          await join(socket, room)
        } else await Promise.race([sleep(20), socket.closed])
      }
    }
    await Promise.all([socket.closed, ...stage.rooms.map(keep)])
  }

  const done = (async () => {
    while (!ended && !stage.over.aborted) {
      await connectOnce()
      await sleep(50 + random.below(200))
    }
  })()
  return {
    person,
    read: room => ears.get(room)!.messages,
    isLive: () => [...ears.values()].every(ear => ear.phase === 'live'),
    connected: () => connected,
    async end() {
      ended = true
      current?.end()
      await done
    },
  }
}
