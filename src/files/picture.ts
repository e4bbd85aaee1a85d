/** Width and height as the head of a picture says them; undefined where it is none that is known, or says nothing in its first bytes. */
export function dimensionsOf(head: Buffer): { width: number; height: number } | undefined {
  try {
    if (head.readUInt32BE(0) === 0x89504e47) return { width: head.readUInt32BE(16), height: head.readUInt32BE(20) }
    if (head.toString('latin1', 0, 3) === 'GIF') return { width: head.readUInt16LE(6), height: head.readUInt16LE(8) }
    if (head.readUInt16BE(0) === 0xffd8) return ofJpeg(head)
  } catch (error) {
    // It ends before it says so.
    if (!(error instanceof RangeError)) throw error
  }
  return undefined
}

/** Segments, until the one that begins a frame (0xC0 to 0xCF, but for three that are something else). */
function ofJpeg(head: Buffer): { width: number; height: number } | undefined {
  for (let at = 2; head.readUInt8(at) === 0xff; ) {
    const marker = head.readUInt8(at + 1)
    if (marker === 0xff) {
      at += 1
      continue
    }
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return { height: head.readUInt16BE(at + 5), width: head.readUInt16BE(at + 7) }
    at += 2 + head.readUInt16BE(at + 2)
  }
  return undefined
}
