/** Token bucket: `perSecond` tokens a second, at most `burst` kept. Time comes in, so that it can be tested without waiting. */
export type Bucket = { tokens: number; at: number }

export function openBucket(burst: number, nowMs: number): Bucket {
  return { tokens: burst, at: nowMs }
}

/** What has come in since the last look. */
export function refill(bucket: Bucket, perSecond: number, burst: number, nowMs: number): void {
  // A clock that was set back gives nothing, and takes nothing away.
  bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, nowMs - bucket.at) / 1000) * perSecond)
  bucket.at = nowMs
}

/** Takes one token. Answers 0 where there was one, else the milliseconds until there is. */
export function takeToken(bucket: Bucket, perSecond: number, burst: number, nowMs: number): number {
  refill(bucket, perSecond, burst, nowMs)
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1
    return 0
  }
  return ((1 - bucket.tokens) / perSecond) * 1000
}
