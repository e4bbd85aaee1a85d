import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { openHostTest } from '../base/host.ts'
import type { Running } from '../base/lifecycle.ts'
import type { Trust } from '../base/proxies.ts'
import { requireActive } from '../chat/admission.ts'
import type { Chat } from '../chat/chat.ts'
import { clientAddress } from '../chat/client-address.ts'
import { tokenOfBearer, tokenOfUpgrade } from '../chat/credential.ts'
import { toRefusal } from '../chat/failure.ts'
import { takeAddressRequest } from '../chat/rate-limit.ts'
import { closeCodes, Refusal } from '../protocol/error.ts'
import { WEBSOCKET_SUBPROTOCOL } from '../protocol/version.ts'
import { type Connection, serveConnection } from './connection.ts'
import type { Hub } from './hub.ts'
import { refuseUpgrade } from './refuse-upgrade.ts'
import { openRound } from './round.ts'
import { openFlusher } from './session.ts'

/** Beyond the frame limit of the protocol, so that a frame a little too large is answered before it is refused. */
const maxPayloadBytes = 1024 * 1024
/** A peer that answers no ping within this time is gone. */
const defaultPingMs = 30_000
const drainMs = 5_000
const full = new Refusal(
  'unavailable',
  'This server has as many sessions as its limit of open files allows. Connect to another one.',
  { retryAfterMs: 1_000 },
)

/**
 * `maxSessions`: beyond them nobody is let in, since the server needs descriptors for itself. `downloadUrl`: names the host that has
 * no WebSocket. `trust`: proxies that say for whom they ask.
 */
export type WebSocketOptions = {
  pingMs?: number | undefined
  maxSessions?: number | undefined
  downloadUrl?: string | undefined
  trust?: Trust | undefined
}

type From = { address: string; token: string | undefined; origin: string | undefined }

/** The WebSocket door at /ws of an HTTP server. Stopping drains: what was asked is answered, then everybody is sent elsewhere. */
export function openWebSockets(
  server: Server,
  chat: Chat,
  hub: Hub,
  { pingMs = defaultPingMs, maxSessions = Number.POSITIVE_INFINITY, downloadUrl, trust }: WebSocketOptions = {},
): Running {
  const webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: maxPayloadBytes,
    handleProtocols: offered => (offered.has(WEBSOCKET_SUBPROTOCOL) ? WEBSOCKET_SUBPROTOCOL : false),
  })
  const connections = new Set<Connection>()
  const schedule = openFlusher()
  const isApart = openHostTest(downloadUrl)
  let draining = false

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
    socket.on('error', error => chat.log.debug({ err: error }, 'socket error before the upgrade'))
    try {
      const address = clientAddress(request, trust)
      if (isApart(request.headers.host)) throw new Refusal('not_found', 'There is nothing at this address.')
      if (URL.parse(request.url ?? '', 'http://any')?.pathname !== '/ws')
        throw new Refusal('not_found', 'The WebSocket is at /ws.')
      if (draining)
        throw new Refusal('unavailable', 'This server is going away. Connect to another one.', { retryAfterMs: 1_000 })
      requireActive(chat)
      // Expected, and so many that each in the log would be a flood: pchat_open_descriptors tells.
      if (connections.size >= maxSessions) return refuse(socket, full)
      takeAddressRequest(chat, address)
      // Cookies are for web services: that of a page at another port of this host is not for here.
      const token = chat.apart ? tokenOfBearer(request.headers) : tokenOfUpgrade(request, chat.pool)
      const { origin } = request.headers
      webSockets.handleUpgrade(request, socket, head, webSocket =>
        connect(webSocket, socket, { address, token, origin }),
      )
    } catch (error) {
      refuse(socket, toRefusal(chat, error, { door: 'upgrade' }))
    }
  }

  function refuse(socket: Duplex, refusal: Refusal) {
    chat.metrics.refusals.inc({ code: refusal.code })
    refuseUpgrade(socket, refusal)
  }

  function connect(webSocket: import('ws').WebSocket, socket: Duplex, from: From) {
    const connection = serveConnection({ chat, hub, webSocket, socket, ...from, schedule })
    connections.add(connection)
    const endPings = pinging.add(connection)
    webSocket.on('close', () => {
      connections.delete(connection)
      endPings()
    })
    if (draining) connection.close(closeCodes.goingAway, 'this server is going away')
  }

  const pinging = openRound<Connection>(
    pingMs,
    connection => connection.look(),
    error => chat.log.error({ err: error }, 'pinging failed'),
  )
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => upgrade(request, socket, head)
  server.on('upgrade', onUpgrade)

  return {
    async stop() {
      draining = true
      await pinging.stop()
      const deadline = new Promise(resolve => setTimeout(resolve, drainMs).unref())
      await Promise.race([deadline, Promise.all([...connections].map(connection => connection.idle()))])
      const gone = [...connections].map(
        connection => new Promise(resolve => connection.webSocket.once('close', resolve)),
      )
      for (const connection of connections) connection.close(closeCodes.goingAway, 'this server is going away')
      await Promise.race([new Promise(resolve => setTimeout(resolve, drainMs).unref()), Promise.all(gone)])
      for (const connection of connections) connection.webSocket.terminate()
      server.off('upgrade', onUpgrade)
    },
  }
}
