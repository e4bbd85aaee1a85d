import { addressKey, openNetworks } from '../base/address.ts'
import { type Bucket, openBucket, takeToken } from '../base/rate.ts'
import { Refusal } from '../protocol/error.ts'
import type { Chat } from './chat.ts'

type Limits = {
  requests: Map<string, Bucket>
  failures: Map<string, Bucket>
  sessions: Map<string, Bucket>
  posts: Map<string, Bucket>
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
      posts: new Map(),
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

/** An address that is not seen again must not stay in memory for ever. */
const maxBuckets = 20_000

function bucketOf(buckets: Map<string, Bucket>, key: string, burst: number): Bucket {
  const found = buckets.get(key)
  if (found) return found
  // The oldest goes. A flood from 20,000 networks at once is not held up by counting.
  if (buckets.size >= maxBuckets) buckets.delete(buckets.keys().next().value!)
  const made = openBucket(burst, Date.now())
  buckets.set(key, made)
  return made
}

export function isTrustedAddress(chat: Chat, address: string): boolean {
  return limitsOf(chat).isTrusted(address)
}

/** Counts a request of an address. Refusal rate_limited where there were too many; trusted networks are free. */
export function takeAddressRequest(chat: Chat, address: string): void {
  const { requests, isTrusted } = limitsOf(chat)
  if (isTrusted(address)) return
  const { addressRequestsPerSecond, addressRequestBurst } = chat.settings
  const bucket = bucketOf(requests, addressKey(address), addressRequestBurst)
  const waitMs = takeToken(bucket, addressRequestsPerSecond, addressRequestBurst, Date.now())
  if (waitMs > 0)
    throw new Refusal('rate_limited', 'Too many requests come from your address. Wait a moment.', {
      retryAfterMs: waitMs,
    })
}

/**
 * Counts a request of one sign-in at the HTTP door (a WebSocket counts its own). Refusal rate_limited where it sends faster
 * than the settings allow; trusted networks are free.
 */
export function takeSessionRequest(chat: Chat, session: string, address: string, isPost: boolean): void {
  const found = limitsOf(chat)
  if (found.isTrusted(address)) return
  const { requestsPerSecond, requestBurst, postsPerSecond, postBurst } = chat.settings
  const now = Date.now()
  const waitMs = takeToken(bucketOf(found.sessions, session, requestBurst), requestsPerSecond, requestBurst, now)
  const postWaitMs =
    waitMs === 0 && isPost ? takeToken(bucketOf(found.posts, session, postBurst), postsPerSecond, postBurst, now) : 0
  if (waitMs + postWaitMs > 0)
    throw new Refusal('rate_limited', 'You send faster than this server allows. Wait and send again.', {
      retryAfterMs: waitMs + postWaitMs,
    })
}

/**
 * Counts a failed sign-in of an address, before it is known to fail: many at once are counted too. The function in the
 * answer takes it back. Refusal rate_limited where too many failed within the minute; trusted networks are free.
 */
export function takeFailure(chat: Chat, address: string): () => void {
  const { failures, isTrusted } = limitsOf(chat)
  if (isTrusted(address)) return () => {}
  const burst = chat.settings.failedSignInsPerMinute
  const bucket = bucketOf(failures, addressKey(address), burst)
  const waitMs = takeToken(bucket, burst / 60, burst, Date.now())
  if (waitMs > 0)
    throw new Refusal('rate_limited', 'Too many sign-ins from your address failed. Wait a moment.', {
      retryAfterMs: waitMs,
    })
  return () => {
    bucket.tokens += 1
  }
}
