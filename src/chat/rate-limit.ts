import { addressKey, openNetworks } from '../base/address.ts'
import { type Bucket, openBucket, takeToken } from '../base/rate.ts'
import { Refusal } from '../protocol/error.ts'
import type { Chat } from './chat.ts'

type Limits = {
  requests: Map<string, Bucket>
  failures: Map<string, Bucket>
  sessions: Map<string, Turns>
  networks: string[]
  isTrusted: (address: string) => boolean
}

/** Kept by each process for itself: the limits stop floods, and a flood of one process is one process's matter. */
const limits = new WeakMap<Chat, Limits>()

function limitsOf(chat: Chat): Limits {
  let found = limits.get(chat)
  if (!found) {
    found = {
      requests: new Map(),
      failures: new Map(),
      sessions: new Map(),
      networks: [],
      isTrusted: () => false,
    }
    limits.set(chat, found)
  }
  if (found.networks !== chat.settings.trustedNetworks) {
    found.networks = chat.settings.trustedNetworks
    found.isTrusted = openNetworks(found.networks)
  }
  return found
}

/** What is not seen again must not stay in memory for ever. */
const maxKept = 20_000

function kept<T>(all: Map<string, T>, key: string, make: () => T): T {
  const found = all.get(key)
  if (found) return found
  // The oldest goes. A flood from 20,000 networks at once is not held up by counting.
  if (all.size >= maxKept) all.delete(all.keys().next().value!)
  const made = make()
  all.set(key, made)
  return made
}

function bucketOf(buckets: Map<string, Bucket>, address: string, burst: number): Bucket {
  return kept(buckets, addressKey(address), () => openBucket(burst, Date.now()))
}

export function isTrustedAddress(chat: Chat, address: string): boolean {
  return limitsOf(chat).isTrusted(address)
}

/** Counts a request of an address. Refusal rate_limited where there were too many; trusted networks are free. */
export function takeAddressRequest(chat: Chat, address: string): void {
  const { requests, isTrusted } = limitsOf(chat)
  if (isTrusted(address)) return
  const { addressRequestsPerSecond, addressRequestBurst } = chat.settings
  const bucket = bucketOf(requests, address, addressRequestBurst)
  const waitMs = takeToken(bucket, addressRequestsPerSecond, addressRequestBurst, Date.now())
  if (waitMs > 0)
    throw new Refusal('rate_limited', 'Too many requests come from your address. Wait a moment.', {
      retryAfterMs: waitMs,
    })
}

/** What one session has left: a WebSocket keeps its own, the HTTP door one a sign-in. */
export type Turns = { requests: Bucket; posts: Bucket }

export function openTurns(chat: Chat): Turns {
  const now = performance.now()
  return { requests: openBucket(chat.settings.requestBurst, now), posts: openBucket(chat.settings.postBurst, now) }
}

/** Counts a request. Refusal rate_limited where the session sends faster than the settings allow. */
export function takeTurn(chat: Chat, { requests, posts }: Turns, isPost: boolean): void {
  const { requestsPerSecond, requestBurst, postsPerSecond, postBurst } = chat.settings
  const now = performance.now()
  const waitMs =
    takeToken(requests, requestsPerSecond, requestBurst, now) ||
    (isPost ? takeToken(posts, postsPerSecond, postBurst, now) : 0)
  if (waitMs > 0)
    throw new Refusal('rate_limited', 'You send faster than this server allows. Wait and send again.', {
      retryAfterMs: waitMs,
    })
}

/** The same for one sign-in at the HTTP door; trusted networks are free. */
export function takeSessionTurn(chat: Chat, session: string, address: string, isPost: boolean): void {
  const { sessions, isTrusted } = limitsOf(chat)
  if (!isTrusted(address))
    takeTurn(
      chat,
      kept(sessions, session, () => openTurns(chat)),
      isPost,
    )
}

/**
 * Counts a failed sign-in of an address, before it is known to fail: many at once are counted too. The function in the
 * answer takes it back. Refusal rate_limited where too many failed within the minute; trusted networks are free.
 */
export function takeFailure(chat: Chat, address: string): () => void {
  const { failures, isTrusted } = limitsOf(chat)
  if (isTrusted(address)) return () => {}
  const burst = chat.settings.failedSignInsPerMinute
  const bucket = bucketOf(failures, address, burst)
  const waitMs = takeToken(bucket, burst / 60, burst, Date.now())
  if (waitMs > 0)
    throw new Refusal('rate_limited', 'Too many sign-ins from your address failed. Wait a moment.', {
      retryAfterMs: waitMs,
    })
  return () => {
    bucket.tokens += 1
  }
}
