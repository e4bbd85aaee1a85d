import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** A secret that is given out once; the store keeps the hash only. Its 32 random bytes need no slow hash. */
export function makeToken(): { token: string; hash: Buffer } {
  const token = randomBytes(32).toString('base64url')
  return { token, hash: hashToken(token) }
}

export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** What a page of ours sends along with a cookie to show that it could read our answers. Tells nothing of the token. */
export function csrfOf(token: string): string {
  return createHmac('sha256', token).update('pchat csrf').digest('base64url')
}

export function isSame(a: string | Uint8Array, b: string | Uint8Array): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}
