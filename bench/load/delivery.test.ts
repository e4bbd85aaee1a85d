import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { isPosted, openDeliveryReader, toDelivery } from './delivery.ts'
import { roomId, userId } from './model.ts'
import { clientIdOf, contentHash, nowUs, postText, readPostText, textLength } from './post-text.ts'
import { openRoomTable } from './room-table.ts'

const rooms = openRoomTable(5_000)
const read = openDeliveryReader(rooms)

test('[LD3] a delivery is read off its places, as it would be by parsing', () => {
  for (const [room, seq] of [
    [0, 1],
    [17, 123_456],
    [4_999, 9_007_199_254],
  ] as const) {
    const message = messageOf(seq, postText(nowUs(), 12_345))
    const frame = frameOf(room, message)
    // A frame stands anywhere in what was read.
    const buffer = Buffer.concat([Buffer.from('{"}'), frame, Buffer.from('\x81\x7e')])
    expect(isPosted(buffer, 3, 3 + frame.length)).toBe(true)
    expect({ ...read(buffer, 3, 3 + frame.length) }).toEqual(toDelivery(room, message))
    expect(read(buffer, 3, 3 + frame.length).number).toBe(12_345)
  }
})

test('[LD3] a frame that is not as expected is parsed, whatever it says', () => {
  const other = [
    messageOf(7, 'short'),
    messageOf(8, `${'ü"\\'.repeat(40)}`),
    { ...messageOf(9, postText(nowUs(), 1)), alert: true },
    messageOf(10, `L${'x'.repeat(textLength - 1)}`),
  ]
  for (const message of other) {
    const frame = frameOf(3, message)
    const delivery = read(frame, 0, frame.length)
    expect({ ...delivery }).toEqual(toDelivery(3, message))
    expect(delivery.hash).toBe(contentHash(message.text, message.clientId))
  }
  const foreign = frameOf(5_001, messageOf(1, postText(nowUs(), 1)))
  expect(read(foreign, 0, foreign.length).room).toBe(-1)
  const event = Buffer.from('{"event":"room.closed","room":"x","reason":"removed"}')
  expect(isPosted(event, 0, event.length)).toBe(false)
})

test('[LD3] a text says when it was sent and which post it is, at the usual length', () => {
  const text = postText(1_234_567.9, 42)
  expect(text).toHaveLength(textLength)
  expect(readPostText(text)).toEqual({ sentUs: 1_234_567, number: 42 })
  expect(readPostText('Message 4 of the past')).toBeUndefined()
  expect(new Set(Array.from({ length: 1_000 }, (_, n) => contentHash(postText(5, n), clientIdOf(1, n)))).size).toBe(
    1_000,
  )
  expect(clientIdOf(7, 1)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
})

function messageOf(seq: number, text: string) {
  const author = { id: userId(4), kind: 'user' as const, name: 'user4@example.com', displayName: 'User "4"' }
  return { seq, at: new Date(0).toISOString(), author, text, format: 'plain' as const, clientId: randomUUID() }
}

function frameOf(room: number, message: object): Buffer {
  return Buffer.from(JSON.stringify({ event: 'message.posted', room: roomId(room), message }))
}
