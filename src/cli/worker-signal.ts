import type { Counted } from '../base/metrics.ts'
import type { BusSignal } from '../pool/parent.ts'
import type { StoreAddress } from '../store/address.ts'
import type { Certificate } from './certificate.ts'
import type { StartOptions } from './options.ts'

/** What a worker needs to serve. It goes over the channel: an argument or a variable would show keys and passwords to others. */
export type WorkerSetting = {
  number: number
  options: StartOptions
  /** Where the parent listens; `options.port` may be 0. */
  port: number
  address: StoreAddress
  tls: Certificate | undefined
  /** What the parent has to note at /readyz; each ping brings them anew. */
  notes: string[]
  /** Only of the worker that starts alone, before the others: what happens once in the life of a pool happens there. */
  setUp: { admin: { user: string; password: string } | undefined } | undefined
}

/** From the parent to a worker. With `connection` goes the socket. */
export type ToWorker =
  | { tell: 'serve'; setting: WorkerSetting }
  | { tell: 'connection' }
  | { tell: 'ping'; notes: string[] }
  | { tell: 'count'; ask: number }
  | { tell: 'counted'; ask: number; counted: Counted[] }
  | { tell: 'stop' }
  | BusSignal

/** From a worker to its parent. */
export type ToParent =
  | { tell: 'serves'; setupUrl: string | undefined }
  /** It cannot serve, and ends: the sentence for the operator. */
  | { tell: 'failed'; sentence: string }
  /** The answer to `connection`: false where another worker has to take it. */
  | { tell: 'took'; isTaken: boolean }
  | { tell: 'pong'; sessions: number }
  /** It drains, and wants no more connections. */
  | { tell: 'leaving' }
  | { tell: 'counted'; ask: number; counted: Counted }
  /** It was asked for the metrics of the whole server. */
  | { tell: 'countAll'; ask: number }
  | BusSignal
