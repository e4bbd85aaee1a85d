import { Jimp } from 'jimp'
import { expect, test } from 'vitest'
import { pngOf } from '../../test/hostile-files.ts'
import { dimensionsOf } from './picture.ts'
import { drawSmall } from './preview.ts'

async function* of(bytes: Buffer) {
  yield bytes
}

const picture = (type: 'image/png' | 'image/jpeg' | 'image/gif', width: number, height: number) =>
  new Jimp({ width, height, color: 0x3366ccff }).getBuffer(type)

test.each(['image/png', 'image/jpeg', 'image/gif'] as const)(
  '[FI31] a %s says its size in its head, and is drawn small',
  async type => {
    const bytes = Buffer.from(await picture(type, 1_000, 500))
    expect(dimensionsOf(bytes)).toEqual({ width: 1_000, height: 500 })
    const { jpeg, preview } = await drawSmall(of(bytes))
    expect(preview).toEqual({ width: 480, height: 240 })
    expect(dimensionsOf(jpeg)).toEqual(preview)
  },
)

test('[FI31] a small picture keeps its size, and what shows through is white', async () => {
  const clear = await new Jimp({ width: 20, height: 10, color: 0x00000000 }).getBuffer('image/png')
  const { jpeg, preview } = await drawSmall(of(Buffer.from(clear)))
  expect(preview).toEqual({ width: 20, height: 10 })
  expect((await Jimp.read(jpeg)).getPixelColor(5, 5)).toBe(0xffffffff)
})

test('[FI31] nothing of the original is in the preview but pixels', async () => {
  const plain = Buffer.from(await picture('image/jpeg', 600, 400))
  const note = Buffer.from('taken at 47.3769 N 8.5417 E')
  const segment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, note.length + 2]), note])
  const marked = Buffer.concat([plain.subarray(0, 2), segment, plain.subarray(2)])
  expect(marked.includes(note)).toBe(true)
  expect((await drawSmall(of(marked))).jpeg.includes(note)).toBe(false)
})

test('[FI32] what takes too long or too much memory, or is no picture, is given up', async () => {
  const large = Buffer.from(await picture('image/png', 3_000, 3_000))
  await expect(drawSmall(of(large), { memoryBytes: 2 ** 30, ms: 50 })).rejects.toThrow('longer than 50 ms')
  await expect(drawSmall(of(large), { memoryBytes: 60 * 1024 * 1024, ms: 20_000 })).rejects.toThrow('of memory')
  await expect(drawSmall(of(Buffer.from('no picture')))).rejects.toThrow('no picture')
  await expect(drawSmall(of(pngOf(100, 100, 10)))).rejects.toThrow('no picture')
  await expect(drawSmall(of(large.subarray(0, 200)))).rejects.toThrow('no picture')
})

test('[FI32] a head that ends too early, or is none, says no size', () => {
  for (const head of [
    Buffer.alloc(0),
    Buffer.from('GIF'),
    Buffer.from([0xff, 0xd8, 0xff]),
    Buffer.from('plain text, long enough'),
    pngOf(1, 1, 1).subarray(0, 18),
  ])
    expect(dimensionsOf(head)).toBe(undefined)
})
