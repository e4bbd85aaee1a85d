import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { admitNext, admitted, Crowded, giveBack, requireActive } from '../chat/admission.ts'
import { requireSignInHere } from '../chat/apart.ts'
import type { Caller, Chat } from '../chat/chat.ts'
import { answerStranger, dispatch, isStrangerVerb, isVerb, parseInput } from '../chat/dispatch.ts'
import { toRefusal } from '../chat/failure.ts'
import { opened } from '../chat/live.ts'
import { callerOfLiveTicket, lineOfTicket } from '../chat/live-ticket.ts'
import { isTrustedAddress, openTurns, takeAddressRequest, takeTurn } from '../chat/rate-limit.ts'
import { callerOfToken, readSignedIn } from '../chat/session.ts'
import { hashToken } from '../chat/token.ts'
import { textFrame } from '../pool/frame.ts'
import { closeCodes, Refusal } from '../protocol/error.ts'
import { MAX_FRAME_BYTES } from '../protocol/version.ts'
import type { Hub } from './hub.ts'
import { Outlet, type Session } from './session.ts'

type Request = { id: number | string; verb: string; input: unknown }

export type Connection = {
  /** Resolves when no request is under way any more. */
  idle(): Promise<void>
  close(code: number, reason: string): void
  /** Asks for a sign of life, and cuts whoever gave none since the last time. */
  look(): void
  webSocket: WebSocket
}

/** Time for the first frame. */
const openWithinMs = 15_000
/** RFC 6455, 5.5.2: without a payload. */
const pingFrame = Buffer.from([0x89, 0])
/** After a close that the peer does not answer the socket is cut. A slow reader has to read what is on its way first. */
const closeGraceMs = 2_000
const slowGraceMs = 30_000

type Options = {
  chat: Chat
  hub: Hub
  webSocket: WebSocket
  socket: Duplex
  address: string
  /** That came with the upgrade. */
  token: string | undefined
  /** Of the page that it comes from; programs have none. */
  origin?: string | undefined
  schedule: (outlet: Outlet) => void
}

/** One WebSocket from its first frame to its end: frames in, one door, answers and events out. */
export function serveConnection({
  chat,
  hub,
  webSocket,
  socket,
  address,
  token: upgraded,
  origin,
  schedule,
}: Options): Connection {
  const outlet = new Outlet(socket, schedule, { limitBytes: () => chat.settings.slowReaderBytes, close: closeSlow })
  const trusted = isTrustedAddress(chat, address)
  const turns = openTurns(chat)
  let session: Session | undefined
  let opening: Promise<void> | undefined
  let closed = false
  let alive = true
  let underWay = 0
  let idle: (() => void)[] = []
  let late = openBy(openWithinMs)

  const connection: Connection = {
    idle: () => (underWay === 0 ? Promise.resolve() : new Promise(resolve => idle.push(resolve))),
    close,
    look() {
      if (!alive) return webSocket.terminate()
      alive = false
      outlet.push(pingFrame)
    },
    webSocket,
  }
  webSocket.on('message', (data, isBinary) => receive(data as Buffer, isBinary))
  webSocket.on('pong', () => {
    alive = true
  })
  webSocket.on('error', error => chat.log.debug({ err: error, address }, 'WebSocket error'))
  webSocket.on('close', () => {
    closed = true
    outlet.drop()
    clearTimeout(late)
    if (session) hub.remove(session)
  })
  return connection

  function close(code: number, reason: string) {
    if (closed) return
    closed = true
    clearTimeout(late)
    if (session) hub.remove(session)
    const isSlow = code === closeCodes.slowReader
    // What waits for a slow reader would keep the close from it, and the memory: session.sync brings it again.
    if (isSlow) outlet.drop()
    else outlet.finish()
    webSocket.close(code, reason)
    setTimeout(() => webSocket.terminate(), isSlow ? slowGraceMs : closeGraceMs).unref()
  }

  function closeSlow() {
    chat.metrics.slowReaders.inc()
    chat.log.info({ address, user: session?.caller.user.name }, 'closed a session that does not read')
    close(closeCodes.slowReader, 'too much waits for this session; resume with session.sync')
  }

  function answer(id: Request['id'] | null, body: { result: object } | { error: object }) {
    if (!closed) outlet.push(textFrame(JSON.stringify({ id, ...body })))
  }

  function fail(id: Request['id'] | null, error: unknown, context: object) {
    const refusal = toRefusal(chat, error, { ...context, user: session?.caller.user.name })
    chat.metrics.refusals.inc({ code: refusal.code })
    answer(id, { error: refusal.toWire() })
    return refusal
  }

  /** What cannot be answered as a request ends the connection, after a frame that says why. */
  function protocolError(refusal: Refusal) {
    answer(null, { error: refusal.toWire() })
    close(closeCodes.protocolError, refusal.message.slice(0, 120))
  }

  function receive(data: Buffer, isBinary: boolean) {
    if (closed) return
    alive = true
    if (data.byteLength > MAX_FRAME_BYTES)
      return protocolError(new Refusal('too_large', `A frame has at most ${MAX_FRAME_BYTES} bytes. Send less at once.`))
    if (isBinary) return protocolError(new Refusal('invalid_argument', 'Frames are text: one JSON object each.'))
    const request = readRequest(data)
    if (!request)
      return protocolError(
        new Refusal('invalid_argument', 'A frame is one JSON object {"id", "verb", "input"}, id a number or a string.'),
      )
    void serve(request)
  }

  async function serve(request: Request) {
    const { id, verb } = request
    underWay += 1
    try {
      limit(verb)
      // Sent right behind session.open, without waiting for its answer.
      if (opening) await opening.catch(alsoCrowded)
      if (closed) return
      if (!session) await beforeOpen(request)
      else {
        const after: (() => void)[] = []
        const live = hub.live(session, after)
        const result = await dispatch(chat, { ...session.caller, live }, 'websocket', verb, request.input)
        chat.metrics.requests.inc({ verb, outcome: 'ok' })
        if (closed) return
        answer(id, { result })
        // Events follow the answer that joined a room, in the same turn.
        for (const settle of after) settle()
      }
    } catch (error) {
      const refusal = fail(id, error, { verb })
      // Each label is kept for good: only verbs that there are.
      chat.metrics.requests.inc({ verb: isVerb(verb) ? verb : 'other', outcome: refusal.code })
      if (!session && refusal.code === 'unauthenticated')
        close(closeCodes.unauthenticated, refusal.message.slice(0, 120))
    } finally {
      underWay -= 1
      if (underWay === 0) {
        for (const resolve of idle) resolve()
        idle = []
      }
    }
  }

  function limit(verb: string) {
    // What may come at once may be under way at once; what is beyond waits on the client's side.
    if (underWay > chat.settings.requestBurst)
      throw new Refusal('rate_limited', 'Too many requests are under way. Wait for answers.', { retryAfterMs: 100 })
    if (trusted) return
    takeAddressRequest(chat, address)
    takeTurn(chat, turns, verb === 'message.post' || verb === 'file.post')
  }

  /** The first frame binds a user to the connection; signing in by name is the only other thing that can be asked before. */
  async function beforeOpen({ id, verb, input }: Request) {
    if (isStrangerVerb(verb)) requireSignInHere(chat)
    if (isStrangerVerb(verb)) return answer(id, { result: await answerStranger(chat, { address }, verb, input) })
    if (verb !== 'session.open')
      throw new Refusal('unauthenticated', 'session.open comes first. Send it with your token.')
    const { ticket, token = upgraded } = parseInput('session.open', input)
    // Since the upgrade it may have been taken out.
    requireActive(chat)
    if (ticket !== undefined)
      opening = admitted(chat, lineOfTicket(ticket), () =>
        open(id, () => callerOfLiveTicket(chat, ticket, { origin, address })),
      )
    else if (token === undefined) throw signInAgain('No token came along, or it has ended. Sign in again.')
    else opening = admitted(chat, keyOf(token), () => open(id, () => callerOfToken(chat, token, address)))
    try {
      await opening
    } catch (error) {
      // Whoever is told to wait may do so here.
      if (error instanceof Crowded && error.retryAfterMs !== undefined) {
        clearTimeout(late)
        if (!closed) late = openBy(error.retryAfterMs + openWithinMs)
      }
      throw error
    } finally {
      opening = undefined
    }
  }

  function openBy(ms: number) {
    return setTimeout(() => close(closeCodes.unauthenticated, 'session.open did not come in time'), ms)
  }

  async function open(id: Request['id'], find: () => Promise<Caller | undefined>) {
    // Whoever went while he waited costs the store nothing.
    if (closed) return
    const caller = await find()
    if (!caller) giveBack(chat)
    if (!caller) throw signInAgain('The token or ticket is unknown or has ended. Sign in again.')
    if (closed) return
    clearTimeout(late)
    const made: Session = { id: randomUUID(), caller, heard: new Set(), outlet, close }
    hub.add(made)
    // The sign-in may have been ended between the look and now, when nobody could tell this session. Asking begins after.
    const me = await readSignedIn(chat, caller).catch(error => {
      hub.remove(made)
      throw error
    })
    if (closed || !me) hub.remove(made)
    if (closed) return
    if (!me) throw signInAgain('This sign-in has ended. Sign in again.')
    session = made
    admitNext(chat, made.id)
    answer(id, { result: opened(chat, me) })
  }
}

/** What came along with a session.open that was told to come later has to come later too. */
function alsoCrowded(error: unknown) {
  if (error instanceof Crowded) throw error
}

function signInAgain(message: string): Refusal {
  return new Refusal('unauthenticated', message)
}

/** The token itself is not kept longer than it is looked at. */
function keyOf(token: string): string {
  return hashToken(token).toString('base64')
}

function readRequest(data: Buffer): Request | undefined {
  let frame: unknown
  try {
    frame = JSON.parse(data.toString('utf8'))
  } catch {
    return undefined
  }
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) return undefined
  const { id, verb, input = {} } = frame as Record<string, unknown>
  // 1e999 is a number for JSON and infinite here: no answer could name it.
  if (!((typeof id === 'number' && Number.isFinite(id)) || (typeof id === 'string' && id.length <= 200)))
    return undefined
  if (typeof verb !== 'string') return undefined
  return { id, verb, input }
}
