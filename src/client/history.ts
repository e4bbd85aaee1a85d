import type { Input, Result, Verb } from '../protocol/request.ts'
import { isPassing, PchatError } from './error.ts'
import { holes, type Range } from './ranges.ts'
import { applyPage, giveUp, missing, newestRange, type Page, pageCovers } from './room-state.ts'
import type { Rooms } from './rooms.ts'
import { backOffMs, sleep } from './wait.ts'

export type Request = <V extends Verb>(verb: V, input: Input<V>) => Promise<Result<V>>
type Asked = { before: number } | { after: number }

/** The most that message.list gives at once. */
const PAGE = 500
/** A page that a removal overtook is asked for again; only a server that stays behind is given time. */
const ASKED_AGAIN_AT_ONCE = 3

/** Fills holes in what is known of rooms, by message.list. */
export class History {
  readonly #rooms: Rooms
  readonly #request: Request
  readonly #random: () => number
  readonly #stop: AbortSignal
  readonly #filling = new Set<string>()

  constructor(rooms: Rooms, request: Request, random: () => number, stop: AbortSignal) {
    this.#rooms = rooms
    this.#request = request
    this.#random = random
    this.#stop = stop
  }

  /** Loads what is older than the newest range. Resolves to whether there is still older. */
  async loadOlder(id: string, limit: number): Promise<boolean> {
    const state = this.#rooms.mustGet(id)
    const before = newestRange(state)?.from ?? state.lastSeq + 1
    const hole = holes(state.ranges, { from: state.firstSeq, through: before - 1 }).at(-1)
    if (hole === undefined) return false
    await this.#load(id, { before }, Math.min(limit, PAGE, size(hole)))
    this.#rooms.keep(id)
    const loaded = this.#rooms.mustGet(id)
    return (newestRange(loaded)?.from ?? loaded.firstSeq) > loaded.firstSeq
  }

  /** Loads what of the range is not known. */
  async fill(id: string, range: Range): Promise<void> {
    for (;;) {
      this.#rooms.keep(id)
      const { ranges, firstSeq, lastSeq } = this.#rooms.mustGet(id)
      const within = { from: Math.max(range.from, firstSeq), through: Math.min(range.through, lastSeq) }
      const hole = holes(ranges, within)[0]
      if (hole === undefined) return
      await this.#load(id, { after: hole.from - 1 }, Math.min(PAGE, size(hole)))
    }
  }

  /** In the background, one at a time per room: listeners get what is older first. */
  async fillMissing(id: string): Promise<void> {
    if (this.#filling.has(id)) return
    this.#filling.add(id)
    for (let hole = this.#missing(id); hole !== undefined; hole = this.#missing(id)) await this.#fillOrGiveUp(id, hole)
    this.#filling.delete(id)
  }

  #missing(id: string): Range | undefined {
    const state = this.#rooms.get(id)
    return state === undefined || this.#stop.aborted ? undefined : missing(state)[0]
  }

  async #fillOrGiveUp(id: string, hole: Range): Promise<void> {
    try {
      await this.#load(id, { after: hole.from - 1 }, Math.min(PAGE, size(hole)))
      this.#rooms.trim(id)
    } catch {
      this.#rooms.change(id, state => giveUp(state, hole, false))
    }
  }

  async #load(id: string, asked: Asked, limit: number): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const page = await this.#request('message.list', { room: id, ...asked, limit })
        if (this.#learn(id, page, asked)) return
        if (attempt < ASKED_AGAIN_AT_ONCE) continue
      } catch (error) {
        if (error instanceof PchatError && error.code === 'history_off') return this.#nothing(id, asked, limit)
        if (!isPassing(error) || this.#stop.aborted) throw error
      }
      await sleep(backOffMs(attempt, this.#random), this.#stop)
    }
  }

  /** False where the page is older than what is known. */
  #learn(id: string, page: Page, asked: Asked): boolean {
    if ('after' in asked && page.lastSeq <= asked.after) throw gone()
    const state = this.#rooms.get(id)
    const learned = state && applyPage(state, page, pageCovers(page, asked))
    if (learned !== undefined) this.#rooms.put(learned)
    return state === undefined || learned !== undefined
  }

  #nothing(id: string, asked: Asked, limit: number): void {
    const from = 'before' in asked ? asked.before - limit : asked.after + 1
    this.#rooms.change(id, state => giveUp(state, { from, through: from + limit - 1 }, true))
  }
}

function size(range: Range): number {
  return range.through - range.from + 1
}

/** The server knows less than this client: another epoch, which session.sync will tell of. */
function gone(): PchatError {
  return new PchatError({ code: 'conflict', message: 'The server has no such messages any more. Load the room anew.' })
}
