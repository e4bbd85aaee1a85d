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

/** A key with its id. */
export type SealingKey = { id: string; key: Buffer }

export function sealingKey({ sealing, keys }: Keyring): SealingKey | undefined {
  return sealing === undefined ? undefined : { id: sealing, key: keys.get(sealing)! }
}

/** How long so many bytes are when they are sealed. */
export function sealedLength(plain: number): number {
  return headBytes + plain + tagBytes * Math.ceil(plain / frameBytes)
}

/** Answers the bytes as they are, and '', where there is no key. `name` is known to whoever opens it, and used for this one alone. */
export function seal(keys: Keyring, name: string, plain: Buffer): { bytes: Buffer; sealedBy: string } {
  const key = sealingKey(keys)
  if (!key) return { bytes: plain, sealedBy: '' }
  const bytes = Buffer.allocUnsafe(sealedLength(plain.length))
  plain.copy(bytes)
  sealInPlace(key, name, bytes, plain.length)
  return { bytes, sealedBy: key.id }
}

/**
 * Seals the first `length` bytes of `bytes`, which has room for what it becomes (sealedLength). From the last frame to the first,
 * since each moves towards the end: no second buffer is needed.
 */
export function sealInPlace({ id, key: master }: SealingKey, name: string, bytes: Buffer, length: number): void {
  const salt = randomBytes(saltBytes)
  const key = deriveKey(master, salt)
  for (let frame = Math.ceil(length / frameBytes) - 1; frame >= 0; frame -= 1) {
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(frame))
    cipher.setAAD(Buffer.from(name))
    const sealed = cipher.update(bytes.subarray(frame * frameBytes, Math.min(length, (frame + 1) * frameBytes)))
    // Of this mode nothing comes at the end but the tag.
    cipher.final()
    const at = headBytes + frame * sealedFrameBytes
    sealed.copy(bytes, at)
    cipher.getAuthTag().copy(bytes, at + sealed.length)
  }
  Buffer.concat([mark, Buffer.from(id, 'hex'), salt]).copy(bytes)
}

type Range = { first: number; last: number }
type Read = (range: Range) => Promise<AsyncIterable<Buffer>>
/** Frames of one object, one behind the other, from number `frame` on. */
type Frames = { key: Buffer; name: string; frame: number; sealed: Buffer }
/** Opens frames: here, or where the event loop does not wait for it (files/mill). Throws where they were changed. */
export type Opener = (frames: Frames) => Buffer | Promise<Buffer>

/** Opened at a time; a folder reads as many bytes at a time. */
const framesAtOnce = 4
export const sealedGroupBytes = framesAtOnce * sealedFrameBytes

/** Bytes `first` through `last` of an object of `size` bytes. Throws where the key is not there or the object was changed. */
export async function* unseal(
  { keys }: Keyring,
  { name, sealedBy, size }: { name: string; sealedBy: string; size: number },
  { first, last }: Range,
  read: Read,
  open: Opener = openHere,
): AsyncGenerator<Buffer> {
  if (sealedBy === '') return yield* await read({ first, last })
  const master = keys.get(sealedBy)
  if (!master) throw new Error(`the key file has no key ${sealedBy}`)
  const head = await gather(await read({ first: 0, last: headBytes - 1 }), headBytes)
  if (!head.subarray(0, mark.length).equals(mark)) throw changed()
  const key = deriveKey(master, head.subarray(headBytes - saltBytes))
  const firstFrame = Math.floor(first / frameBytes)
  const lastFrame = Math.floor(last / frameBytes)
  const sealed = await read({
    first: headBytes + firstFrame * sealedFrameBytes,
    last: Math.min(sealedLength(size), headBytes + (lastFrame + 1) * sealedFrameBytes) - 1,
  })
  const { cut, end: letGo } = openCutter(sealed)
  const openFrom = async (frame: number) => {
    const end = Math.min(size, (Math.min(lastFrame, frame + framesAtOnce - 1) + 1) * frameBytes)
    const length = sealedLength(end) - sealedLength(frame * frameBytes)
    return open({ key, name, frame, sealed: await cut(length) })
  }
  let next: Promise<Buffer> | undefined
  try {
    next = openFrom(firstFrame)
    for (let frame = firstFrame; next; frame += framesAtOnce) {
      const plain: Buffer = await next
      // While these go out, the next ones are read and opened.
      next = frame + framesAtOnce <= lastFrame ? openFrom(frame + framesAtOnce) : undefined
      next?.catch(() => {})
      const at = frame * frameBytes
      yield plain.subarray(Math.max(0, first - at), Math.min(plain.length, last + 1 - at))
    }
  } finally {
    await next?.catch(() => {})
    await letGo()
  }
}

function openHere(frames: Frames): Buffer {
  const plain = Buffer.allocUnsafe(frames.sealed.length)
  return plain.subarray(0, openInto(frames, plain))
}

/** Answers how many bytes they are. `target` may be where they are sealed, since each moves towards the beginning. */
export function openInto({ key, name, frame: firstFrame, sealed }: Frames, target: Buffer): number {
  let length = 0
  for (let at = 0; at < sealed.length; at += sealedFrameBytes) {
    const plain = openFrame(key, name, firstFrame + at / sealedFrameBytes, sealed.subarray(at, at + sealedFrameBytes))
    length += plain.copy(target, length)
  }
  return length
}

function openFrame(key: Buffer, name: string, frame: number, sealed: Buffer): Buffer {
  if (sealed.length <= tagBytes) throw changed()
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(frame))
  decipher.setAAD(Buffer.from(name))
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
  try {
    const plain = decipher.update(sealed.subarray(0, sealed.length - tagBytes))
    // Nothing comes any more, but it throws where the tag is another.
    decipher.final()
    return plain
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
      const parts = rest.length === 0 ? [] : [rest]
      let have = rest.length
      while (have < length) {
        const { value, done } = await chunks.next()
        if (done) throw changed()
        parts.push(value)
        have += value.length
      }
      // Of one chunk nothing is copied.
      const joined = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
      rest = joined.subarray(length)
      return joined.subarray(0, length)
    },
    async end() {
      await chunks.return?.()
    },
  }
}
