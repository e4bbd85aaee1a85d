// What fan-out costs without a chat server: whatever comes is answered with nothing, and a post is one write to each socket. With `disk`
// it is on disk first, as with the real server: while that is waited for, those who read fall asleep, and each has to be woken.
import { mkdtempSync, rmSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'

const sockets = new Set<Duplex>()
const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
const file = process.argv[2] === 'disk' ? await openFile() : undefined
let waiting: Buffer[] = []

const server = createServer()
server.on('upgrade', (request, socket, head) => {
  webSockets.handleUpgrade(request, socket, head, webSocket => {
    sockets.add(socket)
    webSocket.on('close', () => sockets.delete(socket))
    webSocket.on('message', data => {
      const { id, verb, input } = JSON.parse(String(data))
      webSocket.send(JSON.stringify({ id, result: {} }))
      if (verb === 'message.post') broadcast(frameOf(input))
    })
  })
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))

/** Messages of one turn in one write, as the real server does. */
function broadcast(frame: Buffer): void {
  waiting.push(frame)
  if (waiting.length > 1) return
  setImmediate(file ? () => void sendStored(file) : () => send(take()))
}

function take(): Buffer {
  const bytes = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting)
  waiting = []
  return bytes
}

function send(bytes: Buffer): void {
  for (const socket of sockets) socket.write(bytes)
}

async function sendStored(file: FileHandle): Promise<void> {
  const bytes = take()
  await file.appendFile(bytes)
  await file.datasync()
  send(bytes)
}

/** In the folder that the servers of the bench keep their data below; gone once it is open. */
async function openFile(): Promise<FileHandle> {
  const folder = mkdtempSync(join(tmpdir(), 'pchat-bench-'))
  const opened = await open(join(folder, 'messages'), 'a')
  rmSync(folder, { recursive: true })
  return opened
}

/** As long as the real event. */
function frameOf(input: { room: string; clientId: string; text: string }): Buffer {
  const author = { id: input.room, kind: 'user', name: 'user1234@example.com', displayName: 'User 1234' }
  const { text, clientId } = input
  const message = { seq: 1234, at: new Date().toISOString(), author, text, format: 'plain', clientId }
  const payload = Buffer.from(JSON.stringify({ event: 'message.posted', room: input.room, message }))
  const head = Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff])
  return Buffer.concat([head, payload])
}
