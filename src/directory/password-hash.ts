import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'

/** argon2id as OWASP's cheat sheet has it: 19 MiB, two passes, one lane. */
const memory = 19_456
const passes = 2
const parallelism = 1
const saltBytes = 16
const tagBytes = 32

type Parameters = { memory: number; passes: number; parallelism: number; salt: Buffer; tagLength: number }

/** Off the main thread. Typed accents differ between systems (composed or not), hence NFC. */
function derive(password: string, cost: Parameters): Promise<Buffer> {
  const { salt, ...rest } = cost
  return new Promise((resolve, reject) => {
    argon2('argon2id', { message: password.normalize('NFC'), nonce: salt, ...rest }, (error, tag) =>
      error ? reject(error) : resolve(Buffer.from(tag)),
    )
  })
}

const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')

/** PHC string format: $argon2id$v=19$m=…,t=…,p=…$salt$tag. */
function toPhc(salt: Buffer, tag: Buffer): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`
}

/** A new hash, in PHC string format. */
export async function hashWithArgon2(password: string): Promise<string> {
  const salt = randomBytes(saltBytes)
  return toPhc(salt, await derive(password, { memory, passes, parallelism, salt, tagLength: tagBytes }))
}

/** A hash that no password is known for, and that takes as long as others to find out. */
export function hashOfNobody(): string {
  return toPhc(randomBytes(saltBytes), randomBytes(tagBytes))
}

const phc = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** Whether the hash is of this password, with the cost that the hash names. Throws where the hash is not readable. */
export async function verifyArgon2(password: string, stored: string): Promise<boolean> {
  const part = phc.exec(stored)
  if (!part) throw new Error('A stored password hash is not an argon2id PHC string')
  const tag = Buffer.from(part[5]!, 'base64')
  const derived = await derive(password, {
    memory: Number(part[1]),
    passes: Number(part[2]),
    parallelism: Number(part[3]),
    salt: Buffer.from(part[4]!, 'base64'),
    tagLength: tag.length,
  })
  return timingSafeEqual(tag, derived)
}
