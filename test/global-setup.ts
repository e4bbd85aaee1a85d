import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { silentLog } from '../src/base/log.ts'
import { openDb } from '../src/store/db.ts'
import { type Embedded, startEmbedded } from '../src/store/embedded.ts'
import { migrate } from '../src/store/migrate.ts'
import { makeFolder } from './folder.ts'
import { readTools } from './tools.ts'

/** Where the run's PostgreSQL listens; `database` is the migrated template that each test file clones. */
export type TestStore = { host: string; user: string; database: string }

declare module 'vitest' {
  export interface ProvidedContext {
    store: TestStore
  }
}

let postgres: Embedded | undefined
let folder: string | undefined

/** One PostgreSQL for the whole run: Debian's 15, the oldest supported, or the embedded one with PCHAT_TEST_PG=embedded. */
export async function setup(project: TestProject): Promise<void> {
  await sweep()
  folder = await makeFolder(`pchat-test-${process.pid}`)
  postgres = await startTestPostgres(folder)
  const db = openDb(postgres.address, { max: 1 })
  await migrate(db)
  await db.end()
  project.provide('store', postgres.address)
}

export async function teardown(): Promise<void> {
  await postgres?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
}

async function startTestPostgres(dataDir: string): Promise<Embedded> {
  const bin = process.env.PCHAT_TEST_PG === 'embedded' ? undefined : (await readTools()).postgres15Bin
  // What a crash of the machine would lose is no matter here; tests of durability start a whole server of their own.
  const fsync = process.env.PCHAT_TEST_FSYNC === 'on' ? 'on' : 'off'
  const settings = { max_connections: 300, fsync, full_page_writes: fsync, synchronous_commit: 'on' }
  return startEmbedded({ dataDir, log: silentLog, bin, settings })
}

/** Ends the databases of runs that were killed. */
async function sweep(): Promise<void> {
  for (const base of ['/dev/shm', '/tmp']) {
    for (const name of await readdir(base).catch(() => [])) {
      const pid = /^pchat-test-(\d+)-/.exec(name)?.[1]
      if (pid && !existsSync(`/proc/${pid}`)) await sweepFolder(join(base, name))
    }
  }
}

/** Starting takes over what was left behind, and then it can be stopped in order. */
async function sweepFolder(left: string): Promise<void> {
  try {
    await (await startTestPostgres(left)).stop()
  } catch {
    // Another user's, or no database yet.
  }
  await rm(left, { recursive: true, force: true }).catch(() => {})
}
