import { createHash, type Hash, randomUUID } from 'node:crypto'
import { type Running, repeatEvery } from '../base/lifecycle.ts'
import { noteFileEvent } from '../chat/file-event.ts'
import { audit } from '../store/audit.ts'
import { type FileRow, findFile, setScanned, settleBody, unfinishedFiles } from '../store/file.ts'
import { endLease, keepLease, leaseMs, takeLease } from '../store/file-lease.ts'
import { ScannerAway } from './clamd.ts'
import type { Files } from './files.ts'
import { gather, readBody } from './objects.ts'
import { makePreview } from './preview.ts'
import { sampleBytes, sniff } from './sniff.ts'

/**
 * A file of which all bytes are there: hashed, its type found, joined with a body of the same hash, scanned, with a preview. One
 * process at a time; each step may be the last one of a killed server, and is done again. Leaves what cannot be finished now.
 */
export async function finishFile(files: Files, id: string): Promise<void> {
  const holder = randomUUID()
  const { db } = files
  if (!(await takeLease(db, id, holder))) return
  // A big file takes longer to scan than a lease lasts.
  const kept = setInterval(() => void keepLease(db, id, holder).catch(() => {}), leaseMs / 3)
  try {
    const file = await findFile(db, id)
    if (file && isComplete(file)) await finish(files, file)
  } finally {
    clearInterval(kept)
    files.hashes.delete(id)
    await endLease(db, id, holder)
  }
}

function isComplete({ state, received, size }: FileRow): boolean {
  return (state === 'uploading' || state === 'scanning') && received === size
}

async function finish(files: Files, file: FileRow): Promise<void> {
  const type = await sniff(await gather(readBody(files, file.body!, 0, Math.min(sampleBytes, file.size) - 1)))
  const body = await settleBody(files.db, file, await hashOf(files, file), type)
  const settled = (await findFile(files.db, file.id))!
  // The same bytes were looked at before.
  const finding = settled.finding ?? (await find(files, settled))
  if (finding === 'later') return
  if (finding) await tellFinding(files, settled, finding)
  else if (settled.preview === null) await makePreview(files, settled)
  await setScanned(files.db, body, finding)
}

async function hashOf({ hashes, ...files }: Files, { id, body, size }: FileRow): Promise<string> {
  const known = hashes.get(id)
  const hash: Hash = known?.at === size ? known.hash : createHash('sha256')
  if (known?.at !== size) for await (const chunk of readBody(files, body!, 0, size - 1)) hash.update(chunk)
  return hash.digest('hex')
}

/** Empty: nothing was found; null: nobody was asked. */
async function find(files: Files, { id, body, size }: FileRow): Promise<string | null | 'later'> {
  if (!files.scan) return null
  try {
    const { found } = await files.scan(readBody(files, body!, 0, size - 1))
    return found ?? ''
  } catch (error) {
    if (!(error instanceof ScannerAway)) throw error
    files.chat.log.warn({ file: id, reason: error.message }, 'the malware scanner is away')
    return files.scanOpen ? null : 'later'
  }
}

async function tellFinding({ db, chat }: Files, file: FileRow, finding: string): Promise<void> {
  const { id, room, name, size, sha256 } = file
  chat.log.warn({ file: id, finding }, 'a file was flagged')
  await audit(db, file.author, 'file.flagged', id, { room, name, size, sha256, finding })
  await noteFileEvent(chat, undefined, 'flagged', { ...file, finding })
}

const lookMs = 2_000
const atOnce = 100
/** What could not be finished is left alone for a while: a scanner may have been sent gigabytes to say so. */
const againMs = 5_000

/** Looks for files whose server was killed, or whose scanner was away, and finishes them. */
export function finishLeftovers(files: Files): Running {
  const triedAt = new Map<string, number>()
  return repeatEvery(
    lookMs,
    async () => {
      if (!files.isThere()) return
      const left = await unfinishedFiles(files.db, atOnce)
      const now = performance.now()
      for (const [id, at] of triedAt) if (now - at > againMs) triedAt.delete(id)
      for (const { id } of left.filter(file => !triedAt.has(file.id))) {
        await finishFile(files, id).catch(error =>
          files.chat.log.warn({ err: error, file: id }, 'a file is not finished'),
        )
        triedAt.set(id, performance.now())
      }
    },
    error => files.chat.log.warn({ err: error }, 'files wait for the store'),
  )
}
