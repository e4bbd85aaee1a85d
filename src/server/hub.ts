import { type Running, repeatEvery } from '../base/lifecycle.ts'
import type { Chat, Live, Pending, Standing } from '../chat/chat.ts'
import { concernedUsers, glassWitnesses, readBack } from '../chat/hearing.ts'
import { endedSessions } from '../chat/session.ts'
import { loadSettings } from '../chat/settings.ts'
import type { BusMessage, Subject } from '../pool/bus.ts'
import type { Roster } from '../pool/roster.ts'
import { closeCodes } from '../protocol/error.ts'
import { readStamps } from '../store/stamp.ts'
import { type AttendanceOptions, openAttendance } from './attendance.ts'
import { openDirectoryWatch } from './directory-watch.ts'
import { otherEpoch } from './epoch.ts'
import type { RoomFeed } from './feed.ts'
import { inSlices, type Loss, openLosses } from './losses.ts'
import { openPoolRoster, type PoolRosterOptions } from './pool-roster.ts'
import { openRoomFeed } from './room-feed.ts'
import type { RosterNews } from './roster.ts'
import { openScopeWatch } from './scope-watch.ts'
import type { Session } from './session.ts'
import type { Sub } from './sub.ts'
import { openSweep } from './sweep.ts'

/** All live sessions of this process, the rooms they hear, and what the bus and the sweep bring for them. */
export type Hub = {
  roster: Roster
  sessions: Map<string, Session>
  add(session: Session): void
  remove(session: Session): void
  /** What one request of a session may ask; `after` collects what is done once its answer is written. */
  live(session: Session, after: (() => void)[]): Live
  /** Another process of the pool is dead: its users are gone, unless they come back elsewhere. */
  forget(member: string): void
  /** Looks whether the store is another one than before, as after a restore. Never rejects: it is looked at again. */
  checkStore(): Promise<void>
  /** Version of the settings under which all that happens here is recorded; 0 where it is not. */
  records(): number
  stop(): Promise<void>
}

export type HubOptions = PoolRosterOptions & {
  sweepMs?: number
  epochMs?: number
  attendance?: Pick<AttendanceOptions, 'writeMs' | 'sweepMs'>
}

/** Of a session that has ended. */
const gone: Pending = { settle() {}, abandon() {} }

/** How often it is asked whether the store was restored. */
const epochMs = 30_000

export async function openHub(chat: Chat, options: HubOptions = {}): Promise<Hub> {
  const sessions = new Map<string, Session>()
  const byUser = new Map<string, { sessions: Set<Session>; end(): void }>()
  const feeds = new Map<string, { feed: RoomFeed; end(): void }>()
  const losses = openLosses()
  let leaving: Session | undefined
  let checkingStore: Promise<void> | undefined

  const directory = openDirectoryWatch(
    {
      chat,
      users: () => [...byUser.keys()],
      recheck: recheckUsers,
      followed: users => void failing(tellAllBack(users)),
    },
    (await readStamps(chat.db)).directory,
  )
  const scopes = openScopeWatch({
    chat,
    feeds: () => [...feeds.values()].map(({ feed }) => feed),
    users: () => [...byUser.keys()],
    lost: losses.list,
    tellBack,
  })
  const sweep = await openSweep(
    {
      chat,
      feed: room => feeds.get(room)?.feed,
      feeds: () => [...feeds.values()].map(({ feed }) => feed),
      follow: directory.catchUp,
      hearCategory: scopes.hear,
      checkSignIns: () => checkSignIns([...sessions.values()]),
    },
    options.sweepMs,
  )
  const roster = openPoolRoster(
    chat,
    {
      tell: (room: string, news: RosterNews) => feeds.get(room)?.feed.hearRoster(news),
      isHeard: room => feeds.has(room),
      back: sweep.now,
    },
    options,
  )
  const attendance = openAttendance(chat, {
    lives: () => sessions,
    isHeard: (live, room) => {
      const session = sessions.get(live)
      return session !== undefined && feeds.get(room)?.feed.subs.has(session) === true
    },
    // Who is still coming is recorded before he hears.
    roomsOf: session =>
      [...session.heard].flatMap(({ room }) => {
        const sub = feeds.get(room)?.feed.subs.get(session)
        return sub === undefined || sub.state === 'pending' ? [] : [room]
      }),
    ...options.attendance,
  })
  const feedHub = {
    chat,
    isBehind: directory.isBehind,
    catchUp: directory.catchUp,
    directory: directory.version,
    entered,
    left,
    shutOut: losses.note,
    isFresh: sweep.isFresh,
    owes: sweep.owes,
    roster: roster.whole,
    look: roster.look,
    empty,
  }

  ////////////////////////////////////////////////////////////////// rooms

  function feedOf(room: string): RoomFeed {
    const found = feeds.get(room)
    if (found) return found.feed
    const feed = openRoomFeed(feedHub, room)
    const hear = (message: BusMessage) =>
      message.head.kind === 'presence' ? roster.hear(message.head) : feed.hear(message)
    feeds.set(room, { feed, end: chat.bus.subscribe(`room.${room}`, hear) })
    return feed
  }

  function empty(feed: RoomFeed) {
    if (feed.subs.size > 0) return
    const found = feeds.get(feed.room)
    if (found?.feed !== feed) return
    found.end()
    feeds.delete(feed.room)
    roster.end(feed.room)
  }

  function entered(feed: RoomFeed, sub: Sub) {
    chat.metrics.subscriptions.inc()
    chat.metrics.joins.inc()
    roster.enter(feed.room, sub.session.caller.user)
    losses.settle(feed.room, sub.session.caller.user.id)
  }

  function left(feed: RoomFeed, sub: Sub) {
    chat.metrics.subscriptions.dec()
    roster.leave(feed.room, sub.session.caller.user.id, leaving === sub.session)
    if (leaving !== sub.session) attendance.leftRoom(sub.session.id, feed.room)
  }

  ////////////////////////////////////////////////////////////////// directory and settings

  async function recheckUsers(users: Set<string>, version: number) {
    const theirs = [...users].flatMap(user => [...(byUser.get(user)?.sessions ?? [])])
    const rooms = new Set(theirs.flatMap(session => [...session.heard]))
    // Not by way of the feeds' queues, which may be waiting for this very call.
    for (const { room } of rooms) await feeds.get(room)?.feed.recheckUsers(users, version)
    await checkSignIns([...users].flatMap(user => [...(byUser.get(user)?.sessions ?? [])]))
  }

  /** Closes those of the sessions whose sign-in has ended. */
  async function checkSignIns(some: Session[]) {
    if (some.length > 0) endSessions(new Set(await endedSessions(chat, [...new Set(some.map(s => s.caller.session))])))
  }

  ////////////////////////////////////////////////////////////////// what the bus brings for the whole server

  function hearPool(message: BusMessage) {
    const { head, frame } = message
    if (head.kind === 'directory') void failing(directory.catchUp({ directory: head.version, settings: 0 }))
    else if (head.kind === 'settings') void failing(loadSettings(chat))
    else if (head.kind === 'ended') endSessions(new Set(head.sessions))
    else if (head.kind === 'category') scopes.hear(head.category)
    if (head.kind === 'opened' && frame) void failing(tellOpened(head.room, head.principals, frame))
    if (head.kind === 'invited' && frame) void failing(tellInvited(head, frame))
    if (head.kind === 'glass' && frame) void failing(tellGlass(head.room, frame))
  }

  function endSessions(ended: Set<string>) {
    for (const session of [...sessions.values()])
      if (ended.has(session.caller.session))
        session.close(closeCodes.sessionEnded, 'this sign-in has ended; sign in again')
  }

  /** Followers who were shut out while they heard, and may read again by a wider scope or a group. */
  async function tellBack(some: Loss[]) {
    const back = await readBack(chat, some)
    // Bus and sweep tell of the same change: who was told while this was read is in, or out by a later one.
    const out = new Set(some.filter(losses.stands).map(({ room, user }) => `${room} ${user}`))
    for (const { room, users, frame } of back)
      pushOpened(
        room,
        users.filter(user => out.has(`${room} ${user}`)),
        frame,
      )
  }

  async function tellAllBack(users: Set<string>) {
    for (const some of inSlices(losses.list(users))) await tellBack(some)
  }

  function pushOpened(room: string, users: string[], frame: Uint8Array) {
    const subs = feeds.get(room)?.feed.subs
    for (const user of users) {
      losses.settle(room, user)
      // One that is about to join may still be refused, and needs to know.
      for (const session of byUser.get(user)?.sessions ?? [])
        if ((subs?.get(session)?.state ?? 'pending') === 'pending') session.outlet.push(frame)
    }
  }

  async function tellOpened(room: string, principals: string[] | undefined, frame: Uint8Array) {
    pushOpened(room, await concernedUsers(chat, room, [...byUser.keys()], principals, true), frame)
  }

  async function tellInvited(
    { room, principals, by }: { room: string; principals: string[]; by: string },
    frame: Uint8Array,
  ) {
    for (const user of await concernedUsers(chat, room, [...byUser.keys()], principals, false)) {
      // Nobody invites himself.
      if (user === by) continue
      for (const session of byUser.get(user)?.sessions ?? []) session.outlet.push(frame)
    }
  }

  async function tellGlass(room: string, frame: Uint8Array) {
    for (const user of await glassWitnesses(chat, room, [...byUser.keys()]))
      for (const session of byUser.get(user)?.sessions ?? []) session.outlet.push(frame)
  }

  function hearUser(user: string, message: BusMessage) {
    const { head, frame } = message
    if (head.kind !== 'user' || !frame) return
    for (const session of byUser.get(user)?.sessions ?? []) if (session.id !== head.except) session.outlet.push(frame)
  }

  async function failing(work: Promise<void>) {
    try {
      await work
    } catch (error) {
      // The sweep comes back to it, or the next look at the epoch.
      chat.log.warn({ err: error }, 'news of the pool could not be followed')
    }
  }

  function settleLater(session: Session, room: string, standing: Standing, opened: boolean, after: (() => void)[]) {
    after.push(() => {
      // Writing the answer may have closed it: a slow reader.
      if (!sessions.has(session.id)) return
      // Not the feed of the beginning: a session that left meanwhile may have taken that one along.
      const feed = feedOf(room)
      const isNew = feed.lastSeq === undefined
      feed.settle(session, standing, opened)
      if (isNew) sweep.checkSoon(feed)
    })
  }

  /** A restored store: everybody comes again and is told to load anew; what this server knew of it is nothing any more. */
  function checkStore(): Promise<void> {
    // Two at a time would both find the old ends of rooms, and begin two epochs.
    checkingStore ??= checkStoreOnce().finally(() => {
      checkingStore = undefined
    })
    return checkingStore
  }

  async function checkStoreOnce() {
    const ends = new Map([...feeds.values()].map(({ feed }) => [feed.room, feed.lastSeq ?? 0]))
    const epoch = await otherEpoch(chat, ends)
    if (epoch === undefined) return
    const stamps = await readStamps(chat.db)
    // Versions of another store do not compare with those that were held, nor does what was decided under them.
    chat.settingsVersion = 0
    await loadSettings(chat)
    await sweep.beginAnew()
    directory.beginAnew(stamps.directory)
    chat.posts.forget()
    // Last: where one of these fails, the next look finds it again.
    chat.epoch = epoch
    chat.log.warn({ epoch }, 'the store was restored; clients load anew')
    for (const session of [...sessions.values()]) session.close(closeCodes.restart, 'the store was restored; load anew')
  }

  chat.metrics.looks.largeRooms = roster.large
  chat.metrics.looks.queueBytes = () =>
    [...sessions.values()].reduce((sum, { outlet }) => sum + (outlet.waitingBytes?.() ?? 0), 0)
  const endPool = chat.bus.subscribe('pool', hearPool)
  const checking: Running = repeatEvery(options.epochMs ?? epochMs, checkStore, error =>
    chat.log.warn({ err: error }, 'the look at the epoch waits for the store'),
  )

  ////////////////////////////////////////////////////////////////// sessions

  return {
    roster,
    sessions,
    add(session) {
      sessions.set(session.id, session)
      chat.metrics.sessions.inc()
      const user = session.caller.user.id
      const known = byUser.get(user)
      if (known) known.sessions.add(session)
      else {
        const subject: Subject = `user.${user}`
        byUser.set(user, {
          sessions: new Set([session]),
          end: chat.bus.subscribe(subject, message => hearUser(user, message)),
        })
        chat.metrics.users.inc()
      }
    },
    remove(session) {
      if (!sessions.delete(session.id)) return
      chat.metrics.sessions.dec()
      leaving = session
      for (const feed of [...session.heard]) feed.remove(session)
      leaving = undefined
      attendance.ended(session.id)
      const known = byUser.get(session.caller.user.id)
      known?.sessions.delete(session)
      if (known?.sessions.size === 0) {
        known.end()
        byUser.delete(session.caller.user.id)
        chat.metrics.users.dec()
        losses.forget(session.caller.user.id)
      }
    },
    live: (session, after) => ({
      id: session.id,
      begin(room) {
        // It ended while something was read: nothing would take what it holds along.
        if (!sessions.has(session.id)) return gone
        const feed = feedOf(room)
        feed.begin(session)
        return {
          settle(standing) {
            feed.list(session)
            settleLater(session, room, standing, true, after)
          },
          abandon: () => feed.abandon(session),
        }
      },
      enter: (room: string, standing: Standing) => settleLater(session, room, standing, false, after),
      part: room => feeds.get(room)?.feed.remove(session),
    }),
    forget: roster.forget,
    checkStore: () => failing(checkStore()),
    records: attendance.records,
    async stop() {
      endPool()
      scopes.stop()
      await sweep.stop()
      await checking.stop()
      await checkingStore?.catch(() => {})
      await roster.stop()
      await attendance.stop()
      for (const { end } of feeds.values()) end()
      feeds.clear()
    },
  }
}
