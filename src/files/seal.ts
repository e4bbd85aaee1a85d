import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Keyring } from './keys.ts'

/**
 * Encryption at rest. A sealed object: mark, id of the key (8 bytes), salt (16), then frames of 64 KiB, each with its tag. Every
 * object has a key of its own, derived by the salt, so that frames may be numbered from 0; a range is opened without the rest.
 * Every frame is bound to the name of its object: what was sealed for another one is not opened under this one's key.
 */
const mark = Buffer.from('PCF2')
const saltBytes = 16
const headBytes = mark.length + 8 + saltBytes
const frameBytes = 64 * 1024
const tagBytes = 16
const sealedFrameBytes = frameBytes + tagBytes

function deriveKey(master: Buffer, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', master, salt, 'pchat file object', 32))
}

function nonceOf(frame: number): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(frame, 8)
  return nonce
}

/** Answers the bytes as they are, and '', where there is no key. `name` is known to whoever opens it, and used for this one alone. */
export function seal({ sealing, keys }: Keyring, name: string, plain: Buffer): { bytes: Buffer; sealedBy: string } {
  if (sealing === undefined) return { bytes: plain, sealedBy: '' }
  const salt = randomBytes(saltBytes)
  const key = deriveKey(keys.get(sealing)!, salt)
  const parts = [mark, Buffer.from(sealing, 'hex'), salt]
  for (let frame = 0; frame * frameBytes < plain.length; frame += 1) {
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(frame))
    cipher.setAAD(Buffer.from(name))
    parts.push(cipher.update(plain.subarray(frame * frameBytes, (frame + 1) * frameBytes)), cipher.final())
    parts.push(cipher.getAuthTag())
  }
  return { bytes: Buffer.concat(parts), sealedBy: sealing }
}

type Range = { first: number; last: number }
type Read = (range: Range) => Promise<AsyncIterable<Buffer>>

/** Bytes `first` through `last` of an object of `size` bytes. Throws where the key is not there or the object was changed. */
export async function* unseal(
  { keys }: Keyring,
  { name, sealedBy, size }: { name: string; sealedBy: string; size: number },
  { first, last }: Range,
  read: Read,
): AsyncGenerator<Buffer> {
  if (sealedBy === '') return yield* await read({ first, last })
  const master = keys.get(sealedBy)
  if (!master) throw new Error(`the key file has no key ${sealedBy}`)
  const head = await gather(await read({ first: 0, last: headBytes - 1 }), headBytes)
  if (!head.subarray(0, mark.length).equals(mark)) throw changed()
  const key = deriveKey(master, head.subarray(headBytes - saltBytes))
  const firstFrame = Math.floor(first / frameBytes)
  const lastFrame = Math.floor(last / frameBytes)
  const end = headBytes + size + tagBytes * Math.ceil(size / frameBytes)
  const sealed = await read({
    first: headBytes + firstFrame * sealedFrameBytes,
    last: Math.min(end, headBytes + (lastFrame + 1) * sealedFrameBytes) - 1,
  })
  const { cut, end: letGo } = openCutter(sealed)
  try {
    for (let frame = firstFrame; frame <= lastFrame; frame += 1) {
      const length = Math.min(frameBytes, size - frame * frameBytes)
      const plain = openFrame(key, name, frame, await cut(length + tagBytes))
      yield plain.subarray(Math.max(0, first - frame * frameBytes), Math.min(length, last + 1 - frame * frameBytes))
    }
  } finally {
    await letGo()
  }
}

function openFrame(key: Buffer, name: string, frame: number, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(frame))
  decipher.setAAD(Buffer.from(name))
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - tagBytes)), decipher.final()])
  } catch {
    throw changed()
  }
}

function changed(): Error {
  return new Error('an object of the file store is not what was put there')
}

async function gather(bytes: AsyncIterable<Buffer>, length: number): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const chunk of bytes) all.push(chunk)
  const joined = Buffer.concat(all)
  if (joined.length !== length) throw changed()
  return joined
}

/** Cuts a stream into parts of the lengths asked for. `end` lets go of it. */
function openCutter(bytes: AsyncIterable<Buffer>) {
  const chunks = bytes[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  return {
    async cut(length: number): Promise<Buffer> {
      const parts = [rest]
      let have = rest.length
      while (have < length) {
        const { value, done } = await chunks.next()
        if (done) throw changed()
        parts.push(value)
        have += value.length
      }
      const joined = Buffer.concat(parts)
      rest = joined.subarray(length)
      return joined.subarray(0, length)
    },
    async end() {
      await chunks.return?.()
    },
  }
}
