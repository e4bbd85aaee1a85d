import { crc32, deflateRawSync, deflateSync } from 'node:zlib'

/** Says so wherever it runs: `ran` is there in every frame of a browser that looks for it. */
const call = 'document.title = "ran"; window.ran?.(location.href); fetch("/ran")'
const script = `<script>${call}</script>`
export const page = `<!doctype html><html><body>${script}<img src="x" onerror='${call}'></body></html>`
export const svg = `<svg xmlns="http://www.w3.org/2000/svg" onload='${call}'>${script}<circle r="9"/></svg>`
export const xml = `<?xml version="1.0"?>${svg}`
/** A picture of no use, a script and a page, as whoever reads it likes. */
export const gif = Buffer.from(`GIF89a/*${'x'.repeat(40)}*/=1;${call}//${page}`)
/** A PNG of one pixel with a page behind it. */
export const pngPage = Buffer.concat([pngOf(1, 1, 5), Buffer.from(page)])
export const pdf = Buffer.from('%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>endobj\n%%EOF')
export const exe = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)])
/** No type is found in it, and it runs where a page takes it for a script. */
export const js = Buffer.from(`${call};`)
export const css = Buffer.from('body { background: url(/ran) }')

/** A zip of one entry that is a thousand times as long as what is put. */
export function zipBomb(): Buffer {
  const packed = deflateRawSync(Buffer.alloc(50_000_000))
  const head = Buffer.alloc(30)
  head.writeUInt32LE(0x04034b50, 0)
  head.writeUInt16LE(20, 4)
  head.writeUInt16LE(8, 8)
  head.writeUInt32LE(packed.length, 18)
  head.writeUInt32LE(50_000_000, 22)
  head.writeUInt16LE(19, 26)
  return Buffer.concat([head, Buffer.from('[Content_Types].xml'), packed])
}

/** A PNG whose head says one size and whose data hold so many zero bytes. */
export function pngOf(width: number, height: number, dataBytes: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const named = Buffer.concat([Buffer.from(type), data])
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    check.writeUInt32BE(crc32(named))
    return Buffer.concat([length, named, check])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 6, 0, 0, 0], 8)
  const begin = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const data = chunk('IDAT', deflateSync(Buffer.alloc(dataBytes)))
  return Buffer.concat([begin, chunk('IHDR', head), data, chunk('IEND', Buffer.alloc(0))])
}
