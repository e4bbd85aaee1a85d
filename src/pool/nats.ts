import { connect, type NatsConnection, type Subscription } from '@nats-io/transport-node'
import type { Log } from '../base/log.ts'
import type { Bus, BusMessage, Subject } from './bus.ts'
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
}

const retryMs = 1_000

/**
 * The bus of a pool: within this server as the local bus, to the others through NATS. While NATS is away nothing is kept for it:
 * what the others miss they find in the store. Reconnects for ever; no queue groups, every server hears everything it asked for.
 */
export function openNatsBus(options: Options): NatsBus {
  const local = openLocalBus()
  const wanted = new Map<Subject, { hearers: number; subscription: Subscription | undefined }>()
  let connection: NatsConnection | undefined
  let connected = false
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
        for (const [subject, want] of wanted) want.subscription = subscribeRemote(made, subject)
        connection = made
        connected = true
        void watch(made)
      } catch (error) {
        options.log.warn({ err: error }, 'the bus is away')
        await new Promise(resolve => setTimeout(resolve, retryMs))
      }
    }
  }

  async function watch(watched: NatsConnection) {
    for await (const status of watched.status()) {
      if (status.type === 'disconnect' || status.type === 'reconnect') {
        connected = status.type === 'reconnect'
        options.log[connected ? 'info' : 'warn']({}, connected ? 'the bus is back' : 'the bus is away')
      }
    }
    if (closed) return
    // The client has given up by itself: nothing of it comes back.
    connected = false
    connection = undefined
    for (const want of wanted.values()) want.subscription = undefined
    void open()
  }

  function subscribeRemote(connection: NatsConnection, subject: Subject): Subscription {
    return connection.subscribe(nameOf(subject), {
      callback: (error, message) => {
        const heard = error ? undefined : decodeMessage(message.data)
        // What is thrown here would end the client's reading, and nothing would be heard for a while.
        if (heard) quietly(() => local.publish(subject, heard))
      },
    })
  }

  function quietly(work: () => void) {
    try {
      work()
    } catch (error) {
      options.log.error({ err: error }, 'a message of the bus failed')
    }
  }

  const nameOf = (subject: Subject) => `pchat.${options.pool}.${subject}`

  return {
    isConnected: () => connected,
    publish(subject: Subject, message: BusMessage) {
      local.publish(subject, message)
      // A client that buffers would bring the others old news later, and fill this server's memory meanwhile.
      // It throws where the message is larger than the server takes: a hint less.
      if (connected) quietly(() => connection?.publish(nameOf(subject), encodeMessage(message)))
    },
    subscribe(subject, hear) {
      const end = local.subscribe(subject, hear)
      const want = wanted.get(subject) ?? { hearers: 0, subscription: undefined }
      wanted.set(subject, want)
      want.hearers += 1
      if (connection && !connection.isClosed()) want.subscription ??= subscribeRemote(connection, subject)
      let ended = false
      return () => {
        if (ended) return
        ended = true
        end()
        want.hearers -= 1
        if (want.hearers > 0) return
        if (wanted.get(subject) === want) wanted.delete(subject)
        want.subscription?.unsubscribe()
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
