import type { Event, EventName, EventOf } from '../protocol/event.ts'
import type { Input, Result, Verb } from '../protocol/request.ts'
import type { Room } from '../protocol/room.ts'
import type { Answer } from './connection.ts'
import type { History, Request } from './history.ts'
import { overlap } from './ranges.ts'
import {
  applyHistoryChanged,
  applyInfo,
  applyJoin,
  applyPosted,
  applyRead,
  applyRemoved,
  applyRoster,
  applySync,
  emptyRoom,
} from './room-state.ts'
import type { Rooms } from './rooms.ts'

export type HearOptions = {
  rooms: Rooms
  history: History
  request: Request
  /** Something is known to be out of date that only session.sync can tell. */
  stale: () => unknown
  catchUp: 'newest' | 'all'
}

type OnEvent = { [E in EventName]?: (event: EventOf<E>) => void }
type OnAnswer = { [V in Verb]?: (input: Input<V>, result: Result<V>) => void }

const HISTORY_ON_JOIN = 30
const RELOADED = 100

/** What the server says changes what is known of rooms. Answers are heard, too, in one order with events. */
export function createHear({ rooms, history, request, stale, catchUp }: HearOptions) {
  const skip = catchUp === 'newest'
  /** Who looks at the room sees the hole meanwhile, and may fill it himself when this fails. */
  const inBackground = (work: Promise<unknown>) => void work.catch(() => {})

  function posted({ room, message }: EventOf<'message.posted'>): void {
    const state = rooms.get(room)
    if (state === undefined) stale()
    const base = state ?? emptyRoom(room, { lastSeq: message.seq - 1, firstSeq: 1, revision: 0 })
    const applied = applyPosted(base, message)
    if (applied !== state) rooms.put(applied)
    rooms.trim(room)
  }

  function historyChanged(event: EventOf<'history.changed'>): void {
    const known = rooms.get(event.room)?.ranges ?? []
    rooms.change(event.room, state => applyHistoryChanged(state, event))
    const lost = overlap(known, { from: event.fromSeq, through: event.throughSeq })
    for (const range of lost) inBackground(history.fill(event.room, range))
  }

  function opened(input: Input<'room.join'>, result: Result<'room.join'>): void {
    rooms.epoch ??= result.epoch
    const same = result.epoch === rooms.epoch
    rooms.joined.add(result.room.id)
    const old = same ? rooms.get(result.room.id) : undefined
    rooms.put(applyJoin(old, result, input.history ?? HISTORY_ON_JOIN, skip))
    // What was removed meanwhile of what is here from before only session.sync tells.
    if (!same || result.revision > (old?.revision ?? result.revision)) stale()
  }

  function openedAgain(info: Room): void {
    rooms.change(info.id, state => applyInfo({ ...state, closed: undefined }, info))
    stale()
    if (rooms.joined.has(info.id)) inBackground(request('room.join', { room: info.id, history: 0 }))
  }

  function closed({ room, reason }: EventOf<'room.closed'>): void {
    if (reason === 'disabled') rooms.change(room, state => ({ ...state, closed: 'disabled', participants: undefined }))
    else rooms.drop(room)
  }

  function followed({ room }: { room: string }): void {
    if (rooms.get(room) === undefined) stale()
    rooms.change(room, state => applyRead({ ...state, followed: true }, state.lastSeq))
  }

  function unfollowed({ room }: { room: string }): void {
    rooms.change(room, state => ({ ...state, followed: false }))
  }

  function read({ room, seq }: { room: string; seq: number }): void {
    rooms.change(room, state => applyRead(state, seq))
  }

  function synced(input: Input<'session.sync'>, result: Result<'session.sync'>): void {
    rooms.epoch = result.epoch
    const askedSeqs = new Map(input.rooms?.map(({ room, seq }) => [room, seq]))
    for (const room of result.rooms) {
      const old = rooms.get(room.room)
      rooms.put(applySync(old, room, askedSeqs.get(room.room), skip))
      const anew = room.reset === true || room.changed === 'reload'
      if (anew && old !== undefined && old.messages.length > 0) inBackground(history.loadOlder(room.room, RELOADED))
    }
    for (const { room, code } of result.refused) closed({ event: 'room.closed', room, reason: refusedAs(code) })
  }

  const roster = (event: Parameters<typeof applyRoster>[1]) =>
    rooms.change(event.room, state => applyRoster(state, event))

  const onEvent: OnEvent = {
    'message.posted': posted,
    'message.removed': event => rooms.change(event.room, state => applyRemoved(state, event)),
    'history.changed': historyChanged,
    'room.changed': ({ room }) => rooms.change(room.id, state => applyInfo(state, room)),
    'room.opened': ({ room }) => openedAgain(room),
    'room.closed': closed,
    'room.read': read,
    'room.followed': followed,
    'room.unfollowed': unfollowed,
    'participant.joined': roster,
    'participant.left': roster,
    'room.roster': roster,
  }
  const onAnswer: OnAnswer = {
    'room.join': opened,
    'session.sync': synced,
    'room.part': ({ room }) => rooms.drop(room),
    'room.markRead': read,
    'room.follow': followed,
    'room.unfollow': unfollowed,
  }

  return {
    event: (event: Event) => onEvent[event.event]?.(event as never),
    answer: ({ verb, input, result }: Answer) => onAnswer[verb]?.(input as never, result as never),
  }
}

function refusedAs(code: string): 'disabled' | 'removed' {
  return code === 'room_disabled' ? 'disabled' : 'removed'
}
