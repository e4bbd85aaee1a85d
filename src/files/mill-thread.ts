import { createHash, type Hash } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { openInto, type SealingKey, sealedLength, sealInPlace } from './seal.ts'

/**
 * A thread for what would hold the event loop (files/mill): hashes of uploads, as they come, and the sealing of pieces. It knows
 * nothing of files; `stream` is the number of a hash that it keeps.
 */
export type MillJob =
  | { job: number; do: 'grind'; buffer: ArrayBuffer; length: number; name: string; stream: number | undefined }
  | { job: number; do: 'open'; buffer: ArrayBuffer; key: Uint8Array; name: string; frame: number }
  | { job: number; do: 'add'; stream: number; bytes: Uint8Array }
  | { job: number; do: 'digest'; stream: number }
  | { job: number; do: 'forget'; stream: number }
/** `buffer` is what came, `length` how much of it is the result; of what is to be kept `hash` is the SHA-256. */
export type MillAnswer = { job: number; buffer?: ArrayBuffer; length?: number; hash?: string; error?: string }
export type MillKey = { id: string; key: Uint8Array } | undefined

const { key: sealing } = workerData as { key: MillKey }
const key: SealingKey | undefined = sealing && { id: sealing.id, key: Buffer.from(sealing.key) }
const hashes = new Map<number, Hash>()

function work(job: MillJob): MillAnswer {
  if (job.do === 'grind') return grind(job)
  if (job.do === 'open') return open(job)
  if (job.do === 'add') add(job.stream, job.bytes)
  if (job.do === 'forget') hashes.delete(job.stream)
  return { job: job.job, ...(job.do === 'digest' ? { hash: digest(job.stream) } : {}) }
}

function grind({ job, buffer, length, name, stream }: MillJob & { do: 'grind' }): MillAnswer {
  const plain = Buffer.from(buffer, 0, length)
  if (stream !== undefined) add(stream, plain)
  if (!key) return { job, buffer, length, hash: createHash('sha256').update(plain).digest('hex') }
  const bytes = Buffer.from(buffer, 0, sealedLength(length))
  sealInPlace(key, name, bytes, length)
  return { job, buffer, length: bytes.length, hash: createHash('sha256').update(bytes).digest('hex') }
}

function open({ job, buffer, key, name, frame }: MillJob & { do: 'open' }): MillAnswer {
  const sealed = Buffer.from(buffer)
  return { job, buffer, length: openInto({ key: Buffer.from(key), name, frame, sealed }, sealed) }
}

function add(stream: number, bytes: Uint8Array): void {
  const hash = hashes.get(stream) ?? createHash('sha256')
  hashes.set(stream, hash.update(bytes))
}

function digest(stream: number): string {
  const hash = hashes.get(stream)
  hashes.delete(stream)
  return (hash ?? createHash('sha256')).digest('hex')
}

parentPort!.on('message', (job: MillJob) => {
  try {
    const answer = work(job)
    parentPort!.postMessage(answer, answer.buffer ? [answer.buffer] : [])
  } catch (error) {
    parentPort!.postMessage({ job: job.job, error: (error as Error).message } satisfies MillAnswer)
  }
})
