import type { Queryable } from '../store/db.ts'
import { listPlaces } from './adapter-place.ts'
import { lastHead } from './archive.ts'

export type Report = Awaited<ReturnType<typeof readReport>>

/** How far archive and adapters are. */
export async function readReport(archive: Queryable, holder: string) {
  const head = (await lastHead(archive))?.head
  const places = await listPlaces(archive)
  return {
    ...{ holder, entries: head?.last ?? 0, batch: head?.batch ?? 0, batchAt: head?.at ?? null },
    adapters: places.map(({ name, doneSeq, doneAt, failures, lastError }) => ({
      ...{ name, through: doneSeq, at: doneAt?.toISOString() ?? null, failures, lastError },
    })),
  }
}
