import { createHash } from 'node:crypto'
import { nameKey } from '../domain/name.ts'
import { insertSignIns, type SignInRow } from '../store/sign-in-record.ts'
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
export type SignInOutcome = 'ok' | 'wrong' | 'locked' | 'factor required' | 'enrolment required'

/** `name` as typed, where it is not known whose it is. */
export type SignInTry = {
  principal?: string | undefined
  name?: string | undefined
  address: string
  method: SignInMethod
  outcome: SignInOutcome
  session?: string | undefined
}

type Waiting = { rows: SignInRow[]; timer: NodeJS.Timeout | undefined; writing: Promise<void>; dropped: number }

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
 * many in one statement. A name without an account may be a password that slipped into the wrong field: kept is a part of its hash,
 * enough to tell one from another and too little to find it.
 */
export function recordSignIn(chat: Chat, made: SignInTry): void {
  const queue = queueOf(chat)
  const key = made.name === undefined ? null : nameKey(made.name)
  queue.rows.push({
    at: new Date(),
    principal: made.principal ?? null,
    nameKey: key,
    unknown: key === null ? null : createHash('sha256').update(`pchat name ${key}`).digest('hex').slice(0, 8),
    address: made.address,
    method: made.method,
    outcome: made.outcome,
    session: made.session ?? null,
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

async function drain(chat: Chat, queue: Waiting) {
  while (queue.rows.length > 0) {
    const some = queue.rows.slice(0, atOnce)
    await insertSignIns(chat.db, some)
    const written = new Set(some)
    queue.rows = queue.rows.filter(row => !written.has(row))
  }
  if (queue.dropped > 0)
    chat.log.error({ dropped: queue.dropped }, 'sign-ins are missing in the record: the store was away')
  queue.dropped = 0
}
