// A process of its own, with as little of it in the way as can be: sends files, or reads them, all at once, over raw sockets.
// Takes its work as one line of JSON on stdin, and answers one line.
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'

export type FileWork = {
  port: number
  /** Heads as they are sent, without the empty line at the end. */
  heads: string[]
  /** Sent behind each head; 0: it is read. */
  sendBytes: number
}
export type FileWorkDone = { seconds: number; statuses: number[]; readBytes: number[] }

const chunkBytes = 1024 * 1024

function run(work: FileWork, head: string, block: Buffer): Promise<{ status: number; read: number }> {
  return new Promise((resolve, reject) => {
    let text = ''
    let [read, length] = [0, -1]
    const heard = (bytes: number, buffer: Uint8Array) => {
      if (length >= 0) read += bytes
      else {
        text += Buffer.from(buffer.buffer, buffer.byteOffset, bytes).toString('latin1')
        const end = text.indexOf('\r\n\r\n')
        if (end < 0) return true
        length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
        read = text.length - end - 4
      }
      if (read < length) return true
      socket.destroy()
      resolve({ status: Number(text.slice(9, 12)), read })
      return true
    }
    const onread = { buffer: Buffer.alloc(512 * 1024), callback: heard }
    const socket = connect({ port: work.port, host: '127.0.0.1', onread })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`It hung up: ${text}`)))
    socket.write(`${head}\r\n\r\n`)
    let left = work.sendBytes
    const first = Buffer.concat([randomBytes(64), block.subarray(64)])
    const send = () => {
      while (left > 0) {
        const chunk = (left === work.sendBytes ? first : block).subarray(0, left)
        left -= chunk.length
        if (!socket.write(chunk)) return
      }
    }
    socket.on('drain', send)
    send()
  })
}

let line = ''
for await (const chunk of process.stdin) line += chunk
const work = JSON.parse(line) as FileWork
const block = randomBytes(chunkBytes)
const startedAt = performance.now()
const done = await Promise.all(work.heads.map(head => run(work, head, block)))
const answer: FileWorkDone = {
  seconds: (performance.now() - startedAt) / 1000,
  statuses: done.map(one => one.status),
  readBytes: done.map(one => one.read),
}
console.log(JSON.stringify(answer))
