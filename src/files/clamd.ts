import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** `found`: the name of what is in it; undefined: nothing. */
export type Verdict = { found: string | undefined }

/** Where clamd listens: host and port, or the path of its socket. */
export type ClamdAddress = { host: string; port: number } | { path: string }

/** clamd cannot be asked now, or did not answer to the point. */
export class ScannerAway extends Error {}

const silenceMs = 60_000

/** `host:port`, `[::1]:port`, or a path. Undefined where it is none of them. */
export function parseClamdAddress(text: string): ClamdAddress | undefined {
  if (text.startsWith('/')) return { path: text }
  const found = /^(\[[0-9a-f:.]+\]|[\w.-]+):(\d{1,5})$/i.exec(text)
  if (!found || Number(found[2]) > 65_535) return undefined
  return { host: found[1]!.replace(/^\[|\]$/g, ''), port: Number(found[2]) }
}

/**
 * Asks clamd about these bytes by INSTREAM: chunks with their length in front, an empty one at the end, then one line comes back.
 * Throws ScannerAway where it is away, silent, says that it failed, or that the file is longer than its StreamMaxLength.
 */
export async function scanWithClamd(
  address: ClamdAddress,
  bytes: AsyncIterable<Buffer>,
  waitMs = silenceMs,
): Promise<Verdict> {
  const socket = connect(address)
  socket.setTimeout(waitMs, () => socket.destroy(new Error(`no answer within ${waitMs} ms`)))
  const answer = readAnswer(socket)
  answer.catch(() => {})
  try {
    await once(socket, 'connect')
    await send(socket, bytes)
    return toVerdict(await answer)
  } catch (error) {
    if (error instanceof ScannerAway) throw error
    // It says why, and hangs up on what still comes.
    const said = await Promise.race([answer.catch(() => ''), new Promise<string>(resolve => setImmediate(resolve, ''))])
    if (said !== '') return toVerdict(said)
    throw isOfSocket(socket, error) ? new ScannerAway(`clamd: ${(error as Error).message}`, { cause: error }) : error
  } finally {
    socket.destroy()
  }
}

function isOfSocket(socket: Socket, error: unknown): boolean {
  return socket.errored === error || socket.destroyed
}

async function send(socket: Socket, bytes: AsyncIterable<Buffer>): Promise<void> {
  const write = async (chunk: Buffer) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(chunk.length)
    socket.write(length)
    if (!socket.write(chunk)) await once(socket, 'drain')
  }
  socket.write('zINSTREAM\0')
  for await (const chunk of bytes) {
    if (socket.destroyed) throw socket.errored ?? new Error('it hung up')
    if (chunk.length > 0) await write(chunk)
  }
  socket.write(Buffer.alloc(4))
}

const maxAnswer = 4096

async function readAnswer(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) {
    text += (chunk as Buffer).toString('utf8')
    if (text.includes('\0') || text.length > maxAnswer) break
  }
  return text.split('\0')[0]!.trim()
}

function toVerdict(answer: string): Verdict {
  if (answer === 'stream: OK') return { found: undefined }
  const found = /^stream: (.{1,200}) FOUND$/.exec(answer)
  if (found) return { found: found[1] }
  throw new ScannerAway(`clamd answered ${JSON.stringify(answer.slice(0, 200))}`)
}
