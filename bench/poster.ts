import { randomUUID } from 'node:crypto'
import type { Timed } from './figures.ts'
import type { BenchSession } from './session.ts'
import { textOf } from './text.ts'
import { roomId } from './world.ts'

/** `perSecond`: as many a second whatever comes back, over all sessions; without it each session has `window` under way. */
export type PostOrder = { rooms: number[]; window: number; ms: number; perSecond?: number }

/** Requests of one session are told apart by places, so that all ids have the same length and are read without parsing. */
const FIRST_ID = 10_000
const ID_AT = '{"id":'.length
const OUTCOME_AT = ID_AT + String(FIRST_ID).length + 2
const R = 'r'.charCodeAt(0)
/** A post that is due while all places are taken would be sent late, and nobody would see it. */
const MOST_UNDER_WAY = 900

type Poster = { free: number[]; post(dueAt: number): void; stop(): void }

/** Place in a list of rooms: each sender has 16 rooms as in the capacity model, half of them with a neighbour, and writes into all. */
export function roomOfSender(sender: number, turn: number, rooms: number): number {
  return (sender * 8 + ((turn * 7) % 16)) % rooms
}

/** Posts into rooms by turns as cheaply as it can, since it has the machine together with the server that it measures. */
export function postMany(sessions: BenchSession[], order: PostOrder): Promise<Timed> {
  const rooms = order.rooms.map(roomId)
  const startedAt = performance.now()
  const until = startedAt + order.ms
  const each: number[] = []
  let underWay = 0
  let sent = 0

  return new Promise((resolve, reject) => {
    const posters = sessions.map((session, sender) =>
      openPoster(session, {
        places: order.perSecond === undefined ? order.window : MOST_UNDER_WAY,
        frame: id => {
          const room = rooms[roomOfSender(sender, sent, rooms.length)]
          sent += 1
          underWay += 1
          return `{"id":${id},"verb":"message.post","input":{"room":"${room}","clientId":"${randomUUID()}","text":"${textOf(sent)}"}}`
        },
        answered: (poster, ms) => {
          each.push(ms)
          underWay -= 1
          const now = performance.now()
          if (now >= until) finish()
          else if (order.perSecond === undefined) poster.post(now)
        },
        refused: text => reject(new Error(text)),
      }),
    )
    const finish = () => {
      if (underWay > 0) return
      for (const poster of posters) poster.stop()
      resolve({ count: each.length, ms: performance.now() - startedAt, each })
    }
    if (order.perSecond === undefined)
      for (const poster of posters) for (let count = 0; count < order.window; count += 1) poster.post(startedAt)
    else postByClock(posters, order.perSecond, { startedAt, until, reject, finish })
  })
}

type Clock = { startedAt: number; until: number; reject: (error: Error) => void; finish: () => void }

/** Times count from when a post was due: one that was sent late, or not at all, must not look quick. */
function postByClock(posters: Poster[], perSecond: number, { startedAt, until, reject, finish }: Clock): void {
  let due = 0
  const tick = () => {
    const now = performance.now()
    if (now >= until) {
      clearInterval(ticking)
      return finish()
    }
    for (; startedAt + (due * 1000) / perSecond <= now; due += 1) {
      const poster = posters[due % posters.length]!
      if (poster.free.length === 0) {
        clearInterval(ticking)
        return reject(new Error(`${perSecond} posts a second are more than the server takes.`))
      }
      poster.post(startedAt + (due * 1000) / perSecond)
    }
  }
  const ticking = setInterval(tick, 1)
}

type PosterOptions = {
  places: number
  frame: (id: number) => string
  answered: (poster: Poster, ms: number) => void
  refused: (text: string) => void
}

function openPoster(session: BenchSession, { places, frame, answered, refused }: PosterOptions): Poster {
  const dueAt = new Float64Array(places)
  const poster: Poster = {
    free: Array.from({ length: places }, (_, place) => place),
    post(at) {
      const place = poster.free.pop()!
      dueAt[place] = at
      session.send(frame(FIRST_ID + place))
    },
    stop: () => session.listen(undefined),
  }
  session.listen((buffer, from, to) => {
    if (buffer[from + OUTCOME_AT] !== R) return refused(buffer.toString('utf8', from, to))
    let id = 0
    for (let at = from + ID_AT; at < from + OUTCOME_AT - 2; at += 1) id = id * 10 + buffer[at]! - 48
    const place = id - FIRST_ID
    poster.free.push(place)
    answered(poster, performance.now() - dueAt[place]!)
  })
  return poster
}
