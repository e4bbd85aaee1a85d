import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Chat } from '../chat/chat.ts'
import { Refusal } from '../protocol/error.ts'
import { refuseUpgrade } from './refuse-upgrade.ts'

/** Of a Front End Server: says at /ws where live sessions are. */
export function refuseWebSockets(server: Server, chat: Chat): void {
  server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
    socket.on('error', error => chat.log.debug({ err: error }, 'socket error before the upgrade'))
    chat.metrics.refusals.inc({ code: 'not_found' })
    refuseUpgrade(socket, noWebSocket(chat.servers()))
  })
}

function noWebSocket(servers: string[]): Refusal {
  const where =
    servers.length === 0 ? 'None of the pool takes sessions now; try again.' : `Use ${servers.join(' or ')}.`
  return new Refusal('not_found', `This is a Front End Server: the WebSocket is at Persistent Chat Servers. ${where}`)
}
