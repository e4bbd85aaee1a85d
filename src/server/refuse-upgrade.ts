import type { Duplex } from 'node:stream'
import { errorCodes, type Refusal } from '../protocol/error.ts'

/** Answers an upgrade with a refusal in place of a WebSocket, and ends the connection. */
export function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const body = JSON.stringify({ error: refusal.toWire() })
  const retry = refusal.retryAfterMs === undefined ? '' : `Retry-After: ${Math.ceil(refusal.retryAfterMs / 1000)}\r\n`
  socket.end(
    `HTTP/1.1 ${errorCodes[refusal.code].status} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${retry}Connection: close\r\n\r\n${body}`,
  )
}
