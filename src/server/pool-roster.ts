import type { Chat } from '../chat/chat.ts'
import type { BusHead, BusMessage } from '../pool/bus.ts'
import type { Roster } from '../pool/roster.ts'
import type { Principal } from '../protocol/principal.ts'
import { openMembers } from './members.ts'
import { openRoomCounts } from './room-counts.ts'
import { openRoster, type RosterNews } from './roster.ts'
import { type ExchangeOptions, openRosterExchange } from './roster-exchange.ts'

/**
 * Who is in which room over the pool, as this process knows it: its own sessions of all rooms, and what the others tell of the
 * rooms that somebody looks at here. Most rooms are only synced, and following them all was half of what a process did while
 * a large pool signs in.
 */
export type PoolRoster = Roster & {
  enter(room: string, principal: Principal): void
  leave(room: string, user: string, lingers: boolean): void
  /** The first session that is told who comes and goes, or the last one is gone. */
  look(room: string, isOpen: boolean): void
  /** Nobody here hears the room any more. */
  end(room: string): void
  /** What came over the room's subject. */
  hear(head: BusHead): void
  /** All of a room, for who was told nothing for a while. */
  whole(room: string): RosterNews | undefined
  /** How many rooms that are known here are above the cut-off. */
  large(): number
  /** That process is dead, as far as the store says. */
  forget(member: string): void
  stop(): Promise<void>
}

export type PoolRosterOptions = ExchangeOptions & {
  lingerMs?: number
  aliveMs?: number
  silentMs?: number
  keptMs?: number
}

/** So long after the last look a room is followed still: whoever looks again asks nobody. */
const keptMs = 60_000

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
  const counts = openRoomCounts(chat, { members: members.all, isWhole, count: roster.count })
  const opened = new Set<string>()
  /** Followed without being open, since somebody looked. */
  const kept = new Map<string, { lookedAt: number; timer: NodeJS.Timeout }>()

  function hear({ head }: BusMessage) {
    if (head.kind === 'alive') members.heard(head.member, head.hello)
    else if (head.kind === 'gone') members.forget(head.member)
    else {
      exchange.hear(head)
      counts.hear(head)
    }
  }

  ////////////////////////////////////////////////////////////////// which rooms are followed

  /** What is known here of the room is all there is. */
  function isWhole(room: string): boolean {
    return members.all().length === 0 || ((opened.has(room) || kept.has(room)) && exchange.isKnown(room))
  }

  function open(room: string) {
    clearTimeout(kept.get(room)?.timer)
    kept.delete(room)
    opened.add(room)
    exchange.begin(room)
  }

  /** Followed from now on for a while, or for longer than before. */
  function keep(room: string) {
    if (opened.has(room)) return
    const lookedAt = performance.now()
    const known = kept.get(room)
    if (known) known.lookedAt = lookedAt
    else kept.set(room, { lookedAt, timer: forgetLater(room, options.keptMs ?? keptMs) })
    exchange.begin(room)
  }

  function forgetLater(room: string, ms: number): NodeJS.Timeout {
    return setTimeout(() => forgetOthers(room), ms).unref()
  }

  function forgetOthers(room: string) {
    const one = kept.get(room)!
    const restMs = one.lookedAt + (options.keptMs ?? keptMs) - performance.now()
    if (restMs > 0) {
      one.timer = forgetLater(room, restMs)
      return
    }
    kept.delete(room)
    exchange.end(room)
    if (hub.isHeard(room)) roster.forgetOthers(room)
    else roster.drop(room)
  }

  async function countFollowed(rooms: string[]): Promise<[room: string, count: number][]> {
    for (const room of rooms) keep(room)
    await Promise.all(rooms.map(exchange.known))
    return rooms.map(room => [room, roster.count(room)])
  }

  const ends = [chat.bus.subscribe('pool', hear), chat.bus.subscribe(`member.${chat.member}`, hear)]
  members.start()

  return {
    list: roster.list,
    told: roster.told,
    count: roster.count,
    isLarge: roster.isLarge,
    isKnown(room) {
      // Whoever asks goes on to read the list, which must not be forgotten meanwhile.
      if (kept.has(room)) keep(room)
      return isWhole(room)
    },
    async known(room) {
      if (members.all().length === 0) return
      keep(room)
      return exchange.known(room)
    },
    async counts(rooms) {
      const told = await counts.ask(rooms.filter(room => !isWhole(room)))
      const apart = rooms.filter(room => told.get(room) === 'apart')
      const followed = new Map(await countFollowed(apart))
      return new Map(rooms.map(room => [room, followed.get(room) ?? countOf(told.get(room)) ?? roster.count(room)]))
    },
    enter: roster.enter,
    leave: roster.leave,
    look(room, isOpen) {
      if (isOpen) return open(room)
      opened.delete(room)
      keep(room)
    },
    end(room) {
      if (!kept.has(room)) roster.drop(room)
    },
    hear: exchange.hear,
    whole: roster.whole,
    large: roster.large,
    forget: members.forgetSilent,
    async stop() {
      for (const one of ends) one()
      for (const { timer } of kept.values()) clearTimeout(timer)
      await members.stop()
      await exchange.stop()
      roster.stop()
    },
  }
}

function countOf(told: number | 'apart' | undefined): number | undefined {
  return told === 'apart' ? undefined : told
}
