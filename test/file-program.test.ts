import { randomBytes, randomUUID } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FileSite, openFileSite, openRoomFor, postFile, putFile } from './files.ts'
import { makeFolder } from './folder.ts'
import type { Person } from './harness.ts'
import { runPchat } from './pchat.ts'
import { codeOf, getFile, someBytes } from './upload.ts'

/** `pchat file` as an operator runs it, beside a server of this process. */
let site: FileSite
let ann: Person
let room: { id: string; name: string }
let folder: string
let address: string
beforeAll(async () => {
  site = await openFileSite({ lookMs: 600_000 })
  ann = await site.addUser('ann@example.com')
  room = await openRoomFor(site, [ann])
  folder = await makeFolder('pchat-file-program')
  const { host, user, database } = site.database.address
  address = `postgres://${user}@${encodeURIComponent(host)}/${database}`
})
afterAll(async () => {
  await site.stop()
  for (const one of [site.folder, folder]) await rm(one, { recursive: true, force: true })
})

async function file(...args: string[]): Promise<{ code: number | string; said: string }> {
  const pchat = runPchat(['file', ...args], { env: { PCHAT_DATABASE_URL: address, PCHAT_FILE_STORE: '' } })
  const code = await pchat.ended
  return { code, said: pchat.said() }
}
const here = () => ['--file-store', site.folder]

async function read<Report>(...args: string[]): Promise<Report> {
  const { code, said } = await file(...args, '--json')
  if (code !== 0) throw new Error(`${code}: ${said}`)
  return JSON.parse(said) as Report
}

const objectsOf = async () =>
  (await readdir(site.folder, { recursive: true })).filter(path => /-[0-9a-f]{16}$/.test(path)).sort()

// First, before the server itself collects, after a minute.
test('[FI67] [FI68] collect removes what it said by --what-if, which itself removes nothing', async () => {
  const [gone, twice, kept] = [
    await postFile(ann, room, someBytes(900, 903)),
    await postFile(ann, room, someBytes(900, 904), 'a.bin'),
    await postFile(ann, room, someBytes(900, 904), 'b.bin'),
  ]
  const unposted = await putFile(ann, room, someBytes(900, 905))
  for (const { seq } of [gone, twice]) await site.admin.call('message.remove', { room: room.id, seq })
  await site.db.query("UPDATE file SET expires_at = now() - interval '1 hour' WHERE id = $1", [unposted])
  await mkdir(join(site.folder, '11'), { recursive: true })
  await writeFile(join(site.folder, '11', `${'1'.repeat(64)}-${randomBytes(8).toString('hex')}`), 'x')
  // Within the grace time only what was never posted goes, and the bytes that came twice.
  const early = await read<object>('collect', '--what-if', ...here())
  expect(early).toEqual({ files: 1, objects: 2, strays: 1 })
  await site.admin.call('settings.update', { settings: { fileGraceDays: 0 } })
  const [before, rows] = [await objectsOf(), (await site.db.query('SELECT * FROM file ORDER BY id')).rows]
  const said = await read<object>('collect', '--what-if', ...here())
  expect(said).toEqual({ files: 3, objects: 3, strays: 1 })
  expect(await objectsOf()).toEqual(before)
  expect((await site.db.query('SELECT * FROM file ORDER BY id')).rows).toEqual(rows)
  expect(await read('collect', ...here())).toEqual(said)
  expect(before.length - (await objectsOf()).length).toBe(3)
  expect(await codeOf(await getFile(site, ann, kept.file))).toBe('ok')
  expect(await read('collect', '--what-if', ...here())).toEqual({ files: 0, objects: 0, strays: 0 })
  await site.admin.call('settings.update', { settings: { fileGraceDays: 7 } })
})

test('[FI67] a held file stays until it is released, and both are recorded', async () => {
  const held = await postFile(ann, room, someBytes(900, 906))
  expect((await file('hold', held.file)).code).toBe(0)
  await site.admin.call('message.remove', { room: room.id, seq: held.seq })
  await site.admin.call('settings.update', { settings: { fileGraceDays: 0 } })
  expect(await read('collect', ...here())).toMatchObject({ files: 0 })
  expect((await file('list', '--state', 'ready')).said).toContain('ready, held')
  expect((await file('release', held.file)).code).toBe(0)
  expect(await read('collect', ...here())).toMatchObject({ files: 1 })
  await site.admin.call('settings.update', { settings: { fileGraceDays: 7 } })
  const { rows } = await site.db.query('SELECT action FROM audit WHERE subject = $1 ORDER BY at', [held.file])
  expect(rows.map(row => row.action)).toEqual(['file.hold', 'file.release'])
})

test('[FI67] list says what there is, by room, author, state and name, as a table and as JSON', async () => {
  const room = await openRoomFor(site, [ann])
  const posted = await postFile(ann, room, someBytes(100, 901), 'Plan of May.bin')
  const open = await ann.call('file.begin', { room: room.id, name: 'half.bin', size: 10 })
  type Row = { id: string; name: string; state: string; author: string; roomName: string; size: number }
  const all = await read<Row[]>('list', '--room', room.name.toUpperCase())
  expect(all.map(one => [one.id, one.state])).toEqual([
    [open.file, 'uploading'],
    [posted.file, 'ready'],
  ])
  expect(all[1]).toMatchObject({ name: 'Plan of May.bin', author: ann.me.name, roomName: room.name, size: 100 })
  const names = async (...args: string[]) => (await read<Row[]>('list', ...args)).map(one => one.name)
  expect(await names('--text', 'PLAN')).toEqual(['Plan of May.bin'])
  expect(await names('--state', 'uploading', '--author', 'ANN@example.com')).toEqual(['half.bin'])
  expect(await names('--limit', '1')).toEqual(['half.bin'])
  expect(await names('--room', 'no such room')).toEqual([])
  const table = await file('list', '--room', room.id)
  expect(table.code).toBe(0)
  expect(table.said).toMatch(/^ID +STATE +SIZE +AUTHOR +ROOM +CREATED +NAME\n/)
  expect(table.said).toContain('Plan of May.bin')
})

test.each([
  [['list', '--state', 'broken'], /--state <state>.*Allowed choices are uploading, scanning, ready, flagged, removed/],
  [['list', '--limit', '0'], /--limit <number>.*whole number from 1 to 100000/],
  [['list', '--limit', '1e3'], /--limit <number>.*whole number/],
  [['check', '--file-store', '/nowhere/at/all'], /There is no folder \/nowhere\/at\/all\..*--file-store/],
  [['adopt', '--file-store', '/etc/hostname'], /There is no folder/],
  [['check', '--file-store', 's3:nothing'], /is no bucket\. Give an address such as s3:/],
  [['rekey', '--file-store', '/tmp', '--file-key-file', '/nowhere/keys'], /key file \/nowhere\/keys cannot be used/],
  [['hold', 'no-id'], /There is no file no-id\. See pchat file list/],
  [['set-scan', randomUUID(), 'clean'], /There is no finished file/],
  [['set-scan', randomUUID(), ''], /Give clean, or a name of at most 200 characters/],
  [['set-scan', randomUUID(), 'a\u001b[2J'], /Give clean, or a name/],
  [['set-scan', randomUUID()], /missing required argument 'finding'/],
  [['list', '--database-url', 'mysql://x'], /is no address such as postgres/],
  [['list', '--database-url', 'postgres://127.0.0.1:1/none'], /ECONNREFUSED|connect/],
  [['burn'], /unknown command 'burn'/],
] as const)('[FI67] %j is refused with the mend, and changes nothing', async (args, message) => {
  const before = await site.db.query('SELECT * FROM file ORDER BY id')
  const { code, said } = await file(...args)
  expect(said).toMatch(message)
  expect(said).not.toMatch(/\n +at /)
  // 2: it was not even begun.
  expect(code).toBe(/^error:/.test(said) ? 2 : 1)
  expect((await site.db.query('SELECT * FROM file ORDER BY id')).rows).toEqual(before.rows)
})

test('[FI67] check ends with 0 where all is there, and with 1 where something is missing or changed', async () => {
  const { file: id } = await postFile(ann, room, someBytes(900, 902))
  expect(await read('check', ...here())).toMatchObject({ missing: [], changed: [], strays: 0 })
  const { rows } = await site.db.query<{ key: string }>(
    'SELECT key FROM file f JOIN file_piece p ON p.body = f.body WHERE f.id = $1',
    [id],
  )
  const path = join(site.folder, rows[0]!.key.slice(0, 2), rows[0]!.key)
  const saved = await readFile(path)
  await rm(path)
  const { code, said } = await file('check', ...here())
  expect([code, said]).toEqual([1, expect.stringMatching(new RegExp(`missing: 1\\n {2}${rows[0]!.key}\\nchanged: 0`))])
  await writeFile(path, saved)
  expect((await file('check', ...here())).code).toBe(0)
})

test('[FI67] set-scan keeps a file from everyone and lets it through again, and is recorded', async () => {
  const { file: id } = await postFile(ann, room, someBytes(900, 907))
  expect((await file('set-scan', id, 'Our.Finding')).code).toBe(0)
  expect(await codeOf(await getFile(site, ann, id))).toBe('not_found')
  expect((await file('list', '--state', 'flagged')).said).toContain('(Our.Finding)')
  expect((await file('set-scan', id.toUpperCase(), 'clean')).code).toBe(0)
  expect(await codeOf(await getFile(site, ann, id))).toBe('ok')
  const { rows } = await site.db.query("SELECT detail FROM audit WHERE action = 'file.setScan' ORDER BY at")
  expect(rows.map(row => row.detail)).toMatchObject([
    { finding: 'Our.Finding' },
    { finding: 'clean', before: 'Our.Finding' },
  ])
})

test('[FI67] [FI68] rekey says by --what-if what another key sealed, and writes it anew', async () => {
  const keyFile = join(folder, 'keys')
  await writeFile(keyFile, randomBytes(32).toString('base64'))
  const { rows } = await site.db.query<{ pieces: number }>('SELECT count(*)::int AS pieces FROM file_piece')
  const args = [...here(), '--file-key-file', keyFile]
  const before = await objectsOf()
  expect(await read('rekey', '--what-if', ...args)).toMatchObject(rows[0]!)
  expect(await objectsOf()).toEqual(before)
  expect(await read('rekey', ...args)).toEqual({ written: rows[0]!.pieces, faults: [] })
  expect(await read('rekey', '--what-if', ...args)).toEqual({ pieces: 0, bytes: 0 })
  // Without the key it cannot be opened: that is said, and nothing lost.
  const { code, said } = await file('check', ...here(), '--json')
  expect([code, JSON.parse(said).changed.length]).toEqual([1, rows[0]!.pieces])
  await writeFile(join(folder, 'bad'), 'no key')
  expect((await file('rekey', ...here(), '--file-key-file', join(folder, 'bad'))).said).toMatch(/line 1 is no key/)
  expect(await read('check', ...args)).toMatchObject({ missing: [], changed: [] })
})

test('[FI69] adopt takes a store that the pool’s files are in; another one only by force, and none by --what-if', async () => {
  const [moved, empty] = [join(folder, 'moved'), join(folder, 'empty')]
  await cp(site.folder, moved, { recursive: true })
  await rm(join(moved, 'pc'), { recursive: true, force: true })
  await cp(join(site.folder, 'incoming'), empty, { recursive: true })
  expect((await file('check', '--file-store', empty)).said).toMatch(/is not the file store of this pool/)
  expect((await file('collect', '--what-if', '--file-store', empty)).said).toMatch(/is not the file store of this pool/)
  const look = await read<{ looked: number }>('adopt', '--what-if', '--file-store', empty)
  expect(look).toMatchObject({ place: empty, known: false, found: 0 })
  expect(look.looked).toBeGreaterThan(0)
  const refused = await file('adopt', '--file-store', empty)
  expect([refused.code, refused.said]).toEqual([1, expect.stringMatching(/objects of the pool .* 0 are in .*--force/)])
  expect(await codeOf(await getFile(site, ann, (await postFile(ann, room, someBytes(9, 908))).file))).toBe('ok')
  await cp(site.folder, moved, { recursive: true })
  await rm(join(moved, 'pc'), { recursive: true, force: true })
  expect(await read('adopt', '--file-store', moved)).toMatchObject({ place: moved, known: true })
  expect(await read('adopt', '--force', '--file-store', empty)).toMatchObject({ place: empty, known: true, found: 0 })
  expect((await file('adopt', '--file-store', site.folder)).code).toBe(0)
})
