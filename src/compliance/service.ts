import type { KeyObject } from 'node:crypto'
import { type Running, repeatEvery } from '../base/lifecycle.ts'
import type { Log } from '../base/log.ts'
import { type Db, shortly } from '../store/db.ts'
import { readBacklog } from '../store/outbox.ts'
import type { ReadFile } from './adapter.ts'
import { type ConfiguredAdapter, runAdapters } from './adapters.ts'
import { migrateArchive } from './migrate.ts'
import { openMover } from './mover.ts'
import { type Report, readReport } from './report.ts'

export type ServiceOptions = {
  store: Db
  /** Opens the archive once there is something for it; tried again while it is away. */
  openArchive: () => Promise<Db>
  /** The same for `report` alone: it hangs where the archive does, and what moves events is not held up by it. */
  openLook: () => Promise<Db>
  openKey: () => Promise<KeyObject>
  anchorFile: string | undefined
  holder: string
  /** Whether compliance is on, and its adapters: read anew each time. */
  configured: () => Promise<{ recording: boolean; adapters: ConfiguredAdapter[] }>
  readFile: ReadFile
  /** Tells servers, who may not reach the archive, how far it is. */
  tell: (report: Report) => Promise<void>
  log: Log
}

export type ComplianceService = Running & {
  /** Moves events now: one service of the pool does. */
  isActive(): boolean
  /** How far archive and adapters are; undefined as long as there is nothing for them. Rejects while the archive is away. */
  report(): Promise<Report | undefined>
}

const lookMs = 1_000
const reportMs = 5_000

/**
 * The Compliance service: waits until compliance is on, or something is left in the outbox, then opens the archive, moves events
 * into it and runs the adapters. Nothing of it is needed for posting, until the outbox is full.
 */
export function openComplianceService(options: ServiceOptions): ComplianceService {
  const { store, log } = options
  let archive: Db | undefined
  let look: Db | undefined
  let parts: Running[] = []
  let fence: () => number | undefined = () => undefined

  async function begin(): Promise<void> {
    if (archive) return
    const { recording } = await options.configured()
    if (!recording && (await readBacklog(store, 1)).rows === 0) return
    const key = await options.openKey()
    const opened = await options.openArchive()
    try {
      const applied = await migrateArchive(opened)
      if (applied.length > 0) log.info({ applied }, 'the archive has a new schema')
    } catch (error) {
      await opened.end()
      throw error
    }
    archive = opened
    const mover = openMover({ ...options, archive, key })
    fence = mover.fence
    const adapters = runAdapters({
      ...{ archive, fence, readFile: options.readFile, log },
      configured: async () => (await options.configured()).adapters,
    })
    const reporting = repeatEvery(
      reportMs,
      async () => {
        if (fence() !== undefined) await options.tell(await readReport(opened, options.holder))
      },
      error => log.warn({ err: error }, 'how far the archive is was not told to the store'),
    )
    parts = [reporting, adapters, mover]
    log.info({ holder: options.holder }, 'the compliance service is ready')
  }

  /** Why the archive could not be opened. */
  let waitsFor: unknown
  const looking = repeatEvery(
    lookMs,
    async () => {
      await begin()
      waitsFor = undefined
    },
    error => {
      waitsFor = error
      log.warn({ err: error }, 'the compliance service waits')
    },
  )
  return {
    isActive: () => fence() !== undefined,
    async report() {
      if (waitsFor !== undefined) throw waitsFor
      if (!archive) return undefined
      look ??= await options.openLook()
      return shortly(look, tx => readReport(tx, options.holder))
    },
    async stop() {
      await looking.stop()
      for (const part of parts) await part.stop()
      await archive?.end()
      await look?.end()
    },
  }
}
