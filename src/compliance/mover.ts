import type { KeyObject } from 'node:crypto'
import { type Running, repeatEvery } from '../base/lifecycle.ts'
import type { Log } from '../base/log.ts'
import type { Db } from '../store/db.ts'
import { dropEvents, takeEvents } from '../store/outbox.ts'
import { lastAnchored, toAnchor, writeAnchors } from './anchor.ts'
import {
  appendBatch,
  headsAfter,
  keepMover,
  leaseSeconds,
  leaveMover,
  readArchiveId,
  Superseded,
  takeMover,
} from './archive.ts'

export type MoverOptions = {
  /** The pool's store, with the outbox. */
  store: Db
  /** The PersistentChatComplianceStore. */
  archive: Db
  key: KeyObject
  /** File that heads are anchored in, in a folder that may be on another machine. */
  anchorFile: string | undefined
  /** Name of this service among those of the pool. */
  holder: string
  log: Log
}

const pauseMs = 500
const batchEvents = 2_000
const anchorHeads = 1_000

/**
 * Moves events from the outbox into the archive: one service at a time. An event leaves the outbox only after its batch is
 * committed in the archive; killed between the two, the next mover finds it there and drops it. Either database away: it waits.
 */
export function openMover(options: MoverOptions): Running & { fence(): number | undefined } {
  const { store, archive, holder, log } = options
  let fence: number | undefined
  let id: string | undefined
  /** By a clock that nobody sets. */
  let keptAt = 0

  async function hold(): Promise<boolean> {
    id ??= await readArchiveId(archive)
    if (fence === undefined) fence = await takeMover(archive, holder)
    else if (performance.now() - keptAt > (leaseSeconds * 1_000) / 3 && !(await keepMover(archive, fence)))
      fence = undefined
    else return fence !== undefined
    keptAt = performance.now()
    return fence !== undefined
  }

  async function move(): Promise<void> {
    while (!stopping && (await hold())) {
      const events = await takeEvents(store, batchEvents)
      if (events.length === 0) return
      const appending = { archive: id!, fence: fence!, key: options.key, now: () => new Date() }
      await appendBatch(archive, events, appending)
      await dropEvents(
        store,
        events.map(event => event.id),
      )
      if (events.length < batchEvents) return
    }
  }

  let stopping = false
  const moving = repeatEvery(
    pauseMs,
    async () => {
      try {
        await move()
      } catch (error) {
        if (!(error instanceof Superseded)) throw error
        fence = undefined
        log.warn({ holder }, 'another compliance service has taken over')
      }
    },
    error => log.warn({ err: error }, 'compliance events wait'),
  )
  const anchoring = repeatEvery(
    pauseMs,
    async () => {
      if (options.anchorFile !== undefined && fence !== undefined && id !== undefined)
        await anchorHeadsOf(archive, options.anchorFile, id)
    },
    error => log.warn({ err: error, file: options.anchorFile }, 'heads of the archive are not anchored'),
  )
  return {
    fence: () => fence,
    async stop() {
      stopping = true
      await Promise.all([moving.stop(), anchoring.stop()])
      if (fence !== undefined) await leaveMover(archive, fence).catch(() => {})
    },
  }
}

async function anchorHeadsOf(archive: Db, file: string, id: string): Promise<void> {
  for (let after = await lastAnchored(file, id); ; ) {
    const heads = await headsAfter(archive, after, anchorHeads)
    if (heads.length === 0) return
    await writeAnchors(file, heads.map(toAnchor))
    after = heads.at(-1)!.head.batch
  }
}
