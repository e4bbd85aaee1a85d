import { closeCodes } from '../protocol/error.ts'
import type { Event } from '../protocol/event.ts'
import type { Input, Result, Verb } from '../protocol/request.ts'
import { Addresses, type PoolAddresses } from './addresses.ts'
import { type Answer, type Connection, openConnection, type SocketClass } from './connection.ts'
import { ConnectionLost, clientClosed, isPassing, notConnected, PchatError } from './error.ts'
import { isRepeatable } from './repeatable.ts'
import { askServers, signIn } from './sign-in.ts'
import { backOffMs, movingMs, retryMs, sleep } from './wait.ts'

export type ConnectionState = 'connecting' | 'open' | 'waiting' | 'closed'

/** Lets in once, at the servers that come with it. */
export type LiveTicket = PoolAddresses & { ticket: string }

export type LinkOptions = {
  url: string
  token: string | undefined
  signIn: { user: string; password: string } | undefined
  ticket: (() => Promise<LiveTicket>) | undefined
  webSocket: SocketClass
  random: () => number
  heard: (event: Event) => void
  answered: (answer: Answer) => void
  opened: () => void
  stateChanged: (state: ConnectionState) => void
}

type Ended = { code: number; error?: PchatError; opened: boolean }
/** The server goes, restarts, or was lost without a word: any other of the pool can go on with the session. */
const leaving: ReadonlySet<number> = new Set([closeCodes.goingAway, closeCodes.restart, 1006])

type Waiting = { send: () => void; reject: (error: PchatError) => void }

/** A session that outlives its connections: signs in, opens, and connects again until it is closed or refused. */
export class Link {
  state: ConnectionState = 'connecting'
  session: Result<'session.open'> | undefined
  /** Why it is closed. */
  error: PchatError | undefined
  readonly #options: LinkOptions
  readonly #stop = new AbortController()
  #token: string | undefined
  readonly #addresses: Addresses
  #connection: Connection | undefined
  #waiting: Waiting[] = []
  /** The last try came to no connection. */
  #isLost = false
  #wake = () => {}

  constructor(options: LinkOptions) {
    this.#options = options
    this.#token = options.token
    this.#addresses = new Addresses(options.url, options.random)
    onOnline(() => this.#wake(), this.#stop.signal)
    void this.#run()
  }

  get stopped(): AbortSignal {
    return this.#stop.signal
  }

  request<V extends Verb>(verb: V, input: Input<V>): Promise<Result<V>> {
    if (this.error !== undefined) return Promise.reject(this.error)
    if (this.state === 'open' && this.#connection !== undefined) return this.#send(this.#connection, verb, input)
    if (this.session !== undefined && !isRepeatable(verb)) return Promise.reject(notConnected())
    return this.#whenOpen().then(() => this.request(verb, input))
  }

  async ready(): Promise<Result<'session.open'>> {
    if (this.error !== undefined) throw this.error
    if (this.session === undefined) await this.#whenOpen()
    return this.session ?? this.ready()
  }

  close(error = clientClosed()): void {
    if (this.error !== undefined) return
    this.error = error
    this.#stop.abort()
    this.#wake()
    this.#connection?.close()
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
    this.#become('closed')
  }

  #send<V extends Verb>(connection: Connection, verb: V, input: Input<V>): Promise<Result<V>> {
    return connection.request(verb, input).catch(error => {
      if (!(error instanceof ConnectionLost)) throw error
      if (this.error !== undefined) throw this.error
      if (!isRepeatable(verb)) throw error
      return this.request(verb, input)
    })
  }

  #whenOpen(): Promise<void> {
    return new Promise((send, reject) => this.#waiting.push({ send, reject }))
  }

  async #run(): Promise<void> {
    for (let attempt = 0; this.error === undefined; attempt += 1) {
      this.#become('connecting')
      const ended = await this.#once()
      const refusal = this.#refusal(ended)
      if (refusal !== undefined) return void this.close(refusal)
      if (ended.opened) attempt = 0
      this.#isLost = !ended.opened && ended.error === undefined
      const pauseMs = this.#nextAddress(ended, attempt)
      this.#become('waiting')
      await this.#pause(pauseMs)
    }
  }

  /** Chooses where to connect next, and answers how long to wait before. */
  #nextAddress({ opened, code, error }: Ended, attempt: number): number {
    const { random } = this.#options
    const ms = retryMs(error?.retryAfterMs, attempt, random)
    if (opened && !leaving.has(code)) return ms
    const alone = !this.#addresses.hasOthers
    const waitMs = this.#addresses.moveOn(ms)
    if (alone) return ms
    // All may have said when to come: then it is the earliest.
    if (waitMs > 0) return waitMs
    return opened ? movingMs(random) : backOffMs(attempt, random)
  }

  /** One connection from sign-in to its end. Never rejects. */
  async #once(): Promise<Ended> {
    try {
      await this.#signIn()
      const proof = await this.#findWay()
      // It may have been closed meanwhile.
      if (this.error !== undefined) throw this.error
      return await this.#connect(proof)
    } catch (error) {
      return { code: 0, error: error instanceof PchatError ? error : notConnected(), opened: false }
    }
  }

  async #signIn(): Promise<void> {
    if (this.#token !== undefined || this.#options.signIn === undefined) return
    const signedIn = await signIn(this.#addresses.web, this.#options.signIn, this.#stop.signal).catch(error => {
      if (error instanceof PchatError && error.code === 'unavailable') this.#addresses.webFailed()
      throw error
    })
    this.#token = signedIn.token
    this.#addresses.learn(signedIn, true)
    this.#addresses.spread(signedIn.servers)
  }

  /**
   * What session.open is sent. Where sessions are at other servers than sign-in a page has a ticket for each connection, and whoever has a
   * token alone asks where they are once the given address took none, or none of those that he knows does.
   */
  async #findWay(): Promise<Input<'session.open'>> {
    if (this.#options.ticket !== undefined) return this.#takeTicket(this.#options.ticket)
    if (this.#token === undefined) return {}
    if (this.#isLost && (this.session === undefined || this.#addresses.isApart)) await this.#askWay(this.#token)
    return { token: this.#token }
  }

  async #takeTicket(take: () => Promise<LiveTicket>): Promise<Input<'session.open'>> {
    const { ticket, ...addresses } = await take()
    if (addresses.servers.length === 0) throw noServer()
    this.#addresses.learn({ webServices: [], ...addresses }, true)
    this.#addresses.settle()
    return { ticket }
  }

  async #askWay(token: string): Promise<void> {
    try {
      const found = await askServers(this.#addresses.web, token, this.#stop.signal)
      // Where each server does all, its own word of the others comes with the session.
      if (found.webServices === undefined) return
      this.#addresses.learn(found, true)
      this.#addresses.settle()
    } catch (error) {
      if (error instanceof PchatError && error.code === 'unauthenticated') throw error
      this.#addresses.webFailed()
    }
  }

  #connect(proof: Input<'session.open'>): Promise<Ended> {
    return new Promise(resolve => {
      const ended: Ended = { code: 0, opened: false }
      const url = this.#addresses.current
      const { webSocket, heard, answered } = this.#options
      const open = async () => {
        const session = await connection.request('session.open', proof)
        ended.opened = true
        this.#opened(session)
      }
      const refused = (error: PchatError) => {
        ended.error = error
        connection.close()
      }
      const closed = (code: number) => {
        this.#connection = undefined
        resolve({ ...ended, code })
      }
      const connection = openConnection({
        url,
        webSocket,
        heard,
        answered,
        opened: () => open().catch(refused),
        closed,
      })
      this.#connection = connection
    })
  }

  #opened(session: Result<'session.open'>): void {
    this.session = session
    this.#addresses.learn(session, this.#token !== undefined || this.#options.ticket !== undefined)
    this.#addresses.reached()
    this.#become('open')
    this.#options.opened()
    for (const waiting of this.#waiting.splice(0)) waiting.send()
  }

  /** What makes trying again pointless, if anything. A token from a sign-in that ran out is got anew. */
  #refusal(ended: Ended): PchatError | undefined {
    if (ended.code === closeCodes.sessionEnded) return unauthenticated('This session was ended. Sign in again.')
    const rejected = ended.error?.code === 'unauthenticated' || ended.code === closeCodes.unauthenticated
    if (rejected && this.#options.signIn !== undefined && this.#token !== undefined) {
      this.#token = undefined
      return undefined
    }
    // Tickets are short-lived: whether the sign-in has ended is said where the next one is asked for.
    if (rejected && this.#options.ticket !== undefined && ended.code !== 0) return undefined
    // A server whose program is older than tickets finds fault with one: the next one may be newer.
    if (this.#options.ticket !== undefined && ended.error?.code === 'invalid_argument') return undefined
    if (rejected) return ended.error ?? unauthenticated('The server does not know this sign-in. Sign in again.')
    return mayPass(ended.error) ? undefined : ended.error
  }

  async #pause(ms: number): Promise<void> {
    const nap = new AbortController()
    this.#wake = () => nap.abort()
    if (!this.#stop.signal.aborted) await sleep(ms, nap.signal)
  }

  #become(state: ConnectionState): void {
    if (this.state === state || this.state === 'closed') return
    this.state = state
    this.#options.stateChanged(state)
  }
}

function mayPass(error: PchatError | undefined): boolean {
  return error === undefined || error.code === 'internal' || isPassing(error)
}

function noServer(): PchatError {
  return new PchatError({ code: 'unavailable', message: 'No server of the pool takes sessions now. Try again.' })
}

function unauthenticated(message: string): PchatError {
  return new PchatError({ code: 'unauthenticated', message })
}

/** A browser tells when the network is back: then there is nothing to wait for. */
function onOnline(hear: () => void, stop: AbortSignal): void {
  const browser = globalThis as {
    addEventListener?: (type: string, hear: () => void, options: { signal: AbortSignal }) => void
  }
  browser.addEventListener?.('online', hear, { signal: stop })
}
