import type { Standing } from '../chat/chat.ts'
import {
  decideHearing,
  type Hearing,
  readLastSeq,
  readPieces,
  readRemovals,
  readRoomChanged,
  readRoomVersions,
} from '../chat/hearing.ts'
import { isNewer, newest, type Stamp } from '../domain/stamp.ts'
import type { BusHead, BusMessage } from '../pool/bus.ts'
import { eventFrame } from '../pool/frame.ts'
import type { ClosedReason } from '../protocol/event.ts'
import type { Versions } from '../store/access.ts'
import type { FeedHub, RoomFeed } from './feed.ts'
import { openRoomNews } from './room-news.ts'
import type { Session } from './session.ts'
import {
  giveAll,
  goLive,
  isRoomNewer,
  isShown,
  isShownNewer,
  isWhole,
  never,
  nothingShown,
  type Part,
  pause,
  push,
  pushRun,
  type Run,
  type Sub,
} from './sub.ts'
import { openWorkQueue, type Work } from './work-queue.ts'

/** How long a gap waits for the bus before the store is asked. */
const gapWaitMs = 20
const fillRange = 500
const retryMs = 250

/** The local sessions of one room: brings each event to each, in order of sequence, under an access stamp that is never older than the event's. */
export function openRoomFeed(hub: FeedHub, room: string): RoomFeed {
  const { chat } = hub
  const subs = new Map<Session, Sub>()
  let lastSeq: number | undefined
  let stamp: Stamp | undefined
  let revision = 0
  const queue = openWorkQueue({
    doWork,
    isStarted: () => lastSeq !== undefined,
    isDeserted: () => subs.size === 0,
    onError: error => chat.log.warn({ room, err: error }, 'a room waits for the store'),
  })

  const feed: RoomFeed = {
    room,
    category: undefined,
    subs,
    hear: queue.add,
    hearRoster: news => about.hearRoster(news),
    compare,
    recheckUsers,
    begin,
    list,
    settle,
    abandon,
    remove,
    lastSeq: () => lastSeq,
  }
  const about = openRoomNews(hub, feed, queue, { recheckIfNewer, tellRemovals })

  function doWork(work: Work): Promise<void> | undefined {
    if ('head' in work) {
      const { head } = work
      if (head.kind === 'message') return doMessage(work, head.seq, head.stamp)
      if (head.kind === 'closed') closeAll(head.reason)
      if (head.kind === 'room') return doEvent(work.frame!, head)
      return undefined
    }
    if ('roster' in work) return about.tellRoster(work.roster, work.number)
    if ('through' in work) return work.through > lastSeq! ? fillLater(work.through) : undefined
    if ('recheck' in work) return recheckIfNewer()
    if ('removals' in work) return tellRemovals()
    if ('owed' in work) return about.tellOwed()
    return followCategory(work.category)
  }

  function doMessage(message: BusMessage, seq: number, under: Stamp): Promise<void> | undefined {
    if (seq <= lastSeq!) return undefined
    if (seq > lastSeq! + 1) return waitForGap(message, seq)
    if (mustCheck(under))
      return check(under).then(() => deliverParts([{ fromSeq: seq, throughSeq: seq, frame: message.frame! }]))
    return deliverRun(message, seq, under)
  }

  /** Takes what follows without a gap and under the same stamp along, so that each session gets it in one piece. */
  function deliverRun(message: BusMessage, seq: number, under: Stamp): Promise<void> | undefined {
    const run = [message, ...queue.takeRun(seq, under)]
    return deliverParts(run.map(({ frame }, i) => ({ fromSeq: seq + i, throughSeq: seq + i, frame: frame! })))
  }

  async function doEvent(frame: Uint8Array, head: Extract<BusHead, { kind: 'room' }>) {
    if (head.shown && !isShownNewer(head.shown, about.shown())) return
    // It waits alone: a message has its own stamp to go by.
    if (!hub.isFresh()) return about.owe({ removals: head.revision !== undefined })
    if (mustCheck(head.stamp)) await check(head.stamp)
    // A revision that is jumped over was lost on its way here, and would not be looked for any more.
    if (head.revision !== undefined && head.revision > revision + 1) await tellRemovals()
    if (head.revision !== undefined) revision = Math.max(revision, head.revision)
    await (head.shown ? about.tellChanged(frame, head.shown) : deliverEvent(frame))
  }

  /** The bus may be late or out of order: what comes within a moment is put in order, what does not is read from the store. */
  async function waitForGap(message: BusMessage, seq: number) {
    await pause(gapWaitMs)
    queue.putBack(message)
    const first = queue.sortMessages().find(one => one.head.seq > lastSeq!)
    if (first && first.head.seq > lastSeq! + 1) await fill(Math.min(first.head.seq - 1, seq - 1))
  }

  async function fillLater(through: number) {
    await pause(gapWaitMs)
    if (through > lastSeq! && !queue.hasMessages()) await fill(through)
    else if (through > lastSeq!) queue.add({ through })
  }

  /** Reads on from the store up to a sequence, after deciding anew who may hear it: it may be of any age. */
  async function fill(wanted: number) {
    chat.metrics.gapsFilled.inc()
    const end = await readLastSeq(chat, room)
    // What is told has been committed before: beyond the end there is nothing, whoever says so.
    if (end < wanted) queue.dropAbove(Math.max(end, lastSeq!))
    const through = Math.min(wanted, end)
    while (lastSeq! < through && subs.size > 0) {
      const to = Math.min(through, lastSeq! + fillRange)
      const pieces = await readPieces(chat, room, lastSeq! + 1, to)
      await recheck()
      await deliverParts(pieces)
    }
  }

  function deliverParts(parts: Part[]): Promise<void> | undefined {
    if (parts.length === 0) return undefined
    const whole = parts.length === 1 ? parts[0]!.frame : Buffer.concat(parts.map(part => part.frame))
    const run: Run = { parts, fromSeq: parts[0]!.fromSeq, throughSeq: parts.at(-1)!.throughSeq, whole }
    let deliveries = 0
    const waits = giveAll(subs, sub => {
      deliveries += pushRun(chat, sub, run)
    })
    const end = () => {
      chat.metrics.deliveries.inc(deliveries)
      lastSeq = Math.max(lastSeq!, run.throughSeq)
    }
    if (waits) return waits.then(end)
    end()
    return undefined
  }

  function deliverEvent(frame: Uint8Array): Promise<void> | undefined {
    return giveAll(subs, sub => push(chat, sub, undefined, frame))
  }

  function compare(versions: Versions) {
    if (lastSeq === undefined) return
    if (versions.lastSeq > lastSeq) queue.add({ through: versions.lastSeq })
    if (isRoomNewer(versions.stamp, stamp!) || isShownNewer(versions.shown, about.shown())) queue.add({ recheck: true })
    if (versions.revision > revision) queue.add({ removals: true })
  }

  ////////////////////////////////////////////////////////////////// rights

  function mustCheck(under: Stamp): boolean {
    return isRoomNewer(under, stamp!) || hub.isBehind(under)
  }

  async function check(under: Stamp) {
    await hub.catchUp(under)
    if (isRoomNewer(under, stamp!)) await recheck()
  }

  async function recheckIfNewer() {
    const before = await readRoomVersions(chat, room)
    if (!before) return closeAll('deleted')
    if (!isShownNewer(before.shown, about.shown())) {
      if (isRoomNewer(before.stamp, stamp!)) await recheck()
      return
    }
    // Read first, decided after: nobody is told of what came after his right ended.
    const changed = await readRoomChanged(chat, room)
    const now = await readRoomVersions(chat, room)
    if (!changed || !now) return closeAll('deleted')
    if (isRoomNewer(now.stamp, stamp!)) await recheck()
    await about.tellChanged(changed.frame, changed.shown)
  }

  /** Decides anew for everyone who hears the room, and for who came in while that was read. Whoever may not is told and leaves. */
  async function recheck() {
    let checked = heard(() => true)
    if (checked.length === 0) {
      // Nobody's rights say how old the room's stamp is, and who is about to come in is held against it.
      const now = await readRoomVersions(chat, room)
      if (now) stamp = newest(stamp!, now.stamp)
      else closeAll('deleted')
      checked = heard(sub => isRoomNewer(stamp!, sub.under))
    }
    while (checked.length > 0) {
      const hearing = await recheckSubs(checked)
      if (hearing.stamp) stamp = newest(stamp!, hearing.stamp)
      checked = heard(sub => isRoomNewer(stamp!, sub.under))
    }
  }

  function heard(which: (sub: Sub) => boolean): Sub[] {
    return [...subs.values()].filter(sub => sub.state !== 'pending' && which(sub))
  }

  async function recheckSubs(checked: Sub[]): Promise<Hearing> {
    chat.metrics.rechecks.inc()
    const hearing = await decideHearing(chat, room, [...new Set(checked.map(sub => sub.session.caller.user.id))])
    feed.category = hearing.category ?? feed.category
    if (!hearing.stamp) isGone()
    for (const sub of checked) {
      if (subs.get(sub.session) !== sub) continue
      if (!hearing.readers.has(sub.session.caller.user.id)) close(sub, hearing.reason)
      else if (hearing.stamp) sub.under = newest(sub.under, hearing.stamp)
    }
    return hearing
  }

  async function recheckUsers(users: Set<string>, directory: number) {
    const checked = heard(sub => users.has(sub.session.caller.user.id) && sub.under.directory < directory)
    if (checked.length > 0) await recheckSubs(checked)
  }

  function closeAll(reason: ClosedReason) {
    if (reason === 'deleted') isGone()
    for (const sub of [...subs.values()]) close(sub, reason)
  }

  /** Newer than all: who is about to come in was decided before, and is decided anew. */
  function isGone() {
    if (stamp) stamp = { ...stamp, room: Number.MAX_SAFE_INTEGER }
  }

  function close(sub: Sub, reason: ClosedReason) {
    // A pending one is decided when it settles.
    if (sub.state === 'pending') return
    sub.session.outlet.push(eventFrame({ event: 'room.closed', room, reason }))
    if (reason === 'removed') hub.shutOut(room, sub.session.caller.user.id)
    remove(sub.session)
  }

  async function tellRemovals() {
    const found = await readRemovals(chat, room, revision)
    if (found.frames.length > 0) await recheck()
    revision = found.revision
    for (const frame of found.frames) await deliverEvent(frame)
  }

  async function followCategory(category: string) {
    // Which category a room is of is learnt with its rights.
    if (feed.category === undefined) await recheck()
    if (feed.category === category) await recheckIfNewer()
  }

  ////////////////////////////////////////////////////////////////// who hears

  /** Known to the session from the first on: one that ends while it is pending takes it along. */
  function subOf(session: Session): Sub {
    const known = subs.get(session)
    if (known) return known
    const sub: Sub = {
      session,
      state: 'pending',
      lastSeq: 0,
      under: never,
      held: undefined,
      opened: false,
      revision: 0,
      settled: 0,
      shown: nothingShown,
      listed: 0,
    }
    subs.set(session, sub)
    session.heard.add(feed)
    return sub
  }

  function begin(session: Session) {
    // Joining again: what is live goes on, and is held as well, so that the answer is followed without a hole.
    subOf(session).held ??= []
  }

  function list(session: Session) {
    const sub = subs.get(session)
    if (sub) about.list(sub)
  }

  function abandon(session: Session) {
    const sub = subs.get(session)
    if (!sub) return
    if (sub.state === 'pending') remove(session)
    else if (sub.state === 'live') sub.held = undefined
  }

  /** After the answer is written, in the same turn: live at once, or after what has to be decided or filled first. */
  function settle(session: Session, standing: Standing, opened: boolean) {
    const sub = subOf(session)
    const again = sub.state !== 'pending'
    sub.opened ||= opened
    sub.lastSeq = standing.lastSeq
    sub.revision = standing.revision
    sub.under = standing.stamp
    sub.settled += 1
    sub.shown = standing.shown
    if (lastSeq === undefined) {
      lastSeq = standing.lastSeq
      stamp = standing.stamp
      revision = standing.revision
      about.begin(standing.shown)
    }
    const stale = isNewer({ ...stamp!, directory: hub.directory(), settings: 0 }, standing.stamp)
    if (stale || sub.revision < revision || !isWhole(sub, lastSeq!) || !isShown(sub, about.shown()))
      void goLiveLater(sub)
    else goLive(chat, sub)
    if (!again) hub.entered(feed, sub)
    queue.wake()
  }

  async function goLiveLater(sub: Sub) {
    const { settled } = sub
    // Joining again while this is under way begins it anew.
    const isOver = () => subs.get(sub.session) !== sub || sub.settled !== settled
    sub.state = 'checking'
    sub.held ??= []
    while (!isOver()) {
      try {
        const through = Math.min(lastSeq!, sub.lastSeq + fillRange)
        const removals = await readRemovals(chat, room, sub.revision)
        const pieces = isWhole(sub, lastSeq!) ? [] : await readPieces(chat, room, sub.lastSeq + 1, through)
        const changed = isShown(sub, about.shown()) ? undefined : await readRoomChanged(chat, room)
        // Read first, decided after: of what came after the right ended nothing is told.
        await recheckSubs([sub])
        if (isOver()) return
        for (const frame of [...removals.frames, ...pieces.map(piece => piece.frame)]) sub.session.outlet.push(frame)
        sub.revision = removals.revision
        if (changed) {
          sub.session.outlet.push(changed.frame)
          sub.shown = changed.shown
        }
        if (pieces.length > 0) sub.lastSeq = through
        if (isWhole(sub, lastSeq!) && !isRoomNewer(stamp!, sub.under)) return goLive(chat, sub)
      } catch (error) {
        chat.log.warn({ room, err: error }, 'a session waits for the store')
        await pause(retryMs)
      }
    }
  }

  function remove(session: Session) {
    const sub = subs.get(session)
    if (!sub) return
    subs.delete(session)
    session.heard.delete(feed)
    if (sub.state !== 'pending') hub.left(feed, sub)
    if (subs.size === 0) hub.empty(feed)
  }

  return feed
}
