import { randomUUID } from 'node:crypto'
import { WebSocket } from 'ws'
import { type Log, silentLog } from '../src/base/log.ts'
import { serve } from '../src/cli/serve.ts'
import type { ServeOptions, Serving } from '../src/cli/serve-options.ts'
import type { Category } from '../src/protocol/category.ts'
import type { ErrorCode } from '../src/protocol/error.ts'
import type { Event, EventName, EventOf } from '../src/protocol/event.ts'
import type { Principal } from '../src/protocol/principal.ts'
import type { Input, Result, Verb } from '../src/protocol/request.ts'
import type { Room } from '../src/protocol/room.ts'
import type { PoolSettings } from '../src/protocol/settings-verbs.ts'
import type { Db } from '../src/store/db.ts'
import { type Answer, askHttp } from './ask-http.ts'
import { openTestDatabase, type TestDatabase } from './database.ts'

/** A signed-in user at the HTTP door. */
export type Person = {
  token: string
  me: Principal
  ask<V extends Verb>(verb: V, input: Input<V>): Promise<Answer<V>>
  /** The result; throws where the verb is refused. */
  call<V extends Verb>(verb: V, input: Input<V>): Promise<Result<V>>
  /** The code of the refusal, or 'ok'. */
  code<V extends Verb>(verb: V, input: Input<V>): Promise<ErrorCode | 'ok'>
  open(): Promise<Live>
}

/** A live session at the WebSocket door, raw: nothing is retried or hidden. */
export type Live = Omit<Person, 'open'> & {
  opened: Result<'session.open'>
  events: Event[]
  /** Events of one kind so far. */
  heard<E extends EventName>(event: E): EventOf<E>[]
  /** Waits until an event of that kind fulfils the condition. */
  hears<E extends EventName>(event: E, which?: (event: EventOf<E>) => boolean): Promise<EventOf<E>>
  post(room: string, text: string, clientId?: string): Promise<Result<'message.post'>>
  /** Everything sent to this session before this call has arrived when it resolves. */
  settled(): Promise<void>
  socket: WebSocket
  closed: Promise<{ code: number; reason: string }>
  close(): Promise<void>
}

export type Site = {
  url: string
  db: Db
  database: TestDatabase
  admin: Person
  addUser(name: string, more?: Partial<Input<'principal.create'>>): Promise<Person>
  addCategory(input: Partial<Input<'category.create'>>): Promise<Category>
  addRoom(input: Partial<Input<'room.create'>> & { category: string }): Promise<Room>
  person(token: string): Person
  /** Another server on the same store, with a bus of its own: it hears of nothing but by the store. */
  another(more?: Partial<ServeOptions>): Promise<{ url: string; at(person: Person): Person; stop(): Promise<void> }>
  stop(): Promise<void>
}

export const password = 'correct horse battery'
/** No test is stopped by limits that it does not test. */
const openLimits: Partial<PoolSettings> = { trustedNetworks: ['127.0.0.0/8', '::1/128'] }

/** A whole server in this process, on a database of its own, with an administrator, quick sweeps and no rate limits. */
export async function openSite(
  more: Partial<ServeOptions> & { limits?: Partial<PoolSettings>; log?: Log } = {},
): Promise<Site> {
  const database = await openTestDatabase()
  const { limits = openLimits, ...options } = more
  const base: ServeOptions = {
    address: database.address,
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
    admin: { user: 'admin@example.com', password },
    webRoot: '/nonexistent',
    sweepMs: 100,
    lingerMs: 300,
    adapterBase: '/var/lib',
    ...options,
  }
  const servings: Serving[] = [await serve(base)]
  const url = servings[0]!.url
  const admin = await signInAt(url, 'admin@example.com')
  await admin.call('settings.update', { settings: limits })
  let made = 0
  return {
    url,
    db: database.db,
    database,
    admin,
    async addUser(name, input = {}) {
      await admin.call('principal.create', { kind: 'user', name, displayName: name.split('@')[0]!, password, ...input })
      return signInAt(url, name)
    },
    async addCategory(input) {
      made += 1
      return (await admin.call('category.create', { name: `category ${made}`, ...input })).category
    },
    async addRoom(input) {
      made += 1
      return (await admin.call('room.create', { name: `room ${made}`, ...input })).room
    },
    person: token => personAt(url, token, admin.me),
    async another(change = {}) {
      const serving = await serve({ ...base, ...change })
      servings.push(serving)
      return {
        url: serving.url,
        at: person => personAt(serving.url, person.token, person.me),
        stop: () => serving.stop(),
      }
    },
    async stop() {
      await Promise.all(servings.map(serving => serving.stop()))
      await database.drop()
    },
  }
}

export async function signInAt(url: string, user: string, secret = password): Promise<Person> {
  const answer = await askHttp(url, undefined, 'session.signIn', { user, password: secret })
  if (answer.error) throw new Error(`${user}: ${answer.error.code} ${answer.error.message}`)
  return personAt(url, answer.result.token, answer.result.me)
}

function asking(ask: Person['ask']): Pick<Person, 'ask' | 'call' | 'code'> {
  return {
    ask,
    async call(verb, input) {
      const answer = await ask(verb, input)
      if (answer.error) throw new Error(`${verb}: ${answer.error.code} ${answer.error.message}`)
      return answer.result
    },
    code: async (verb, input) => (await ask(verb, input)).error?.code ?? 'ok',
  }
}

export function personAt(url: string, token: string, me: Principal): Person {
  return {
    token,
    me,
    ...asking((verb, input) => askHttp(url, token, verb, input)),
    open: () => openLive(url, token, me),
  }
}

export async function openLive(url: string, token: string, me: Principal): Promise<Live> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, 'pchat.v1')
  const events: Event[] = []
  const waiting = new Map<number, (answer: Answer<Verb>) => void>()
  let onEvent: (() => void)[] = []
  let lastId = 0
  const closed = new Promise<{ code: number; reason: string }>(resolve =>
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  )
  void closed.then(() => {
    for (const answer of waiting.values()) answer({ error: { code: 'unavailable', message: 'the connection ended' } })
    waiting.clear()
  })
  socket.on('error', () => {})
  socket.on('message', data => {
    const frame = JSON.parse(data.toString())
    if (frame.event === undefined) {
      waiting.get(frame.id)?.(frame)
      waiting.delete(frame.id)
      return
    }
    events.push(frame)
    const woken = onEvent
    onEvent = []
    for (const wake of woken) wake()
  })
  const ask: Person['ask'] = (verb, input) =>
    new Promise(resolve => {
      lastId += 1
      if (socket.readyState > WebSocket.OPEN)
        return resolve({ error: { code: 'unavailable', message: 'the connection ended' } })
      waiting.set(lastId, resolve as (answer: Answer<Verb>) => void)
      socket.send(JSON.stringify({ id: lastId, verb, input }))
    })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  const asked = asking(ask)
  const opened = await asked.call('session.open', { token })
  return {
    token,
    me,
    ...asked,
    opened,
    events,
    heard: event => events.filter(one => one.event === event) as never,
    async hears(event, which = () => true) {
      const deadline = Date.now() + 10_000
      for (;;) {
        const found = events.find(one => one.event === event && which(one as never))
        if (found) return found as never
        if (Date.now() > deadline) throw new Error(`no ${event} came; heard: ${events.map(one => one.event).join(' ')}`)
        await Promise.race([
          new Promise<void>(resolve => onEvent.push(resolve)),
          new Promise(resolve => setTimeout(resolve, 200)),
        ])
      }
    },
    post: (room, text, clientId = randomUUID()) => asked.call('message.post', { room, clientId, text }),
    async settled() {
      await asked.call('session.list', {})
    },
    socket,
    closed,
    async close() {
      socket.close()
      await closed
    },
  }
}
