import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Running, repeatEvery } from '../base/lifecycle.ts'
import { audit } from '../store/audit.ts'
import { type FileRow, findFile, postponeFile, setScanned, settleBody, unfinishedFiles } from '../store/file.ts'
import { endLease, keepLease, leaseMs, takeLease } from '../store/file-lease.ts'
import { ScannerAway } from './clamd.ts'
import type { Files } from './files.ts'
import { gather, type Objects, readBody } from './objects.ts'
import { makePreview } from './preview.ts'
import { sampleBytes, sniff } from './sniff.ts'

const stepMs = 50
/** How long whoever begins to finish an upload waits for a request that has it. */
const finishWaitMs = 10_000

/**
 * A file of which all bytes are there: hashed, its type found, joined with a body of the same hash, scanned, with a preview. One
 * process at a time; each step may be the last one of a killed server, and is done again. What cannot be finished now is tried
 * again later; what `stopping` ends, by whoever looks next. Where another is at work on it, it is waited for `waitMs`.
 */
async function finishFile(files: Files, id: string, stopping: AbortSignal, waitMs: number): Promise<void> {
  const holder = randomUUID()
  const { db } = files
  const deadline = Date.now() + waitMs
  while (!(await takeLease(db, id, holder))) {
    if (stopping.aborted || Date.now() >= deadline) return
    await sleep(stepMs)
  }
  // A big file takes longer to scan than a lease lasts.
  const kept = setInterval(() => void keepLease(db, id, holder).catch(() => {}), leaseMs / 3)
  try {
    const file = await findFile(db, id)
    if (file && isComplete(file) && !(await finish(files, file, stopping))) await postponeFile(db, id)
  } catch (error) {
    if (!stopping.aborted) await postponeFile(db, id).catch(() => {})
    throw error
  } finally {
    clearInterval(kept)
    files.mill.forget(id)
    await endLease(db, id, holder)
  }
}

function isComplete({ state, received, size }: FileRow): boolean {
  return (state === 'uploading' || state === 'scanning') && received === size
}

/** False where it has to wait for the scanner. */
async function finish(files: Files, file: FileRow, stopping: AbortSignal): Promise<boolean> {
  const type = await sniff(await gather(readBody(files, file.body!, 0, Math.min(sampleBytes, file.size) - 1)))
  const body = await settleBody(files.db, file, await hashOf(files, file, stopping), type)
  const settled = (await findFile(files.db, file.id))!
  // The same bytes were looked at before.
  const finding = settled.finding ?? (await find(files, settled, stopping))
  if (finding === 'later') return false
  if (finding) await tellFinding(files, settled, finding)
  else if (settled.preview === null) await makePreview(files, settled)
  await setScanned(files.db, body, finding)
  return true
}

function readWhole(files: Objects, { body, size }: FileRow, stopping: AbortSignal): AsyncGenerator<Buffer> {
  return readBody(files, body!, 0, size - 1, async () => stopping.throwIfAborted())
}

/** Of what came by here from the first byte on it is known; all else is read once more. */
async function hashOf(files: Files, file: FileRow, stopping: AbortSignal): Promise<string> {
  const known = await files.mill.hashOf(file.id, file.size).catch(() => undefined)
  return known ?? files.mill.hash(readWhole(files, file, stopping))
}

/** Empty: nothing was found; null: nobody was asked. */
async function find(files: Files, file: FileRow, stopping: AbortSignal): Promise<string | null | 'later'> {
  if (!files.scan) return null
  stopping.throwIfAborted()
  try {
    const { found } = await files.scan(readWhole(files, file, stopping), stopping)
    return found ?? ''
  } catch (error) {
    // That we stop says nothing of the scanner.
    stopping.throwIfAborted()
    if (!(error instanceof ScannerAway)) throw error
    files.chat.log.warn({ file: file.id, reason: error.message }, 'the malware scanner is away')
    return files.scanOpen ? null : 'later'
  }
}

async function tellFinding({ db, chat }: Files, file: FileRow, finding: string): Promise<void> {
  const { id, room, name, size, sha256 } = file
  chat.log.warn({ file: id, finding }, 'a file was flagged')
  await audit(db, file.author, 'file.flagged', id, { room, name, size, sha256, finding })
}

const lookMs = 2_000
/** A slow scanner keeps no more of a process than this; what is beyond it waits for its turn, behind the answer to its last piece. */
const mostAtOnce = 20
const leftoversAtOnce = 10

/** What a process is finishing. */
type Finishing = {
  /** Resolves when the file is finished, or will be later. */
  begin(id: string): Promise<void>
  /** Looks for files whose server was killed, or whose scanner was away, and finishes them. */
  keepLooking(): void
  /** Ends scans, which passes nothing. */
  stop(): Promise<void>
}

export function openFinishing(files: Files): Finishing {
  const stopping = new AbortController()
  const { signal } = stopping
  const works = new Map<string, Promise<void>>()
  let looking: Running | undefined

  function work(id: string, waitMs: number): Promise<void> {
    const begun = finishFile(files, id, signal, waitMs)
      .catch(error => {
        if (!signal.aborted) files.chat.log.warn({ err: error, file: id }, 'a file is finished later')
      })
      .finally(() => works.delete(id))
    works.set(id, begun)
    return begun
  }

  async function look() {
    if (!files.isThere()) return
    for (const { id } of await unfinishedFiles(files.db, leftoversAtOnce)) {
      if (signal.aborted || works.size >= leftoversAtOnce) return
      if (!works.has(id)) void work(id, 0)
    }
  }

  return {
    async begin(id) {
      if (works.size < mostAtOnce || works.has(id)) await (works.get(id) ?? work(id, finishWaitMs))
    },
    keepLooking() {
      looking ??= repeatEvery(lookMs, look, error => files.chat.log.warn({ err: error }, 'files wait for the store'))
    },
    async stop() {
      stopping.abort()
      await looking?.stop()
      await Promise.all(works.values())
    },
  }
}
