import type { PresenceMove, Roster } from '../pool/roster.ts'
import type { Principal } from '../protocol/principal.ts'
import { openLingering } from './lingering.ts'

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
    /** A user is in the room at one more of the other processes, or at one less. */
    move(room: string, move: PresenceMove): void
    /** Many at once, as a process's whole list brings them: told as one where they are many. Who left lingers. */
    merge(room: string, joined: Principal[], left: Iterable<string>): void
    /** Who is in the room by a session of this process. */
    locals(room: string): Principal[]
    /** All of a room, for who was told nothing for a while; undefined where nobody was ever in it. */
    whole(room: string): RosterNews | undefined
    /** Nobody here hears the room any more. */
    drop(room: string): void
    stop(): void
  }

/** One object a user, whatever number of rooms he is in. */
type Person = { principal: Principal; uses: number }
/** `sessions` of this process, `places` are other processes. With neither he lingers. */
type Presence = { person: Person; sessions: number; places: number }
type RoomRoster = { people: Map<string, Presence>; present: number; suspended: boolean }

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
  const persons = new Map<string, Person>()
  const lingering = openLingering<Presence>(options.lingerMs ?? lingerMs, (room, presence) => {
    const roster = rooms.get(room)
    if (roster) remove(room, roster, presence)
  })
  const isPresent = (presence: Presence) => presence.sessions > 0 || presence.places > 0
  const told = (room: string) => [...(rooms.get(room)?.people.values() ?? [])].map(one => one.person.principal)
  const some = (room: string, which: (presence: Presence) => boolean) =>
    [...(rooms.get(room)?.people.values() ?? [])].filter(which).map(one => one.person.principal)

  function rosterOf(room: string): RoomRoster {
    const roster = rooms.get(room) ?? { people: new Map(), present: 0, suspended: false }
    rooms.set(room, roster)
    return roster
  }

  /** The newest name of a user is the one of all his rooms. */
  function personOf(principal: Principal): Person {
    const person = persons.get(principal.id) ?? { principal, uses: 0 }
    person.principal = principal
    persons.set(principal.id, person)
    return person
  }

  function release(person: Person) {
    person.uses -= 1
    if (person.uses === 0) persons.delete(person.principal.id)
  }

  /** The presence with one more session or place; `isNew` where the room is to be told. */
  function add(roster: RoomRoster, principal: Principal, what: 'sessions' | 'places'): boolean {
    const person = personOf(principal)
    const known = roster.people.get(principal.id)
    if (known) {
      if (!isPresent(known)) roster.present += 1
      known[what] += 1
      lingering.end(known)
      return false
    }
    person.uses += 1
    roster.present += 1
    roster.people.set(principal.id, { person, sessions: 0, places: 0, [what]: 1 } as Presence)
    return true
  }

  /** One session or place less. Answers the presence where it was the last one. */
  function take(roster: RoomRoster | undefined, user: string, what: 'sessions' | 'places'): Presence | undefined {
    const presence = roster?.people.get(user)
    if (!roster || !presence || presence[what] === 0) return undefined
    presence[what] -= 1
    if (isPresent(presence)) return undefined
    roster.present -= 1
    return presence
  }

  function joined(room: string, principal: Principal, what: 'sessions' | 'places') {
    const roster = rosterOf(room)
    if (add(roster, principal, what))
      settle(room, roster, { kind: 'joined', principal, participants: roster.people.size })
  }

  function left(room: string, user: string, what: 'sessions' | 'places', lingers: boolean) {
    const roster = rooms.get(room)
    const presence = take(roster, user, what)
    if (!roster || !presence) return
    if (lingers) lingering.begin(room, presence)
    else remove(room, roster, presence)
  }

  function remove(room: string, roster: RoomRoster, presence: Presence) {
    const { principal } = presence.person
    roster.people.delete(principal.id)
    release(presence.person)
    settle(room, roster, { kind: 'left', principal, participants: roster.people.size })
  }

  function settle(room: string, roster: RoomRoster, news: RosterNews) {
    const participants = roster.people.size
    if (!roster.suspended && participants > options.limit()) {
      roster.suspended = true
      options.tell(room, { kind: 'roster', participants, suspended: true })
    } else if (roster.suspended && participants < options.limit() * resumeShare) {
      roster.suspended = false
      options.tell(room, { kind: 'roster', participants, suspended: false, list: told(room) })
    } else if (!roster.suspended) options.tell(room, news)
    if (participants === 0) rooms.delete(room)
  }

  function whole(room: string): RosterNews | undefined {
    const roster = rooms.get(room)
    if (!roster) return undefined
    const { suspended } = roster
    return { kind: 'roster', participants: roster.people.size, suspended, ...(suspended ? {} : { list: told(room) }) }
  }

  return {
    list: room => some(room, isPresent),
    told,
    count: room => rooms.get(room)?.present ?? 0,
    isLarge: room => rooms.get(room)?.suspended ?? false,
    enter(room, principal) {
      const before = rooms.get(room)?.people.get(principal.id)?.sessions ?? 0
      joined(room, principal, 'sessions')
      if (before === 0) options.tellPool?.(room, { joined: principal })
    },
    leave(room, user, lingers) {
      const before = rooms.get(room)?.people.get(user)?.sessions ?? 0
      left(room, user, 'sessions', lingers)
      if (before === 1) options.tellPool?.(room, { left: user, lingers })
    },
    move(room, move) {
      if ('joined' in move) joined(room, move.joined, 'places')
      else left(room, move.left, 'places', move.lingers)
    },
    merge(room, come, gone) {
      const roster = rosterOf(room)
      for (const user of gone) left(room, user, 'places', true)
      const fresh = come.filter(principal => add(roster, principal, 'places'))
      if (roster.people.size === 0) rooms.delete(room)
      if (fresh.length === 0) return
      const participants = roster.people.size
      if (fresh.length > maxToldMoves || roster.suspended) return settle(room, roster, whole(room)!)
      const before = participants - fresh.length
      for (const [i, principal] of fresh.entries())
        settle(room, roster, { kind: 'joined', principal, participants: before + i + 1 })
    },
    locals: room => some(room, presence => presence.sessions > 0),
    whole,
    drop(room) {
      const roster = rooms.get(room)
      if (!roster) return
      rooms.delete(room)
      for (const presence of roster.people.values()) {
        lingering.end(presence)
        release(presence.person)
      }
    },
    stop() {
      lingering.stop()
      rooms.clear()
      persons.clear()
    },
  }
}
