import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { listPlaces } from '../src/compliance/adapter-place.ts'
import { readAnchors } from '../src/compliance/anchor.ts'
import { lastHead, readArchiveId } from '../src/compliance/archive.ts'
import { readPublicKeys } from '../src/compliance/head.ts'
import { reconcile } from '../src/compliance/reconcile.ts'
import { verifyArchive } from '../src/compliance/verify.ts'
import type { Db } from '../src/store/db.ts'
import { readBacklog } from '../src/store/outbox.ts'
import type { Kept } from './kill-check.ts'

/** What the archive has in the end, and what is wrong with it. */
export type Recorded = {
  entries: number
  batches: number
  /** How many services have moved events, one after the other. */
  fences: number
  joins: number
  parts: number
  files: number
  rooms: Map<string, Kept[]>
  faults: string[]
}

type Options = { store: Db; archive: Db; folder: string; patienceMs: number }

/** Waits until all is moved, anchored and written, then proves it: chain, comparison with the store, comings and goings, files. */
export async function findRecordFaults({ store, archive, folder, patienceMs }: Options): Promise<Recorded> {
  const faults: string[] = []
  const anchorFile = join(folder, 'service', 'compliance-anchors.jsonl')
  await comesToRest(store, archive, anchorFile, patienceMs)
  const id = await readArchiveId(archive)
  const keys = await readPublicKeys(join(folder, 'service', 'compliance-key.pem'))
  const verdict = await verifyArchive(archive, { keys, anchors: await readAnchors(anchorFile, id) })
  if (!verdict.sound) faults.push(`verify: ${verdict.firstBad?.sentence}`)
  if (verdict.anchoredThrough !== verdict.entries) faults.push('the newest head is not anchored')
  const folders = [join(folder, 'output', 'lines')]
  const report = await reconcile({ store, archive, folders })
  faults.push(...report.findings.map(({ what, room, sentence }) => `reconcile: ${what} ${room ?? ''} ${sentence}`))
  const comings = await pairComings(archive)
  faults.push(...comings.faults)
  faults.push(...(await faultsOfFiles(folder, report.exports, archive)))
  const { rows } = await archive.query<{ fences: number }>('SELECT count(DISTINCT fence) AS fences FROM batch')
  return {
    ...{ entries: verdict.entries, batches: verdict.batches, fences: rows[0]!.fences },
    ...{ joins: comings.joins, parts: comings.parts, files: report.exports.files },
    rooms: await readArchivedRooms(archive),
    faults,
  }
}

async function comesToRest(store: Db, archive: Db, anchorFile: string, patienceMs: number): Promise<void> {
  let seen = ''
  for (const deadline = Date.now() + patienceMs; ; await sleep(250)) {
    if (Date.now() > deadline) throw new Error(`what is recorded does not come to rest: ${seen}`)
    const { rows } = await store.query<{ there: number }>('SELECT count(*) AS there FROM attendance')
    const [backlog, head, places, id] = [
      await readBacklog(store, 10),
      (await lastHead(archive))?.head,
      await listPlaces(archive),
      await readArchiveId(archive),
    ]
    const anchored = (await readAnchors(anchorFile, id)).at(-1)?.last
    const done = places.map(place => place.doneSeq)
    seen = JSON.stringify({ attending: rows[0]!.there, backlog, last: head?.last, anchored, places })
    if (rows[0]!.there > 0 || backlog.rows > 0 || anchored !== head?.last) continue
    if (done.length === 2 && done.every(seq => seq === head?.last)) return
  }
}

/** Each coming of a connection into a room has one going: counted by sign-in and room. */
async function pairComings(archive: Db) {
  const { rows } = await archive.query<{ session: string; room: string; joins: number; parts: number }>(
    `SELECT d->>'session' AS session, r->>'id' AS room, count(*) FILTER (WHERE kind = 'join') AS joins,
            count(*) FILTER (WHERE kind = 'part') AS parts
       FROM entry CROSS JOIN LATERAL (SELECT (text::json)->'data' AS d) x CROSS JOIN LATERAL json_array_elements(d->'rooms') r
      WHERE kind IN ('join', 'part') GROUP BY 1, 2`,
  )
  return {
    joins: rows.reduce((sum, row) => sum + row.joins, 0),
    parts: rows.reduce((sum, row) => sum + row.parts, 0),
    faults: rows
      .filter(row => row.joins !== row.parts)
      .map(
        ({ session, room, joins, parts }) =>
          `session ${session} came into ${room} ${joins} times and left ${parts} times`,
      ),
  }
}

/** The comparison has looked at each line: what is left is whether all of them are there, and that nothing is half. */
async function faultsOfFiles(folder: string, exports: { entries: number }, archive: Db): Promise<string[]> {
  const faults: string[] = []
  const last = (await lastHead(archive))?.head.last ?? 0
  for (const adapter of ['lines', 'books']) {
    const names = await readdir(join(folder, 'output', adapter))
    const first = Math.min(...names.map(name => Number(/-(\d+)-\d+\.\w+$/.exec(name)?.[1] ?? Number.NaN)))
    if (Number.isNaN(first)) faults.push(`${adapter}: something else stands among the files: ${names.join(' ')}`)
    if (adapter === 'lines' && exports.entries !== last - first + 1)
      faults.push(`${adapter}: ${exports.entries} entries from ${first} to ${last}`)
    const ranges = names.map(name => (/-(\d+)-(\d+)\.\w+$/.exec(name) ?? []).slice(1).map(Number))
    let next = first
    for (const [from = 0, through = 0] of ranges.sort(([a = 0], [b = 0]) => a - b)) {
      // A batch without a word in any room makes no file of some formats.
      if (from < next || (adapter === 'lines' && from > next))
        faults.push(`${adapter}: ${from} comes after ${next - 1}`)
      next = through + 1
    }
    for (const name of names) {
      const text = await readFile(join(folder, 'output', adapter, name), 'utf8')
      if (!text.trimEnd().endsWith(adapter === 'lines' ? '}' : '>')) faults.push(`${adapter}: ${name} is not whole`)
    }
  }
  return faults
}

async function readArchivedRooms(archive: Db): Promise<Map<string, Kept[]>> {
  const { rows } = await archive.query<Kept & { room: string }>(
    `SELECT room, position AS seq, (text::json)->>'at' AS at, (text::json) #>> '{data,clientId}' AS "clientId",
            (text::json) #>> '{data,text}' AS text FROM entry WHERE kind = 'chat' ORDER BY room, position`,
  )
  const rooms = new Map<string, Kept[]>()
  for (const { room, ...message } of rows) {
    const known = rooms.get(room)
    if (known) known.push(message)
    else rooms.set(room, [message])
  }
  return rooms
}
