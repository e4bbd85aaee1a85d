import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { WEBSOCKET_SUBPROTOCOL } from '../src/protocol/version.ts'

/** A WebSocket with as little as possible around it, so that thousands of them in one process measure the server. */
export type BenchSocket = {
  /** The bytes of a text frame. */
  send(text: string): void
  end(): void
}

export type Address = { port: number; localAddress: string }
/** `buffer` is only lent: it is overwritten by what comes next. */
export type OnFrame = (buffer: Buffer, from: number, to: number) => void

const TEXT = 0x81
const CLOSE = 0x8
const PING = 0x9
const GONE = 1006
const NO_MASK = Buffer.alloc(4)
const CLOSE_ANSWER = Buffer.from([0x88, 0x80, 0, 0, 0, 0])

export function openBenchSocket(
  address: Address,
  onFrame: OnFrame,
  /** The code of the server's close; 1006 where it went without a word. */
  onEnd: (code: number) => void,
  onRead?: () => void,
): Promise<BenchSocket> {
  return new Promise((resolve, reject) => {
    let code = GONE
    const onClose = (sent: number) => {
      code = sent
      socket.end(CLOSE_ANSWER)
    }
    const parse = frameParser(onFrame, pong, onClose)
    let head = ''
    let isOpen = false
    const receive = (buffer: Buffer, from: number, to: number) => {
      onRead?.()
      if (isOpen) return parse(buffer, from, to)
      const end = buffer.subarray(from, to).indexOf(END_OF_HEAD)
      const stop = end < 0 ? to : from + end + END_OF_HEAD.length
      head += buffer.toString('latin1', from, stop)
      if (end < 0) return
      isOpen = true
      if (head.startsWith('HTTP/1.1 101')) resolve({ send, end: () => socket.destroy() })
      else reject(new Error(head.split('\r\n')[0]))
      head = ''
      if (stop < to) parse(buffer, stop, to)
    }
    const socket = openSocket(address, receive)
    socket.once('connect', () => socket.write(upgrade(address.port)))
    // A reset after the upgrade is told by the close that follows.
    socket.on('error', reject)
    socket.once('close', () => {
      reject(new Error('the connection ended before it was one'))
      onEnd(code)
    })
    /** What is sent in one turn goes in one write. */
    function send(text: string): void {
      if (socket.writableCorked === 0) {
        socket.cork()
        process.nextTick(() => socket.uncork())
      }
      socket.write(textFrame(text))
    }
    function pong(): void {
      socket.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0]))
    }
  })
}

const END_OF_HEAD = '\r\n\r\n'
/** One for all sockets of the process: what comes is looked at before the next read. */
const shared = Buffer.alloc(256 * 1024)

function openSocket({ port, localAddress }: Address, receive: OnFrame): Socket {
  const callback = (length: number, buffer: Uint8Array) => {
    receive(buffer as Buffer, 0, length)
    return true
  }
  return connect({ host: '127.0.0.1', port, localAddress, noDelay: true, onread: { buffer: shared, callback } })
}

function upgrade(port: number): string {
  return [
    `GET /ws HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Protocol: ${WEBSOCKET_SUBPROTOCOL}`,
    END_OF_HEAD,
  ]
    .join('\r\n')
    .replace(/\r\n\r\n\r\n$/, END_OF_HEAD)
}

/** Masked with zeros, which is allowed and costs nothing. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const { length } = payload
  if (length < 126) return Buffer.concat([Buffer.from([TEXT, 0x80 | length]), NO_MASK, payload])
  const head = Buffer.alloc(4)
  head[0] = TEXT
  head[1] = 0x80 | 126
  head.writeUInt16BE(length, 2)
  return Buffer.concat([head, NO_MASK, payload])
}

function frameParser(onFrame: OnFrame, onPing: () => void, onClose: (code: number) => void): OnFrame {
  let kept: Buffer | undefined
  return (buffer, from, to) => {
    const whole = kept === undefined ? buffer : Buffer.concat([kept, buffer.subarray(from, to)])
    const end = kept === undefined ? to : whole.length
    let at = kept === undefined ? from : 0
    for (;;) {
      const frame = frameAt(whole, at, end)
      if (frame === undefined) break
      if (frame.opcode === 1) onFrame(whole, frame.from, frame.to)
      else if (frame.opcode === PING) onPing()
      else if (frame.opcode === CLOSE && frame.to - frame.from >= 2) onClose(whole.readUInt16BE(frame.from))
      at = frame.to
    }
    kept = at < end ? Buffer.from(whole.subarray(at, end)) : undefined
  }
}

function frameAt(buffer: Buffer, at: number, end: number): { opcode: number; from: number; to: number } | undefined {
  if (end - at < 2) return undefined
  const opcode = buffer[at]! & 0x0f
  const short = buffer[at + 1]! & 0x7f
  const headLength = short < 126 ? 2 : short === 126 ? 4 : 10
  if (end - at < headLength) return undefined
  const length =
    short < 126 ? short : short === 126 ? buffer.readUInt16BE(at + 2) : Number(buffer.readBigUInt64BE(at + 2))
  const from = at + headLength
  return from + length > end ? undefined : { opcode, from, to: from + length }
}
