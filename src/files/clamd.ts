import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** `found`: the name of what is in it; undefined: nothing. */
export type Verdict = { found: string | undefined }

/** Where clamd listens: host and port, or the path of its socket. */
export type ClamdAddress = { host: string; port: number } | { path: string }

/** clamd cannot be asked now: it is out of reach, hung up without a word, or is silent. */
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
 * An answer that is no "OK" to all of them is a finding: that the file is longer than its StreamMaxLength, that it failed. Throws
 * ScannerAway where there is none.
 */
export async function scanWithClamd(
  address: ClamdAddress,
  bytes: AsyncIterable<Buffer>,
  { waitMs = silenceMs, signal }: { waitMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<Verdict> {
  const socket = connect(address)
  socket.setTimeout(waitMs, () => socket.destroy(new Error(`no answer within ${waitMs} ms`)))
  const stop = () => socket.destroy(new Error('the scan was ended'))
  signal?.addEventListener('abort', stop, { once: true })
  const { answer, heard } = listen(socket)
  try {
    signal?.throwIfAborted()
    const whole = await send(socket, bytes, heard)
    return toVerdict(await answer, whole)
  } finally {
    signal?.removeEventListener('abort', stop)
    socket.destroy()
  }
}

/** Answers whether all was sent: where it answers or hangs up before, nothing more is. */
async function send(socket: Socket, bytes: AsyncIterable<Buffer>, heard: AbortSignal): Promise<boolean> {
  socket.write('zINSTREAM\0')
  for await (const chunk of bytes) {
    if (heard.aborted) return false
    if (chunk.length === 0) continue
    const length = Buffer.alloc(4)
    length.writeUInt32BE(chunk.length)
    socket.write(length)
    // One that hung up never takes what waits for it.
    if (!socket.write(chunk)) await once(socket, 'drain', { signal: heard }).catch(() => {})
  }
  if (heard.aborted) return false
  socket.write(Buffer.alloc(4))
  return true
}

const maxAnswer = 4096

/**
 * What it says, as far as it comes: it may say why before it hangs up on what is still sent. `heard` is aborted once nothing more
 * is waited for.
 */
function listen(socket: Socket): { answer: Promise<string>; heard: AbortSignal } {
  const heard = new AbortController()
  let text = ''
  const answer = new Promise<string>((resolve, reject) => {
    const end = (error?: Error) => {
      if (text !== '') resolve(text)
      else reject(new ScannerAway(`clamd: ${error?.message ?? 'it hung up without an answer'}`, { cause: error }))
      heard.abort()
    }
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (text.includes('\0') || text.length > maxAnswer) end()
    })
    socket.once('end', () => end())
    socket.once('close', () => end())
    socket.on('error', end)
  })
  answer.catch(() => {})
  return { answer, heard: heard.signal }
}

function toVerdict(answer: string, whole: boolean): Verdict {
  if (whole && answer === 'stream: OK\0') return { found: undefined }
  const found = /^stream: (.{1,200}) FOUND\0$/.exec(answer)
  if (found) return { found: found[1] }
  const shown = answer
    .replace(/[^ -~]/g, ' ')
    .trim()
    .slice(0, 200)
  return { found: `not scanned, clamd says: ${shown}` }
}
