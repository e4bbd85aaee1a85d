import { createHash, randomBytes } from 'node:crypto'
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncFolder } from '../base/sync-folder.ts'
import { hashOf } from './central.ts'

/** The published topology as a server keeps it, read-only, for the time that the Central Management Store is away. */
export type Replica = {
  /** Id of the Central Management Store that it came from. */
  store: string
  version: number
  mark: string
  hash: string
  author: string
  note: string
  at: string
  /** Marks of all adoptions that were ever seen: each counts once. */
  adoptions: string[]
  document: string
}

/** As much of a replica as tells where a store stands to it; kept in a file of its own, for the time that the replica is torn. */
export type Trace = Pick<Replica, 'store' | 'version' | 'mark' | 'adoptions'>

/** Why a file is no replica, in words for a log. */
export type Torn = { torn: string }

const format = 1
const abandonedMs = 600_000

export function replicaFileOf(dataDir: string): string {
  return join(dataDir, 'topology-replica.json')
}

/** What was written last, whole; undefined where there is none; why not, where it is torn or was altered. */
export async function readReplica(file: string): Promise<Replica | Torn | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new Error(`${file} cannot be read (${error.code}). Mend its owner and mode.`, { cause: error })
  })
  return text === undefined ? undefined : parse(text)
}

/** Of what was the last replica here; undefined where that is not known either. */
export async function readTrace(file: string): Promise<Trace | undefined> {
  const found = openSealed<Trace>(await readFile(traceFileOf(file), 'utf8').catch(() => ''))
  return 'torn' in found ? undefined : found
}

function traceFileOf(file: string): string {
  return `${file}.last`
}

function parse(text: string): Replica | Torn {
  const replica = openSealed<Replica>(text)
  if ('torn' in replica) return replica
  return hashOf(String(replica.document)) === replica.hash ? replica : { torn: 'its document has another hash' }
}

function openSealed<T extends object>(text: string): T | Torn {
  const end = text.indexOf('\n')
  const [sum, body] = [text.slice(0, Math.max(0, end)), text.slice(end + 1)]
  if (!/^[0-9a-f]{64}$/.test(sum)) return { torn: 'it does not begin with its checksum' }
  if (sumOf(body) !== sum) return { torn: 'its checksum is another one' }
  try {
    const { format: found, ...rest } = JSON.parse(body) as T & { format: number }
    return found === format
      ? (rest as unknown as T)
      : { torn: `its format is ${found}, and this program knows ${format}` }
  } catch {
    return { torn: 'it is no JSON' }
  }
}

/** Whole and on disk, or as it was before; killed in between, it leaves a file beside that the next write removes. */
export async function writeReplica(file: string, replica: Replica): Promise<void> {
  const { store, version, mark, adoptions } = replica
  const text = sealed(replica)
  await removeAbandoned(file)
  // The trace first: one that lagged behind would let a server go back.
  await writeWhole(traceFileOf(file), sealed({ store, version, mark, adoptions }))
  await writeWhole(file, text)
}

function sealed(value: object): string {
  const body = `${JSON.stringify({ format, ...value }, null, 2)}\n`
  return `${sumOf(body)}\n${body}`
}

async function writeWhole(file: string, text: string): Promise<void> {
  // Of its own name: two that write at the same time each write a whole one.
  const draft = `${file}.${randomBytes(6).toString('hex')}.new`
  try {
    await writeSynced(draft, text)
    await rename(draft, file)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  await syncFolder(dirname(file))
}

async function removeAbandoned(file: string): Promise<void> {
  const folder = dirname(file)
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${basename(file)}.`) || !name.endsWith('.new')) continue
    const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: Date.now() }))
    if (mtimeMs < Date.now() - abandonedMs) await rm(join(folder, name), { force: true })
  }
}

function sumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

async function writeSynced(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
