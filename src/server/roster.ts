import type { PresenceMove, Roster } from '../pool/roster.ts'
import type { Principal } from '../protocol/principal.ts'
import { type Crowd, here, isAt, isIn, keepHere, openCrowd, put, sessionsOf, take } from './crowd.ts'
import { openLingering } from './lingering.ts'
import { openPeople } from './people.ts'

/** What of a roster's change the sessions of the room are told. */
export type RosterNews =
  | { kind: 'joined' | 'left'; principal: Principal; participants: number }
  | { kind: 'roster'; participants: number; suspended: boolean; list?: Principal[] }

export type MergedRoster = Required<Pick<Roster, 'told'>> &
  Roster & {
    /** A session of this process. */
    enter(room: string, principal: Principal): void
    /** `lingers`: the connection went, so he may be back in a moment, and leaving is not told before that. */
    leave(room: string, user: string, lingers: boolean): void
    /** A user came to another process of the pool, or left it: `place` is its number here. */
    move(room: string, place: number, move: PresenceMove): void
    /** All who are in the room at that process: told as one where many are new. Who is not among them any more lingers. */
    replace(room: string, place: number, list: Principal[]): void
    /** Everybody at that process lingers. Answers how many people that were looked at. */
    abandon(room: string, place: number): number
    /** Who is in the room by a session of this process. */
    locals(room: string): Principal[]
    /** All of a room, for who was told nothing for a while; undefined where nobody was ever in it. */
    whole(room: string): RosterNews | undefined
    /** Only who is in the room by a session of this process is known from here on. Nobody is told: nobody looks. */
    forgetOthers(room: string): void
    /** How many rooms are above the cut-off. */
    large(): number
    /** Nobody here hears the room any more. */
    drop(room: string): void
    stop(): void
  }

type RoomRoster = { crowd: Crowd; present: number; suspended: boolean }

/** Back within this time is not told (docs/protocol.md). */
const lingerMs = 60_000
/** A large room is told of again below this share of the limit. */
const resumeShare = 0.8
/** More changes than this come as the list. */
const maxToldMoves = 3

/** Who is in which room over the whole pool, with the cut-off: above the limit nobody is told who comes and goes. */
export function openRoster(options: {
  limit: () => number
  tell: (room: string, news: RosterNews) => void
  /** A user's first session of this process came into a room, or his last one went. */
  tellPool?: (room: string, move: PresenceMove) => void
  lingerMs?: number
}): MergedRoster {
  const rooms = new Map<string, RoomRoster>()
  const people = openPeople()
  const lingering = openLingering(options.lingerMs ?? lingerMs, (room, person, ticket) => {
    const roster = rooms.get(room)
    // Back since, or gone with the room: the number may be another one's.
    if (roster?.crowd.where.get(person) === -ticket) remove(room, roster, person)
  })

  function some(room: string, which: (crowd: Crowd, person: number) => boolean): Principal[] {
    const crowd = rooms.get(room)?.crowd
    const found: Principal[] = []
    for (const person of crowd?.where.keys() ?? []) if (which(crowd!, person)) found.push(people.principal(person))
    return found
  }

  function rosterOf(room: string): RoomRoster {
    const roster = rooms.get(room) ?? { crowd: openCrowd(), present: 0, suspended: false }
    rooms.set(room, roster)
    return roster
  }

  /** With one more session, or at one more place; true where the room is to be told. */
  function add(roster: RoomRoster, principal: Principal, place: number): boolean {
    const { crowd } = roster
    const person = people.number(principal)
    const isNew = !crowd.where.has(person)
    if (isNew) people.keep(person)
    if (!isIn(crowd, person)) roster.present += 1
    put(crowd, person, place)
    return isNew
  }

  function joined(room: string, principal: Principal, place: number) {
    const roster = rosterOf(room)
    if (add(roster, principal, place))
      settle(room, roster, { kind: 'joined', principal, participants: roster.crowd.where.size })
  }

  function left(room: string, person: number | undefined, place: number, lingers: boolean) {
    const roster = rooms.get(room)
    if (!roster || person === undefined || !take(roster.crowd, person, place)) return
    roster.present -= 1
    if (lingers) roster.crowd.where.set(person, -lingering.begin(room, person))
    else remove(room, roster, person)
  }

  function remove(room: string, roster: RoomRoster, person: number) {
    const principal = people.principal(person)
    roster.crowd.where.delete(person)
    people.release(person)
    settle(room, roster, { kind: 'left', principal, participants: roster.crowd.where.size })
  }

  function settle(room: string, roster: RoomRoster, news: RosterNews) {
    const participants = roster.crowd.where.size
    if (!roster.suspended && participants > options.limit()) {
      roster.suspended = true
      options.tell(room, { kind: 'roster', participants, suspended: true })
    } else if (roster.suspended && participants < options.limit() * resumeShare) {
      roster.suspended = false
      options.tell(room, { kind: 'roster', participants, suspended: false, list: told(room) })
    } else if (!roster.suspended) options.tell(room, news)
    if (participants === 0) rooms.delete(room)
  }

  function told(room: string): Principal[] {
    return some(room, () => true)
  }

  function whole(room: string): RosterNews | undefined {
    const roster = rooms.get(room)
    if (!roster) return undefined
    const { suspended, crowd } = roster
    return { kind: 'roster', participants: crowd.where.size, suspended, ...(suspended ? {} : { list: told(room) }) }
  }

  /** Whoever `stays` says no to lingers. */
  function leaveAll(room: string, place: number, stays: (person: number) => boolean): number {
    const crowd = rooms.get(room)?.crowd
    if (!crowd) return 0
    for (const person of crowd.where.keys())
      if (isAt(crowd, person, place) && !stays(person)) left(room, person, place, true)
    return crowd.where.size
  }

  function tellFresh(room: string, roster: RoomRoster, fresh: Principal[]) {
    const participants = roster.crowd.where.size
    if (fresh.length > maxToldMoves || roster.suspended) return settle(room, roster, whole(room)!)
    const before = participants - fresh.length
    for (const [i, principal] of fresh.entries())
      settle(room, roster, { kind: 'joined', principal, participants: before + i + 1 })
  }

  return {
    list: room => some(room, isIn),
    told,
    count: room => rooms.get(room)?.present ?? 0,
    isLarge: room => rooms.get(room)?.suspended ?? false,
    enter(room, principal) {
      joined(room, principal, here)
      if (sessionsOf(rooms.get(room)!.crowd, people.find(principal.id)!) === 1)
        options.tellPool?.(room, { joined: principal })
    },
    leave(room, user, lingers) {
      const person = people.find(user)
      const crowd = rooms.get(room)?.crowd
      const isLast = person !== undefined && crowd !== undefined && sessionsOf(crowd, person) === 1
      left(room, person, here, lingers)
      if (isLast) options.tellPool?.(room, { left: user, lingers })
    },
    move(room, place, move) {
      if ('joined' in move) joined(room, move.joined, place)
      else left(room, people.find(move.left), place, move.lingers)
    },
    replace(room, place, list) {
      const roster = rosterOf(room)
      const listed = new Set(list.map(principal => principal.id))
      leaveAll(room, place, person => listed.has(people.principal(person).id))
      const fresh = list.filter(principal => add(roster, principal, place))
      if (roster.crowd.where.size === 0) rooms.delete(room)
      if (fresh.length > 0) tellFresh(room, roster, fresh)
    },
    abandon: (room, place) => leaveAll(room, place, () => false),
    locals: room => some(room, (crowd, person) => isAt(crowd, person, here)),
    whole,
    large: () => [...rooms.values()].filter(({ suspended }) => suspended).length,
    forgetOthers(room) {
      const roster = rooms.get(room)
      if (!roster) return
      const { crowd } = roster
      for (const person of crowd.where.keys())
        if (!keepHere(crowd, person)) {
          crowd.where.delete(person)
          people.release(person)
        }
      crowd.far = undefined
      roster.present = crowd.where.size
      roster.suspended = roster.present > options.limit()
      if (roster.present === 0) rooms.delete(room)
    },
    drop(room) {
      const roster = rooms.get(room)
      if (!roster) return
      rooms.delete(room)
      for (const person of roster.crowd.where.keys()) people.release(person)
    },
    stop() {
      lingering.stop()
      rooms.clear()
      people.clear()
    },
  }
}
