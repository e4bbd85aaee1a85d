import { Jimp } from 'jimp'

/**
 * A process of its own for one picture: bytes come on stdin, a JPEG goes out on stdout with width and height in front. Whoever
 * started it ends it where it takes too long or too much (files/preview). What is drawn anew has nothing of the original but pixels.
 */

const [width = 480, height = 360] = process.argv.slice(2).map(Number)
const quality = 78

const chunks: Buffer[] = []
for await (const chunk of process.stdin) chunks.push(chunk)
const picture = await Jimp.read(Buffer.concat(chunks))
if (picture.width > width || picture.height > height) picture.scaleToFit({ w: width, h: height })
// JPEG has no transparency: what shows through is white.
const sheet = new Jimp({ width: picture.width, height: picture.height, color: 0xffffffff })
sheet.composite(picture, 0, 0)
const jpeg = await sheet.getBuffer('image/jpeg', { quality })
const head = Buffer.alloc(4)
head.writeUInt16BE(sheet.width, 0)
head.writeUInt16BE(sheet.height, 2)
process.stdout.write(Buffer.concat([head, jpeg]))
