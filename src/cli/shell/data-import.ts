import { type Db, transaction } from '../../store/db.ts'
import type { ArchiveReader } from './archive.ts'
import { importCategories } from './import-category.ts'
import { importContent, refuseWhileRecording } from './import-content.ts'
import { importPeople } from './import-people.ts'
import { importRooms } from './import-room.ts'
import { has, type Imported, type Importing } from './import-run.ts'

/**
 * Reads the whole archive once before anything is written, so that a damaged one changes nothing. Then people, categories, rooms and
 * content, each in transactions of its own: who kills it and runs it again ends where one run would have ended.
 */
export async function importData(
  db: Db,
  archive: ArchiveReader,
  { dryRun, tell }: { dryRun: boolean; tell: Importing['tell'] },
): Promise<Imported> {
  const { manifest } = archive
  if (has(manifest, 'content.jsonl')) await transaction(db, refuseWhileRecording)
  for (const { name, records } of manifest.entries) {
    let read = 0
    for await (const _ of archive.records(name)) {
      read += 1
      if (read % 1_000 === 0) tell(read, records, `of ${name} checked`)
    }
  }
  const run: Importing = {
    ...{ db, archive, dryRun, tell },
    principals: new Map(),
    groups: new Map(),
    categories: new Map(),
    rooms: new Map(),
    done: {
      principals: { added: 0, changed: 0, there: 0, joined: 0 },
      categories: { created: 0, overwritten: 0 },
      rooms: { created: 0, overwritten: 0 },
      messages: { added: 0, there: 0 },
      faults: [],
      remarks: [],
      changes: [],
      moreChanges: 0,
    },
  }
  await importPeople(run)
  await importCategories(run)
  await importRooms(run)
  await importContent(run)
  return run.done
}
