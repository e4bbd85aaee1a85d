import { randomBytes, randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { silentLog } from '../src/base/log.ts'
import { openFolder } from '../src/files/folder.ts'
import { noKeys, parseKeys } from '../src/files/keys.ts'
import { type ApartSite, addressOf, openApartSite } from './download-host.ts'
import { openRoomFor, postFile, putFile } from './files.ts'
import { type Person, signInAt } from './harness.ts'
import { codeOf, getFile, someBytes } from './upload.ts'
import { webRoot } from './web-browser.ts'

let site: ApartSite
let ann: Person
let ben: Person
let eve: Person
let recorded: { doing?: string; file?: string }[] = []
beforeAll(async () => {
  const log = { ...silentLog, debug: (context: object) => void recorded.push(context) }
  site = await openApartSite({}, { webRoot, log })
  ;[ann, ben, eve] = [
    await site.addUser('ann@example.com'),
    await site.addUser('ben@example.com'),
    await site.addUser('eve@example.com'),
  ]
})
afterAll(async () => {
  await site.stop()
  await rm(site.folder, { recursive: true, force: true })
})

async function ticketFor(person: Person, file: string, tail = ''): Promise<string> {
  const address = await addressOf(site, person, file, tail)
  if (address === undefined) throw new Error(`${person.me.name} was sent nowhere`)
  return address
}

const signOut = (person: Person) => person.call('session.end', {})

test('[FI60] at the host for downloads nothing answers but a file with a ticket, and no cookie is set or looked at', async () => {
  const room = await openRoomFor(site, [ann])
  const { file } = await postFile(ann, room, someBytes(10, 800))
  const begun = await ann.call('file.begin', { room: room.id, name: 'a', size: 3 })
  const signedIn = await fetch(`${site.url}/web/signin`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'ann@example.com', password: 'correct horse battery' }),
  })
  const cookie = signedIn.headers.get('set-cookie')!.split(';')[0]!
  expect(cookie).toMatch(/^pchat=/)
  const bearer = { authorization: `Bearer ${ann.token}`, 'tus-resumable': '1.0.0' }
  const paths = [
    ...['/', '/index.html', '/room/x', '/favicon.ico', '/healthz', '/readyz', '/metrics', '/web/session', '/ws'],
    ...['/api/v1/openapi.json', '/api/v1/session.list', '/web/oidc', '/device', '/files', '/files/', '/files/x'],
    ...[`/files/${file}`, `/files/${file}/preview`, `/files/uploads/${begun.file}`, `//files/${file}`],
  ]
  for (const path of paths)
    for (const method of ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS']) {
      const answer = await fetch(`${site.host}${path}`, { method, headers: { ...bearer, cookie, accept: 'text/html' } })
      const said = method === 'HEAD' ? 'not_found' : await codeOf(answer)
      expect([path, method, answer.status, said]).toEqual([path, method, 404, 'not_found'])
      expect(answer.headers.get('set-cookie')).toBe(null)
      expect(answer.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/)
    }
  const body = JSON.stringify({ user: 'ann@example.com', password: 'correct horse battery' })
  const verb = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
  for (const path of ['/api/v1/session.signIn', '/web/signin'])
    expect(await codeOf(await fetch(`${site.host}${path}`, verb))).toBe('not_found')
  const socket = new WebSocket(`${site.host.replace('http', 'ws')}/ws`, 'pchat.v1')
  const refused = new Promise(resolve => socket.once('unexpected-response', (_, { statusCode }) => resolve(statusCode)))
  socket.on('error', () => {})
  expect(await refused).toBe(404)
  socket.terminate()
  expect((await fetch(`${site.url}/healthz`)).status).toBe(200)
})

test('[FI61] the server’s own address sends readers to the host, which gives whole, part and preview; each download is recorded once', async () => {
  const room = await openRoomFor(site, [ann, ben])
  const bytes = someBytes(300_000, 801)
  const { file } = await postFile(ann, room, bytes, 'report.bin')
  recorded = []
  const address = await ticketFor(ben, file)
  expect(new URL(address).origin).toBe(site.host)
  const whole = await fetch(address)
  expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true)
  expect(whole.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/)
  expect(whole.headers.get('cross-origin-resource-policy')).toBe('cross-origin')
  const part = await fetch(address, { headers: { range: 'bytes=1000-1999' } })
  expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 1000-1999/300000'])
  expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(1000, 2000))).toBe(true)
  expect((await fetch(address, { headers: { range: 'bytes=300000-' } })).status).toBe(416)
  const head = await fetch(address, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '300000'])
  const known = { 'if-none-match': whole.headers.get('etag')! }
  expect((await fetch(address, { headers: known })).status).toBe(304)
  expect(recorded.filter(one => one.doing === 'downloaded' && one.file === file)).toHaveLength(1)
  // A client that knows nothing of it: its token goes no further than the address it was sent to.
  const followed = await getFile(site, ben, file, { range: 'bytes=0-9' })
  expect([followed.status, new URL(followed.url).origin]).toEqual([206, site.host])
  expect(Buffer.from(await followed.arrayBuffer()).equals(bytes.subarray(0, 10))).toBe(true)
  expect(await ticketFor(ben, file, '?download')).toMatch(/[?&]download=/)
  expect((await fetch(await ticketFor(ben, file, '?download'))).status).toBe(200)
  expect(await codeOf(await fetch(await ticketFor(ben, file, '/preview')))).toBe('not_found')
})

test('[FI61] who may not read a file is sent nowhere, and an address stays the same for a while', async () => {
  const room = await openRoomFor(site, [ann, ben])
  const { file } = await postFile(ann, room, someBytes(10, 802))
  const unposted = await putFile(ann, room, someBytes(10, 803))
  expect(await codeOf(await getFile(site, eve, file))).toBe('not_found')
  expect(await codeOf(await getFile(site, ben, unposted))).toBe('not_found')
  expect(await codeOf(await getFile(site, ben, randomUUID()))).toBe('not_found')
  expect((await fetch(`${site.url}/files/${file}`)).status).toBe(401)
  expect((await fetch(await ticketFor(ann, unposted))).status).toBe(200)
  vi.useFakeTimers({ toFake: ['Date'], now: Math.floor(Date.now() / 600_000) * 600_000 })
  onTestFinished(() => void vi.useRealTimers())
  const first = await ticketFor(ben, file)
  vi.setSystemTime(Date.now() + 599_000)
  expect(await ticketFor(ben, file)).toBe(first)
  expect(await codeOf(await fetch(first))).toBe('ok')
  vi.setSystemTime(Date.now() + 600_000)
  expect(await codeOf(await fetch(first))).toBe('ok')
  vi.setSystemTime(Date.now() + 2_000)
  expect(await codeOf(await fetch(first))).toBe('not_found')
  expect(await codeOf(await fetch(await ticketFor(ben, file)))).toBe('ok')
})

test('[FI62] a ticket is for one file of one sign-in: for another, changed, or at the server’s own address it is none', async () => {
  const room = await openRoomFor(site, [ann, ben])
  const [one, other] = [await postFile(ann, room, someBytes(9, 804)), await postFile(ann, room, someBytes(9, 805))]
  const address = new URL(await ticketFor(ben, one.file))
  const ticket = address.searchParams.get('ticket')!
  const ask = async (file: string, query: string) => codeOf(await fetch(`${site.host}/files/${file}${query}`))
  expect(await ask(one.file, `?ticket=${ticket}`)).toBe('ok')
  expect(await ask(one.file.toUpperCase(), `?ticket=${ticket}`)).toBe('ok')
  expect(await ask(other.file, `?ticket=${ticket}`)).toBe('not_found')
  expect((await fetch(`${site.url}/files/${one.file}?ticket=${ticket}`)).status).toBe(401)
  // Of another sign-in, with the seal of this one; a later end; bits of the seal; what is no ticket.
  const foreign = Buffer.from(new URL(await ticketFor(ann, one.file)).searchParams.get('ticket')!, 'base64url')
  const bytes = Buffer.from(ticket, 'base64url')
  const mixed = Buffer.concat([foreign.subarray(0, 22), bytes.subarray(22)])
  const later = Buffer.from(bytes)
  later.writeUIntBE(Date.now() + 86_400_000, 16, 6)
  const flipped = [22, 40, 53].map(at => Buffer.from(bytes).fill(bytes[at]! ^ 1, at, at + 1))
  for (const wrong of [mixed, later, ...flipped, randomBytes(54)])
    expect(await ask(one.file, `?ticket=${wrong.toString('base64url')}`)).toBe('not_found')
  for (const query of [
    '',
    '?ticket',
    '?ticket=',
    '?ticket=x',
    `?ticket=${ticket}&ticket=${ticket}`,
    `?ticket=${ticket}x`,
  ])
    expect(await ask(one.file, query)).toBe('not_found')
})

test.each([
  ['signs out', (_room: string, person: Person) => signOut(person)],
  [
    'is removed',
    (room: string, { me }: Person) => site.admin.call('room.update', { room, members: { remove: [me.name] } }),
  ],
  [
    'is switched off',
    (_room: string, { me }: Person) => site.admin.call('principal.update', { principal: me.id, disabled: true }),
  ],
  ['finds the room disabled', (room: string) => site.admin.call('room.update', { room, disabled: true })],
  ['finds the message removed', (room: string) => site.admin.call('message.remove', { room, seq: 1 })],
] as const)('[FI62] the ticket of someone who %s is none from then on', async (what, end) => {
  const dan = await site.addUser(`dan-${what.length}@example.com`)
  const room = await openRoomFor(site, [ann, dan])
  const { file } = await postFile(ann, room, someBytes(9, 806))
  const address = await ticketFor(dan, file)
  expect(await codeOf(await fetch(address))).toBe('ok')
  await end(room.id, dan)
  expect(await codeOf(await fetch(address))).toBe('not_found')
  expect(await codeOf(await fetch(address, { headers: { range: 'bytes=3-' } }))).toBe('not_found')
})

test('[FI62] the end of one sign-in leaves the tickets of another of the same user', async () => {
  const room = await openRoomFor(site, [ann])
  const { file } = await postFile(ann, room, someBytes(9, 807))
  const again = await signInAt(site.url, 'ann@example.com')
  const [kept, gone] = [await ticketFor(ann, file), await ticketFor(again, file)]
  expect(kept).not.toBe(gone)
  await signOut(again)
  expect([await codeOf(await fetch(kept)), await codeOf(await fetch(gone))]).toEqual(['ok', 'not_found'])
})

test('[FI63] every server of the pool takes the tickets of any, and with a key file those who have the key', async () => {
  const room = await openRoomFor(site, [ann])
  const { file } = await postFile(ann, room, someBytes(9, 808))
  const [old, next] = [1, 2].map(() => randomBytes(32).toString('base64'))
  const open = async (keys: typeof noKeys) => {
    const port = 0
    const { downloadUrl } = site.options.files
    const other = await site.another({ port, files: { store: await openFolder(site.folder), keys, downloadUrl } })
    onTestFinished(() => other.stop())
    return other
  }
  /** Fetch lets nobody say who is asked. */
  const at = async (server: { url: string }, address: string) => {
    const { request } = await import('node:http')
    const { pathname, search } = new URL(address)
    return new Promise<number>((resolve, reject) =>
      request(`${server.url}${pathname}${search}`, { headers: { host: '127.0.0.1' } }, answer => {
        answer.resume()
        resolve(answer.statusCode!)
      })
        .on('error', reject)
        .end(),
    )
  }
  const plain = await open(noKeys)
  expect(await at(plain, await ticketFor(ann, file))).toBe(200)
  const [before, meanwhile, after] = [
    await open(parseKeys(`${old}`)),
    await open(parseKeys(`${old}\n${next}`)),
    await open(parseKeys(`${next}\n${old}`)),
  ]
  const made = (await addressOf(before, ann, file))!
  expect([await at(before, made), await at(meanwhile, made), await at(after, made)]).toEqual([200, 200, 200])
  const newer = (await addressOf(after, ann, file))!
  expect([await at(meanwhile, newer), await at(before, newer), await at(plain, newer)]).toEqual([200, 404, 404])
  // Without the key the database alone makes no ticket.
  expect(await at(before, await ticketFor(ann, file))).toBe(404)
})

test.each(['url', 'host'] as const)(
  '[FI12] a member who is removed during a download gets no further range at the %s, and an outsider with the link nothing',
  async where => {
    const dan = await site.addUser(`dan-${where}@example.com`)
    const room = await openRoomFor(site, [ann, dan])
    const bytes = someBytes(19 * 1024 * 1024, where.length)
    const { file } = await postFile(ann, room, bytes)
    const address = where === 'host' ? await ticketFor(dan, file) : `${site.url}/files/${file}`
    const ask = (person: Person, more = {}) =>
      fetch(address, { headers: { ...(where === 'url' ? { authorization: `Bearer ${person.token}` } : {}), ...more } })
    const begun = await ask(dan, { range: 'bytes=0-' })
    expect([begun.status, new URL(begun.url).origin]).toEqual([206, site.host])
    const reader = begun.body!.getReader()
    let got = (await reader.read()).value!.length
    await site.admin.call('room.update', { room: room.id, members: { remove: [dan.me.name] } })
    await new Promise(resolve => setTimeout(resolve, 2_000))
    const rest = (async () => {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return 'whole'
        got += value.length
      }
    })()
    await expect(rest).rejects.toThrow()
    expect(got).toBeLessThan(bytes.length)
    expect(await codeOf(await ask(dan, { range: `bytes=${got}-` }))).toBe('not_found')
    expect(await codeOf(await ask(eve))).toBe('not_found')
    expect(await codeOf(await getFile(site, eve, file))).toBe('not_found')
  },
)
