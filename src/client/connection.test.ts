import { afterEach, expect, test, vi } from 'vitest'
import { openConnection, type Socket } from './connection.ts'

afterEach(() => void vi.useRealTimers())

/** A socket in the test's hand, for what needs 45 s of silence. */
class StillSocket implements Socket {
  static last: StillSocket
  readonly sent: { id: number; verb: string }[] = []
  #heard = new Map<string, (event: never) => void>()

  constructor() {
    StillSocket.last = this
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data))
  }

  close(): void {}

  addEventListener(type: string, hear: (event: never) => void): void {
    this.#heard.set(type, hear)
  }

  fire(type: string, event: unknown = {}): void {
    this.#heard.get(type)?.(event as never)
  }
}

function open(): { closed: number[] } {
  const closed: number[] = []
  openConnection({
    url: 'ws://127.0.0.1/ws',
    webSocket: StillSocket,
    opened: () => {},
    heard: () => {},
    closed: code => closed.push(code),
  })
  StillSocket.last.fire('open')
  return { closed }
}

test('[CL13] after 45 s of silence something cheap is asked, and any answer, a refusal too, shows life', async () => {
  vi.useFakeTimers()
  const { closed } = open()
  await vi.advanceTimersByTimeAsync(44_000)
  expect(StillSocket.last.sent).toEqual([])
  await vi.advanceTimersByTimeAsync(2_000)
  expect(StillSocket.last.sent).toMatchObject([{ id: 1, verb: 'room.part' }])
  StillSocket.last.fire('message', { data: '{"id":1,"error":{"code":"not_found","message":""}}' })
  await vi.advanceTimersByTimeAsync(40_000)
  expect(closed).toEqual([])
})

test('[CL13] without an answer within 15 s the connection counts as lost', async () => {
  vi.useFakeTimers()
  const { closed } = open()
  await vi.advanceTimersByTimeAsync(61_000)
  expect(closed).toEqual([1006])
})

test('[CL13] while anything is heard nothing is asked', async () => {
  vi.useFakeTimers()
  open()
  for (let minute = 0; minute < 5; minute += 1) {
    await vi.advanceTimersByTimeAsync(30_000)
    StillSocket.last.fire('message', { data: '{"event":"room.read","room":"x","seq":1}' })
  }
  expect(StillSocket.last.sent).toEqual([])
})
