import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Keyring } from './keys.ts'
import type { MillAnswer, MillJob, MillKey } from './mill-thread.ts'
import { type Opener, sealedLength, sealingKey } from './seal.ts'

/**
 * Bytes as they are put: the first `length` of `buffer`, with their SHA-256 and the id of the key that sealed them. `stream`: which
 * hash of the upload they went into.
 */
type Ground = { buffer: ArrayBuffer; length: number; hash: string; sealedBy: string; stream: number | undefined }

/** Hashes and seals outside of the event loop, in a few threads. */
export type Mill = {
  /** Bytes that a buffer needs for a piece of so many. */
  roomFor(length: number): number
  /**
   * Seals the first `length` bytes of `buffer`, which is the caller's no more, and hashes the result. On the way it goes on with the
   * hash of the upload, where it has it up to `at`: that counts with `count`, and is given up with `forget`.
   */
  grind(buffer: ArrayBuffer, length: number, name: string, upload: string, at: number): Promise<Ground>
  /** What was ground into this hash last is part of the upload, which has `at` bytes now. */
  count(upload: string, stream: number | undefined, at: number): void
  forget(upload: string): void
  /** The hash of an upload of which all `size` bytes came by here. */
  hashOf(upload: string, size: number): Promise<string | undefined>
  /** The hash of what comes. */
  hash(chunks: AsyncIterable<Buffer>): Promise<string>
  /** Opens frames of an object; `sealed` is the caller's no more. */
  open: Opener
  close(): Promise<void>
}

/** How many uploads may be remembered that never came to an end. */
const maxStreams = 10_000
const mostThreads = 4
/** What a thread keeps is outside of its heap. */
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 }

type Asked = { resolve(answer: MillAnswer): void; reject(error: Error): void }
type Thread = { worker: Worker; asked: Map<number, Asked> }
/** `doubtful`: it goes on, but what was added last may not count. */
type Stream = { number: number; thread: Thread; at: number; doubtful: boolean }

/** Threads are started when there is work for them, and end with `close`; one that dies takes with it what it was at. */
export function openMill(keys: Keyring, threadCount = Math.min(mostThreads, availableParallelism())): Mill {
  const sealing = sealingKey(keys)
  const key: MillKey = sealing && { id: sealing.id, key: new Uint8Array(sealing.key) }
  const threads = new Set<Thread>()
  const streams = new Map<string, Stream>()
  let [jobs, numbers] = [0, 0]

  function start(): Thread {
    const worker = new Worker(new URL('mill-thread.ts', import.meta.url), { workerData: { key }, resourceLimits })
    const thread: Thread = { worker, asked: new Map() }
    const end = (why: string) => {
      threads.delete(thread)
      for (const [upload, stream] of streams) if (stream.thread === thread) streams.delete(upload)
      for (const { reject } of thread.asked.values()) reject(new Error(`a thread of the file store ended: ${why}`))
      thread.asked.clear()
    }
    worker.on('error', error => end((error as Error).message))
    worker.on('exit', code => end(`code ${code}`))
    worker.on('message', (answer: MillAnswer) => {
      const asked = thread.asked.get(answer.job)
      thread.asked.delete(answer.job)
      if (thread.asked.size === 0) worker.unref()
      if (answer.error === undefined) asked?.resolve(answer)
      else asked?.reject(new Error(answer.error))
    })
    threads.add(thread)
    return thread
  }

  function pick(): Thread {
    const [idlest] = [...threads].sort((a, b) => a.asked.size - b.asked.size)
    return idlest && (idlest.asked.size === 0 || threads.size >= threadCount) ? idlest : start()
  }

  type Job = MillJob extends infer One ? (One extends MillJob ? Omit<One, 'job'> : never) : never
  function ask(thread: Thread, job: Job, moved: ArrayBuffer[] = []): Promise<MillAnswer> {
    jobs += 1
    const number = jobs
    return new Promise((resolve, reject) => {
      if (!threads.has(thread)) return reject(new Error('a thread of the file store has ended'))
      thread.asked.set(number, { resolve, reject })
      // Only work keeps the process.
      thread.worker.ref()
      thread.worker.postMessage({ ...job, job: number }, moved)
    })
  }

  function forget(upload: string): void {
    const stream = streams.get(upload)
    if (!stream) return
    streams.delete(upload)
    ask(stream.thread, { do: 'forget', stream: stream.number }).catch(() => {})
  }

  function openStream(thread: Thread): Stream {
    numbers += 1
    return { number: numbers, thread, at: 0, doubtful: false }
  }

  /** Of whoever comes from the beginning on, piece by piece. */
  function streamOf(upload: string, at: number): Stream | undefined {
    const known = streams.get(upload)
    if (known && !known.doubtful && known.at === at) return known
    forget(upload)
    if (at !== 0) return undefined
    if (streams.size >= maxStreams) forget(streams.keys().next().value!)
    const stream = openStream(pick())
    streams.set(upload, stream)
    return stream
  }

  return {
    roomFor: length => (sealing ? sealedLength(length) : length),
    async grind(buffer, length, name, upload, at) {
      const stream = streamOf(upload, at)
      if (stream) stream.doubtful = true
      const thread = stream?.thread ?? pick()
      const number = stream?.number
      const done = await ask(thread, { do: 'grind', buffer, length, name, stream: number }, [buffer])
      const sealedBy = sealing?.id ?? ''
      return { buffer: done.buffer!, length: done.length!, hash: done.hash!, sealedBy, stream: number }
    },
    count(upload, number, at) {
      const stream = streams.get(upload)
      // Another request may have begun anew meanwhile, with other bytes.
      if (stream && stream.number === number) Object.assign(stream, { at, doubtful: false })
    },
    forget,
    async hashOf(upload, size) {
      const stream = streams.get(upload)
      if (!stream || stream.doubtful || stream.at !== size) return undefined
      streams.delete(upload)
      return (await ask(stream.thread, { do: 'digest', stream: stream.number })).hash
    },
    async hash(chunks) {
      const { thread, number } = openStream(pick())
      try {
        for await (const chunk of chunks) {
          // A copy of its own may be moved: a chunk can be a part of what others read.
          const bytes = new Uint8Array(chunk)
          await ask(thread, { do: 'add', stream: number, bytes }, [bytes.buffer])
        }
        return (await ask(thread, { do: 'digest', stream: number })).hash!
      } catch (error) {
        ask(thread, { do: 'forget', stream: number }).catch(() => {})
        throw error
      }
    },
    async open({ key: frameKey, name, frame, sealed }) {
      // A part of what others read too is copied.
      const isWhole = sealed.byteLength === sealed.buffer.byteLength
      const buffer = isWhole ? (sealed.buffer as ArrayBuffer) : new Uint8Array(sealed).buffer
      const key = new Uint8Array(frameKey)
      const done = await ask(pick(), { do: 'open', buffer, key, name, frame }, [buffer])
      return Buffer.from(done.buffer!, 0, done.length)
    },
    async close() {
      await Promise.all([...threads].map(({ worker }) => worker.terminate()))
    },
  }
}
