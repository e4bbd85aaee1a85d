import type { Event } from '../src/protocol/event.ts'
import type { Message, PostedMessage } from '../src/protocol/message.ts'
import type { Input, Result } from '../src/protocol/request.ts'
import type { Room } from '../src/protocol/room.ts'
import type { SyncRoom } from '../src/protocol/session-verbs.ts'

export const ROOM = '00000000-0000-4000-8000-000000000001'
const AUTHOR = {
  id: '00000000-0000-4000-8000-0000000000aa',
  kind: 'user',
  name: 'a@example.com',
  displayName: 'A',
} as const
const SYNC_HISTORY = 4
const SYNC_CHANGES = 3

export function message(seq: number, text = `message ${seq}`): PostedMessage {
  const clientId = `00000000-0000-4000-8000-${String(seq).padStart(12, '0')}`
  return { seq, at: '2026-01-01T00:00:00.000Z', author: AUTHOR, text, format: 'plain', clientId }
}

export function roomInfo(more: Partial<Room> = {}): Room {
  return {
    id: ROOM,
    uri: `ma-chan://example.com/${ROOM}`,
    name: 'Room',
    description: '',
    category: ROOM,
    categoryName: 'Category',
    type: 'normal',
    privacy: 'open',
    invitations: 'inherit',
    disabled: false,
    chatHistory: true,
    fileUpload: true,
    version: 1,
    ...more,
  }
}

/** One room as docs/protocol.md describes it, in memory: what a client's copy is compared with. */
export class RoomModel {
  epoch = 'one'
  firstSeq = 1
  revision = 0
  messages: Message[] = []
  #changes: { seq: number; text?: string; revision: number }[] = []

  get lastSeq(): number {
    return this.messages.at(-1)?.seq ?? 0
  }

  get visible(): Message[] {
    return this.messages.filter(({ seq }) => seq >= this.firstSeq)
  }

  post(): Event {
    const posted = message((this.messages.at(-1)?.seq ?? 0) + 1)
    this.messages.push(posted)
    return { event: 'message.posted', room: ROOM, message: posted }
  }

  remove(seq: number, text?: string): Event | undefined {
    const index = this.messages.findIndex(each => each.seq === seq && seq >= this.firstSeq)
    const old = this.messages[index]
    if (old === undefined || 'removed' in old) return undefined
    this.revision += 1
    this.messages[index] = text === undefined ? { seq, at: old.at, removed: true } : { ...old, text, replaced: true }
    this.#changes.push({ seq, revision: this.revision, ...(text === undefined ? {} : { text }) })
    return {
      event: 'message.removed',
      room: ROOM,
      seq,
      revision: this.revision,
      ...(text === undefined ? {} : { text }),
    }
  }

  removeRange(fromSeq: number, throughSeq: number): Event | undefined {
    if (fromSeq < this.firstSeq || throughSeq > this.lastSeq) return undefined
    for (const each of this.visible) if (each.seq >= fromSeq && each.seq <= throughSeq) this.remove(each.seq)
    return this.#historyChanged(fromSeq, throughSeq)
  }

  clear(throughSeq: number): Event | undefined {
    const fromSeq = this.firstSeq
    if (throughSeq < fromSeq || throughSeq > this.lastSeq) return undefined
    this.firstSeq = throughSeq + 1
    this.revision += 1
    return this.#historyChanged(fromSeq, throughSeq)
  }

  list(input: Input<'message.list'>): Result<'message.list'> {
    const limit = input.limit ?? 50
    const { before, after } = input
    const within = this.visible.filter(
      ({ seq }) => (before === undefined || seq < before) && (after === undefined || seq > after),
    )
    const messages = after === undefined ? within.slice(-limit) : within.slice(0, limit)
    return { messages, firstSeq: this.firstSeq, lastSeq: this.lastSeq, revision: this.revision }
  }

  sync(input: Input<'session.sync'>): Result<'session.sync'> {
    const asked = input.rooms?.[0]
    const reset = asked?.seq !== undefined && (input.epoch !== this.epoch || asked.seq > this.lastSeq)
    const room = asked?.seq === undefined || reset ? this.#counts() : this.#missed(asked.seq, asked.revision ?? 0)
    return { epoch: this.epoch, rooms: [reset ? { ...room, reset } : room], refused: [], invitations: [] }
  }

  join(history: number): Result<'room.join'> {
    const rights = {
      member: true,
      manager: false,
      presenter: false,
      read: true,
      post: true,
      manage: false,
      enable: false,
    }
    const { lastSeq, firstSeq, revision, epoch } = this
    const messages = history === 0 ? [] : this.visible.slice(-history)
    return {
      ...{ room: roomInfo(), rights: { ...rights, administer: false }, epoch, lastSeq, firstSeq, revision },
      ...{ readSeq: 0, followed: true, messages, participants: [] },
    }
  }

  #counts(): SyncRoom {
    const { lastSeq, firstSeq, revision } = this
    const unread = lastSeq - (firstSeq - 1)
    return {
      room: ROOM,
      lastSeq,
      firstSeq,
      revision,
      readSeq: 0,
      followed: true,
      unread,
      messages: [],
      gap: false,
      info: roomInfo(),
    }
  }

  #missed(seq: number, revision: number): SyncRoom {
    const missed = this.visible.filter(each => each.seq > seq)
    const changed = this.#changes.filter(change => change.revision > revision)
    return {
      ...this.#counts(),
      messages: missed.slice(-SYNC_HISTORY),
      gap: missed.length > SYNC_HISTORY,
      changed: changed.length > SYNC_CHANGES ? 'reload' : changed.map(({ revision: _, ...change }) => change),
    }
  }

  #historyChanged(fromSeq: number, throughSeq: number): Event {
    return {
      event: 'history.changed',
      room: ROOM,
      fromSeq,
      throughSeq,
      firstSeq: this.firstSeq,
      revision: this.revision,
    }
  }
}
