import type { Event, EventName, EventOf } from '../protocol/event.ts'
import type { PoolEntry } from '../protocol/pool-verbs.ts'
import type { Me } from '../protocol/principal.ts'
import type { Input, Result, Verb } from '../protocol/request.ts'
import type { Limits } from '../protocol/session-verbs.ts'
import type { Answer, SocketClass } from './connection.ts'
import { createEars } from './ears.ts'
import type { PchatError } from './error.ts'
import { createHear } from './hear.ts'
import { History } from './history.ts'
import { type ConnectionState, Link, type LiveTicket } from './link.ts'
import { createPoster, type PostContent, type Posted } from './post.ts'
import type { Range } from './ranges.ts'
import { createSync, resume } from './resume.ts'
import type { RoomState } from './room-state.ts'
import { Rooms } from './rooms.ts'

export type ClientOptions = {
  /** http(s)://host:port of a server. */
  url: string
  /** Of a bot, or of a session elsewhere. Left out in a browser that has the session's cookie. */
  token?: string
  /** Instead of a token: signs in over HTTP first, and again when the sign-in has run out. */
  signIn?: { user: string; password: string }
  /** Instead of both, in a page of a Front End Server: asked for before each connection, where the session's cookie does not go. */
  ticket?: () => Promise<LiveTicket>
  webSocket?: SocketClass
  random?: () => number
  /** What to hear of messages that were missed: as many as the server sends at once (default), or all. */
  catchUp?: 'newest' | 'all'
  /** Messages kept in memory of a room, 2,000 by default; more where `loadOlder` and `fill` asked for more. */
  keepMessages?: number
}

export type Heard = { [E in EventName]: EventOf<E> } & {
  state: ConnectionState
  /** Rooms are up to date: after connecting and after each reconnecting. */
  synced: Result<'session.sync'>
  /** The id of a room whose `room(id)` is another than before. */
  changed: string
}

export type Client = {
  readonly me: Me | undefined
  readonly state: ConnectionState
  readonly limits: Limits | undefined
  readonly epoch: string | undefined
  /** Where rooms are created and managed, where that is not in the built-in pages. */
  readonly roomManagementUrl: string | undefined
  /** All pools of the organisation, where there are several; openPool opens another one. */
  readonly pools: readonly PoolEntry[] | undefined
  /** Why it is closed. */
  readonly error: PchatError | undefined
  /** Resolves when the session is open for the first time; rejects where the server knows no such sign-in. */
  ready(): Promise<Me>
  /**
   * Rejects with PchatError. Waits for the first connection. While reconnecting, what can be repeated waits, the rest fails
   * as `unavailable`; so does what cannot be repeated and lost its connection before the answer.
   */
  request<V extends Verb>(verb: V, input: Input<V>): Promise<Result<V>>
  /** `message.posted` is told once a message, in order, also for what was missed. Returns what ends the hearing. */
  on<E extends keyof Heard>(event: E, hear: (heard: Heard[E]) => void): () => void
  /** Joined rooms are joined again after a reconnect. */
  join(room: string, options?: { history?: number }): Promise<Result<'room.join'>>
  part(room: string): Promise<void>
  /** Tried again under one client id until answered for good. Posts to one room keep their order. */
  post(room: string, content: PostContent, clientId?: string): Promise<Posted>
  room(id: string): RoomState | undefined
  rooms(): readonly RoomState[]
  /** Loads up to `limit` (50) messages older than the newest known range. Resolves to whether there are older ones still. */
  loadOlder(room: string, limit?: number): Promise<boolean>
  /** Loads what of the range is not known yet. */
  fill(room: string, range: Range): Promise<void>
  close(): void
}

/** Returns at once; connects, and connects again, by itself. */
export function connect(options: ClientOptions): Client {
  const random = options.random ?? Math.random
  const ears = createEars<Heard>()
  const link = new Link({
    url: options.url,
    token: options.token,
    signIn: options.signIn,
    ticket: options.ticket,
    webSocket: options.webSocket ?? globalSocket(),
    random,
    heard,
    answered,
    opened: () => void resume(link, rooms, sync, random),
    stateChanged: state => ears.tell('state', state),
  })
  const request: Client['request'] = (verb, input) => link.request(verb, input)
  const rooms = new Rooms({
    posted: (room, message) => ears.tell('message.posted', { event: 'message.posted', room, message }),
    changed: room => ears.tell('changed', room),
    missed: room => void history.fillMissing(room),
    keep: options.keepMessages ?? 2000,
  })
  const history = new History(rooms, request, random, link.stopped)
  const sync = createSync(link, rooms, random)
  const hear = createHear({ rooms, history, request, stale: sync, catchUp: options.catchUp ?? 'newest' })

  function heard(event: Event): void {
    hear.event(event)
    if (event.event !== 'message.posted') ears.tell(event.event, event as never)
  }

  function answered(answer: Answer): void {
    hear.answer(answer)
    if (answer.verb === 'session.sync') ears.tell('synced', answer.result)
  }

  return {
    get me() {
      return link.session?.me
    },
    get state() {
      return link.state
    },
    get limits() {
      return link.session?.limits
    },
    get epoch() {
      return rooms.epoch ?? link.session?.epoch
    },
    get roomManagementUrl() {
      return link.session?.roomManagementUrl
    },
    get pools() {
      return link.session?.pools
    },
    get error() {
      return link.error
    },
    ready: async () => (await link.ready()).me,
    request,
    on: ears.on,
    join: (room, how = {}) => request('room.join', { room, ...how }),
    part: async room => {
      rooms.joined.delete(room)
      await request('room.part', { room })
    },
    post: createPoster(request, random, link.stopped),
    room: id => rooms.get(id),
    rooms: () => rooms.all(),
    loadOlder: (room, limit = 50) => history.loadOlder(room, limit),
    fill: (room, range) => history.fill(room, range),
    close: () => link.close(),
  }
}

function globalSocket(): SocketClass {
  const { WebSocket } = globalThis as { WebSocket?: SocketClass }
  if (WebSocket === undefined)
    throw new TypeError('There is no WebSocket here. Use Node 22 or later, or pass one as webSocket.')
  return WebSocket
}
