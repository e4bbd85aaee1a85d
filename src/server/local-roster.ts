import type { Roster } from '../pool/roster.ts'
import type { Principal } from '../protocol/principal.ts'

/** What of a roster's change the sessions of the room are told. */
export type RosterNews =
  | { kind: 'joined' | 'left'; principal: Principal; participants: number }
  | { kind: 'roster'; participants: number; suspended: boolean; list?: Principal[] }

export type LocalRoster = Roster & {
  enter(room: string, principal: Principal): void
  /** `lingers`: the connection went, so he may be back in a moment, and leaving is not told before that. */
  leave(room: string, user: string, lingers: boolean): void
  stop(): void
}

type Presence = { principal: Principal; sessions: number; leaving?: NodeJS.Timeout | undefined }
type RoomRoster = { people: Map<string, Presence>; suspended: boolean }

/** Back within this time is not told (docs/protocol.md). */
const lingerMs = 60_000
/** A large room is told of again below this share of the limit. */
const resumeShare = 0.8

/** Who is in which room on this server, with the cut-off: above the limit nobody is told who comes and goes. */
export function openLocalRoster(options: {
  limit: () => number
  tell: (room: string, news: RosterNews) => void
  lingerMs?: number
}): LocalRoster {
  const rooms = new Map<string, RoomRoster>()
  const told = (roster: RoomRoster) => roster.people.size
  const list = (roster: RoomRoster) => [...roster.people.values()].map(presence => presence.principal)

  function settle(room: string, roster: RoomRoster, news: RosterNews) {
    const participants = told(roster)
    if (!roster.suspended && participants > options.limit()) {
      roster.suspended = true
      options.tell(room, { kind: 'roster', participants, suspended: true })
    } else if (roster.suspended && participants < options.limit() * resumeShare) {
      roster.suspended = false
      options.tell(room, { kind: 'roster', participants, suspended: false, list: list(roster) })
    } else if (!roster.suspended) options.tell(room, news)
    if (roster.people.size === 0) rooms.delete(room)
  }

  function goneFrom(room: string, roster: RoomRoster, user: string) {
    const presence = roster.people.get(user)
    if (!presence || presence.sessions > 0) return
    roster.people.delete(user)
    settle(room, roster, { kind: 'left', principal: presence.principal, participants: told(roster) })
  }

  return {
    list: room =>
      list(rooms.get(room) ?? { people: new Map(), suspended: false }).filter(
        p => (rooms.get(room)?.people.get(p.id)?.sessions ?? 0) > 0,
      ),
    count(room) {
      let n = 0
      for (const presence of rooms.get(room)?.people.values() ?? []) if (presence.sessions > 0) n += 1
      return n
    },
    isLarge: room => rooms.get(room)?.suspended ?? false,
    enter(room, principal) {
      const roster = rooms.get(room) ?? { people: new Map(), suspended: false }
      rooms.set(room, roster)
      const presence = roster.people.get(principal.id)
      if (presence) {
        clearTimeout(presence.leaving)
        presence.leaving = undefined
        presence.sessions += 1
        return
      }
      roster.people.set(principal.id, { principal, sessions: 1 })
      settle(room, roster, { kind: 'joined', principal, participants: told(roster) })
    },
    leave(room, user, lingers) {
      const roster = rooms.get(room)
      const presence = roster?.people.get(user)
      if (!roster || !presence) return
      presence.sessions -= 1
      if (presence.sessions > 0) return
      if (!lingers) return goneFrom(room, roster, user)
      clearTimeout(presence.leaving)
      presence.leaving = setTimeout(() => goneFrom(room, roster, user), options.lingerMs ?? lingerMs)
      presence.leaving.unref()
    },
    stop() {
      for (const roster of rooms.values()) for (const presence of roster.people.values()) clearTimeout(presence.leaving)
      rooms.clear()
    },
  }
}
