import type { Chat } from '../chat/chat.ts'
import type { BusHead, BusMessage } from '../pool/bus.ts'
import type { Roster } from '../pool/roster.ts'
import type { Principal } from '../protocol/principal.ts'
import { openMembers } from './members.ts'
import { openRoomCounts } from './room-counts.ts'
import { openRoster, type RosterNews } from './roster.ts'
import { type ExchangeOptions, openRosterExchange } from './roster-exchange.ts'

/** Who is in which room over the pool, as this process knows it: its own sessions, and what the others tell. */
export type PoolRoster = Roster & {
  enter(room: string, principal: Principal): void
  leave(room: string, user: string, lingers: boolean): void
  /** Nobody here hears the room any more. */
  end(room: string): void
  /** What came over the room's subject. */
  hear(head: BusHead): void
  /** All of a room, for who was told nothing for a while. */
  whole(room: string): RosterNews | undefined
  /** That process is dead, as far as the store says. */
  forget(member: string): void
  stop(): Promise<void>
}

export type PoolRosterOptions = ExchangeOptions & {
  lingerMs?: number
  aliveMs?: number
  silentMs?: number
}

/** How long the list of a room that nobody hears here stands once it was asked for: as long as the answer takes to be built. */
const visitMs = 1_000

export function openPoolRoster(
  chat: Chat,
  hub: {
    tell(room: string, news: RosterNews): void
    isHeard(room: string): boolean
    /** The bus was away. */
    back(): void
  },
  options: PoolRosterOptions = {},
): PoolRoster {
  const roster = openRoster({
    limit: () => chat.settings.participantUpdateLimit,
    tell: hub.tell,
    tellPool: (room, move) => exchange.tell(room, move),
    ...(options.lingerMs === undefined ? {} : { lingerMs: options.lingerMs }),
  })
  const members = openMembers(chat, {
    ...options,
    found: member => exchange.found(member),
    lost: member => exchange.lost(member),
    back() {
      exchange.askAll()
      hub.back()
    },
  })
  const exchange = openRosterExchange({ chat, roster, members }, options)
  const counts = openRoomCounts(chat, { members: members.all, isHeard: hub.isHeard, count: roster.count })
  const visits = new Map<string, { timer: NodeJS.Timeout; asking: Promise<void> | undefined }>()

  function hear({ head }: BusMessage) {
    if (head.kind === 'alive') members.heard(head.member, head.hello)
    else if (head.kind === 'gone') members.forget(head.member)
    else {
      exchange.hear(head)
      counts.hear(head)
    }
  }

  function end(room: string) {
    exchange.end(room)
    roster.drop(room)
  }

  /** The moves of a room that is not heard here are not heard either: its list is asked for each time. */
  function visit(room: string): Promise<void> {
    const under = visits.get(room)?.asking
    if (under) return under
    endVisit(room)
    exchange.begin(room)
    const asking = exchange.known(room).finally(() => {
      if (visits.get(room) === made) made.asking = undefined
    })
    const made = {
      timer: setTimeout(() => endVisit(room), visitMs).unref(),
      asking: asking as typeof asking | undefined,
    }
    visits.set(room, made)
    return asking
  }

  function endVisit(room: string) {
    const found = visits.get(room)
    if (!found) return
    clearTimeout(found.timer)
    visits.delete(room)
    end(room)
  }

  /** Lists of a visit missed moves since: the room begins anew. */
  function begin(room: string) {
    endVisit(room)
    exchange.begin(room)
  }

  const ends = [chat.bus.subscribe('pool', hear), chat.bus.subscribe(`member.${chat.member}`, hear)]
  members.start()

  return {
    list: roster.list,
    told: roster.told,
    count: roster.count,
    isLarge: roster.isLarge,
    isKnown: room => members.all().length === 0 || (hub.isHeard(room) && !visits.has(room) && exchange.isKnown(room)),
    async known(room) {
      if (members.all().length === 0) return
      if (!hub.isHeard(room)) return visit(room)
      begin(room)
      return exchange.known(room)
    },
    async counts(rooms) {
      const unheard = await counts.ask(rooms.filter(room => !hub.isHeard(room)))
      return new Map(rooms.map(room => [room, hub.isHeard(room) ? roster.count(room) : (unheard.get(room) ?? 0)]))
    },
    enter(room, principal) {
      begin(room)
      roster.enter(room, principal)
    },
    leave: roster.leave,
    end,
    hear: exchange.hear,
    whole: roster.whole,
    forget: members.forgetSilent,
    async stop() {
      for (const one of ends) one()
      for (const { timer } of visits.values()) clearTimeout(timer)
      await members.stop()
      await exchange.stop()
      roster.stop()
    },
  }
}
