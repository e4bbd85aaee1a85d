import { WebSocket } from 'ws'
import type { WireError } from '../src/protocol/error.ts'

export type Answer = { result?: unknown; error?: WireError }

/** An open session that tells of its end: nothing that was asked is left waiting. */
export async function openSocket(url: string, token: string) {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, 'pchat.v1')
  const waiting = new Map<number, (answer: Answer | 'gone') => void>()
  let lastId = 0
  socket.on('error', () => {})
  socket.on('message', data => {
    const answer = JSON.parse(data.toString()) as Answer & { id: number }
    waiting.get(answer.id)?.(answer)
    waiting.delete(answer.id)
  })
  socket.on('close', () => {
    for (const answer of waiting.values()) answer('gone')
  })
  const ask = (verb: string, input: unknown) =>
    new Promise<Answer | 'gone'>(resolve => {
      if (socket.readyState !== WebSocket.OPEN) return resolve('gone')
      lastId += 1
      waiting.set(lastId, resolve)
      socket.send(JSON.stringify({ id: lastId, verb, input }))
    })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const opened = await ask('session.open', { token })
  if (opened === 'gone' || opened.error) throw new Error(`session.open: ${JSON.stringify(opened)}`)
  return { ask, end: () => socket.terminate() }
}
