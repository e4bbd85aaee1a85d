import { rm } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addressOf, openApartSite } from './download-host.ts'
import { type FileSite, openFileSite, openRoomFor, postFile } from './files.ts'
import type { Person } from './harness.ts'
import { css, exe, gif, page as html, js, pdf, pngOf, pngPage, svg, xml, zipBomb } from './hostile-files.ts'
import { openBrowser, openRoom, type Seat, sit, stream, webRoot } from './web-browser.ts'

const evil = 'http://evil.example/'

describe.each([
  ['the server’s own address', openFileSite],
  ['a host for downloads', openApartSite],
] as const)('hostile files in a browser, read at %s', (_where, open) => {
  let site: FileSite & { host?: string }
  let browser: Browser
  let ann: Person
  let seat: Seat
  let room: { id: string }
  /** Where a script of a file has run, and what it asked for. */
  const ran: string[] = []
  /** Origins that bytes of files came from. */
  const origins = new Set<string>()
  beforeAll(async () => {
    browser = await openBrowser()
    site = await open({}, { webRoot })
    ann = await site.addUser('ann@example.com')
    room = await openRoomFor(site, [ann])
    await ann.call('room.follow', { room: room.id })
    seat = await sit(browser, site.url, 'ann@example.com')
    await seat.context.exposeFunction('ran', (where: string) => void ran.push(where))
    seat.context.on('response', answer => {
      const { origin, pathname } = new URL(answer.url())
      if (pathname.startsWith('/files/') && answer.status() === 200) origins.add(origin)
    })
    seat.context.on('request', request => {
      if (/\/ran$/.test(request.url())) ran.push(request.url())
    })
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await site.stop()
    await rm(site.folder, { recursive: true, force: true })
  })

  /** Opens the address as a link does: saved under a name, or shown. */
  async function follow(tab: Page, address: string): Promise<string> {
    const saved = tab.waitForEvent('download', { timeout: 2_000 }).catch(() => undefined)
    await tab.goto(address).catch(() => {})
    const file = await Promise.race([saved, tab.waitForTimeout(400)])
    return file ? `saved as ${file.suggestedFilename()}` : `shown, ${await tab.title()}`
  }

  test.each([
    ['a page', Buffer.from(html), 'page.html', 'saved as page.html'],
    ['a page that calls itself a picture', Buffer.from(html), 'cat.png', /^saved as cat\.(png|txt)/],
    ['a drawing with a script', Buffer.from(svg), 'drawing.svg', 'saved as drawing.svg'],
    ['XML', Buffer.from(xml), 'drawing.svg', 'saved as drawing.svg'],
    ['a picture that is a page and a script as well', gif, 'both.html', /^shown/],
    ['a picture with a page behind it', pngPage, 'behind.html', /^shown/],
    ['a document with a script', pdf, 'form.pdf', 'saved as form.pdf'],
    ['a program that calls itself a document', exe, 'invoice.pdf', 'saved as invoice.pdf'],
    ['a script', js, 'run.js', 'saved as run.js'],
    ['a style', css, 'style.css', 'saved as style.css'],
    ['an archive that unpacks to a thousand times its size', zipBomb(), 'bomb.zip', 'saved as bomb.zip'],
    ['a picture that unpacks to a thousand times its size', pngOf(100_000, 100_000, 50_000_000), 'bomb.png', /^shown/],
    ['a name that is a path', js, '../../../etc/passwd', 'saved as passwd'],
    ['a name that reads the other way round', js, 'ann\u202efdp.exe', 'saved as annfdp.exe'],
    ['a name with line breaks', js, 'a\r\nX-Evil: 1', 'saved as aX-Evil_ 1'],
  ] as const)('[FI15] %s is saved or drawn, and nothing of it runs', async (_what, bytes, name, done) => {
    const { file } = await postFile(ann, room, bytes, name)
    const address = `${site.url}/files/${file}`
    const tab = await seat.context.newPage()
    const what = await follow(tab, address)
    if (typeof done === 'string') expect(what).toBe(done)
    else expect(what).toMatch(done)
    expect(what).not.toMatch(/ran/)
    // A page of ours and one of nobody's make everything of it that a page can, the second one by the ticket as well.
    const tickets = site.host === undefined ? [] : [(await addressOf(site, ann, file))!]
    await seat.context.route(`${evil}**`, route => route.fulfill({ contentType: 'text/html', body: '<body></body>' }))
    for (const [where, addresses] of [
      [`${site.url}/healthz`, [address]],
      [evil, [address, ...tickets]],
    ] as const) {
      await tab.goto(where)
      await tab.evaluate(`(async () => {
        const parts = { script: 'src', iframe: 'src', embed: 'src', object: 'data', img: 'src', video: 'src' }
        for (const url of ${JSON.stringify(addresses)}) {
          for (const [name, attribute] of Object.entries(parts)) {
            const part = document.createElement(name)
            part[attribute] = url
            document.body.append(part)
          }
          const style = document.createElement('link')
          Object.assign(style, { rel: 'stylesheet', href: url })
          document.head.append(style)
          try { new Worker(url) } catch {}
          await import(url).catch(() => {})
        }
      })()`)
      await tab.waitForTimeout(200)
      expect(await tab.title()).not.toBe('ran')
    }
    await tab.close()
    expect(ran).toEqual([])
  })

  test('[FI15] what the test above looks for is seen where a script does run', async () => {
    const tab = await seat.context.newPage()
    await tab.route(`${evil}**`, route => route.fulfill({ contentType: 'text/html', body: html }))
    await tab.goto(evil)
    await expect.poll(() => ran.length).toBeGreaterThan(1)
    ran.length = 0
    await tab.close()
  })

  test('[FI14] [FI31] the stream shows clean names, a preview that was drawn anew, and no picture that is too large', async () => {
    const { page, faults } = seat
    await openRoom(page, room.id)
    const log = stream(page)
    await postFile(ann, room, pngOf(300, 200, 300 * 200 * 4 + 200), 'small\u202egpj.png')
    await log.getByRole('link', { name: /^smallgpj\.png/ }).waitFor()
    const drawn = log.getByRole('img', { name: 'Preview of smallgpj.png' })
    await expect
      .poll(() => drawn.evaluate(image => (image as unknown as { naturalWidth: number }).naturalWidth))
      .toBe(300)
    expect(await log.getByRole('img', { name: 'Preview of bomb.png' }).count()).toBe(0)
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      log.getByRole('link', { name: /^smallgpj\.png/ }).click(),
    ])
    expect(saved.suggestedFilename()).toBe('smallgpj.png')
    expect(new URL(page.url()).origin).toBe(site.url)
    expect(faults).toEqual([])
    expect([...origins]).toEqual([site.host ?? site.url])
    if (process.env.PCHAT_SHOTS) await page.screenshot({ path: `${process.env.PCHAT_SHOTS}/hostile.png` })
  })
})
