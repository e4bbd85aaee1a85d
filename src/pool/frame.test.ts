import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventFrame, textFrame } from './frame.ts'

/** Reads one frame as RFC 6455 (5.2) has it. */
function read(frame: Buffer): { first: number; masked: boolean; payload: string; rest: number } {
  const short = frame[1]! & 0x7f
  const head = short === 126 ? 4 : short === 127 ? 10 : 2
  const length = short === 126 ? frame.readUInt16BE(2) : short === 127 ? Number(frame.readBigUInt64BE(2)) : short
  const payload = frame.subarray(head, head + length)
  return {
    first: frame[0]!,
    masked: (frame[1]! & 0x80) !== 0,
    payload: payload.toString(),
    rest: frame.length - head - length,
  }
}

test('[LV11] a frame is one unmasked final text frame of the shortest length form', () => {
  for (const [length, size] of [
    [0, 2],
    [125, 127],
    [126, 130],
    [65_535, 65_539],
    [65_536, 65_546],
    [300_000, 300_010],
  ] as const) {
    const frame = textFrame('x'.repeat(length))
    expect(frame.length).toBe(size)
    expect(read(frame)).toEqual({ first: 0x81, masked: false, payload: 'x'.repeat(length), rest: 0 })
  }
})

test('[LV11] any text comes out of its frame as it went in, several frames in one piece too', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 300 }), { minLength: 1, maxLength: 4 }), texts => {
      let bytes = Buffer.concat(texts.map(textFrame))
      for (const text of texts) {
        const { payload, rest } = read(bytes)
        expect(payload).toBe(text)
        bytes = bytes.subarray(bytes.length - rest)
      }
      expect(bytes.length).toBe(0)
    }),
    { numRuns: 200 },
  )
})

test('[LV11] an event is its JSON', () => {
  const event = { event: 'room.followed', room: 'x' } as const
  expect(JSON.parse(read(eventFrame(event)).payload)).toEqual(event)
})
