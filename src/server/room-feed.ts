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
import { RoomNews } from './room-news.ts'
import type { RosterNews } from './roster.ts'
import { followScope } from './scope-work.ts'
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
import { retryMs, type Work, type Worker, WorkQueue } from './work-queue.ts'

/** How long a gap waits for the bus before the store is asked. */
const gapWaitMs = 20
const fillRange = 500

/** The local sessions of one room: brings each event to each, in order of sequence, under an access stamp that is never older than the event's. */
export function openRoomFeed(hub: FeedHub, room: string): RoomFeed {
  return new Feed(hub, room)
}

/** A class: a server has 33,000 of them, and closures for each would be ten times as large. */
class Feed implements RoomFeed, Worker {
  readonly room: string
  readonly subs = new Map<Session, Sub>()
  category: string | undefined = undefined
  lastSeq: number | undefined = undefined
  stamp: Stamp | undefined = undefined
  private revision = 0
  private readonly hub: FeedHub
  private readonly queue: WorkQueue = new WorkQueue(this)
  readonly about: RoomNews

  constructor(hub: FeedHub, room: string) {
    this.hub = hub
    this.room = room
    this.about = new RoomNews(hub, this, this.queue)
  }

  private get chat() {
    return this.hub.chat
  }

  hear(work: Work) {
    this.queue.add(work)
  }

  hearRoster(news: RosterNews) {
    this.about.hearRoster(news)
  }

  isStarted() {
    return this.lastSeq !== undefined
  }

  isDeserted() {
    return this.subs.size === 0
  }

  onError(error: unknown) {
    this.chat.log.warn({ room: this.room, err: error }, 'a room waits for the store')
  }

  doWork(work: Work): Promise<void> | undefined {
    if ('head' in work) {
      const { head } = work
      if (head.kind === 'message') return this.doMessage(work, head.seq, head.stamp)
      if (head.kind === 'closed') this.closeAll(head.reason)
      if (head.kind === 'room') return this.doEvent(work.frame!, head)
      return undefined
    }
    if ('roster' in work) return this.about.tellRoster(work.roster, work.number)
    if ('through' in work) return work.through > this.lastSeq! ? this.fillLater(work.through) : undefined
    if ('recheck' in work) return this.recheckIfNewer()
    if ('removals' in work) return this.tellRemovals()
    if ('owed' in work) return this.about.tellOwed(work.owed, work.readAt)
    return followScope(this, work.scope)
  }

  private doMessage(message: BusMessage, seq: number, under: Stamp): Promise<void> | undefined {
    if (seq <= this.lastSeq!) return undefined
    if (seq > this.lastSeq! + 1) return this.waitForGap(message, seq)
    if (this.mustCheck(under))
      return this.check(under).then(() => this.deliverParts([{ fromSeq: seq, throughSeq: seq, frame: message.frame! }]))
    // What follows without a gap and under the same stamp comes along, so that each session gets it in one piece.
    const run = [message, ...this.queue.takeRun(seq, under)]
    return this.deliverParts(run.map(({ frame }, i) => ({ fromSeq: seq + i, throughSeq: seq + i, frame: frame! })))
  }

  private async doEvent(frame: Uint8Array, head: Extract<BusHead, { kind: 'room' }>) {
    if (head.shown && !isShownNewer(head.shown, this.about.shown())) return
    // It waits alone: a message has its own stamp to go by.
    if (!this.hub.isFresh()) return this.about.owe({ removals: head.revision !== undefined })
    if (this.mustCheck(head.stamp)) await this.check(head.stamp)
    // A revision that is jumped over was lost on its way here, and would not be looked for any more.
    if (head.revision !== undefined && head.revision > this.revision + 1) await this.tellRemovals()
    if (head.revision !== undefined) this.revision = Math.max(this.revision, head.revision)
    await (head.shown ? this.about.tellChanged(frame, head.shown) : this.deliverEvent(frame))
  }

  /** The bus may be late or out of order: what comes within a moment is put in order, what does not is read from the store. */
  private async waitForGap(message: BusMessage, seq: number) {
    await pause(gapWaitMs)
    this.queue.putBack(message)
    const first = this.queue.sortMessages().find(one => one.head.seq > this.lastSeq!)
    if (first && first.head.seq > this.lastSeq! + 1) await this.fill(Math.min(first.head.seq - 1, seq - 1))
  }

  private async fillLater(through: number) {
    await pause(gapWaitMs)
    if (through > this.lastSeq! && !this.queue.hasMessages()) await this.fill(through)
    else if (through > this.lastSeq!) this.queue.add({ through })
  }

  /** Reads on from the store up to a sequence; what was read is told under rights that were looked at afterwards. */
  private async fill(wanted: number) {
    this.chat.metrics.gapsFilled.inc()
    const end = await readLastSeq(this.chat, this.room)
    // What is told has been committed before: beyond the end there is nothing, whoever says so.
    if (end < wanted) this.queue.dropAbove(Math.max(end, this.lastSeq!))
    const through = Math.min(wanted, end)
    while (this.lastSeq! < through && this.subs.size > 0) {
      const to = Math.min(through, this.lastSeq! + fillRange)
      const pieces = await readPieces(this.chat, this.room, this.lastSeq! + 1, to)
      await this.checkNow()
      await this.deliverParts(pieces)
    }
  }

  private deliverParts(parts: Part[]): Promise<void> | undefined {
    if (parts.length === 0) return undefined
    const whole = parts.length === 1 ? parts[0]!.frame : Buffer.concat(parts.map(part => part.frame))
    const run: Run = { parts, fromSeq: parts[0]!.fromSeq, throughSeq: parts.at(-1)!.throughSeq, whole }
    let deliveries = 0
    const startedAt = performance.now()
    const waits = giveAll(this.subs, sub => {
      deliveries += pushRun(this.chat, sub, run)
    })
    const end = () => {
      this.chat.metrics.deliveries.inc(deliveries)
      this.chat.metrics.deliverySeconds.observe((performance.now() - startedAt) / 1000)
      this.lastSeq = Math.max(this.lastSeq!, run.throughSeq)
    }
    if (waits) return waits.then(end)
    end()
    return undefined
  }

  private deliverEvent(frame: Uint8Array): Promise<void> | undefined {
    return giveAll(this.subs, sub => push(this.chat, sub, undefined, frame))
  }

  compare(versions: Versions) {
    if (this.lastSeq === undefined) return
    if (versions.lastSeq > this.lastSeq) this.queue.add({ through: versions.lastSeq })
    if (isRoomNewer(versions.stamp, this.stamp!) || isShownNewer(versions.shown, this.about.shown()))
      this.queue.add({ recheck: true })
    if (versions.revision > this.revision) this.queue.add({ removals: true })
  }

  ////////////////////////////////////////////////////////////////// rights

  private mustCheck(under: Stamp): boolean {
    return isRoomNewer(under, this.stamp!) || this.hub.isBehind(under)
  }

  private async check(under: Stamp) {
    await this.hub.catchUp(under)
    if (isRoomNewer(under, this.stamp!)) await this.recheck()
  }

  /** One row instead of everybody's rights: a busy server that is late fills rooms of thousands. */
  async checkNow(stands?: Versions) {
    const now = stands ?? (await readRoomVersions(this.chat, this.room))
    if (!now) return this.closeAll('deleted')
    this.category = now.category
    if (this.mustCheck(now.stamp)) await this.check(now.stamp)
  }

  async recheckIfNewer() {
    const before = await readRoomVersions(this.chat, this.room)
    if (!before) return this.closeAll('deleted')
    if (!isShownNewer(before.shown, this.about.shown())) {
      if (isRoomNewer(before.stamp, this.stamp!)) await this.recheck()
      return
    }
    // Read first, decided after: nobody is told of what came after his right ended.
    const changed = await readRoomChanged(this.chat, this.room)
    const now = await readRoomVersions(this.chat, this.room)
    if (!changed || !now) return this.closeAll('deleted')
    if (isRoomNewer(now.stamp, this.stamp!)) await this.recheck()
    await this.about.tellChanged(changed.frame, changed.shown)
  }

  /** Decides anew for everyone who hears the room, and for who came in while that was read. Whoever may not is told and leaves. */
  private async recheck() {
    let checked = this.heard(() => true)
    if (checked.length === 0) {
      // Nobody's rights say how old the room's stamp is, and who is about to come in is held against it.
      const now = await readRoomVersions(this.chat, this.room)
      if (now) this.stamp = newest(this.stamp!, now.stamp)
      else this.closeAll('deleted')
      checked = this.heard(sub => isRoomNewer(this.stamp!, sub.under))
    }
    while (checked.length > 0) {
      const hearing = await this.recheckSubs(checked)
      if (hearing.stamp) this.stamp = newest(this.stamp!, hearing.stamp)
      checked = this.heard(sub => isRoomNewer(this.stamp!, sub.under))
    }
  }

  heard(which: (sub: Sub) => boolean): Sub[] {
    return [...this.subs.values()].filter(sub => sub.state !== 'pending' && which(sub))
  }

  async recheckSubs(checked: Sub[]): Promise<Hearing> {
    this.chat.metrics.rechecks.inc()
    const hearing = await decideHearing(this.chat, this.room, [
      ...new Set(checked.map(sub => sub.session.caller.user.id)),
    ])
    this.category = hearing.category ?? this.category
    if (!hearing.stamp) this.isGone()
    for (const sub of checked) {
      if (this.subs.get(sub.session) !== sub) continue
      if (!hearing.readers.has(sub.session.caller.user.id)) this.close(sub, hearing.reason)
      else if (hearing.stamp) sub.under = newest(sub.under, hearing.stamp)
    }
    return hearing
  }

  async recheckUsers(users: Set<string>, directory: number) {
    const checked = this.heard(sub => users.has(sub.session.caller.user.id) && sub.under.directory < directory)
    if (checked.length > 0) await this.recheckSubs(checked)
  }

  private closeAll(reason: ClosedReason) {
    if (reason === 'deleted') this.isGone()
    for (const sub of [...this.subs.values()]) this.close(sub, reason)
  }

  /** Newer than all: who is about to come in was decided before, and is decided anew. */
  private isGone() {
    if (this.stamp) this.stamp = { ...this.stamp, room: Number.MAX_SAFE_INTEGER }
  }

  close(sub: Sub, reason: ClosedReason) {
    // A pending one is decided when it settles.
    if (sub.state === 'pending') return
    sub.session.outlet.push(eventFrame({ event: 'room.closed', room: this.room, reason }))
    if (reason === 'removed') this.hub.shutOut(this.room, sub.session.caller.user.id)
    this.remove(sub.session)
  }

  async tellRemovals() {
    const found = await readRemovals(this.chat, this.room, this.revision)
    if (found.frames.length > 0) await this.checkNow()
    this.revision = found.revision
    for (const frame of found.frames) await this.deliverEvent(frame)
  }

  ////////////////////////////////////////////////////////////////// who hears

  /** Known to the session from the first on: one that ends while it is pending takes it along. */
  private subOf(session: Session): Sub {
    const known = this.subs.get(session)
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
    this.subs.set(session, sub)
    session.heard.add(this)
    return sub
  }

  begin(session: Session) {
    // Joining again: what is live goes on, and is held as well, so that the answer is followed without a hole.
    this.subOf(session).held ??= []
  }

  list(session: Session) {
    const sub = this.subs.get(session)
    if (sub) this.about.list(sub)
  }

  abandon(session: Session) {
    const sub = this.subs.get(session)
    if (!sub) return
    if (sub.state === 'pending') this.remove(session)
    else if (sub.state === 'live') sub.held = undefined
  }

  /** After the answer is written, in the same turn: live at once, or after what has to be decided or filled first. */
  settle(session: Session, standing: Standing, opened: boolean) {
    const sub = this.subOf(session)
    const again = sub.state !== 'pending'
    if (opened) this.about.open(sub)
    sub.lastSeq = standing.lastSeq
    sub.revision = standing.revision
    sub.under = standing.stamp
    sub.settled += 1
    sub.shown = standing.shown
    if (this.lastSeq === undefined) {
      this.lastSeq = standing.lastSeq
      this.stamp = standing.stamp
      this.revision = standing.revision
      this.about.begin(standing.shown)
    }
    const stale = isNewer({ ...this.stamp!, directory: this.hub.directory(), settings: 0 }, standing.stamp)
    if (stale || sub.revision < this.revision || !isWhole(sub, this.lastSeq!) || !isShown(sub, this.about.shown()))
      void this.goLiveLater(sub)
    else goLive(this.chat, sub)
    if (!again) this.hub.entered(this, sub)
    this.queue.wake()
  }

  private async goLiveLater(sub: Sub) {
    const { settled } = sub
    // Joining again while this is under way begins it anew.
    const isOver = () => this.subs.get(sub.session) !== sub || sub.settled !== settled
    sub.state = 'checking'
    sub.held ??= []
    while (!isOver()) {
      try {
        const through = Math.min(this.lastSeq!, sub.lastSeq + fillRange)
        const removals = await readRemovals(this.chat, this.room, sub.revision)
        const pieces = isWhole(sub, this.lastSeq!)
          ? []
          : await readPieces(this.chat, this.room, sub.lastSeq + 1, through)
        const changed = isShown(sub, this.about.shown()) ? undefined : await readRoomChanged(this.chat, this.room)
        // Read first, decided after: of what came after the right ended nothing is told.
        await this.recheckSubs([sub])
        if (isOver()) return
        for (const frame of [...removals.frames, ...pieces.map(piece => piece.frame)]) sub.session.outlet.push(frame)
        sub.revision = removals.revision
        if (changed) {
          sub.session.outlet.push(changed.frame)
          sub.shown = changed.shown
        }
        if (pieces.length > 0) sub.lastSeq = through
        if (isWhole(sub, this.lastSeq!) && !isRoomNewer(this.stamp!, sub.under)) return goLive(this.chat, sub)
      } catch (error) {
        this.chat.log.warn({ room: this.room, err: error }, 'a session waits for the store')
        await pause(retryMs)
      }
    }
  }

  remove(session: Session) {
    const sub = this.subs.get(session)
    if (!sub) return
    this.subs.delete(session)
    session.heard.delete(this)
    this.about.leave(sub)
    if (sub.state !== 'pending') this.hub.left(this, sub)
    if (this.subs.size === 0) this.hub.empty(this)
  }
}
