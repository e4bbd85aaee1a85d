import { type Running, repeatEvery } from '../base/lifecycle.ts'
import type { Log } from '../base/log.ts'
import { noteFileSeq } from '../store/file.ts'
import { knownKeys } from '../store/file-piece.ts'
import {
  dropRemoved,
  expiredFiles,
  noteStray,
  removeFile,
  removeGarbage,
  unreferencedFiles,
} from '../store/file-upkeep.ts'
import { attachStore, markKey } from './attach.ts'
import type { Files } from './files.ts'
import type { Objects } from './objects.ts'

export type Collected = { files: number; objects: number; strays: number }

const firstId = '00000000-0000-0000-0000-000000000000'
const pageFiles = 500
const pageKeys = 1_000
const everyMs = 60_000

/** Removes what nobody can reach any more: files never posted, files without a message after the grace time, objects without a row. */
export async function collect(objects: Objects, graceDays: number, isStopping = () => false): Promise<Collected> {
  const { db } = objects
  const collected = { files: 0, objects: 0, strays: 0 }
  const removeAll = async (ids: string[], why: 'unposted' | 'unreferenced') => {
    let removed = 0
    for (const id of ids) if (await removeFile(db, id, why)) removed += 1
    collected.files += removed
    return removed
  }
  await noteFileSeq(db)
  for (;;) {
    const ids = await expiredFiles(db, pageFiles)
    // None of a full page: all were posted meanwhile, and the next round sees what is left.
    if ((await removeAll(ids, 'unposted')) === 0 || ids.length < pageFiles || isStopping()) break
  }
  for (let after: string | undefined = firstId; after !== undefined && !isStopping(); ) {
    const page: Awaited<ReturnType<typeof unreferencedFiles>> = await unreferencedFiles(db, {
      ...{ after, limit: pageFiles, graceDays },
    })
    await removeAll(page.ids, 'unreferenced')
    after = page.next
  }
  while ((await dropRemoved(db, pageFiles)) === pageFiles && !isStopping());
  collected.objects = await removeObjects(objects, isStopping)
  return collected
}

/** Where so many cannot be removed, the store is away. */
const maxFailures = 10

/** Removes what is due; one that cannot be removed keeps no other, and is told in the end by throwing. */
async function removeObjects({ db, store }: Objects, isStopping: () => boolean): Promise<number> {
  const failures: unknown[] = []
  let removed = 0
  for (let more = true; more && !isStopping() && failures.length < maxFailures; ) {
    try {
      more = await removeGarbage(db, key => store.remove(key))
      if (more) removed += 1
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return removed
}

/**
 * Reads the list of all objects, and notes those that the database does not know, unless told otherwise: they go a day later. Answers
 * how many.
 */
export async function findStrays({ db, store }: Omit<Objects, 'keys'>, isNoted = true): Promise<number> {
  let strays = 0
  let keys: string[] = []
  const look = async () => {
    const known = await knownKeys(db, keys)
    const unknown = keys.filter(key => !known.has(key) && key !== markKey)
    if (isNoted) await noteStray(db, unknown)
    strays += unknown.length
    keys = []
  }
  for await (const { key } of store.list()) {
    keys.push(key)
    if (keys.length === pageKeys) await look()
  }
  await look()
  return strays
}

/** Not before a store that is another one, or away: an object that is not found there would count as removed. */
export function collectAlways(files: Files, graceDays: () => number, log: Log): Running {
  let stopping = false
  const running = repeatEvery(
    everyMs,
    async () => {
      if (!files.isThere()) return
      await attachStore(files)
      const collected = await collect(files, graceDays(), () => stopping || !files.isThere())
      if (collected.files > 0) log.info({ files: collected.files }, 'files that no message brings were removed')
    },
    error => log.warn({ err: error }, 'the collector of files waits'),
  )
  return {
    stop() {
      stopping = true
      return running.stop()
    },
  }
}
