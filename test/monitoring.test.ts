import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { openMetrics } from '../src/base/metrics.ts'
import { keepSelfSigned } from '../src/cli/certificate.ts'
import { lookAtMachine } from '../src/cli/machine.ts'
import { type FileSite, openFileSite, openRoomFor, postFile } from './files.ts'
import { makeFolder } from './folder.ts'
import type { Person } from './harness.ts'
import { readMetrics } from './read-metrics.ts'

const patience = { timeout: 30_000 }

let site: FileSite
let alice: Person
beforeAll(async () => {
  site = await openFileSite()
  alice = await site.addUser('alice@example.com')
}, 60_000)
afterAll(async () => {
  await site.stop()
  await rm(site.folder, { recursive: true })
})

const look = () => readMetrics(site.url)

test('[MN1] users are counted once in a process, their sessions each, and the rooms that they join', async () => {
  const room = await openRoomFor(site, [alice])
  const before = await look()
  const lives = [await alice.open(), await alice.open()]
  for (const live of lives) await live.call('room.join', { room: room.id })
  const during = await look()
  const rise = (name: string) => during.get(name)! - before.get(name)!
  expect([rise('pchat_users'), rise('pchat_sessions'), rise('pchat_joins_total')]).toEqual([1, 2, 2])
  await lives[0]!.post(room.id, 'heard')
  await lives[1]!.hears('message.posted')
  const posted = await look()
  expect(posted.get('pchat_posts_total')! - during.get('pchat_posts_total')!).toBe(1)
  expect(posted.get('pchat_deliveries_total')! - during.get('pchat_deliveries_total')!).toBeGreaterThanOrEqual(2)
  expect(posted.get('pchat_delivery_queue_bytes')).toBe(0)
  for (const live of lives) await live.close()
  await expect.poll(async () => (await look()).get('pchat_users'), patience).toBe(before.get('pchat_users'))
})

test('[MN1] what waits for a session that does not read is told in bytes', async () => {
  const room = await openRoomFor(site, [alice])
  const live = await alice.open()
  await live.call('room.join', { room: room.id })
  live.socket.pause()
  const text = 'x'.repeat(4_000)
  await expect
    .poll(async () => {
      await Promise.all(
        Array.from({ length: 100 }, () => alice.call('message.post', { room: room.id, clientId: randomUUID(), text })),
      )
      return (await look()).get('pchat_delivery_queue_bytes')
    }, patience)
    .toBeGreaterThan(4_000)
  live.socket.terminate()
  await expect.poll(async () => (await look()).get('pchat_delivery_queue_bytes'), patience).toBe(0)
})

test('[MN2] what is refused is counted by code at every door, from 0 on', async () => {
  const refused = async (code: string) => (await look()).get(`pchat_refusals_total{code="${code}"}`)
  expect(await refused('unavailable')).toBe(0)
  const before = await refused('forbidden')
  expect(await alice.code('settings.get', {})).toBe('forbidden')
  const live = await alice.open()
  expect(await live.code('settings.get', {})).toBe('forbidden')
  await live.close()
  expect((await refused('forbidden'))! - before!).toBe(2)
  const unfound = await refused('not_found')
  const lost = new WebSocket(`${site.url.replace(/^http/, 'ws')}/elsewhere`)
  const [why] = await once(lost, 'error')
  expect(String(why)).toContain('404')
  await fetch(`${site.url}/api/v1/no.verb`, { method: 'POST', headers: { authorization: `Bearer ${alice.token}` } })
  expect((await refused('not_found'))! - unfound!).toBe(2)
})

test('[MN2] requests are timed by what people wait for', async () => {
  const room = await openRoomFor(site, [alice])
  const count = async (kind: string) => (await look()).get(`pchat_request_seconds_count{kind="${kind}"}`) ?? 0
  const kinds = ['post', 'history', 'search', 'join', 'sync', 'sign-in', 'other']
  const before = await Promise.all(kinds.map(count))
  const live = await site.addUser('bert@example.com').then(() => alice.open())
  await live.call('session.sync', {})
  await live.call('room.join', { room: room.id })
  await live.post(room.id, 'timed')
  await alice.call('message.list', { room: room.id })
  await alice.call('message.search', { text: 'timed' })
  await alice.code('room.get', { room: randomUUID() })
  await live.close()
  const after = await Promise.all(kinds.map(count))
  for (const [i, kind] of kinds.entries()) expect(after[i]! - before[i]!, kind).toBeGreaterThan(0)
})

test('[MN3] entries, invitations, rooms, accounts and bytes are those of the store, and every server shows them', async () => {
  const category = await site.addCategory({ allowedMembers: ['example.com'], invitations: true })
  const members = ['alice@example.com', 'admin@example.com']
  const room = await site.addRoom({ category: category.id, members, managers: ['alice@example.com'] })
  await site.admin.call('room.update', { room: room.id, disabled: true })
  const files = await openRoomFor(site, [alice])
  await postFile(alice, files, Buffer.alloc(5_000, 'x'))
  const { rows } = await site.db.query<Record<string, number>>(
    `SELECT (SELECT count(*) FROM room_entry WHERE role = 0) AS members, (SELECT count(*) FROM room_entry WHERE role = 1) AS managers,
            (SELECT count(*) FROM room_entry WHERE invited) AS invited, (SELECT sum(size) FROM file_piece) AS bytes,
            (SELECT count(*) FROM room_head WHERE NOT disabled) AS rooms, (SELECT count(*) FROM principal WHERE kind = 'user') AS users`,
  )
  const real = rows[0]!
  expect(real.invited).toBeGreaterThan(0)
  await site.db.query("UPDATE pool_count SET tried_at = tried_at - interval '2 minutes'")
  const other = await site.another()
  const seen = async () => {
    const all = await readMetrics(other.url)
    const names = [
      'pchat_entries{role="member"}',
      'pchat_entries{role="manager"}',
      'pchat_invitations',
      'pchat_file_bytes',
    ]
    const more = ['pchat_rooms{state="enabled"}', 'pchat_rooms{state="disabled"}', 'pchat_accounts{state="enabled"}']
    return [...names, ...more].map(name => all.get(name))
  }
  await expect
    .poll(seen, patience)
    .toEqual([real.members, real.managers, real.invited, real.bytes, real.rooms, 1, real.users])
  const all = await readMetrics(other.url)
  expect(all.get('pchat_store_bytes')).toBeGreaterThan(2 ** 20)
  expect(all.get('pchat_counted_age_seconds')).toBeLessThan(60)
  await other.stop()
})

test('[MN4] rooms above the limit of their roster are counted', async () => {
  await site.admin.call('settings.update', { settings: { participantUpdateLimit: 2 } })
  const people = [alice, await site.addUser('carl@example.com'), await site.addUser('dora@example.com')]
  const room = await openRoomFor(site, people)
  const lives = await Promise.all(people.map(person => person.open()))
  const large = async () => (await look()).get('pchat_rooms_over_roster_limit')
  for (const live of lives.slice(0, 2)) await live.call('room.join', { room: room.id })
  expect(await large()).toBe(0)
  await lives[2]!.call('room.join', { room: room.id })
  expect(await large()).toBe(1)
  for (const live of lives) await live.call('room.part', { room: room.id })
  expect(await large()).toBe(0)
  for (const live of lives) await live.close()
  await site.admin.call('settings.update', { settings: { participantUpdateLimit: 75 } })
})

test('[MN5] the disk of the file store is shown, and whether the store is there', async () => {
  const seen = await look()
  const [free, size] = ['free', 'size'].map(what => seen.get(`pchat_file_store_${what}_bytes`)!)
  expect(size).toBeGreaterThan(free!)
  expect(free).toBeGreaterThan(0)
  expect(seen.get('pchat_file_store_away')).toBe(0)
})

test('[MN5] a file store that is away is 1, one without a disk of its own has no figure, and a certificate shows its end', async () => {
  const folder = await makeFolder('pchat-machine')
  const { cert } = await keepSelfSigned(folder, 'localhost')
  const metrics = openMetrics()
  await lookAtMachine(metrics, { certificate: cert, fileStore: 's3://bucket/', isFileStoreThere: () => false })
  const text = await metrics.registry.metrics()
  expect(text).toMatch(/^pchat_file_store_away 1$/m)
  expect(text).not.toMatch(/^pchat_file_store_free_bytes \d/m)
  const ends = Number(/^pchat_certificate_ends_seconds (\S+)$/m.exec(text)![1])
  expect(ends).toBeGreaterThan(Date.now() / 1000 + 300 * 86_400)
  await writeFile(join(folder, 'file'), '')
  const gone = { certificate: undefined, fileStore: join(folder, 'gone'), isFileStoreThere: () => false }
  await expect(lookAtMachine(metrics, gone)).rejects.toThrow(/ENOENT/)
  await rm(folder, { recursive: true })
})
