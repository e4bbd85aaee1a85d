import type { Socket } from 'node:net'
import {
  type Control,
  type Message,
  MessageParser,
  type MessageResponse,
  SearchEntry,
  SearchReference,
  UnbindRequest,
} from 'ldapts'

/** A result with the entries that came before it. */
export type Answer = { result: MessageResponse; entries: SearchEntry[] }

/** Requests and answers of LDAP over one socket, which is never exchanged for another one behind the caller's back. */
export type Wire = {
  /** Rejects where no answer comes in time; the connection has ended then. */
  ask(make: (messageId: number, controls?: Control[]) => Message, patienceMs: number): Promise<Answer>
  isOpen(): boolean
  /** Says good-bye and ends it. */
  close(): void
  /** Ends it; what is asked for is rejected with the reason. */
  end(reason: Error): void
  /** Lets the socket go, for TLS to begin on it. */
  release(): Socket
}

const goodbyeMs = 1_000

type Pending = { message: Message; entries: SearchEntry[]; done(answer: Answer): void; failed(reason: Error): void }

export function openWire(socket: Socket): Wire {
  const pending = new Map<string, Pending>()
  const parser = new MessageParser()
  let lastId = 0
  let ended: Error | undefined

  parser.on('message', take)
  parser.on('error', end)
  socket.on('data', read)
  socket.on('error', end)
  socket.on('close', onClose)

  function read(data: Buffer) {
    try {
      parser.read(data, pending)
    } catch (error) {
      // Lengths that no answer can have make the parser itself stumble.
      end(error as Error)
    }
  }

  function onClose() {
    end(new Error('The connection was closed.'))
  }

  function take(message: MessageResponse) {
    const asked = pending.get(String(message.messageId))
    // Nobody asked, or it is late: also how a server announces that it hangs up.
    if (!asked) return
    if (message instanceof SearchEntry) asked.entries.push(message)
    else if (!(message instanceof SearchReference)) asked.done({ result: message, entries: asked.entries })
  }

  function end(reason: Error) {
    ended ??= reason
    socket.destroy()
    for (const { failed } of [...pending.values()]) failed(ended)
  }

  return {
    ask(make, patienceMs) {
      return new Promise((resolve, reject) => {
        if (ended) return reject(ended)
        lastId += 1
        const id = String(lastId)
        const message = make(lastId)
        const timer = setTimeout(() => end(new Late(patienceMs)), patienceMs)
        const settle = () => {
          clearTimeout(timer)
          pending.delete(id)
        }
        pending.set(id, {
          message,
          entries: [],
          done(answer) {
            settle()
            resolve(answer)
          },
          failed(reason) {
            settle()
            reject(reason)
          },
        })
        socket.write(message.write())
      })
    },
    isOpen: () => ended === undefined,
    close() {
      if (ended) return
      const goodbye = new UnbindRequest({ messageId: lastId + 1 }).write()
      ended = new Error('The connection was closed.')
      socket.end(goodbye, () => socket.destroy())
      // One that takes nothing any more.
      socket.setTimeout(goodbyeMs, () => socket.destroy())
      for (const { failed } of [...pending.values()]) failed(ended)
    },
    end,
    release() {
      socket.off('data', read)
      socket.off('error', end)
      socket.off('close', onClose)
      ended = new Error('The connection was handed on.')
      return socket
    },
  }
}

/** No answer in time. */
export class Late extends Error {
  override name = 'Late'
  constructor(patienceMs: number) {
    super(`does not answer within ${Math.round(patienceMs / 100) / 10} s`)
  }
}
