import { openBenchSocket } from './socket.ts'

/** A live session that counts what shuts it out, and what it is told beside. */
export type ScopeSession = {
  user: number
  rooms: number
  closed: number
  /** When the last room was closed. */
  closedAt: number
  changed: number
  end(): void
}

const closedEvent = Buffer.from('"event":"room.closed"')
const changedEvent = Buffer.from('"event":"room.changed"')
/** Of a frame, the part in which its event's name stands. */
const HEAD = 40

/** Opened, and in all rooms that its user follows. */
export async function openScopeSession(port: number, localAddress: string, token: string, user: number) {
  const session: ScopeSession = { user, rooms: 0, closed: 0, closedAt: 0, changed: 0, end: () => {} }
  const answers: ((text: string) => void)[] = []
  const socket = await openBenchSocket(
    { port, localAddress },
    (buffer, from, to) => {
      if (buffer[from + 2] !== 'e'.charCodeAt(0)) return answers.shift()?.(buffer.toString('utf8', from, to))
      const head = buffer.subarray(from, Math.min(to, from + HEAD))
      if (head.includes(changedEvent)) session.changed += 1
      if (!head.includes(closedEvent)) return undefined
      session.closed += 1
      session.closedAt = performance.now()
      return undefined
    },
    () => {},
  )
  const ask = (verb: string, input: object) => {
    const answered = new Promise<string>(resolve => answers.push(resolve))
    socket.send(JSON.stringify({ id: answers.length, verb, input }))
    return answered.then(text => JSON.parse(text))
  }
  const opened = await ask('session.open', { token })
  if (opened.error) throw new Error(opened.error.message)
  const synced = await ask('session.sync', {})
  if (synced.error) throw new Error(synced.error.message)
  session.rooms = synced.result.rooms.length
  session.end = socket.end
  return session
}
