import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/**
 * Connections that the kernel holds until they are accepted; it cuts them to net.core.somaxconn. With Node's own 511 a storm
 * is seen to lose twice as many first packets, and who lost one comes a second later, then two, then four.
 */
export const listenBacklog = 65_535

/** Connections that came while no worker was free to take one; more are refused. */
const maxWaiting = 4_096

/** Who takes connections from the entrance, one after the other. */
export type Taker = {
  /** How much it carries already: the least laden one gets the next connection. */
  load(): number
  /** Sends it over; `settle` brings the answer. */
  take(socket: Socket): void
}

/** The port of a server whose workers take its connections. It stays open whatever becomes of them. */
export type Entrance = {
  port: number
  join(taker: Taker): void
  /** The taker has answered for the connection that was sent to it. */
  settle(taker: Taker, isTaken: boolean): void
  /** It gets no more, and still answers for what was sent. */
  retire(taker: Taker): void
  /** It is dead: what it had not answered for goes to another one. */
  bury(taker: Taker): void
  close(): void
}

/**
 * Not by way of node:cluster: that closes the port when the last worker dies, and lets a connection hang for ever that was under
 * way to a worker which died.
 */
export async function openEntrance(host: string, port: number): Promise<Entrance> {
  const waiting: Socket[] = []
  const free = new Set<Taker>()
  const retired = new Set<Taker>()
  const sent = new Map<Taker, Socket>()
  let closed = false

  function admit(socket: Socket) {
    socket.on('error', () => {})
    if (waiting.length >= maxWaiting) return void socket.destroy()
    waiting.push(socket)
    handOver()
  }

  function giveBack(socket: Socket) {
    if (closed) socket.destroy()
    else waiting.unshift(socket)
  }

  function handOver() {
    while (waiting.length > 0 && free.size > 0) {
      const taker = [...free].reduce((least, one) => (one.load() < least.load() ? one : least))
      const socket = waiting.shift()!
      free.delete(taker)
      sent.set(taker, socket)
      taker.take(socket)
    }
  }

  const servers = await listen(host, port, admit)
  return {
    port: (servers[0]!.address() as AddressInfo).port,
    join(taker) {
      free.add(taker)
      handOver()
    },
    settle(taker, isTaken) {
      const socket = sent.get(taker)
      if (!socket) return
      sent.delete(taker)
      // Only this process's copy: the worker has its own.
      if (isTaken) socket.destroy()
      else giveBack(socket)
      if (!retired.has(taker)) free.add(taker)
      handOver()
    },
    retire(taker) {
      free.delete(taker)
      retired.add(taker)
    },
    bury(taker) {
      free.delete(taker)
      retired.delete(taker)
      const socket = sent.get(taker)
      sent.delete(taker)
      if (socket) giveBack(socket)
      handOver()
    },
    close() {
      closed = true
      for (const server of servers) server.close()
      for (const socket of waiting.splice(0)) socket.destroy()
    },
  }
}

/** As the one process listens: on both loopback addresses for localhost, the second one only where it is free. */
async function listen(host: string, port: number, admit: (socket: Socket) => void): Promise<Server[]> {
  const first = await listenAt(host, port, admit)
  const { address, port: bound } = first.address() as AddressInfo
  if (host !== 'localhost') return [first]
  const others = (await lookup(host, { all: true })).filter(one => one.address !== address)
  const more = await Promise.all(others.map(one => listenAt(one.address, bound, admit).catch(() => [])))
  return [first, ...more.flat()]
}

async function listenAt(host: string, port: number, admit: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, admit)
  server.listen({ host, port, backlog: listenBacklog })
  await once(server, 'listening')
  // One connection could not be accepted, for want of descriptors: the next one may be.
  server.on('error', () => {})
  return server
}
