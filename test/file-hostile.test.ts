import { rm } from 'node:fs/promises'
import { Jimp } from 'jimp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openApartSite } from './download-host.ts'
import { type FileSite, openFileSite, openRoomFor, postFile } from './files.ts'
import type { Person } from './harness.ts'
import { exe, gif, page, pdf, pngOf, pngPage, svg, xml, zipBomb } from './hostile-files.ts'
import { codeOf, getFile, patch, someBytes } from './upload.ts'

describe.each([
  ['the server’s own address', openFileSite],
  ['a host for downloads', openApartSite],
] as const)('hostile files, read at %s', (_where, open) => {
  let site: FileSite
  let ann: Person
  let room: { id: string }
  beforeAll(async () => {
    site = await open()
    ann = await site.addUser('ann@example.com')
    room = await openRoomFor(site, [ann])
  })
  afterAll(async () => {
    await site.stop()
    await rm(site.folder, { recursive: true, force: true })
  })

  test.each([
    ['a page', Buffer.from(page), 'page.html', 'text/plain', 'attachment'],
    ['a page that calls itself a picture', Buffer.from(page), 'cat.png', 'text/plain', 'attachment'],
    ['a drawing with a script', Buffer.from(svg), 'drawing.svg', 'text/plain', 'attachment'],
    ['XML', Buffer.from(xml), 'drawing.svg', 'application/xml', 'attachment'],
    ['a picture that is a page as well', gif, 'both.html', 'image/gif', 'inline'],
    ['a picture with a page behind it', pngPage, 'behind.png', 'image/png', 'inline'],
    ['a document with a script', pdf, 'form.pdf', 'application/pdf', 'attachment'],
    ['a program that calls itself a document', exe, 'invoice.pdf', 'application/x-msdownload', 'attachment'],
    ['an archive that unpacks to a thousand times its size', zipBomb(), 'bomb.zip', /zip|octet-stream/, 'attachment'],
  ] as const)(
    '[FI15] %s is of the type of its bytes, and is not run',
    async (_what, bytes, name, type, disposition) => {
      const { file } = await postFile(ann, room, bytes, name)
      const { files } = await ann.call('file.list', { room: room.id, limit: 1 })
      expect(files[0]!.type).toMatch(type)
      const answer = await getFile(site, ann, file)
      expect(answer.headers.get('content-disposition')).toMatch(new RegExp(`^${disposition}; filename="${name}"`))
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      expect(answer.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/)
      expect(answer.headers.get('content-type')).not.toMatch(/html|xml|script|msdownload/)
      expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true)
    },
  )

  test('[FI31] a posted picture has a preview, for whoever may read it; a picture of too many pixels has none and is kept', async () => {
    const eve = await site.addUser('eve@example.com')
    const bytes = Buffer.from(await new Jimp({ width: 960, height: 720, color: 0x3366ccff }).getBuffer('image/png'))
    const { file, seq } = await postFile(ann, room, bytes, 'shot.png')
    const { messages } = await ann.call('message.list', { room: room.id, after: seq - 1 })
    expect(messages).toMatchObject([{ file: { id: file, type: 'image/png', preview: { width: 480, height: 360 } } }])
    const preview = await getFile(site, ann, file, {}, '/preview')
    expect([preview.status, preview.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
    expect(await codeOf(await getFile(site, eve, file, {}, '/preview'))).toBe('not_found')
    // 60 KB that say 100,000 by 100,000; and 400 KB that are 20,000 by 20,000, all of them there.
    for (const bomb of [pngOf(100_000, 100_000, 50_000_000), pngOf(20_000, 20_000, 20_000 * 20_001)]) {
      const large = await postFile(ann, room, bomb, 'bomb.png')
      expect(await codeOf(await getFile(site, ann, large.file, {}, '/preview'))).toBe('not_found')
      expect(await codeOf(await getFile(site, ann, large.file))).toBe('ok')
    }
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

  test('[FI2] [FI5] nothing, a byte too much and a lying length are refused with a code', async () => {
    const begin = (size: number) => ann.code('file.begin', { room: room.id, name: 'a.bin', size })
    await site.admin.call('settings.update', { settings: { maxFileBytes: 1_000 } })
    expect([await begin(0), await begin(1_000), await begin(1_001)]).toEqual(['invalid_argument', 'ok', 'too_large'])
    expect(await begin(-1)).toBe('invalid_argument')
    await site.admin.call('settings.update', { settings: { maxFileBytes: 20_000 * 1024 } })
    const { upload } = await ann.call('file.begin', { room: room.id, name: 'a.bin', size: 6 })
    expect((await patch(ann, upload, 0, Buffer.from('abcdefg'))).status).toBe(413)
  })
})
