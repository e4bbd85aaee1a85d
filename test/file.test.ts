import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../src/base/log.ts'
import { contentHash } from '../src/chat/post-queue.ts'
import { collect } from '../src/files/collect.ts'
import { openFolder } from '../src/files/folder.ts'
import { noKeys } from '../src/files/keys.ts'
import { Refusal } from '../src/protocol/error.ts'
import { claimFile, setScanned } from '../src/store/file.ts'
import { expiredFiles, removeFile } from '../src/store/file-upkeep.ts'
import { type FileSite, openFileSite, openRoomFor, postFile, putFile } from './files.ts'
import { makeFolder } from './folder.ts'
import type { Person } from './harness.ts'
import { codeOf, getFile, offsetOf, patch, sha256, someBytes } from './upload.ts'

let site: FileSite
let ann: Person
let ben: Person
let eve: Person
beforeAll(async () => {
  site = await openFileSite()
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

test('[FI1] a file is announced, put, posted as a message of its room, and read by its members as it was', async () => {
  const room = await openRoomFor(site, [ann, ben])
  const bytes = someBytes(300_000)
  const his = await ben.open()
  await his.call('room.join', { room: room.id })
  const { file, seq } = await postFile(ann, room, bytes, 'report.bin')
  const { message } = await his.hears('message.posted')
  expect(message).toMatchObject({
    ...{ seq, text: '', author: { id: ann.me.id } },
    file: { id: file, name: 'report.bin', size: bytes.length, type: 'application/octet-stream' },
  })
  const { messages } = await ben.call('message.list', { room: room.id })
  expect(messages).toEqual([message])
  const answer = await getFile(site, ben, file)
  expect(answer.status).toBe(200)
  expect(sha256(new Uint8Array(await answer.arrayBuffer()))).toBe(sha256(bytes))
  await his.close()
})

test('[FI2] a file is announced only where its category allows files and the caller may post, and within the limit', async () => {
  const room = await openRoomFor(site, [ann])
  const begin = (person: Person, more = {}) =>
    person.code('file.begin', { room: room.id, name: 'a.txt', size: 10, ...more })
  expect(await begin(ann)).toBe('ok')
  expect(await begin(eve)).toBe('forbidden')
  expect(await begin(ann, { room: randomUUID() })).toBe('not_found')
  expect(await begin(ann, { size: 20_000 * 1024 })).toBe('ok')
  expect(await begin(ann, { size: 20_000 * 1024 + 1 })).toBe('too_large')
  expect(await begin(ann, { size: 0 })).toBe('invalid_argument')
  const bare = await openRoomFor(site, [ann], { fileUpload: false })
  expect(await begin(ann, { room: bare.id })).toBe('forbidden')
})

test('[FI3] an upload is its uploader’s alone, and only as long as he may post', async () => {
  const room = await openRoomFor(site, [ann, ben])
  const { file, upload } = await ann.call('file.begin', { room: room.id, name: 'a.bin', size: 6 })
  expect(await offsetOf(ann, upload)).toBe(0)
  expect(await codeOf(await patch(ben, upload, 0, Buffer.from('abcdef')))).toBe('not_found')
  expect(await offsetOf(ben, upload)).toBe('404')
  expect(await ben.code('file.get', { file })).toBe('not_found')
  expect((await patch(ann, upload, 0, Buffer.from('abc'))).status).toBe(204)
  await site.admin.call('room.update', { room: room.id, members: { remove: [ann.me.name] } })
  expect(await codeOf(await patch(ann, upload, 3, Buffer.from('def')))).toBe('not_found')
  await site.admin.call('room.update', { room: room.id, members: { add: [ann.me.name] } })
  expect((await patch(ann, upload, 3, Buffer.from('def'))).status).toBe(204)
  const clientId = randomUUID()
  expect(await ben.code('file.post', { room: room.id, file, clientId })).toBe('not_found')
  const other = await openRoomFor(site, [ann])
  expect(await ann.code('file.post', { room: other.id, file, clientId })).toBe('not_found')
  const anonymous = await fetch(upload, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } })
  expect(anonymous.status).toBe(401)
})

test('[FI3] the upload that a request acts on is the one that was checked, whatever else the address says', async () => {
  const room = await openRoomFor(site, [ann, ben])
  const mine = await ben.call('file.begin', { room: room.id, name: 'b.bin', size: 6 })
  const other = await ann.call('file.begin', { room: room.id, name: 'a.bin', size: 6 })
  for (const tail of [`?/${other.file}`, `?x=/${other.file}/`, '?']) {
    const upload = `${mine.upload}${tail}`
    expect((await patch(ben, upload, 0, Buffer.from('abcdef'))).status).toBe(400)
    expect(await offsetOf(ben, upload)).toBe('400')
    const headers = { authorization: `Bearer ${ben.token}`, 'tus-resumable': '1.0.0' }
    expect((await fetch(upload, { method: 'DELETE', headers })).status).toBe(400)
  }
  expect([await offsetOf(ann, other.upload), await offsetOf(ben, mine.upload)]).toEqual([0, 0])
  // In capitals it is the same upload, for the check and for the library.
  const loud = mine.upload.replace(mine.file, mine.file.toUpperCase())
  expect((await patch(ben, loud, 0, Buffer.from('abcdef'))).status).toBe(204)
  expect(await offsetOf(ben, mine.upload)).toBe(6)
})

test('[FI4] an upload is good for 30 minutes after its last piece', async () => {
  const room = await openRoomFor(site, [ann])
  const { file, upload } = await ann.call('file.begin', { room: room.id, name: 'a.bin', size: 6 })
  const minutesLeft = async () => {
    const { rows } = await site.db.query<{ left: number }>(
      'SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 / 60 AS left FROM file WHERE id = $1',
      [file],
    )
    return rows[0]!.left
  }
  expect(await minutesLeft()).toSatisfy((left: number) => left > 29 && left <= 30)
  await site.db.query("UPDATE file SET expires_at = clock_timestamp() + interval '1 minute' WHERE id = $1", [file])
  expect((await patch(ann, upload, 0, Buffer.from('abc'))).status).toBe(204)
  expect(await minutesLeft()).toBeGreaterThan(29)
  await site.db.query("UPDATE file SET expires_at = clock_timestamp() - interval '1 second' WHERE id = $1", [file])
  expect(await codeOf(await patch(ann, upload, 3, Buffer.from('def')))).toBe('not_found')
  expect(await ann.code('file.post', { room: room.id, file, clientId: randomUUID() })).toBe('conflict')
})

test('[FI5] bytes count where they follow what is there: not twice, not with a gap, not beyond the announced size', async () => {
  const room = await openRoomFor(site, [ann])
  const { file, upload } = await ann.call('file.begin', { room: room.id, name: 'a.bin', size: 6 })
  expect((await patch(ann, upload, 3, Buffer.from('def'))).status).toBe(409)
  expect((await patch(ann, upload, 0, Buffer.from('abcdefg'))).status).toBe(413)
  expect(await offsetOf(ann, upload)).toBe(0)
  const chunked = new ReadableStream({
    start(controller) {
      controller.enqueue(Buffer.from('abcdefghij'))
      controller.close()
    },
  })
  const long = await fetch(upload, {
    ...{ method: 'PATCH', body: chunked, duplex: 'half' },
    headers: {
      ...{ authorization: `Bearer ${ann.token}`, 'tus-resumable': '1.0.0', 'upload-offset': '0' },
      'content-type': 'application/offset+octet-stream',
    },
  } as RequestInit)
  expect(long.status).toBe(413)
  const reached = (await offsetOf(ann, upload)) as number
  expect(reached).toBeLessThanOrEqual(6)
  expect(await ann.code('file.post', { room: room.id, file, clientId: randomUUID() })).toBe(
    reached === 6 ? 'ok' : 'conflict',
  )
  const second = await ann.call('file.begin', { room: room.id, name: 'b.bin', size: 6 })
  const both = await Promise.all([
    patch(ann, second.upload, 0, Buffer.from('abcdef')),
    patch(ann, second.upload, 0, Buffer.from('uvwxyz')),
  ])
  expect(both.map(answer => answer.status).sort()).toEqual([204, 409])
  expect((await patch(ann, second.upload, 6, Buffer.from('g'))).status).toBe(413)
  const winner = both[0]!.status === 204 ? 'abcdef' : 'uvwxyz'
  await ann.call('file.post', { room: room.id, file: second.file, clientId: randomUUID() })
  expect(await (await getFile(site, ann, second.file)).text()).toBe(winner)
})

test('[FI6] a file is posted once; a repeat of its client id is answered with the first result', async () => {
  const room = await openRoomFor(site, [ann])
  const file = await putFile(ann, room, someBytes(10))
  const clientId = randomUUID()
  const post = { room: room.id, file, clientId, text: 'see this' }
  const first = await ann.call('file.post', post)
  expect(first.repeated).toBe(false)
  expect(await ann.call('file.post', post)).toEqual({ ...first, repeated: true })
  expect(await ann.code('file.post', { ...post, text: 'other' })).toBe('conflict')
  expect(await ann.code('file.post', { ...post, clientId: randomUUID() })).toBe('conflict')
  const { messages } = await ann.call('message.list', { room: room.id })
  expect(messages).toMatchObject([{ text: 'see this', file: { id: file } }])
  const taken = randomUUID()
  await ann.call('message.post', { room: room.id, clientId: taken, text: 'a message' })
  const next = await putFile(ann, room, someBytes(11))
  expect(await ann.code('file.post', { room: room.id, file: next, clientId: taken })).toBe('conflict')
  expect(await ann.code('file.post', { room: room.id, file: next, clientId: randomUUID() })).toBe('ok')
})

test('[FI6] of two posts with one client id at once one stands, and the file is not posted again', async () => {
  const room = await openRoomFor(site, [ann, ben])
  for (let round = 0; round < 5; round += 1) {
    const file = await putFile(ann, room, someBytes(10, 600 + round))
    const clientId = randomUUID()
    const post = (text: string) => ann.code('file.post', { room: room.id, file, clientId, text })
    expect((await Promise.all([post('a'), post('b')])).sort()).toEqual(['conflict', 'ok'])
    expect(await ann.code('file.post', { room: room.id, file, clientId: randomUUID() })).toBe('conflict')
    expect(await codeOf(await getFile(site, ben, file))).toBe('ok')
  }
  expect((await ann.call('message.list', { room: room.id })).messages).toHaveLength(5)
})

test('[FI6] a repeat is answered in a disabled room and after the file went, not to whoever may not post any more', async () => {
  const room = await openRoomFor(site, [ann, ben])
  const post = {
    room: room.id,
    file: await putFile(ann, room, someBytes(10, 610)),
    clientId: randomUUID(),
    text: 'see',
  }
  const first = await ann.call('file.post', post)
  const again = { ...first, repeated: true }
  await site.admin.call('room.update', { room: room.id, disabled: true })
  expect(await ann.call('file.post', post)).toEqual(again)
  expect(await ann.code('file.post', { ...post, text: 'other' })).toBe('room_disabled')
  expect(await ann.code('file.post', { ...post, file: randomUUID() })).toBe('room_disabled')
  await site.admin.call('room.update', { room: room.id, disabled: false })
  await site.admin.call('message.remove', { room: room.id, seq: first.seq })
  await collect({ db: site.db, store: await openFolder(site.folder), keys: noKeys }, 0)
  expect((await ann.call('file.get', { file: post.file })).file.state).toBe('removed')
  expect(await ann.call('file.post', post)).toEqual(again)
  expect(await ann.code('file.post', { ...post, clientId: randomUUID() })).toBe('not_found')
  await site.admin.call('room.update', { room: room.id, members: { remove: [ann.me.name] } })
  expect(await ann.code('file.post', post)).toBe('forbidden')
})

/** As a server leaves it that was killed between the claim and the post. */
async function claimOnly(person: Person, room: { id: string }, bytes: Buffer) {
  const file = await putFile(person, room, bytes)
  const clientId = randomUUID()
  const draft = { author: person.me, room: room.id, clientId, text: '', format: 'plain', alert: false } as const
  const ref = { id: file, name: '', size: 1, type: '' }
  const claim = { clientId, content: contentHash({ ...draft, title: undefined, file: ref }) }
  expect(await claimFile(site.db, file, claim)).toBe(true)
  return { file, post: { room: room.id, file, clientId }, claim }
}

test('[FI6] the retry of a post that did not come to its end is checked as the first was', async () => {
  const room = await openRoomFor(site, [ann])
  const [flagged, whole] = [
    await claimOnly(ann, room, someBytes(10, 620)),
    await claimOnly(ann, room, someBytes(10, 621)),
  ]
  const { rows } = await site.db.query<{ body: string }>('SELECT body FROM file WHERE id = $1', [flagged.file])
  await setScanned(site.db, rows[0]!.body, 'Eicar')
  expect(await ann.code('file.post', flagged.post)).toBe('forbidden')
  expect(await ann.code('file.post', { ...whole.post, text: 'other' })).toBe('conflict')
  expect(await ann.call('file.post', whole.post)).toMatchObject({ repeated: false })
})

test('[FI7] a file is read by whoever may read its message at that moment, and is not found by anybody else', async () => {
  const room = await openRoomFor(site, [ann, ben])
  const { file, seq } = await postFile(ann, room, someBytes(100))
  const read = async (person: Person) => codeOf(await getFile(site, person, file))
  expect([await read(ann), await read(ben), await read(eve), await read(site.admin)]).toEqual([
    ...['ok', 'ok', 'not_found', 'not_found'],
  ])
  expect(await codeOf(await getFile(site, eve, randomUUID()))).toBe('not_found')
  expect((await fetch(`${site.url}/files/${file}`)).status).toBe(401)
  await site.admin.call('room.update', { room: room.id, members: { remove: [ben.me.name] } })
  expect(await read(ben)).toBe('not_found')
  await site.admin.call('room.update', { room: room.id, members: { add: [ben.me.name] }, disabled: true })
  expect(await read(ben)).toBe('not_found')
  await site.admin.call('room.update', { room: room.id, disabled: false })
  expect(await read(ben)).toBe('ok')
  await site.admin.call('message.remove', { room: room.id, seq })
  expect([await read(ann), await read(ben)]).toEqual(['not_found', 'not_found'])
  const cleared = await postFile(ann, room, someBytes(101))
  expect(await codeOf(await getFile(site, ben, cleared.file))).toBe('ok')
  await site.admin.call('room.clear', { room: room.id, until: new Date(Date.now() + 60_000).toISOString() })
  expect(await codeOf(await getFile(site, ben, cleared.file))).toBe('not_found')
  const deleted = await postFile(ann, room, someBytes(102))
  await site.admin.call('room.delete', { room: room.id })
  expect(await codeOf(await getFile(site, ann, deleted.file))).toBe('not_found')
})

test('[FI8] before it is posted a file is read by its uploader alone', async () => {
  const room = await openRoomFor(site, [ann, ben])
  const file = await putFile(ann, room, someBytes(50))
  expect(await codeOf(await getFile(site, ann, file))).toBe('ok')
  expect(await codeOf(await getFile(site, ben, file))).toBe('not_found')
})

test('[FI9] where no history is kept a file is read for a day after its post', async () => {
  const room = await openRoomFor(site, [ann, ben], { chatHistory: false })
  const { file } = await postFile(ann, room, someBytes(50))
  expect(await codeOf(await getFile(site, ben, file))).toBe('ok')
  await site.db.query("UPDATE file SET posted_at = posted_at - interval '25 hours' WHERE id = $1", [file])
  expect(await codeOf(await getFile(site, ben, file))).toBe('not_found')
  expect(await codeOf(await getFile(site, ann, file))).toBe('not_found')
})

test('[FI9] where history is switched off, files of kept messages are neither read nor listed, and stay', async () => {
  const room = await openRoomFor(site, [ann, ben])
  const { file } = await postFile(ann, room, someBytes(50, 700))
  const { category } = (await ann.call('room.get', { room: room.id })).room
  const seen = async () => [
    ...[await codeOf(await getFile(site, ann, file)), await codeOf(await getFile(site, ben, file))],
    await ben.code('file.list', { room: room.id }),
  ]
  expect(await seen()).toEqual(['ok', 'ok', 'ok'])
  await site.admin.call('category.update', { category, chatHistory: false })
  expect(await seen()).toEqual(['not_found', 'not_found', 'history_off'])
  expect(await ben.code('message.list', { room: room.id })).toBe('history_off')
  await collect({ db: site.db, store: await openFolder(site.folder), keys: noKeys }, 0)
  await site.admin.call('category.update', { category, chatHistory: true })
  expect(await seen()).toEqual(['ok', 'ok', 'ok'])
})

test('[FI9] where no history is kept, the removal of a message ends its file', async () => {
  const room = await openRoomFor(site, [ann, ben], { chatHistory: false })
  const [one, late, other] = [
    await postFile(ann, room, someBytes(50, 710)),
    await postFile(ann, room, someBytes(50, 711)),
    await postFile(ann, room, someBytes(50, 712)),
  ]
  await site.db.query('UPDATE file SET seq = NULL, posted_at = NULL WHERE id = $1', [late.file])
  const read = async () =>
    Promise.all([one, late, other].map(async ({ file }) => codeOf(await getFile(site, ben, file))))
  expect(await site.admin.call('message.remove', { room: room.id, seq: late.seq })).toEqual({ removed: 1 })
  expect(await site.admin.call('message.remove', { room: room.id, seq: one.seq })).toEqual({ removed: 1 })
  expect(await site.admin.call('message.remove', { room: room.id, seq: one.seq })).toEqual({ removed: 0 })
  expect(await read()).toEqual(['not_found', 'not_found', 'ok'])
  await collect({ db: site.db, store: await openFolder(site.folder), keys: noKeys }, 0)
  expect((await ann.call('file.get', { file: one.file })).file.state).toBe('removed')
  expect((await ann.call('file.get', { file: other.file })).file.state).toBe('ready')
})

test('[FI7] [FI9] a clear up to an instant ends the files of messages that were not kept', async () => {
  const room = await openRoomFor(site, [ann, ben], { chatHistory: false })
  const { file } = await postFile(ann, room, someBytes(50, 715))
  const until = (await site.db.query<{ at: Date }>('SELECT clock_timestamp() AS at')).rows[0]!.at.toISOString()
  await new Promise(resolve => setTimeout(resolve, 20))
  const later = await postFile(ann, room, someBytes(50, 716))
  expect(await codeOf(await getFile(site, ben, file))).toBe('ok')
  await site.admin.call('room.clear', { room: room.id, until })
  expect(await codeOf(await getFile(site, ben, file))).toBe('not_found')
  expect(await codeOf(await getFile(site, ben, later.file))).toBe('ok')
})

test('[FI36] of his own file nobody hears who left its room', async () => {
  const room = await openRoomFor(site, [ann, ben])
  const { file, seq } = await postFile(ann, room, someBytes(50, 720))
  expect((await ann.call('file.get', { file })).file.seq).toBe(seq)
  expect(await ben.code('file.get', { file })).toBe('not_found')
  await site.admin.call('room.update', { room: room.id, members: { remove: [ann.me.name] } })
  expect(await ann.code('file.get', { file })).toBe('not_found')
})

test('[FI37] the beginning of each download is recorded, wherever in the file', async () => {
  const lines: { doing?: string; user?: string; file?: string }[] = []
  const log = { ...silentLog, debug: (context: object) => void lines.push(context) }
  const other = await site.another({ log })
  const room = await openRoomFor(site, [ann, ben])
  const { file } = await postFile(ann, room, someBytes(50, 730))
  const recorded = () => lines.filter(line => line.doing === 'downloaded' && line.file === file).map(line => line.user)
  const read = async (person: Person, range?: string) =>
    (await getFile(other, person, file, range ? { range } : {})).arrayBuffer()
  await read(ben, 'bytes=1-')
  expect(recorded()).toEqual([ben.me.id])
  await read(ben, 'bytes=20-')
  expect(recorded()).toHaveLength(1)
  await read(ann, 'bytes=20-')
  await read(ben)
  expect(recorded()).toEqual([ben.me.id, ann.me.id, ben.me.id])
  // As a player asks: together, before any of them is answered.
  const second = await postFile(ann, room, someBytes(50, 731))
  await Promise.all(
    ['bytes=1-', 'bytes=9-', 'bytes=20-', 'bytes=30-'].map(async range =>
      (await getFile(other, ben, second.file, { range })).arrayBuffer(),
    ),
  )
  expect(lines.filter(line => line.doing === 'downloaded' && line.file === second.file)).toHaveLength(1)
  await other.stop()
})

test('[FI10] where a server was killed between the post and the note of its place, the file is found by its client id', async () => {
  const room = await openRoomFor(site, [ann, ben])
  const { file, seq } = await postFile(ann, room, someBytes(60))
  await site.db.query('UPDATE file SET seq = NULL, posted_at = NULL WHERE id = $1', [file])
  expect(await codeOf(await getFile(site, ben, file))).toBe('ok')
  expect((await ann.call('file.get', { file })).file.seq).toBe(seq)
})

test('[FI10] neither another text nor another message under the client id takes the place of the one that brings a file', async () => {
  const room = await openRoomFor(site, [ann, ben])
  const post = { room: room.id, file: await putFile(ann, room, someBytes(60, 630)), clientId: randomUUID(), text: 'a' }
  const { seq } = await ann.call('file.post', post)
  await site.db.query('UPDATE file SET seq = NULL, posted_at = NULL WHERE id = $1', [post.file])
  expect(await ann.code('file.post', { ...post, text: 'b' })).toBe('conflict')
  expect(await ann.code('file.post', { ...post, clientId: randomUUID() })).toBe('conflict')
  expect((await ann.call('file.get', { file: post.file })).file.seq).toBe(seq)
  expect(await codeOf(await getFile(site, ben, post.file))).toBe('ok')
  // Claimed for a client id that stands for another message; killed before the claim was given up.
  const other = await claimOnly(ann, room, someBytes(60, 631))
  await ann.call('message.post', { room: room.id, clientId: other.post.clientId, text: 'a message' })
  expect(await codeOf(await getFile(site, ben, other.file))).toBe('not_found')
  await collect({ db: site.db, store: await openFolder(site.folder), keys: noKeys }, 7)
  expect((await ann.call('file.get', { file: other.file })).file.seq).toBeUndefined()
  expect(await ann.code('file.post', other.post)).toBe('conflict')
  expect(await ann.code('file.post', { ...other.post, clientId: randomUUID() })).toBe('ok')
})

test('[FI22] what is posted while the collector or its uploader is about to remove it stays', async () => {
  const room = await openRoomFor(site, [ann, ben])
  const { file, post } = await claimOnly(ann, room, someBytes(60, 640))
  await site.db.query("UPDATE file SET expires_at = now() - interval '1 minute' WHERE id = $1", [file])
  expect(await expiredFiles(site.db, 500)).toContain(file)
  expect(await ann.code('file.post', post)).toBe('ok')
  await site.db.query('UPDATE file SET seq = NULL, posted_at = NULL WHERE id = $1', [file])
  expect(await removeFile(site.db, file, 'unposted')).toBe(false)
  expect(await codeOf(await getFile(site, ben, file))).toBe('ok')
  for (const why of ['unposted', 'unreferenced', 'abandoned'] as const)
    expect(await removeFile(site.db, file, why)).toBe(false)
  // Not posted in time and not collected yet: it counts as gone.
  const late = await putFile(ann, room, someBytes(60, 641))
  await site.db.query("UPDATE file SET expires_at = now() - interval '1 minute' WHERE id = $1", [late])
  expect(await ann.code('file.post', { room: room.id, file: late, clientId: randomUUID() })).toBe('not_found')
  for (let round = 0; round < 8; round += 1) {
    const next = await putFile(ann, room, someBytes(60, 650 + round))
    const headers = { authorization: `Bearer ${ann.token}`, 'tus-resumable': '1.0.0' }
    const [posted, ended] = await Promise.all([
      ann.code('file.post', { room: room.id, file: next, clientId: randomUUID() }),
      fetch(`${site.url}/files/uploads/${next}`, { method: 'DELETE', headers }),
    ])
    const read = await codeOf(await getFile(site, ben, next))
    expect([posted === 'ok', read]).toEqual(ended.status === 204 ? [false, 'not_found'] : [true, 'ok'])
  }
})

test('[FI11] a range is answered as it stands there; one that is not there is refused, and another version is the whole', async () => {
  const room = await openRoomFor(site, [ann])
  const bytes = someBytes(9 * 1024 * 1024 + 17)
  const { file } = await postFile(ann, room, bytes)
  const range = async (range: string, more = {}) => {
    const answer = await getFile(site, ann, file, { range, ...more })
    return {
      status: answer.status,
      range: answer.headers.get('content-range'),
      bytes: Buffer.from(await answer.arrayBuffer()),
    }
  }
  const size = bytes.length
  for (const [asked, first, last] of [
    ['bytes=0-0', 0, 0],
    ['bytes=4194300-4194310', 4194300, 4194310],
    ['bytes=8388608-', 8388608, size - 1],
    ['bytes=-5', size - 5, size - 1],
    [`bytes=10-${size + 100}`, 10, size - 1],
  ] as const) {
    const answer = await range(asked)
    expect(answer).toMatchObject({ status: 206, range: `bytes ${first}-${last}/${size}` })
    expect(answer.bytes.equals(bytes.subarray(first, last + 1))).toBe(true)
  }
  expect(await range(`bytes=${size}-`)).toMatchObject({ status: 416, range: `bytes */${size}` })
  expect((await range('bytes=5-4')).status).toBe(200)
  expect((await range('bytes=0-1,3-4')).status).toBe(200)
  const whole = await getFile(site, ann, file)
  const etag = whole.headers.get('etag')!
  await whole.arrayBuffer()
  expect((await range('bytes=0-1', { 'if-range': etag })).status).toBe(206)
  expect((await range('bytes=0-1', { 'if-range': '"other"' })).status).toBe(200)
  expect((await getFile(site, ann, file, { 'if-none-match': etag })).status).toBe(304)
  expect(await codeOf(await getFile(site, eve, file, { 'if-none-match': etag }))).toBe('not_found')
  const head = await fetch(`${site.url}/files/${file}`, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${ann.token}` },
  })
  expect([head.status, head.headers.get('content-length')]).toEqual([200, `${size}`])
})

test.each([
  [
    'loses the right',
    (room: string, { me }: Person) => site.admin.call('room.update', { room, members: { remove: [me.name] } }),
  ],
  ['is signed out', (_room: string, person: Person) => person.call('session.end', {})],
] as const)('[FI12] who %s in the middle of a download gets no more of it', async (what, end) => {
  const dan = await site.addUser(`dan-${what.length}@example.com`)
  const room = await openRoomFor(site, [ann, dan])
  const bytes = someBytes(19 * 1024 * 1024)
  const { file } = await postFile(ann, room, bytes)
  const answer = await getFile(site, dan, file)
  const reader = answer.body!.getReader()
  let got = (await reader.read()).value!.length
  await end(room.id, dan)
  // Asked again between pieces, once a second has passed; longer, since an answer that was asked for before may still come.
  await new Promise(resolve => setTimeout(resolve, 2_000))
  const ended = (async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return 'whole'
      got += value.length
    }
  })()
  await expect(ended).rejects.toThrow()
  expect(got).toBeLessThan(bytes.length)
})

test('[FI13] the same bytes are kept once, however often and wherever they are put, and go with the last file', async () => {
  const [one, other] = [await openRoomFor(site, [ann]), await openRoomFor(site, [ben])]
  const bytes = someBytes(123_456, 77)
  const [first, second] = [await postFile(ann, one, bytes, 'a.bin'), await postFile(ben, other, bytes, 'b.bin')]
  const { rows } = await site.db.query<{ bodies: number; pieces: number }>(
    `SELECT count(DISTINCT f.body)::int AS bodies, count(DISTINCT p.key)::int AS pieces
       FROM file f JOIN file_piece p ON p.body = f.body WHERE f.id = ANY ($1)`,
    [[first.file, second.file]],
  )
  expect(rows[0]).toEqual({ bodies: 1, pieces: 1 })
  expect(await codeOf(await getFile(site, ann, second.file))).toBe('not_found')
  expect(await (await getFile(site, ben, second.file)).arrayBuffer()).toHaveProperty('byteLength', bytes.length)
})

test('[FI20] while the file store is full an upload is refused, loses nothing that is there, and goes on when there is space', async () => {
  const folder = await makeFolder('pchat-full')
  const store = await openFolder(folder)
  let isFull = false
  const full = new Refusal('unavailable', 'The file store is full. Free space there, then try again.')
  // A full disk itself is tested beside the folder; here it is full on demand.
  const put: typeof store.put = (key, bytes) => (isFull ? Promise.reject(full) : store.put(key, bytes))
  const place = await openFileSite({ store: { ...store, put } })
  const cid = await place.addUser('cid@example.com')
  const room = await openRoomFor(place, [cid])
  const bytes = someBytes(100_000, 15)
  const { file, upload } = await cid.call('file.begin', { room: room.id, name: 'a.bin', size: bytes.length })
  expect((await patch(cid, upload, 0, bytes.subarray(0, 40_000))).status).toBe(204)
  isFull = true
  const refused = await patch(cid, upload, 40_000, bytes.subarray(40_000))
  expect([refused.status, await codeOf(refused)]).toEqual([503, 'unavailable'])
  expect(await offsetOf(cid, upload)).toBe(40_000)
  isFull = false
  expect((await patch(cid, upload, 40_000, bytes.subarray(40_000))).status).toBe(204)
  await cid.call('file.post', { room: room.id, file, clientId: randomUUID() })
  expect(sha256(new Uint8Array(await (await getFile(place, cid, file)).arrayBuffer()))).toBe(sha256(bytes))
  await place.stop()
  for (const used of [folder, place.folder]) await rm(used, { recursive: true, force: true })
})
