import { Addresses, httpUrl } from '../../src/client/addresses.ts'
import { ConnectionLost, isPassing, PchatError } from '../../src/client/error.ts'
import { backOffMs, movingMs, retryMs, sleep } from '../../src/client/wait.ts'
import { closeCodes } from '../../src/protocol/error.ts'
import type { Result } from '../../src/protocol/request.ts'
import type { Hearing } from './hearing.ts'
import { describeRefusal, type Lines } from './lines.ts'
import { sessionToken, userPassword } from './model.ts'
import type { RoomTable } from './room-table.ts'
import type { Timings } from './timings.ts'

export type PresenceOptions = {
  sessions: number
  /** WebSocket addresses of the pool's servers. */
  servers: string[]
  lines: Lines
  hearing: Hearing
  timings: Timings
  rooms: RoomTable
  /** Of the whole run, by which a session's token goes. */
  globalOf(session: number): number
  nameOf(session: number): string
  homeOf(session: number): number
  /** What cannot be and was; each is told once. */
  fault(text: string): void
  random(): number
}

type Ended = { code: number; opened: boolean; error?: unknown }

const [AWAY, COMING, IN] = [0, 1, 2] as const
/** As the client library has it: another server of the pool can go on with the session. */
const leaving: ReadonlySet<number> = new Set([closeCodes.goingAway, closeCodes.restart, 1006])
/** Who is refused for good asks no more: he counts as away. */
const mostRefusals = 3
const FETCHED_AT_ONCE = 500

/** Keeps sessions signed in: waits, moves on and resumes as the client library does, with a tenth of its memory. */
export type Presence = ReturnType<typeof openPresence>

export function openPresence(options: PresenceOptions) {
  const { lines, hearing, timings, rooms, random } = options
  const states = new Uint8Array(options.sessions)
  const places = new Uint8Array(options.sessions)
  const stop = new AbortController()
  const connections = new Uint32Array(options.sessions)
  let epoch: string | undefined
  let comings = 0

  /** Resolves when the session is in: connected, opened and synced. It stays in, and comes back, until all is stopped. */
  async function bringIn(session: number, how: { password: boolean }): Promise<void> {
    places[session] = options.homeOf(session)
    const beganAt = performance.now()
    await come(session, undefined, how.password)
    if (states[session] === IN) timings.record('sign-in', performance.now() - beganAt)
  }

  async function comeBack(session: number, code: number): Promise<void> {
    const beganAt = performance.now()
    await come(session, { code, opened: true }, false)
    if (states[session] === IN) timings.record('back', performance.now() - beganAt)
  }

  async function come(session: number, lost: Ended | undefined, password: boolean): Promise<void> {
    states[session] = COMING
    comings += 1
    const addresses = new Addresses(httpUrl(options.servers[places[session]!]!), random)
    addresses.learn({ servers: options.servers }, true)
    let ended = lost
    let refusals = 0
    for (let attempt = 0; !stop.signal.aborted && refusals < mostRefusals; attempt += 1) {
      if (ended) await sleep(pauseMs(addresses, ended, attempt), stop.signal)
      if (stop.signal.aborted) break
      ended = await once(session, addresses.current, password)
      if (ended === undefined) break
      if (ended.opened) attempt = 0
      if (ended.error instanceof PchatError && !passes(ended.error)) refusals += 1
    }
    comings -= 1
    places[session] = options.servers.indexOf(addresses.current)
  }

  /** As Link of the client library: chooses where to go next, and answers how long to wait before. */
  function pauseMs(addresses: Addresses, { code, opened, error }: Ended, attempt: number): number {
    const ms = retryMs(error instanceof PchatError ? error.retryAfterMs : undefined, attempt, random)
    if (opened && !leaving.has(code)) return ms
    const alone = !addresses.hasOthers
    const waitMs = addresses.moveOn(ms)
    if (alone) return ms
    if (waitMs > 0) return waitMs
    return opened ? movingMs(random) : backOffMs(attempt, random)
  }

  /** One connection until the session is in; undefined where it is. */
  async function once(session: number, url: string, password: boolean): Promise<Ended | undefined> {
    let opened = false
    try {
      const beganAt = performance.now()
      await lines.connect(session, url)
      connections[session]! += 1
      const token = password ? await signIn(session) : sessionToken(options.globalOf(session))
      const answer = await lines.ask(session, 'session.open', { token })
      learnEpoch(answer.epoch)
      opened = true
      timings.record('open', performance.now() - beganAt)
      await sync(session)
      if (!lines.isConnected(session)) throw new ConnectionLost()
      states[session] = IN
      return undefined
    } catch (error) {
      lines.end(session)
      if (error instanceof PchatError && !passes(error)) options.fault(`opening: ${describeRefusal(error)}`)
      return { code: 1006, opened, error }
    }
  }

  async function signIn(session: number): Promise<string> {
    const beganAt = performance.now()
    const credentials = { user: options.nameOf(session), password: userPassword }
    const { token } = await lines.ask(session, 'session.signIn', credentials)
    timings.record('password', performance.now() - beganAt)
    return token
  }

  function learnEpoch(told: string): void {
    if (epoch !== undefined && epoch !== told) options.fault('the epoch of the store changed')
    epoch = told
  }

  /** Until it is answered, or the connection is gone. */
  async function sync(session: number): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const known = hearing.known(session)
      const input = known.length === 0 ? {} : { epoch: epoch!, rooms: known.map(asAsked) }
      const beganAt = performance.now()
      try {
        await lines.ask(session, 'session.sync', input, result => applySync(session, result))
        timings.record('sync', performance.now() - beganAt)
        void fetchOwed(session)
        return
      } catch (error) {
        if (!isPassing(error) || !lines.isConnected(session)) throw error
        await sleep(retryMs(error.retryAfterMs, attempt, random), stop.signal)
        if (!lines.isConnected(session)) throw error
      }
    }
  }

  const asAsked = ({ room, seq }: { room: number; seq: number }) => ({ room: rooms.idOf(room), seq, version: 1 })

  function applySync(session: number, result: Result<'session.sync'>): void {
    const own = hearing.ownRooms(session)
    for (const standing of result.rooms) {
      const room = rooms.numberOf(standing.room)
      if (standing.reset) options.fault('a room was told to load anew')
      if (own.includes(room)) hearing.joined(session, room, standing)
      else hearing.counts.leaked += 1
    }
    for (const { room } of result.refused) hearing.shutOut(session, rooms.numberOf(room))
  }

  /** More than an answer brings: asked for page by page, as who scrolls up would. */
  async function fetchOwed(session: number): Promise<void> {
    for (const { room, after, through } of hearing.owed(session))
      for (let from = after; from < through && lines.isConnected(session); ) {
        const input = { room: rooms.idOf(room), after: from, limit: FETCHED_AT_ONCE }
        try {
          const { messages } = await lines.ask(session, 'message.list', input, result =>
            hearing.fetched(session, room, result.messages),
          )
          if (messages.length === 0) break
          from = messages.at(-1)!.seq
        } catch (error) {
          if (!isPassing(error)) break
          await sleep(retryMs(error.retryAfterMs, 0, random), stop.signal)
        }
      }
  }

  return {
    bringIn,
    sync,
    fetchOwed,
    isIn: (session: number) => states[session] === IN,
    /** Which of the session's connections this is: another number, another connection. */
    connectionOf: (session: number) => connections[session]!,
    serverOf: (session: number) => places[session]!,
    /** Sessions that are in, and those that are on their way. */
    count: () => ({ in: states.reduce((sum, state) => sum + Number(state === IN), 0), coming: comings }),
    /** For what ends a connection. */
    ended(session: number, code: number) {
      hearing.away(session)
      if (states[session] !== IN) return
      states[session] = AWAY
      if (!stop.signal.aborted) void comeBack(session, code)
    },
    stop: () => stop.abort(),
    stopped: stop.signal,
  }
}

const passes: (error: PchatError) => boolean = isPassing
