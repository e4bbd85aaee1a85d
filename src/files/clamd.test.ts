import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { parseClamdAddress, ScannerAway, scanWithClamd } from './clamd.ts'

/** A server that follows a script instead of a scanner: what stands on the wire is tested here, not what is found. */
async function openScript(answer: (socket: Socket, bytes: Buffer) => void, atLength = Number.POSITIVE_INFINITY) {
  const server = createServer(socket => {
    let got: Buffer = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk])
      if (got.length >= atLength || isEnded(got)) answer(socket, got)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return { address: { host: '127.0.0.1', port }, close: () => void server.close() }
}

const command = 'zINSTREAM\0'

/** The chunks that came, or undefined where the end has not come yet. */
function chunksOf(got: Buffer): Buffer[] | undefined {
  const chunks: Buffer[] = []
  for (let at = command.length; at + 4 <= got.length; ) {
    const length = got.readUInt32BE(at)
    if (length === 0) return chunks
    chunks.push(got.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return undefined
}
const isEnded = (got: Buffer) => chunksOf(got) !== undefined

async function* bytes(...parts: string[]) {
  for (const part of parts) yield Buffer.from(part)
}
async function* endless() {
  for (;;) yield Buffer.alloc(65_536)
}

test('[FI28] the bytes go to clamd in chunks with an end, and its word comes back', async () => {
  let heard: Buffer[] | undefined
  let began = ''
  const script = await openScript((socket, got) => {
    began = got.subarray(0, command.length).toString()
    heard = chunksOf(got)
    socket.end('stream: OK\0')
  })
  expect(await scanWithClamd(script.address, bytes('one', '', 'two'))).toEqual({ found: undefined })
  expect(began).toBe(command)
  expect(heard?.map(String)).toEqual(['one', 'two'])
  script.close()
})

test('[FI28] what clamd has found is told by its name', async () => {
  const script = await openScript(socket => socket.end('stream: Eicar-Test-Signature FOUND\0'))
  expect(await scanWithClamd(script.address, bytes('x'))).toEqual({ found: 'Eicar-Test-Signature' })
  script.close()
})

test.each([
  ['INSTREAM size limit exceeded. ERROR\0'],
  ['INSTREAM size lim'],
  ['UNKNOWN COMMAND\0'],
  ['stream: OK'],
  ['\0'],
  ['stream: OK and more\0'],
  [`stream: ${'x'.repeat(9_000)}`],
])('[FI28] an answer that is none (%j) is a finding, not a scanner that is away', async answer => {
  const script = await openScript(socket => socket.end(answer))
  const { found } = await scanWithClamd(script.address, bytes('x'))
  expect(found).toMatch(/^not scanned, clamd says: /)
  script.close()
})

test('[FI28] what clamd says before all has come is heard, though it hangs up on the rest, and no "OK" by then', async () => {
  for (const answer of ['INSTREAM size limit exceeded. ERROR\0', 'stream: OK\0']) {
    for (const hangUp of [
      (socket: Socket) => socket.end(answer),
      (socket: Socket) => socket.end(answer).destroySoon(),
    ]) {
      const full = await openScript(hangUp, 1_000_000)
      const { found } = await scanWithClamd(full.address, endless())
      expect(found).toBe(`not scanned, clamd says: ${answer.slice(0, -1)}`)
      full.close()
    }
  }
})

test('[FI28] a scanner that hangs up in the middle, says nothing, or is not there is away', async () => {
  const cutting = await openScript(socket => socket.destroy(), 1_000_000)
  await expect(scanWithClamd(cutting.address, endless())).rejects.toThrow(ScannerAway)
  cutting.close()
  const mute = await openScript(socket => socket.end())
  await expect(scanWithClamd(mute.address, bytes('x'))).rejects.toThrow(ScannerAway)
  mute.close()
  const silent = await openScript(() => {})
  await expect(scanWithClamd(silent.address, bytes('x'), { waitMs: 200 })).rejects.toThrow(ScannerAway)
  silent.close()
  await expect(scanWithClamd({ host: '127.0.0.1', port: 1 }, bytes('x'))).rejects.toThrow(ScannerAway)
  await expect(scanWithClamd({ path: '/nonexistent/clamd.ctl' }, bytes('x'))).rejects.toThrow(ScannerAway)
})

test('[FI28] a scanner that reads no more and closes its half is away at once', async () => {
  // It stays half open, and what was sent is never read.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, socket => {
    socket.on('error', () => {})
    setTimeout(() => socket.end(), 100)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await expect(scanWithClamd({ host: '127.0.0.1', port }, endless())).rejects.toThrow(ScannerAway)
  server.close()
}, 5_000)

test('[FI28] a scan that is ended by us ends at once', async () => {
  const silent = await openScript(() => {})
  const ended = new AbortController()
  setTimeout(() => ended.abort(), 50)
  await expect(scanWithClamd(silent.address, bytes('x'), { signal: ended.signal })).rejects.toThrow('was ended')
  silent.close()
}, 5_000)

test('[FI28] bytes that cannot be read are no matter of the scanner', async () => {
  const script = await openScript(socket => socket.end('stream: OK\0'))
  async function* broken() {
    yield Buffer.from('x')
    throw new Error('the disk is broken')
  }
  await expect(scanWithClamd(script.address, broken())).rejects.toThrow('the disk is broken')
  script.close()
})

test('[FI28] its address is host and port, or a path', () => {
  expect(parseClamdAddress('localhost:3310')).toEqual({ host: 'localhost', port: 3310 })
  expect(parseClamdAddress('[::1]:3310')).toEqual({ host: '::1', port: 3310 })
  expect(parseClamdAddress('/run/clamav/clamd.ctl')).toEqual({ path: '/run/clamav/clamd.ctl' })
  expect(['', 'localhost', 'a b:1', 'x:99999', ':1'].map(parseClamdAddress)).toEqual(Array(5).fill(undefined))
})
