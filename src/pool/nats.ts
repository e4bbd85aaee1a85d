import { connect, type NatsConnection } from '@nats-io/transport-node'
import { certificateWords } from '../base/certificate-fault.ts'
import type { Log } from '../base/log.ts'
import type { Bus, BusMessage, Subject } from './bus.ts'
import { type Interest, type Line, openInterest } from './interest.ts'
import { openLocalBus } from './local.ts'
import { decodeMessage, encodeMessage } from './wire.ts'

export type NatsBus = Bus & {
  /** False while the pool's servers do not hear each other over NATS. */
  isConnected(): boolean
}

type Options = {
  /** `nats://user:password@host:port` or `tls://…`, several with commas; the first one's credentials count for all. */
  url: string
  /** Subjects of one pool begin with this, so that several pools can share a NATS. */
  pool: string
  log: Log
  /** For tests: of how many rooms or users it hears one by one. */
  maxSingles?: number
}

const retryMs = 1_000
const maxSingles = 1_000

/** Subjects that are asked for in the same way. */
type Kind = { name: string; maxSingles: number; wanted: Map<Subject, number>; interest: Interest | undefined }

/**
 * The bus of a pool: within this server as the local bus, to the others through NATS. While NATS is away nothing is kept for it:
 * what the others miss they find in the store. Reconnects for ever; no queue groups, every server hears everything it asked for,
 * subject by subject or all rooms (all users) where it has many.
 */
export function openNatsBus(options: Options): NatsBus {
  const local = openLocalBus()
  const many = options.maxSingles ?? maxSingles
  const [rooms, users, others] = [
    openKind('room', many),
    openKind('user', many),
    openKind('', Number.POSITIVE_INFINITY),
  ]
  const kinds = [rooms, users, others]
  let connection: NatsConnection | undefined
  let connected = false
  let gaps = 0
  let closed = false
  const opening = open()

  async function open() {
    while (!closed && !connection) {
      try {
        const made = await connect({
          ...serversOf(options.url),
          name: `pchat ${options.pool}`,
          noEcho: true,
          maxReconnectAttempts: -1,
          // A password that is wrong for a moment is no reason to give up.
          ignoreAuthErrorAbort: true,
          reconnectTimeWait: 500,
          reconnectJitter: 500,
          pingInterval: 5_000,
          maxPingOut: 2,
        })
        if (closed) return void (await made.close())
        // Throws where it has ended already: then all of them begin anew.
        for (const kind of kinds) kind.interest = openInterest({ ...kind, kind: kind.name, line: lineOf(made), hear })
        connection = made
        connected = true
        void watch(made)
      } catch (error) {
        options.log.warn({ err: error, ...reasonOf(error) }, 'the bus is away')
        await new Promise(resolve => setTimeout(resolve, retryMs))
      }
    }
  }

  async function watch(watched: NatsConnection) {
    for await (const status of watched.status()) {
      if (status.type === 'disconnect' || status.type === 'reconnect') {
        connected = status.type === 'reconnect'
        if (!connected) gaps += 1
        options.log[connected ? 'info' : 'warn']({}, connected ? 'the bus is back' : 'the bus is away')
      }
    }
    if (closed) return
    // The client has given up by itself: nothing of it comes back.
    connected = false
    gaps += 1
    connection = undefined
    for (const kind of kinds) kind.interest = undefined
    void open()
  }

  function lineOf(connection: NatsConnection): Line {
    return {
      hearOne(subject, hear) {
        const callback = (error: Error | null, { data }: { data: Uint8Array }) => void (error ?? hear(subject, data))
        const subscription = connection.subscribe(nameOf(subject), { callback })
        return () => subscription.unsubscribe()
      },
      hearAll(kind, hear) {
        const before = nameOf('').length
        const subscription = connection.subscribe(nameOf(`${kind}.*`), {
          callback: (error, message) => void (error ?? hear(message.subject.slice(before) as Subject, message.data)),
        })
        return () => subscription.unsubscribe()
      },
      flush: () => connection.flush(),
      isClosed: () => connection.isClosed(),
    }
  }

  function hear(subject: Subject, bytes: Uint8Array) {
    const message = decodeMessage(bytes)
    // What is thrown here would end the client's reading, and nothing would be heard for a while.
    if (message) quietly(() => local.publish(subject, message))
  }

  function quietly(work: () => void) {
    try {
      work()
    } catch (error) {
      options.log.error({ err: error }, 'a message of the bus failed')
    }
  }

  function leave(subject: Subject) {
    const { wanted, interest } = kindOf(subject)
    const left = (wanted.get(subject) ?? 0) - 1
    if (left > 0) return void wanted.set(subject, left)
    wanted.delete(subject)
    interest?.removed(subject)
  }

  const nameOf = (subject: string) => `pchat.${options.pool}.${subject}`
  const kindOf = (subject: Subject) =>
    subject.startsWith('room.') ? rooms : subject.startsWith('user.') ? users : others

  return {
    isConnected: () => connected,
    gaps: () => gaps,
    publish(subject: Subject, message: BusMessage) {
      local.publish(subject, message)
      // A client that buffers would bring the others old news later, and fill this server's memory meanwhile.
      // It throws where the message is larger than the server takes: a hint less.
      if (connected) quietly(() => connection?.publish(nameOf(subject), encodeMessage(message)))
    },
    subscribe(subject, hear) {
      const end = local.subscribe(subject, hear)
      const { wanted, interest } = kindOf(subject)
      const before = wanted.get(subject) ?? 0
      wanted.set(subject, before + 1)
      if (before === 0) interest?.added(subject)
      let ended = false
      return () => {
        if (ended) return
        ended = true
        end()
        leave(subject)
      }
    },
    async close() {
      closed = true
      connected = false
      await local.close()
      if (connection && !connection.isClosed()) await connection.close()
      await Promise.race([opening, new Promise(resolve => setTimeout(resolve, retryMs).unref())])
    },
  }
}

/** Where it is nothing that passes by itself. */
function reasonOf(error: unknown): { reason?: string } {
  const shown = certificateWords((error as { code?: unknown }).code)
  if (!shown) return {}
  return { reason: `NATS ${shown}. Mend that certificate, or name the file of its authority in NODE_EXTRA_CA_CERTS.` }
}

function openKind(name: string, maxSingles: number): Kind {
  return { name, maxSingles, wanted: new Map(), interest: undefined }
}

/** The client takes credentials and TLS beside the addresses, not in them. */
function serversOf(urls: string) {
  const parsed = urls.split(',').map(url => new URL(url))
  const { username, password } = parsed[0]!
  const user = decodeURIComponent(username)
  const credentials =
    username === '' ? {} : password === '' ? { token: user } : { user, pass: decodeURIComponent(password) }
  return {
    servers: parsed.map(url => url.host),
    ...credentials,
    ...(parsed.some(url => url.protocol === 'tls:') ? { tls: {} } : {}),
  }
}
