import { type Running, repeatEvery } from '../base/lifecycle.ts'
import type { Chat } from '../chat/chat.ts'
import { answerRosters, askRosters, tellDigest, tellPresence } from '../chat/presence.ts'
import type { BusHead } from '../pool/bus.ts'
import type { PresenceMove, RosterPart } from '../pool/roster.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Members } from './members.ts'
import { gatherList, isKnown as isPlaceKnown, isWhole, openPlace, type Place, replaceList, takeMove } from './place.ts'
import type { MergedRoster } from './roster.ts'

/** What processes of a pool tell each other of who is in the rooms that both hear. */
export type RosterExchange = {
  /** The room is heard here from now on. */
  begin(room: string): void
  end(room: string): void
  /** To the others: a move of this process. */
  tell(room: string, move: PresenceMove): void
  hear(head: BusHead): void
  found(member: string): void
  lost(member: string): void
  /** Anything may have been missed: everybody is asked about everything. */
  askAll(): void
  /** All have said who is in the room, or cannot. */
  isKnown(room: string): boolean
  /** Resolves when all have said who is in the room, or had time enough to. */
  known(room: string): Promise<void>
  stop(): Promise<void>
}

export type ExchangeOptions = { digestMs?: number; askAgainMs?: number; knownWithinMs?: number }

/** What is to be asked is gathered for so long: twenty thousand who come back ask about their rooms in few messages. */
const gatherMs = 10
const askAgainMs = 1_000
const maxAskDoublings = 5
const digestMs = 10_000
/** In so many digests each room is told once, also where nothing changed. */
const digestRounds = 6
/** Users of a dead process that leave in one turn of the event loop. */
const maxLeftAtOnce = 2_000
/** How long a join waits for the others' lists. What comes later is told as news. */
const knownWithinMs = 500

type Exchange = {
  chat: Chat
  roster: MergedRoster
  members: Pick<Members, 'all' | 'heard'>
}

export function openRosterExchange({ chat, roster, members }: Exchange, options: ExchangeOptions = {}): RosterExchange {
  /** How far this process has counted; kept for good where somebody was once, so that the others never mistake a new count for an old one. */
  const counted = new Map<string, number>()
  const heard = new Map<string, Map<string, Place>>()
  const wanted = new Set<Place>()
  let toAsk = new Map<string | undefined, Set<string>>()
  let gathering: NodeJS.Timeout | undefined
  const slow = new Set<string>()
  const waiting = new Map<string, Set<() => void>>()
  let changed = new Set<string>()
  let round = 0

  ////////////////////////////////////////////////////////////////// asking

  function ask(room: string, member: string | undefined) {
    const rooms = toAsk.get(member) ?? new Set()
    toAsk.set(member, rooms.add(room))
    gathering ??= setTimeout(sendAsks, gatherMs).unref()
  }

  function sendAsks() {
    const asks = toAsk
    toAsk = new Map()
    gathering = undefined
    for (const [member, rooms] of asks) {
      const open = [...rooms].filter(room => member === undefined || isAsked(heard.get(room)?.get(member)))
      if (open.length > 0) askRosters(chat, open, member)
    }
  }

  const isAsked = (place: Place | undefined) => place?.askedAt !== undefined

  function note(place: Place) {
    place.askedAt = performance.now()
    place.asks += 1
    wanted.add(place)
  }

  function want(place: Place) {
    note(place)
    ask(place.room, place.member)
  }

  /** Answers get lost too; one that does not answer is asked less and less often. */
  function askAgain() {
    const now = performance.now()
    const pauseMs = options.askAgainMs ?? askAgainMs
    for (const place of wanted) {
      if (place.askedAt === undefined || heard.get(place.room)?.get(place.member) !== place) wanted.delete(place)
      else if (now - place.askedAt > pauseMs * 2 ** Math.min(place.asks, maxAskDoublings)) want(place)
    }
  }

  function placeOf(room: string, member: string): Place | undefined {
    const places = heard.get(room)
    if (!places) return undefined
    const place = places.get(member) ?? openPlace(room, member)
    places.set(member, place)
    return place
  }

  function isKnown(room: string): boolean {
    // Nobody would answer.
    if (chat.bus.isConnected?.() === false) return true
    const places = heard.get(room)
    return members.all().every(member => slow.has(member) || isPlaceKnown(places?.get(member)))
  }

  function checkWaiting(room: string) {
    const waiters = waiting.get(room)
    if (!waiters || (heard.has(room) && !isKnown(room))) return
    waiting.delete(room)
    for (const resolve of waiters) resolve()
  }

  ////////////////////////////////////////////////////////////////// hearing

  function hearPresence({ room, member, n, ...move }: Extract<BusHead, { kind: 'presence' }>) {
    const place = placeOf(room, member)
    if (!place) return
    apply(place, takeMove(place, n, move))
  }

  function apply(place: Place, moves: PresenceMove[]) {
    for (const move of moves) roster.move(place.room, move)
    settle(place)
  }

  function settle(place: Place) {
    if (isWhole(place)) wanted.delete(place)
    else if (!isAsked(place)) want(place)
    checkWaiting(place.room)
  }

  function hearRoster({ member, people, rooms }: Extract<BusHead, { kind: 'roster' }>) {
    for (const part of rooms) hearPart(member, part, people)
  }

  function hearPart(member: string, part: RosterPart, people: Principal[]) {
    const place = placeOf(part.room, member)
    if (!place) return
    const some = part.who.flatMap(at => people[at] ?? [])
    const list = gatherList(place, part, some)
    if (!list) return
    const { joined, left, moves } = replaceList(place, part.n, list)
    if (joined.length > 0 || left.length > 0) roster.merge(place.room, joined, left)
    apply(place, moves)
  }

  function hearDigest({ member, rooms }: Extract<BusHead, { kind: 'digest' }>) {
    for (const [room, n] of rooms) {
      const place = placeOf(room, member)
      if (!place || place.counted >= n) continue
      place.highest = Math.max(place.highest, n)
      if (!isAsked(place)) want(place)
    }
  }

  /** In slices: twenty thousand users in 16 rooms each are a second and a half of work. `before`: rooms that were heard then. */
  async function leaveAll(places: Place[], before: Map<string, unknown>) {
    let done = 0
    for (const { room, users } of places) {
      if (done > maxLeftAtOnce) {
        done = 0
        await new Promise(resolve => setImmediate(resolve))
      }
      // Whoever heard it anew since has never counted them.
      if (heard.get(room) === before.get(room)) roster.merge(room, [], users)
      done += users.size + 1
    }
  }

  function* answer(rooms: string[]) {
    for (const room of rooms) yield { room, n: counted.get(room) ?? 0, people: roster.locals(room) }
  }

  ////////////////////////////////////////////////////////////////// digests

  async function digest() {
    round += 1
    const told = changed
    changed = new Set()
    let place = 0
    for (const room of counted.keys()) {
      place += 1
      if (place % digestRounds === round % digestRounds) told.add(room)
    }
    if (told.size > 0 && members.all().length > 0)
      tellDigest(
        chat,
        [...told].map(room => [room, counted.get(room)!]),
      )
  }

  const log = (error: unknown) => chat.log.error({ err: error }, 'the rosters of the pool wait')
  const digesting: Running = repeatEvery(options.digestMs ?? digestMs, digest, log)
  const asking: Running = repeatEvery((options.askAgainMs ?? askAgainMs) / 2, async () => askAgain(), log)

  return {
    begin(room) {
      if (heard.has(room)) return
      heard.set(room, new Map())
      if (members.all().length === 0) return
      for (const member of members.all()) note(placeOf(room, member)!)
      ask(room, undefined)
    },
    end(room) {
      heard.delete(room)
      checkWaiting(room)
    },
    tell(room, move) {
      const n = (counted.get(room) ?? 0) + 1
      counted.set(room, n)
      changed.add(room)
      tellPresence(chat, room, n, move)
    },
    hear(head) {
      if (!('member' in head) || head.member === chat.member) return
      members.heard(head.member)
      slow.delete(head.member)
      if (head.kind === 'presence') hearPresence(head)
      else if (head.kind === 'roster') hearRoster(head)
      else if (head.kind === 'digest') hearDigest(head)
      else if (head.kind === 'rosterAsk') void answerRosters(chat, head.member, answer(head.rooms)).catch(log)
    },
    found(member) {
      for (const room of heard.keys()) want(placeOf(room, member)!)
    },
    lost(member) {
      slow.delete(member)
      const left: Place[] = []
      for (const [room, places] of heard) {
        const place = places.get(member)
        places.delete(member)
        if (place && place.users.size > 0) left.push(place)
        checkWaiting(room)
      }
      void leaveAll(left, new Map(heard))
    },
    askAll() {
      for (const room of heard.keys()) for (const member of members.all()) want(placeOf(room, member)!)
    },
    isKnown,
    async known(room) {
      if (isKnown(room)) return
      await new Promise<void>(resolve => {
        const waiters = waiting.get(room) ?? new Set()
        const timer = setTimeout(tooLate, options.knownWithinMs ?? knownWithinMs)
        /** Whoever did not answer is not waited for again before something comes from it. */
        function tooLate() {
          for (const member of members.all()) if (!isPlaceKnown(heard.get(room)?.get(member))) slow.add(member)
          over()
        }
        function over() {
          clearTimeout(timer)
          waiters.delete(over)
          if (waiters.size === 0 && waiting.get(room) === waiters) waiting.delete(room)
          resolve()
        }
        waiting.set(room, waiters.add(over))
      })
    },
    async stop() {
      clearTimeout(gathering)
      for (const waiters of waiting.values()) for (const resolve of [...waiters]) resolve()
      await Promise.all([digesting.stop(), asking.stop()])
    },
  }
}
