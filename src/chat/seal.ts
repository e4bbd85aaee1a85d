import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { Refusal } from '../protocol/error.ts'

/** AES-256-GCM under a key that the operator keeps beside the servers, not in the store. */
export type Sealed = { secret: Uint8Array; sealedWith: string | null }

const cipher = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

/** Names a key without telling anything of it. */
function nameOf(key: Uint8Array): string {
  return createHash('sha256').update('pchat key').update(key).digest('hex').slice(0, 16)
}

/** `holder` goes into the seal: moved to another row it does not open. Without a key it is kept as it is. */
export function seal(keys: Uint8Array[], holder: string, secret: Uint8Array): Sealed {
  const key = keys[0]
  if (!key) return { secret, sealedWith: null }
  const iv = randomBytes(ivBytes)
  const sealing = createCipheriv(cipher, key, iv).setAAD(Buffer.from(holder))
  const body = Buffer.concat([sealing.update(secret), sealing.final()])
  return { secret: Buffer.concat([iv, sealing.getAuthTag(), body]), sealedWith: nameOf(key) }
}

/** Refusal unavailable where this server was not given the key. */
export function unseal(keys: Uint8Array[], holder: string, { secret, sealedWith }: Sealed): Uint8Array {
  if (sealedWith === null) return secret
  const key = keys.find(one => nameOf(one) === sealedWith)
  if (!key)
    throw new Refusal(
      'unavailable',
      'This server has not the key that codes are checked with. Tell its operator (--factor-key-file), or sign in another way.',
      { retryAfterMs: 30_000 },
    )
  const sealed = Buffer.from(secret)
  const opening = createDecipheriv(cipher, key, sealed.subarray(0, ivBytes)).setAAD(Buffer.from(holder))
  opening.setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes))
  return Buffer.concat([opening.update(sealed.subarray(ivBytes + tagBytes)), opening.final()])
}
