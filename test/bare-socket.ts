import { WebSocket } from 'ws'
import type { Result, Verb } from '../src/protocol/request.ts'

type Answer = { result?: Result<Verb>; error?: { code: string; message: string } }
export type BareSocket = {
  ask(verb: Verb, input: object): Promise<Answer>
  closed: Promise<number>
  close(): Promise<void>
}

/** A WebSocket as a page or a program opens it, before session.open. */
export async function openSocket(url: string, options: { origin?: string; headers?: Record<string, string> } = {}) {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws').replace(/\/ws$/, '')}/ws`, 'pchat.v1', options)
  const closed = new Promise<number>(resolve => socket.once('close', resolve))
  const waiting = new Map<number, (answer: Answer) => void>()
  let last = 0
  socket.on('error', () => {})
  socket.on('message', data => {
    const frame = JSON.parse(data.toString()) as Answer & { id?: number }
    if (frame.id !== undefined) waiting.get(frame.id)?.(frame)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  const bare: BareSocket = {
    ask: (verb, input) =>
      new Promise(resolve => {
        last += 1
        waiting.set(last, resolve)
        socket.send(JSON.stringify({ id: last, verb, input }))
      }),
    closed,
    async close() {
      socket.close()
      await closed
    },
  }
  return bare
}
