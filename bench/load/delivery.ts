import type { PostedMessage } from '../../src/protocol/message.ts'
import {
  contentHash,
  contentHashOf,
  instantAt,
  MARK,
  numberAt,
  readPostText,
  textLength,
  wordsAt,
} from './post-text.ts'
import type { RoomTable } from './room-table.ts'

/** What a session heard: a message at a place of a room. `number` is the post's, -1 where it is none of the load. */
export type Delivery = { room: number; seq: number; sentUs: number; number: number; hash: number }

const bytes = (text: string) => Buffer.from(text, 'latin1')
const beforeRoom = bytes('{"event":"message.posted","room":"')
const beforeSeq = bytes('","message":{"seq":')
const beforeText = bytes('"text":"')
const afterText = bytes('","format":"plain","clientId":"')
const end = bytes('"}}')
const ID_BYTES = 36
const [ZERO, NINE, SPACE] = [...bytes('09 ')] as [number, number, number]
const mark = MARK.charCodeAt(0)

/** Whether the frame tells of a message; only then is it worth reading. */
export function isPosted(buffer: Uint8Array, from: number, to: number): boolean {
  return to - from > beforeRoom.length && isAt(beforeRoom, buffer, from)
}

/**
 * Reads a message.posted off its places, without making an object of it: at ten thousand a second JSON would be most of what a
 * generator does. Each place is checked; a frame that is not as expected is parsed. The answer is overwritten by the next one.
 */
export function openDeliveryReader(rooms: RoomTable): (buffer: Buffer, from: number, to: number) => Delivery {
  const delivery: Delivery = { room: -1, seq: 0, sentUs: 0, number: -1, hash: 0 }

  function readPlaces(buffer: Buffer, from: number, to: number): boolean {
    let at = from + beforeRoom.length
    delivery.room = rooms.find(buffer, at)
    at += ID_BYTES
    if (!isAt(beforeSeq, buffer, at)) return false
    at += beforeSeq.length
    const seqFrom = at
    while (isDigit(buffer[at])) at += 1
    delivery.seq = digits(buffer, seqFrom, at)
    const clientIdAt = to - end.length - ID_BYTES
    const textAt = clientIdAt - afterText.length - textLength
    if (at === seqFrom || textAt - beforeText.length < at) return false
    if (!isAt(end, buffer, to - end.length) || !isAt(afterText, buffer, textAt + textLength)) return false
    if (!isAt(beforeText, buffer, textAt - beforeText.length) || !readText(buffer, textAt)) return false
    delivery.hash = contentHashOf(
      buffer,
      { from: textAt, to: textAt + textLength },
      { from: clientIdAt, to: clientIdAt + ID_BYTES },
    )
    return true
  }

  function readText(buffer: Buffer, at: number): boolean {
    if (buffer[at] !== mark || buffer[at + numberAt - 1] !== SPACE || buffer[at + wordsAt - 1] !== SPACE) return false
    delivery.sentUs = digits(buffer, at + instantAt, at + numberAt - 1)
    delivery.number = digits(buffer, at + numberAt, at + wordsAt - 1)
    return delivery.sentUs >= 0 && delivery.number >= 0
  }

  return (buffer, from, to) => {
    if (readPlaces(buffer, from, to)) return delivery
    const { room, message } = JSON.parse(buffer.toString('utf8', from, to)) as { room: string; message: PostedMessage }
    return Object.assign(delivery, toDelivery(rooms.numberOf(room), message))
  }
}

/** From an answer, which is parsed anyway. */
export function toDelivery(room: number, message: PostedMessage): Delivery {
  const { sentUs, number } = readPostText(message.text) ?? { sentUs: 0, number: -1 }
  return { room, seq: message.seq, sentUs, number, hash: contentHash(message.text, message.clientId) }
}

function isAt(expected: Uint8Array, buffer: Uint8Array, from: number): boolean {
  for (let index = 0; index < expected.length; index += 1) if (buffer[from + index] !== expected[index]) return false
  return true
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}

/** -1 where something else stands among them. */
function digits(buffer: Uint8Array, from: number, to: number): number {
  let value = 0
  for (let index = from; index < to; index += 1) {
    const byte = buffer[index]!
    if (byte < ZERO || byte > NINE) return -1
    value = value * 10 + (byte - ZERO)
  }
  return value
}
