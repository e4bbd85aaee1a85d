import type { PostedMessage } from '../protocol/message.ts'
import type { Input } from '../protocol/request.ts'
import { PchatError } from './error.ts'
import { missing, type RoomState, takeHeard, trim } from './room-state.ts'

export type RoomsOptions = {
  /** Each message once, in order, whether it came live or was caught up with. */
  posted: (room: string, message: PostedMessage) => void
  changed: (room: string) => void
  /** Listeners wait for a hole to be filled. */
  missed: (room: string) => void
  /** Messages kept of a room of which the user loaded no more. */
  keep: number
}

const SYNCED_AT_ONCE = 1000

/** The rooms in memory. */
export class Rooms {
  /** Opened by join: after a reconnect they are opened again, since sync alone brings no participants. */
  readonly joined = new Set<string>()
  /** Under which the states were learned. */
  epoch: string | undefined
  readonly #states = new Map<string, RoomState>()
  readonly #keep = new Map<string, number>()
  readonly #options: RoomsOptions

  constructor(options: RoomsOptions) {
    this.#options = options
  }

  get(id: string): RoomState | undefined {
    return this.#states.get(id)
  }

  all(): RoomState[] {
    return [...this.#states.values()]
  }

  /** What session.sync is asked with: the end of the range that reaches newest, of every room. */
  known(): NonNullable<Input<'session.sync'>['rooms']> {
    const states = this.all().sort((a, b) => Number(this.joined.has(b.id)) - Number(this.joined.has(a.id)))
    return states.slice(0, SYNCED_AT_ONCE).map(({ id, lastSeq, revision, info }) => ({
      room: id,
      seq: lastSeq,
      revision,
      ...(info === undefined ? {} : { version: info.version }),
    }))
  }

  mustGet(id: string): RoomState {
    const state = this.get(id)
    if (state === undefined)
      throw new PchatError({ code: 'not_found', message: 'This room was not joined. Join it first.' })
    return state
  }

  put(state: RoomState): void {
    const heard = takeHeard(state)
    this.#states.set(state.id, heard.state)
    for (const message of heard.messages) this.#options.posted(state.id, message)
    this.#options.changed(state.id)
    if (missing(heard.state).length > 0) this.#options.missed(state.id)
  }

  change(id: string, change: (state: RoomState) => RoomState): void {
    const state = this.get(id)
    const changed = state && change(state)
    if (changed !== undefined && changed !== state) this.put(changed)
  }

  /** For what comes unasked: what is loaded on request must stay until it was looked at. */
  trim(id: string): void {
    const state = this.get(id)
    if (state !== undefined) this.#states.set(id, trim(state, this.#keep.get(id) ?? this.#options.keep))
  }

  /** What is here now was asked for, and is not forgotten when new messages come. */
  keep(id: string): void {
    const held = this.get(id)?.messages.length ?? 0
    this.#keep.set(id, Math.max(this.#keep.get(id) ?? this.#options.keep, held))
  }

  drop(id: string): void {
    this.joined.delete(id)
    this.#keep.delete(id)
    if (this.#states.delete(id)) this.#options.changed(id)
  }
}
