import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/**
 * Refresh tokens are needed again, so that no hash will do. They are sealed with a key made of the client's secret, which stands in
 * no database: whoever reads the store, or a backup of it, cannot use them. A new client secret makes them unreadable.
 */
const ivBytes = 12
const tagBytes = 16

function keyOf(clientSecret: string, issuer: string): Buffer {
  return Buffer.from(hkdfSync('sha256', clientSecret, issuer, 'pchat refresh token', 32))
}

/** `owner` is whose it is (a session's id): what is sealed for one opens for no other. */
export function seal(text: string, clientSecret: string, issuer: string, owner: string): Buffer {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', keyOf(clientSecret, issuer), iv).setAAD(Buffer.from(owner))
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), body])
}

/** Undefined where it was sealed with another secret, or for another owner, or is not whole. */
export function unseal(sealed: Buffer, clientSecret: string, issuer: string, owner: string): string | undefined {
  if (sealed.length < ivBytes + tagBytes) return undefined
  const decipher = createDecipheriv('aes-256-gcm', keyOf(clientSecret, issuer), sealed.subarray(0, ivBytes))
    .setAAD(Buffer.from(owner))
    .setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes))
  try {
    return decipher.update(sealed.subarray(ivBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return undefined
  }
}
