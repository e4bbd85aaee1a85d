import { randomUUID } from 'node:crypto'
import { silentLog } from '../src/base/log.ts'
import { openMetrics } from '../src/base/metrics.ts'
import type { SyncHost } from '../src/chat/directory-run.ts'
import type { SyncedSource } from '../src/chat/synced-source.ts'
import type { DirectorySource } from '../src/directory/source.ts'
import { openLocalBus } from '../src/pool/local.ts'
import type { Db } from '../src/store/db.ts'

/** The part of a server that runs sources. */
export function openHost(db: Db, sources: DirectorySource[], server: string): SyncHost {
  return {
    db,
    bus: openLocalBus(),
    log: silentLog,
    metrics: openMetrics(),
    member: randomUUID(),
    directorySync: {
      server,
      sources: new Map(
        sources.map((directory): [string, SyncedSource] => [
          directory.name,
          { directory, everySeconds: 60, fullEveryMinutes: 1_440, maxDisabledShare: 0.05 },
        ]),
      ),
    },
  }
}
