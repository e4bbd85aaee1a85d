import { type Running, repeatEvery } from '../base/lifecycle.ts'
import type { Chat } from '../chat/chat.ts'
import { answerRosters, askRosters, tellDigest } from '../chat/presence.ts'
import type { BusHead } from '../pool/bus.ts'
import type { PresenceMove, RosterPart } from '../pool/roster.ts'
import type { Principal } from '../protocol/principal.ts'
import { openHeardRooms } from './heard-room.ts'
import type { Members } from './members.ts'
import { openMoves } from './moves.ts'
import {
  followList,
  forgetRoom,
  gatherList,
  type HeardRoom,
  isAsked,
  isKnown as isPlaceKnown,
  isWhole,
  noteAsked,
  noteCounted,
  openPlace,
  type Place,
  takeMove,
} from './place.ts'
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
/** In a storm it is asked four times a second, unless somebody waits for the answer. */
const pauseMs = 250
const askAgainMs = 1_000
const maxAskDoublings = 5
const digestMs = 10_000
/** In so many digests each room is told once, also where nothing changed: more where there are more rooms than a digest holds. */
const digestRounds = 6
/** Rooms of one digest: every other process reads all of it, and in a storm every room changes. */
const maxDigest = 2_000
/** Of them, those that are told because their turn has come. */
const minRound = 500
/** People that are looked at in one turn of the event loop when a process is dead. */
const maxLookedAtOnce = 2_000
/** Rooms that one process is asked about at a time: it has others to serve, and a list that comes late is asked for again. */
const maxAsked = 2_000
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
  const heard = openHeardRooms()
  const places = new Map<string, Place>()
  /** Rooms that are to be asked about when there is room. */
  const wanted = new Map<Place, Iterator<HeardRoom>>()
  /** Numbers of places that the roster still knows somebody at. */
  const numbers = new Set<number>()
  let toAsk = new Map<string | undefined, Set<string>>()
  let gathering: NodeJS.Timeout | undefined
  let hurries = false
  let askedAt = Number.NEGATIVE_INFINITY
  const slow = new Set<string>()
  const waiting = new Map<string, Set<() => void>>()
  const moves = openMoves(chat)
  const changed = new Set<string>()
  let round = counted.keys()

  ////////////////////////////////////////////////////////////////// asking

  function ask(room: string, member: string | undefined) {
    const rooms = toAsk.get(member) ?? new Set()
    toAsk.set(member, rooms.add(room))
    gathering ??= setTimeout(sendAsks, Math.max(gatherMs, askedAt + pauseMs - performance.now())).unref()
  }

  /** Somebody waits for the answer. What is asked in the same moment still shares the message. */
  function hurry() {
    if (hurries) return
    hurries = true
    clearTimeout(gathering)
    gathering = setTimeout(sendAsks, gatherMs).unref()
  }

  function sendAsks() {
    const asks = toAsk
    toAsk = new Map()
    clearTimeout(gathering)
    gathering = undefined
    hurries = false
    askedAt = performance.now()
    for (const [member, rooms] of asks) {
      const open = member === undefined ? [...rooms] : [...rooms].filter(room => isStillAsked(room, member))
      if (open.length > 0) askRosters(chat, open, member)
    }
  }

  function isStillAsked(room: string, member: string): boolean {
    const place = places.get(member)
    const number = heard.get(room)?.number
    return place !== undefined && number !== undefined && isAsked(place, number)
  }

  function want(place: Place, room: HeardRoom) {
    noteAsked(place, room)
    ask(room.room, place.member)
  }

  function wantAll(place: Place) {
    wanted.set(place, heard.all()[Symbol.iterator]())
    wantMore(place)
  }

  function wantMore(place: Place) {
    const rooms = wanted.get(place)
    while (rooms && place.pending.size < maxAsked) {
      const next = rooms.next()
      if (next.done) return void wanted.delete(place)
      want(place, next.value)
    }
  }

  /** Answers get lost too; one that does not answer is asked less and less often. */
  function askAgain() {
    const now = performance.now()
    const pauseMs = options.askAgainMs ?? askAgainMs
    for (const place of places.values())
      for (const [number, { room, askedAt, asks }] of place.pending)
        if (askedAt !== undefined && now - askedAt > pauseMs * 2 ** Math.min(asks, maxAskDoublings))
          want(place, { room, number })
    for (const place of wanted.keys()) wantMore(place)
  }

  function isKnown(room: string): boolean {
    // Nobody would answer.
    if (chat.bus.isConnected?.() === false) return true
    const number = heard.get(room)?.number
    return members.all().every(member => slow.has(member) || isKnownAt(member, number))
  }

  function isKnownAt(member: string, room: number | undefined): boolean {
    return room !== undefined && isPlaceKnown(places.get(member), room)
  }

  function checkWaiting(room: string) {
    const waiters = waiting.get(room)
    if (!waiters || (heard.get(room) && !isKnown(room))) return
    waiting.delete(room)
    for (const resolve of waiters) resolve()
  }

  ////////////////////////////////////////////////////////////////// hearing

  function hearMove(member: string, name: string, n: number, move: PresenceMove) {
    const place = places.get(member)
    const room = heard.get(name)
    if (place && room) apply(place, room, takeMove(place, room, n, move))
  }

  function apply(place: Place, room: HeardRoom, moves: PresenceMove[]) {
    for (const move of moves) roster.move(room.room, place.number, move)
    if (!isWhole(place, room.number) && !isAsked(place, room.number)) want(place, room)
    checkWaiting(room.room)
  }

  function hearPart(member: string, part: RosterPart, people: Principal[]) {
    const place = places.get(member)
    const room = heard.get(part.room)
    if (!place || !room) return
    const some = part.who.flatMap(at => people[at] ?? [])
    const list = gatherList(place, room, part, some)
    if (!list) return
    roster.replace(room.room, place.number, list)
    apply(place, room, followList(place, room, part.n))
    wantMore(place)
  }

  function hearDigest({ member, rooms }: Extract<BusHead, { kind: 'digest' }>) {
    const place = places.get(member)
    for (const [name, n] of rooms) {
      const room = heard.get(name)
      if (!place || !room || !noteCounted(place, room.number, n) || isAsked(place, room.number)) continue
      if (place.pending.size < maxAsked) want(place, room)
      else if (!wanted.has(place)) wanted.set(place, behind(place))
    }
  }

  /** Rooms whose list is to be asked for when there is room again. */
  function* behind(place: Place) {
    for (const room of heard.all()) if (!isWhole(place, room.number) && !isAsked(place, room.number)) yield room
  }

  /** In slices: twenty thousand users in 16 rooms each are much work. Only then its number is another one's. */
  async function leaveAll({ number }: Place) {
    let looked = 0
    for (const { room } of [...heard.all()]) {
      if (looked > maxLookedAtOnce) {
        looked = 0
        await new Promise(resolve => setImmediate(resolve))
      }
      looked += 1 + roster.abandon(room, number)
    }
    numbers.delete(number)
  }

  function openNextPlace(member: string): Place {
    let number = 0
    while (numbers.has(number)) number += 1
    numbers.add(number)
    const place = openPlace(member, number)
    places.set(member, place)
    return place
  }

  function* answer(rooms: string[]) {
    for (const room of rooms) yield { room, n: counted.get(room) ?? 0, people: roster.locals(room) }
  }

  ////////////////////////////////////////////////////////////////// digests

  /** Of the rooms that were ever counted here; there is one. */
  function nextInRound(): string {
    const next = round.next()
    if (!next.done) return next.value
    round = counted.keys()
    return round.next().value!
  }

  async function digest() {
    // Whoever hears of the count first would ask for the list.
    moves.flush()
    const told = new Set<string>()
    const most = Math.min(maxDigest, changed.size + Math.ceil(counted.size / digestRounds))
    for (const room of changed) {
      if (told.size >= maxDigest - minRound) break
      told.add(room)
    }
    for (let looked = 0; told.size < most && looked < counted.size; looked += 1) told.add(nextInRound())
    for (const room of told) changed.delete(room)
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
    begin(name) {
      if (heard.get(name)) return
      const room = heard.add(name)
      for (const place of places.values()) noteAsked(place, room)
      if (places.size > 0) ask(name, undefined)
    },
    end(name) {
      const room = heard.delete(name)
      for (const place of room ? places.values() : []) forgetRoom(place, room!.number)
      checkWaiting(name)
    },
    tell(room, move) {
      const n = (counted.get(room) ?? 0) + 1
      counted.set(room, n)
      changed.add(room)
      moves.add(room, n, move)
    },
    hear(head) {
      if (!('member' in head) || head.member === chat.member) return
      members.heard(head.member)
      slow.delete(head.member)
      if (head.kind === 'moves') {
        for (const move of head.moves) for (const [room, n] of move.rooms) hearMove(head.member, room, n, move)
      } else if (head.kind === 'presence') hearMove(head.member, head.room, head.n, head)
      else if (head.kind === 'roster') for (const part of head.rooms) hearPart(head.member, part, head.people)
      else if (head.kind === 'digest') hearDigest(head)
      else if (head.kind === 'rosterAsk') void answerRosters(chat, head.member, answer(head.rooms)).catch(log)
    },
    found(member) {
      wantAll(openNextPlace(member))
    },
    lost(member) {
      slow.delete(member)
      const place = places.get(member)
      places.delete(member)
      if (place) wanted.delete(place)
      for (const room of waiting.keys()) checkWaiting(room)
      if (place) void leaveAll(place)
    },
    askAll() {
      for (const place of places.values()) wantAll(place)
    },
    isKnown,
    async known(room) {
      if (isKnown(room)) return
      hurry()
      await new Promise<void>(resolve => {
        const waiters = waiting.get(room) ?? new Set()
        const timer = setTimeout(tooLate, options.knownWithinMs ?? knownWithinMs)
        /** Whoever did not answer is not waited for again before something comes from it. */
        function tooLate() {
          const number = heard.get(room)?.number
          for (const member of members.all()) if (!isKnownAt(member, number)) slow.add(member)
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
      moves.stop()
      for (const waiters of waiting.values()) for (const resolve of [...waiters]) resolve()
      await Promise.all([digesting.stop(), asking.stop()])
    },
  }
}
