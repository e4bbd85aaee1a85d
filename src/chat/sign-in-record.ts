import { createHmac } from 'node:crypto'
import { nameKey } from '../domain/name.ts'
import { insertSignIns, readSignInKey, type SignInRow } from '../store/sign-in-record.ts'
import type { Chat } from './chat.ts'

export type SignInMethod =
  | 'password'
  | 'totp'
  | 'recovery'
  | 'passkey'
  | 'enrolment'
  | 'set-up'
  | 'token'
  | 'oidc'
  | 'device'
  | 'ldap'
  | 'hand-over'
export type SignInOutcome = 'ok' | 'wrong' | 'locked' | 'factor required' | 'enrolment required' | 'given'

/** `name` as typed, where it is not known whose it is. */
export type SignInTry = {
  principal?: string | undefined
  name?: string | undefined
  address: string
  method: SignInMethod
  outcome: SignInOutcome
  session?: string | undefined
  /** Display name of the pool that it was handed over from, or given to. */
  pool?: string | undefined
}

type Waiting = {
  rows: Omit<SignInRow, 'unknown'>[]
  timer: NodeJS.Timeout | undefined
  writing: Promise<void>
  dropped: number
  /** Of the store, once it was read. */
  key?: Buffer
}

const queues = new WeakMap<Chat, Waiting>()
/** So long a try may be lost by a crash; so many a second are written in so few statements. */
const pauseMs = 300
/** While the store is away. */
const retryMs = 1_000
const atOnce = 1_000
const maxWaiting = 20_000

function queueOf(chat: Chat): Waiting {
  const known = queues.get(chat) ?? { rows: [], timer: undefined, writing: Promise.resolve(), dropped: 0 }
  queues.set(chat, known)
  return known
}

/**
 * Notes a sign-in or a refused try; to be called once it is decided, and committed. Returns at once: it is written a moment later,
 * many in one statement. A name without an account may be a password that slipped into the wrong field: kept is a part of its hash
 * under a key of the store, enough to tell one from another and nothing that a list of words could be tried at.
 */
export function recordSignIn(chat: Chat, made: SignInTry): void {
  const queue = queueOf(chat)
  queue.rows.push({
    at: new Date(),
    principal: made.principal ?? null,
    nameKey: made.name === undefined ? null : nameKey(made.name),
    address: made.address,
    method: made.method,
    outcome: made.outcome,
    session: made.session ?? null,
    pool: made.pool ?? null,
  })
  if (queue.rows.length > maxWaiting) {
    queue.rows.shift()
    queue.dropped += 1
  }
  schedule(chat, queue, pauseMs)
}

function schedule(chat: Chat, queue: Waiting, ms: number) {
  queue.timer ??= setTimeout(() => {
    queue.timer = undefined
    writeSignIns(chat).catch(error => {
      chat.log.warn({ err: error, waiting: queue.rows.length }, 'the record of sign-ins waits for the store')
      schedule(chat, queue, retryMs)
    })
  }, ms).unref()
}

/** Writes what waits; for whoever reads the record next, and at the end. */
export function writeSignIns(chat: Chat): Promise<void> {
  const queue = queueOf(chat)
  // One after the other, so that none is written twice.
  queue.writing = queue.writing.catch(() => {}).then(() => drain(chat, queue))
  return queue.writing
}

function standIn(name: string, key: Buffer): string {
  return createHmac('sha256', key).update(name).digest('hex').slice(0, 8)
}

async function drain(chat: Chat, queue: Waiting) {
  while (queue.rows.length > 0) {
    queue.key ??= await readSignInKey(chat.db)
    const { key } = queue
    const some = queue.rows.slice(0, atOnce)
    const unknown = (name: string | null) => (name === null ? null : standIn(name, key))
    await insertSignIns(
      chat.db,
      some.map(row => ({ ...row, unknown: unknown(row.nameKey) })),
    )
    const written = new Set(some)
    queue.rows = queue.rows.filter(row => !written.has(row))
  }
  if (queue.dropped > 0)
    chat.log.error({ dropped: queue.dropped }, 'sign-ins are missing in the record: the store was away')
  queue.dropped = 0
}
