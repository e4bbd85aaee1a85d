import { type Running, repeatEvery } from '../base/lifecycle.ts'
import type { Chat, Live, Standing } from '../chat/chat.ts'
import { concernedUsers, readDirectoryChange, readRoomOpened } from '../chat/hearing.ts'
import { endedSessions } from '../chat/session.ts'
import { loadSettings } from '../chat/settings.ts'
import type { Stamp } from '../domain/stamp.ts'
import type { BusMessage, Subject } from '../pool/bus.ts'
import { eventFrame } from '../pool/frame.ts'
import { closeCodes } from '../protocol/error.ts'
import { changesSince, lastSeqs } from '../store/change.ts'
import { readStamps } from '../store/stamp.ts'
import { isOtherStore } from './epoch.ts'
import { type LocalRoster, openLocalRoster, type RosterNews } from './local-roster.ts'
import { openLosses } from './losses.ts'
import { openRoomFeed, type RoomFeed } from './room-feed.ts'
import type { Session } from './session.ts'
import type { Sub } from './sub.ts'

/** All live sessions of this process, the rooms they hear, and what the bus and the sweep bring for them. */
export type Hub = {
  roster: LocalRoster
  sessions: Map<string, Session>
  add(session: Session): void
  remove(session: Session): void
  /** What one request of a session may ask; `after` collects what is done once its answer is written. */
  live(session: Session, after: (() => void)[]): Live
  stop(): Promise<void>
}

export type HubOptions = { sweepMs?: number; lingerMs?: number; epochMs?: number }

/** A lost last message is found within two sweeps, and no event without a sequence is decided under an older stamp. */
const sweepMs = 1_000
/** Changes are kept for minutes in the store; a hub that could not read them for so long looks at all its rooms. */
const maxBlindMs = 5 * 60_000
/** How long the sign-in of a live session may have ended by its own user, or by age, without the bus telling of it. */
const signInsMs = 60_000
const newFeedMs = 20
/** How often it is asked whether the store was restored. */
const epochMs = 30_000

export async function openHub(chat: Chat, options: HubOptions = {}): Promise<Hub> {
  const sessions = new Map<string, Session>()
  const byUser = new Map<string, { sessions: Set<Session>; end(): void }>()
  const feeds = new Map<string, { feed: RoomFeed; end(): void }>()
  const roster = openLocalRoster({
    limit: () => chat.settings.participantUpdateLimit,
    tell: tellRoster,
    ...(options.lingerMs === undefined ? {} : { lingerMs: options.lingerMs }),
  })
  const stamps = await readStamps(chat.db)
  /** Known of: who was decided under an older one is decided anew before he hears. */
  let directory = stamps.directory
  /** Followed up: everybody who hears was decided under this one. Behind `directory` while that is done, or where it failed. */
  let followed = stamps.directory
  let catching: Promise<void> | undefined
  let fresh: RoomFeed[] = []
  const losses = openLosses()
  let leaving: Session | undefined

  const feedHub = { chat, isBehind, catchUp, directory: () => directory, entered, left, shutOut: losses.note, empty }

  ////////////////////////////////////////////////////////////////// rooms

  function feedOf(room: string): RoomFeed {
    const found = feeds.get(room)
    if (found) return found.feed
    const feed = openRoomFeed(feedHub, room)
    feeds.set(room, { feed, end: chat.bus.subscribe(`room.${room}`, message => feed.hear(message)) })
    return feed
  }

  function empty(feed: RoomFeed) {
    if (feed.subs.size > 0) return
    const found = feeds.get(feed.room)
    if (found?.feed !== feed) return
    found.end()
    feeds.delete(feed.room)
  }

  function entered(feed: RoomFeed, sub: Sub) {
    chat.metrics.subscriptions.inc()
    roster.enter(feed.room, sub.session.caller.user)
    losses.settle(feed.room, sub.session.caller.user.id)
  }

  function left(feed: RoomFeed, sub: Sub) {
    chat.metrics.subscriptions.dec()
    roster.leave(feed.room, sub.session.caller.user.id, leaving === sub.session)
  }

  /** To those who opened the room by room.join; what came by session.sync is not answered with a storm. */
  function tellRoster(room: string, news: RosterNews) {
    const feed = feeds.get(room)?.feed
    if (!feed) return
    const { participants } = news
    const frame =
      news.kind === 'roster'
        ? eventFrame({
            event: 'room.roster',
            room,
            participants,
            suspended: news.suspended,
            ...(news.list ? { list: news.list } : {}),
          })
        : eventFrame({ event: `participant.${news.kind}`, room, principal: news.principal, participants })
    // Nobody is told of his own coming: the answer of room.join says it.
    const own = news.kind === 'roster' ? undefined : news.principal.id
    for (const sub of feed.subs.values())
      if (sub.opened && sub.state === 'live' && sub.session.caller.user.id !== own) sub.session.push(frame)
  }

  ////////////////////////////////////////////////////////////////// directory and settings

  /** Where this server does not know the directory or the settings of that stamp yet: that holds back what came under it. */
  function isBehind(stamp: Stamp): boolean {
    return stamp.directory > followed || stamp.settings > chat.settingsVersion || catching !== undefined
  }

  async function catchUp(stamp: Stamp): Promise<void> {
    if (stamp.settings > chat.settingsVersion) await loadSettings(chat)
    await catchUpDirectory(stamp.directory)
  }

  async function catchUpDirectory(version: number): Promise<void> {
    // It may have read before this version was there: then only a reading that begins from now on counts.
    await catching
    if (version <= followed) return
    catching ??= readDirectory().finally(() => {
      catching = undefined
    })
    await catching
  }

  async function readDirectory() {
    const { version, affected } = await readDirectoryChange(chat, followed, () => [...byUser.keys()])
    // Raised first: whoever settles from now on under an older version is decided anew.
    directory = Math.max(directory, version)
    const users = new Set(affected)
    const rooms = new Set(
      affected.flatMap(user => [...(byUser.get(user)?.sessions ?? [])].flatMap(session => [...session.heard])),
    )
    // Not by way of the feeds' queues, which may be waiting for this very call.
    for (const { room } of rooms) await feeds.get(room)?.feed.recheckUsers(users, version)
    await checkSignIns(affected.flatMap(user => [...(byUser.get(user)?.sessions ?? [])]))
    followed = Math.max(followed, version)
    void failing(tellBack(users))
  }

  /** Closes those of the sessions whose sign-in has ended. */
  async function checkSignIns(some: Session[]) {
    if (some.length > 0) endSessions(new Set(await endedSessions(chat, [...new Set(some.map(s => s.caller.session))])))
  }

  ////////////////////////////////////////////////////////////////// what the bus brings for the whole server

  function hearPool(message: BusMessage) {
    const { head, frame } = message
    if (head.kind === 'directory') void failing(catchUpDirectory(head.version))
    else if (head.kind === 'settings') void failing(loadSettings(chat))
    else if (head.kind === 'ended') endSessions(new Set(head.sessions))
    else if (head.kind === 'category') hearCategory(head.category, false)
    if (head.kind === 'opened' && frame) void failing(tellOpened(head.room, head.principals, frame))
    if (head.kind === 'invited' && frame) void failing(tellInvited(head, frame))
  }

  function endSessions(ended: Set<string>) {
    for (const session of [...sessions.values()])
      if (ended.has(session.caller.session))
        session.close(closeCodes.sessionEnded, 'this sign-in has ended; sign in again')
  }

  function hearCategory(category: string, swept: boolean) {
    for (const { feed } of feeds.values()) feed.hear({ category, swept })
    void failing(tellBack())
  }

  /** Followers who were shut out while they heard, and may read again by a wider scope or a group. */
  async function tellBack(users?: Set<string>) {
    for (const [room, lost] of losses.list(users)) {
      const back = await concernedUsers(chat, room, lost, undefined, true)
      const frame = back.length > 0 ? await readRoomOpened(chat, room) : undefined
      if (frame) pushOpened(room, back, frame)
    }
  }

  function pushOpened(room: string, users: string[], frame: Uint8Array) {
    const subs = feeds.get(room)?.feed.subs
    for (const user of users) {
      losses.settle(room, user)
      // One that is about to join may still be refused, and needs to know.
      for (const session of byUser.get(user)?.sessions ?? [])
        if ((subs?.get(session)?.state ?? 'pending') === 'pending') session.push(frame)
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
      for (const session of byUser.get(user)?.sessions ?? []) session.push(frame)
    }
  }

  function hearUser(user: string, message: BusMessage) {
    const { head, frame } = message
    if (head.kind !== 'user' || !frame) return
    for (const session of byUser.get(user)?.sessions ?? []) if (session.id !== head.except) session.push(frame)
  }

  async function failing(work: Promise<void>) {
    try {
      await work
    } catch (error) {
      // The sweep comes back to it.
      chat.log.warn({ err: error }, 'news of the pool could not be followed')
    }
  }

  ////////////////////////////////////////////////////////////////// the sweep

  // From the start on: what is posted before the first sweep is not to be missed.
  let { snapshot } = await changesSince(chat.db, undefined)
  let sweptAt = Date.now()
  let signInsAt = Date.now()

  async function sweep() {
    const blind = Date.now() - sweptAt > maxBlindMs
    const read = await changesSince(chat.db, blind ? undefined : snapshot)
    if (blind) await checkAll()
    const stampsNow = await readStamps(chat.db)
    if (stampsNow.settings > chat.settingsVersion) await loadSettings(chat)
    if (stampsNow.directory > followed) await catchUpDirectory(stampsNow.directory)
    for (const change of read.changes) {
      const feed = change.subject === null ? undefined : feeds.get(change.subject)?.feed
      if (change.kind === 'category') hearCategory(change.subject!, true)
      if (!feed) continue
      if (change.kind === 'post' && change.throughSeq! > (feed.lastSeq() ?? 0))
        feed.hear({ through: change.throughSeq! })
      if (change.kind === 'room') feed.hear({ recheck: true })
      if (change.kind === 'history') feed.hear({ removals: true })
    }
    snapshot = read.snapshot
    sweptAt = Date.now()
    if (sweptAt - signInsAt < signInsMs) return
    await checkSignIns([...sessions.values()])
    signInsAt = sweptAt
  }

  async function checkAll() {
    for (const { feed } of feeds.values()) {
      feed.hear({ recheck: true })
      feed.hear({ removals: true })
    }
    await checkEnds([...feeds.keys()])
  }

  async function checkEnds(rooms: string[]) {
    for (const [room, lastSeq] of await lastSeqs(chat.db, rooms)) {
      const feed = feeds.get(room)?.feed
      if (feed && lastSeq > (feed.lastSeq() ?? lastSeq)) feed.hear({ through: lastSeq })
    }
  }

  /** A room that began to be heard after it was read (session.sync) may have missed what came between; one look for many rooms. */
  function checkSoon(feed: RoomFeed) {
    fresh.push(feed)
    if (fresh.length > 1) return
    setTimeout(() => {
      const rooms = fresh.map(one => one.room)
      fresh = []
      void failing(checkEnds(rooms))
    }, newFeedMs)
  }

  function settleLater(session: Session, room: string, standing: Standing, opened: boolean, after: (() => void)[]) {
    after.push(() => {
      // Writing the answer may have closed it: a slow reader.
      if (!sessions.has(session.id)) return
      // Not the feed of the beginning: a session that left meanwhile may have taken that one along.
      const feed = feedOf(room)
      const isNew = feed.lastSeq() === undefined
      feed.settle(session, standing, opened)
      if (isNew) checkSoon(feed)
    })
  }

  /** A restored store: everybody comes again and is told to load anew; what this server knew of it is nothing any more. */
  async function checkStore() {
    const ends = new Map([...feeds.values()].map(({ feed }) => [feed.room, feed.lastSeq() ?? 0]))
    if (!(await isOtherStore(chat, ends))) return
    const { directory: version } = await readStamps(chat.db)
    directory = followed = version
    snapshot = (await changesSince(chat.db, undefined)).snapshot
    for (const session of [...sessions.values()]) session.close(closeCodes.restart, 'the store was restored; load anew')
  }

  const endPool = chat.bus.subscribe('pool', hearPool)
  const sweeping: Running = repeatEvery(options.sweepMs ?? sweepMs, sweep, error =>
    chat.log.warn({ err: error }, 'the sweep waits for the store'),
  )

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
      }
    },
    remove(session) {
      if (!sessions.delete(session.id)) return
      chat.metrics.sessions.dec()
      leaving = session
      for (const feed of [...session.heard]) feed.remove(session)
      leaving = undefined
      const known = byUser.get(session.caller.user.id)
      known?.sessions.delete(session)
      if (known?.sessions.size === 0) {
        known.end()
        byUser.delete(session.caller.user.id)
        losses.forget(session.caller.user.id)
      }
    },
    live: (session, after) => ({
      id: session.id,
      begin(room) {
        const feed = feedOf(room)
        feed.begin(session)
        return {
          settle: standing => settleLater(session, room, standing, true, after),
          abandon: () => feed.abandon(session),
        }
      },
      enter: (room: string, standing: Standing) => settleLater(session, room, standing, false, after),
      part: room => feeds.get(room)?.feed.remove(session),
    }),
    async stop() {
      endPool()
      await sweeping.stop()
      await checking.stop()
      roster.stop()
      for (const { end } of feeds.values()) end()
      feeds.clear()
    },
  }
}
