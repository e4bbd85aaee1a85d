import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { Outlet, openFlusher } from './session.ts'

const turn = () => new Promise(resolve => setImmediate(resolve))
const bytes = (text: string) => Buffer.from(text)

/** A socket that takes one write at a time and says when it is done. */
function openSocket(highWaterMark = 1_000_000) {
  const socket = new PassThrough({ highWaterMark })
  const writes: string[] = []
  const write = socket.write.bind(socket)
  socket.write = ((chunk: Uint8Array) => {
    writes.push(Buffer.from(chunk).toString())
    return write(chunk)
  }) as typeof socket.write
  return { socket, writes }
}

test('[LV14] what is pushed to a session within one turn is written in one piece, in order', async () => {
  const { socket, writes } = openSocket()
  const outlet = new Outlet(socket, openFlusher())
  for (const text of ['a', 'b', 'c']) outlet.push(bytes(text))
  expect(writes).toEqual([])
  expect(outlet.waitingBytes()).toBe(3)
  await turn()
  expect(writes).toEqual(['abc'])
  outlet.push(bytes('d'))
  await turn()
  await turn()
  expect(writes).toEqual(['abc', 'd'])
})

test('[LV14] one flush a turn serves all sessions that were pushed to', async () => {
  const schedule = openFlusher()
  const made = [openSocket(), openSocket(), openSocket()]
  const outlets = made.map(({ socket }) => new Outlet(socket, schedule))
  for (const text of ['1', '2']) for (const outlet of outlets) outlet.push(bytes(text))
  await turn()
  expect(made.map(({ writes }) => writes)).toEqual([['12'], ['12'], ['12']])
})

test('[LV15] a socket that does not take what it has gets no more until it has room, and then all of it in order', async () => {
  const { socket, writes } = openSocket(4)
  const outlet = new Outlet(socket, openFlusher())
  outlet.push(bytes('first'))
  await turn()
  for (const text of ['second ', 'third ']) outlet.push(bytes(text))
  await turn()
  outlet.push(bytes('fourth'))
  await turn()
  expect(writes).toEqual(['first'])
  expect(outlet.waitingBytes()).toBeGreaterThanOrEqual('second third fourth'.length)
  const drained = once(socket, 'drain')
  socket.resume()
  await drained
  await turn()
  expect(writes.join('')).toBe('firstsecond third fourth')
  expect(outlet.waitingBytes()).toBe(0)
})

test('[LV15] what a slow reader has not begun to get can be dropped, what must go out before a close is written whole', async () => {
  const { socket, writes } = openSocket(4)
  const outlet = new Outlet(socket, openFlusher())
  outlet.push(bytes('begun'))
  await turn()
  outlet.push(bytes('dropped'))
  outlet.drop()
  expect(outlet.waitingBytes()).toBe(socket.writableLength)
  outlet.push(bytes('late'))
  await turn()
  expect(writes).toEqual(['begun'])

  const other = openSocket(4)
  const ending = new Outlet(other.socket, openFlusher())
  for (const text of ['last ', 'words']) ending.push(bytes(text))
  ending.finish()
  expect(other.writes).toEqual(['last words'])
})

test('[LV15] much that waits is written in pieces of whole frames', async () => {
  const { socket, writes } = openSocket(10_000_000)
  const outlet = new Outlet(socket, openFlusher())
  const frame = Buffer.alloc(100_000, 'x')
  for (let n = 0; n < 7; n += 1) outlet.push(frame)
  outlet.push(Buffer.alloc(1_000_000, 'y'))
  await turn()
  expect(writes.map(write => write.length)).toEqual([200_000, 200_000, 200_000, 100_000, 1_000_000])
})

test('[LV15] nothing is written to a socket that is gone', async () => {
  const { socket, writes } = openSocket()
  const outlet = new Outlet(socket, openFlusher())
  outlet.push(bytes('late'))
  socket.destroy()
  await turn()
  expect(writes).toEqual([])
  expect(outlet.waitingBytes()).toBe(0)
})

test('[LV15] a reader for whom too much waits is closed, and one large answer is not too much', async () => {
  const { socket } = openSocket(4)
  let closed = 0
  const outlet = new Outlet(socket, openFlusher(), {
    limitBytes: () => 100,
    close() {
      closed += 1
      outlet.drop()
    },
  })
  outlet.push(Buffer.alloc(1_000, 'x'))
  await turn()
  outlet.push(bytes('waits behind it'))
  expect(closed).toBe(0)
  outlet.push(bytes('too much'))
  expect(closed).toBe(1)
  expect(outlet.waitingBytes()).toBe(socket.writableLength)
})
