import type { BusMessage } from './bus.ts'
import { isHead } from './head.ts'

/** A bus message as bytes: length of the head (4 bytes, big endian), the head as JSON, the frame as it is. */
export function encodeMessage({ head, frame }: BusMessage): Uint8Array {
  const json = Buffer.from(JSON.stringify(head))
  const bytes = Buffer.allocUnsafe(4 + json.length + (frame?.byteLength ?? 0))
  bytes.writeUInt32BE(json.length, 0)
  json.copy(bytes, 4)
  if (frame) bytes.set(frame, 4 + json.length)
  return bytes
}

/** Undefined where the bytes are no message of ours: whoever else is on that subject must not stop the server. */
export function decodeMessage(bytes: Uint8Array): BusMessage | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length < 4) return undefined
  const end = 4 + buffer.readUInt32BE(0)
  if (end > buffer.length) return undefined
  try {
    const head: unknown = JSON.parse(buffer.toString('utf8', 4, end))
    if (!isHead(head, end < buffer.length)) return undefined
    return end === buffer.length ? { head } : { head, frame: buffer.subarray(end) }
  } catch {
    return undefined
  }
}
