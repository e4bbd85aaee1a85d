import { randomUUID } from 'node:crypto'
import { openLog } from '../base/log.ts'
import { openMetrics } from '../base/metrics.ts'
import { checkDirectory } from '../chat/directory-check.ts'
import { explain } from '../chat/directory-explain.ts'
import type { SyncHost } from '../chat/directory-run.ts'
import { requireSource, resyncOne, statusOf, syncNow } from '../chat/directory-sync.ts'
import { openLocalBus } from '../pool/local.ts'
import type { Result } from '../protocol/request.ts'
import type { Db } from '../store/db.ts'
import { closeSources, loadDirectoryConfig, type OpenSource, openSources } from './directory-sources.ts'
import type { StoreOptions } from './store-verb.ts'

export type DirectoryOptions = StoreOptions & {
  directoryConfig?: string
  source?: string
  full?: boolean
  dryRun?: boolean
  force?: boolean
  room?: string
  site?: string
}

/** What the verbs of `pchat directory` do; loaded only by them, since starting a server needs none of it. */
export async function withDirectory<T>(
  db: Db,
  { directoryConfig }: DirectoryOptions,
  openSource: OpenSource | undefined,
  work: (verbs: DirectoryVerbs) => Promise<T>,
): Promise<T> {
  const config = directoryConfig === undefined ? {} : await loadDirectoryConfig(directoryConfig)
  const sources = await openSources(config, undefined, openSource)
  try {
    return await work(verbsOf(db, { sources, server: 'the command line' }))
  } finally {
    await closeSources(sources)
  }
}

export type DirectoryVerbs = ReturnType<typeof verbsOf>

function verbsOf(db: Db, directorySync: SyncHost['directorySync']) {
  const host: SyncHost = {
    db,
    // Nobody else hears this bus: servers find in the store what changed.
    bus: openLocalBus(),
    log: openLog('error'),
    metrics: openMetrics(),
    member: randomUUID(),
    directorySync,
  }
  const chosen = (source: string | undefined) => {
    const { sources } = directorySync
    if (sources.size === 0)
      throw new Error('No directory is named. Say --directory-config FILE, as the servers have it.')
    return source === undefined ? [...sources.values()] : [requireSource(host, source)]
  }
  return {
    async sync({ source, full, dryRun, force }: DirectoryOptions): Promise<Result<'directory.sync'>> {
      const runs = []
      for (const each of chosen(source)) runs.push(await syncNow(host, each, { full, dryRun, force }))
      return { runs }
    },
    status: () => statusOf(host),
    async check({ source }: DirectoryOptions): Promise<{ checks: Result<'directory.check'>[] }> {
      const checks = []
      for (const each of chosen(source)) checks.push(await checkDirectory(host, each))
      return { checks }
    },
    resync: async (principal: string): Promise<Result<'directory.resync'>> => ({
      run: await resyncOne(host, principal),
    }),
    explain: (user: string, { room, site }: DirectoryOptions) =>
      explain({ db, site }, { user, ...(room === undefined ? {} : { room: room.toLowerCase() }) }),
  }
}
