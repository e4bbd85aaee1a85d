import { rm } from 'node:fs/promises'
import { deflateRawSync } from 'node:zlib'
import { Jimp } from 'jimp'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FileSite, openFileSite, openRoomFor, postFile } from './files.ts'
import type { Person } from './harness.ts'
import { codeOf, getFile, someBytes } from './upload.ts'
import { openBrowser } from './web-browser.ts'

let site: FileSite
let ann: Person
let room: { id: string }
let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
  site = await openFileSite()
  ann = await site.addUser('ann@example.com')
  room = await openRoomFor(site, [ann])
})
afterAll(async () => {
  await browser.close()
  await site.stop()
  await rm(site.folder, { recursive: true, force: true })
})

const script = '<script>document.title = "ran"; fetch("/api/v1/room.find", { method: "POST" })</script>'
const page = `<!doctype html><html><body>${script}</body></html>`
const svg = `<svg xmlns="http://www.w3.org/2000/svg">${script}<circle r="9"/></svg>`
const gif = Buffer.concat([Buffer.from('GIF89a'), Buffer.from(`/*${'x'.repeat(40)}*/=1;`), Buffer.from(page)])
const pdf = Buffer.from('%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>endobj\n%%EOF')
const exe = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)])

/** A zip of one entry that is a thousand times as long as what is put. */
function zipBomb(): Buffer {
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

test.each([
  ['a page', Buffer.from(page), 'page.html', 'text/plain', 'attachment'],
  ['a page that calls itself a picture', Buffer.from(page), 'cat.png', 'text/plain', 'attachment'],
  ['a drawing with a script', Buffer.from(svg), 'drawing.svg', 'text/plain', 'attachment'],
  ['XML', Buffer.from(`<?xml version="1.0"?>${svg}`), 'drawing.svg', 'application/xml', 'attachment'],
  ['a picture that is a page as well', gif, 'both.html', 'image/gif', 'inline'],
  ['a document with a script', pdf, 'form.pdf', 'application/pdf', 'attachment'],
  ['a program that calls itself a document', exe, 'invoice.pdf', 'application/x-msdownload', 'attachment'],
  ['an archive that unpacks to a thousand times its size', zipBomb(), 'bomb.zip', /zip|octet-stream/, 'attachment'],
] as const)('[FI15] %s is of the type of its bytes, and is not run', async (_what, bytes, name, type, disposition) => {
  const { file } = await postFile(ann, room, bytes, name)
  const { files } = await ann.call('file.list', { room: room.id, limit: 1 })
  expect(files[0]!.type).toMatch(type)
  const answer = await getFile(site, ann, file)
  expect(answer.headers.get('content-disposition')).toMatch(new RegExp(`^${disposition}; filename="${name}"`))
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  expect(answer.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/)
  expect(answer.headers.get('content-type')).not.toMatch(/html|xml|script|msdownload/)
  expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true)
})

test('[FI15] in a browser nothing of it runs: a page is saved, a picture that is a page as well is drawn', async () => {
  const context = await browser.newContext({ extraHTTPHeaders: { authorization: `Bearer ${ann.token}` } })
  const asked: string[] = []
  context.on('request', request => asked.push(new URL(request.url()).pathname))
  const html = await postFile(ann, room, Buffer.from(page), 'page.html')
  const saving = await context.newPage()
  const [saved] = await Promise.all([
    saving.waitForEvent('download'),
    saving.goto(`${site.url}/files/${html.file}`).catch(() => {}),
  ])
  expect(saved.suggestedFilename()).toBe('page.html')
  const both = await postFile(ann, room, gif, 'both.html')
  const drawing = await context.newPage()
  await drawing.goto(`${site.url}/files/${both.file}`)
  expect(await drawing.title()).not.toBe('ran')
  // The same, made a frame and a script of by a page of ours.
  const embedding = await context.newPage()
  await embedding.goto(`${site.url}/healthz`)
  const ran = await embedding.evaluate(`new Promise(resolve => {
    const tag = document.createElement('script')
    tag.src = '/files/${both.file}'
    tag.onload = () => resolve('loaded')
    tag.onerror = () => resolve('refused')
    document.head.append(tag)
  })`)
  expect(ran).toBe('refused')
  expect(asked.filter(path => path.startsWith('/api/'))).toEqual([])
  await context.close()
})

test('[FI31] a posted picture has a preview, for whoever may read it; a picture of too many pixels has none and is kept', async () => {
  const eve = await site.addUser('eve@example.com')
  const bytes = Buffer.from(await new Jimp({ width: 960, height: 720, color: 0x3366ccff }).getBuffer('image/png'))
  const { file, seq } = await postFile(ann, room, bytes, 'shot.png')
  const { messages } = await ann.call('message.list', { room: room.id, after: seq - 1 })
  expect(messages).toMatchObject([{ file: { id: file, type: 'image/png', preview: { width: 480, height: 360 } } }])
  const preview = await getFile(site, ann, file, {}, '/preview')
  expect([preview.status, preview.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
  expect(await codeOf(await getFile(site, eve, file, {}, '/preview'))).toBe('not_found')
  // The head of a PNG that says 100,000 by 100,000.
  const bomb = Buffer.from(bytes)
  bomb.writeUInt32BE(100_000, 16)
  bomb.writeUInt32BE(100_000, 20)
  const large = await postFile(ann, room, bomb, 'bomb.png')
  expect(await codeOf(await getFile(site, ann, large.file, {}, '/preview'))).toBe('not_found')
  expect(await codeOf(await getFile(site, ann, large.file))).toBe('ok')
  const none = await postFile(ann, room, someBytes(100, 9), 'raw.bin')
  expect(await codeOf(await getFile(site, ann, none.file, {}, '/preview'))).toBe('not_found')
})

test('[FI14] hostile names come out clean, in the message and in the download', async () => {
  for (const [name, kept] of [
    ['../../../etc/passwd', 'passwd'],
    ['a\r\nX-Evil: 1', 'aX-Evil_ 1'],
    ['ann\u202efdp.exe', 'annfdp.exe'],
    ['"; filename=evil.exe', '_; filename=evil.exe'],
  ] as const) {
    const { file } = await postFile(ann, room, someBytes(40, 3), name)
    expect((await ann.call('file.list', { room: room.id, limit: 1 })).files[0]!.name).toBe(kept)
    const answer = await getFile(site, ann, file)
    expect(answer.headers.get('x-evil')).toBe(null)
    expect(answer.headers.get('content-disposition')).toContain(`filename="${kept}"`)
  }
  expect(await ann.code('file.begin', { room: room.id, name: 'a\u0000.txt', size: 1 })).toBe('invalid_argument')
})
