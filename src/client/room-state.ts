import type { EventOf } from '../protocol/event.ts'
import type { Message, PostedMessage } from '../protocol/message.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Result } from '../protocol/request.ts'
import type { Rights, Room } from '../protocol/room.ts'
import { firstAbove, mergeMessages, replaceText, withoutRange } from './messages.ts'
import { addRange, holes, type Range, rangeAt, removeRange } from './ranges.ts'

/**
 * What this client knows of a room. A value: every change makes a new one, so that views can compare by identity.
 * `messages` are those of all `ranges`, ascending by seq; a seq inside a range without a message is gone for good.
 */
export type RoomState = {
  readonly id: string
  readonly info: Room | undefined
  /** Known after a join. */
  readonly rights: Rights | undefined
  readonly followed: boolean
  /** Disabled: keep the copy, do not show it. */
  readonly closed: 'disabled' | undefined
  readonly messages: readonly Message[]
  readonly ranges: readonly Range[]
  readonly firstSeq: number
  readonly lastSeq: number
  readonly revision: number
  readonly readSeq: number
  readonly unread: number
  /** Up to here `message.posted` was told to listeners. */
  readonly heardSeq: number
  /** Absent while the roster is suspended, and where the room was not opened by `join`. */
  readonly participants: readonly Principal[] | undefined
}

type SyncRoom = Result<'session.sync'>['rooms'][number]
export type Page = Result<'message.list'>

export function emptyRoom(id: string, at: { lastSeq: number; firstSeq: number; revision: number }): RoomState {
  return settle({
    id,
    info: undefined,
    rights: undefined,
    followed: false,
    closed: undefined,
    messages: [],
    ranges: [],
    readSeq: 0,
    unread: 0,
    heardSeq: at.lastSeq,
    participants: undefined,
    firstSeq: at.firstSeq,
    lastSeq: at.lastSeq,
    revision: at.revision,
  })
}

/** `skip`: what lies between the old end and the history that was asked for is not told to listeners later. */
export function applyJoin(
  old: RoomState | undefined,
  joined: Result<'room.join'>,
  history: number,
  skip: boolean,
): RoomState {
  const base = withInfo(old ?? emptyRoom(joined.room.id, joined), joined.room)
  const from = joined.messages[0]?.seq ?? (history > 0 ? joined.firstSeq : joined.lastSeq + 1)
  const state = learn(base, { from, through: joined.lastSeq }, joined.messages)
  return settle({
    ...state,
    info: joined.room,
    rights: joined.rights,
    followed: joined.followed,
    closed: undefined,
    firstSeq: Math.max(base.firstSeq, joined.firstSeq),
    lastSeq: Math.max(base.lastSeq, joined.lastSeq),
    readSeq: Math.max(base.readSeq, joined.readSeq),
    heardSeq: skip && history > 0 ? Math.max(base.heardSeq, from - 1) : base.heardSeq,
    participants: joined.participants,
  })
}

/** `askedSeq` is what the request named for this room; `skip`: what fell into a gap is not told to listeners later. */
export function applySync(
  old: RoomState | undefined,
  synced: SyncRoom,
  askedSeq: number | undefined,
  skip: boolean,
): RoomState {
  const known = old === undefined || synced.reset === true ? emptyRoom(synced.room, synced) : old
  const base = withInfo(known, synced.info ?? old?.info)
  const changed = applyChanged(base, synced.changed)
  const learned =
    synced.reset === true || askedSeq === undefined ? changed : learnMissed(changed, synced, askedSeq, skip)
  return settle({
    ...learned,
    info: synced.info ?? old?.info,
    rights: old?.rights,
    followed: synced.followed,
    closed: undefined,
    firstSeq: Math.max(learned.firstSeq, synced.firstSeq),
    lastSeq: Math.max(learned.lastSeq, synced.lastSeq),
    revision: Math.max(learned.revision, synced.revision),
    readSeq: Math.max(learned.readSeq, synced.readSeq),
  })
}

function learnMissed(state: RoomState, synced: SyncRoom, askedSeq: number, skip: boolean): RoomState {
  const keepsNothing = (synced.info ?? state.info)?.chatHistory === false
  const whole = !synced.gap || keepsNothing
  const from = whole ? askedSeq + 1 : (synced.messages[0]?.seq ?? synced.lastSeq + 1)
  const learned = learn(state, { from, through: synced.lastSeq }, synced.messages)
  return skip ? { ...learned, heardSeq: Math.max(learned.heardSeq, from - 1) } : learned
}

function applyChanged(state: RoomState, changed: SyncRoom['changed']): RoomState {
  if (changed === undefined) return state
  if (changed === 'reload') return { ...state, messages: [], ranges: [] }
  const messages = changed.reduce((before, { seq, text }) => replaceText(before, seq, text), state.messages)
  return { ...state, messages }
}

export function applyPosted(state: RoomState, message: PostedMessage): RoomState {
  if (message.seq < state.firstSeq || rangeAt(state.ranges, message.seq) !== undefined) return state
  return settle(learn(state, { from: message.seq, through: message.seq }, [message]))
}

export function applyRemoved(state: RoomState, event: EventOf<'message.removed'>): RoomState {
  const messages = replaceText(state.messages, event.seq, event.text)
  return { ...state, messages, revision: Math.max(state.revision, event.revision) }
}

/** The range becomes unknown; whoever holds the state loads again what of it was known or is new. */
export function applyHistoryChanged(state: RoomState, event: EventOf<'history.changed'>): RoomState {
  const range = { from: event.fromSeq, through: event.throughSeq }
  return settle({
    ...state,
    messages: withoutRange(state.messages, range),
    ranges: removeRange(state.ranges, range),
    firstSeq: Math.max(state.firstSeq, event.firstSeq),
    lastSeq: Math.max(state.lastSeq, event.throughSeq),
    revision: Math.max(state.revision, event.revision),
  })
}

/** `undefined` where the page is older than what is known of removals: ask again. */
export function applyPage(state: RoomState, page: Page, covers: Range): RoomState | undefined {
  if (page.revision < state.revision) return undefined
  const firstSeq = Math.max(state.firstSeq, page.firstSeq)
  return settle({ ...learn(state, covers, page.messages), firstSeq })
}

/** What a page speaks for: it covers whole what lies between the seq asked for and its farthest message. */
export function pageCovers(page: Page, asked: { before: number } | { after: number }): Range {
  if ('before' in asked) return { from: page.messages[0]?.seq ?? page.firstSeq, through: asked.before - 1 }
  return { from: asked.after + 1, through: page.messages.at(-1)?.seq ?? page.lastSeq }
}

export function applyRead(state: RoomState, seq: number): RoomState {
  return settle({ ...state, readSeq: seq })
}

/** While a room keeps nothing, ranges without messages count as known. Where it keeps again, what it kept before is there again. */
function withInfo(state: RoomState, info: Room | undefined): RoomState {
  if (state.info?.chatHistory !== false || info?.chatHistory !== true) return { ...state, info }
  const ranges = state.messages.reduce<readonly Range[]>(
    (before, { seq }) => addRange(before, { from: seq, through: seq }),
    [],
  )
  return { ...state, info, ranges }
}

export function applyInfo(state: RoomState, info: Room): RoomState {
  if (state.info !== undefined && info.version < state.info.version) return state
  return settle(withInfo(state, info))
}

/** What the server will not give is not waited for. `nothing`: there is nothing in it, so it is no hole to a view either. */
export function giveUp(state: RoomState, hole: Range, nothing: boolean): RoomState {
  const told = { ...state, heardSeq: Math.max(state.heardSeq, hole.through) }
  return nothing ? settle(learn(told, hole, [])) : told
}

export function applyRoster(
  state: RoomState,
  event: EventOf<'participant.joined'> | EventOf<'participant.left'> | EventOf<'room.roster'>,
): RoomState {
  if (event.event === 'room.roster') return { ...state, participants: event.suspended ? undefined : event.list }
  const others = state.participants?.filter(participant => participant.id !== event.principal.id)
  if (others === undefined || event.event === 'participant.left') return { ...state, participants: others }
  return { ...state, participants: [...others, event.principal] }
}

/** Holes that listeners wait for: nothing above them is told before they are filled. */
export function missing(state: RoomState): readonly Range[] {
  return holes(state.ranges, { from: Math.max(state.heardSeq + 1, state.firstSeq), through: state.lastSeq })
}

/** The newest range, which reaches `lastSeq`; undefined where nothing newest is known. */
export function newestRange(state: RoomState): Range | undefined {
  return rangeAt(state.ranges, state.lastSeq)
}

/** The messages that may be told now, in order, and the state in which they count as told. */
export function takeHeard(state: RoomState): { state: RoomState; messages: readonly PostedMessage[] } {
  const from = Math.max(state.heardSeq + 1, state.firstSeq)
  const range = rangeAt(state.ranges, from)
  if (range === undefined) return { state, messages: [] }
  const told = state.messages.slice(firstAbove(state.messages, from - 1))
  const messages = told.filter(
    (message): message is PostedMessage => message.seq <= range.through && !('removed' in message),
  )
  return { state: { ...state, heardSeq: range.through }, messages }
}

/** Forgets the oldest told messages above `keep`, in steps of a quarter so that not every post pays for it. */
export function trim(state: RoomState, keep: number): RoomState {
  if (state.messages.length <= keep * 1.25) return state
  const oldestKept = state.messages[state.messages.length - keep]?.seq ?? 0
  const range = { from: 0, through: Math.min(oldestKept - 1, state.heardSeq) }
  return { ...state, messages: withoutRange(state.messages, range), ranges: removeRange(state.ranges, range) }
}

function learn(state: RoomState, range: Range, messages: readonly Message[]): RoomState {
  return {
    ...state,
    messages: mergeMessages(state.messages, messages),
    ranges: addRange(state.ranges, range),
    lastSeq: Math.max(state.lastSeq, range.through),
  }
}

/** What holds after every change: nothing below `firstSeq` is kept, and `unread` follows from the rest. */
function settle(state: RoomState): RoomState {
  const below = { from: 0, through: state.firstSeq - 1 }
  const cleared = state.ranges[0] !== undefined && state.ranges[0].from < state.firstSeq
  return {
    ...state,
    messages: cleared ? withoutRange(state.messages, below) : state.messages,
    ranges: cleared ? removeRange(state.ranges, below) : state.ranges,
    unread: state.info?.chatHistory === false ? 0 : Math.max(0, state.lastSeq - Math.max(state.readSeq, below.through)),
  }
}
