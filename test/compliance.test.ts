import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { type FileSite, openFileSite, openRoomFor } from './files.ts'
import type { Person } from './harness.ts'

let site: FileSite
let officer: Person
let ann: Person
beforeAll(async () => {
  site = await openFileSite({}, { attendance: { writeMs: 50, sweepMs: 200 } })
  officer = await site.addUser('officer@example.com')
  ann = await site.addUser('ann@example.com')
  await site.admin.call('role.grant', { principal: officer.me.id, role: 'complianceOfficer', granted: true })
})
afterAll(() => site.stop())
beforeEach(async () => {
  await officer.call('compliance.update', { recording: false })
  await site.db.query('DELETE FROM outbox')
})

type Row = { kind: string; data: Record<string, unknown> }
async function recorded(kind: string): Promise<Row['data'][]> {
  const { rows } = await site.db.query<Row>('SELECT kind, data FROM outbox WHERE kind = $1 ORDER BY at', [kind])
  return rows.map(row => row.data)
}

async function eventually(kind: string, which: (data: Row['data']) => boolean): Promise<Row['data']> {
  for (const deadline = Date.now() + 10_000; ; await sleep(30)) {
    const found = (await recorded(kind)).find(which)
    if (found) return found
    if (Date.now() > deadline) throw new Error(`no ${kind} came: ${JSON.stringify(await recorded(kind))}`)
  }
}
const names = (room: string) => (data: Row['data']) => (data.rooms as { id: string }[]).some(one => one.id === room)

test('[CP50] compliance officers may; a full administrator may not, whatever he asks, and changes nothing', async () => {
  const before = await officer.call('compliance.get', {})
  expect(before).toMatchObject({
    recording: false,
    unheard: [],
    maxRows: 1_000_000,
    maxAgeSeconds: 259_200,
    adapters: [],
  })
  for (const verb of ['compliance.get', 'compliance.update'] as const)
    expect((await site.admin.ask(verb, {})).error).toEqual({
      code: 'forbidden',
      message: 'Only compliance officers may do this. Ask one.',
    })
  const adapter = { name: 'a', type: 'csv', outputDirectory: '/var/lib/a' } as const
  expect(await site.admin.code('compliance.setAdapter', adapter)).toBe('forbidden')
  expect(await officer.call('compliance.get', {})).toEqual(before)
  const after = await officer.call('compliance.update', { maxRows: 5_000, maxAgeSeconds: 600 })
  expect(after).toMatchObject({ maxRows: 5_000, maxAgeSeconds: 600, recording: false })
})

test('[CP51] after the answer every server records what is read, also one that hears of it by the store alone', async () => {
  const room = await openRoomFor(site, [ann])
  await ann.call('message.post', { room: room.id, clientId: randomUUID(), text: 'one' })
  // A bus of its own, and a slow sweep: it hears late.
  const other = await site.another({ sweepMs: 2_000, server: 'late' })
  const his = other.at(ann)
  const began = performance.now()
  const set = await officer.call('compliance.update', { recording: true })
  expect(set).toMatchObject({ recording: true, unheard: [] })
  expect(performance.now() - began).toBeLessThan(11_000)
  await his.call('message.list', { room: room.id })
  expect((await recorded('read')).map(data => data.count)).toEqual([1])
  await other.stop()
})

test('[CP51] a process that lives and does not record, such as one of an older program, is named', async () => {
  await site.db.query(
    "INSERT INTO server_process (id, server, url, program, schema, sessions, draining, beat_at) VALUES ($1, 'old', 'ws://x', '0', 1, 0, false, now() + interval '1 minute')",
    [randomUUID()],
  )
  try {
    expect(await officer.call('compliance.update', { recording: true })).toMatchObject({
      recording: true,
      unheard: ['old'],
    })
    expect((await officer.call('compliance.get', {})).unheard).toEqual(['old'])
  } finally {
    await site.db.query("DELETE FROM server_process WHERE server = 'old'")
  }
  expect((await officer.call('compliance.update', { recording: true })).unheard).toEqual([])
}, 30_000)

test('[CP52] [CP54] who is there when recording begins has come, who is there when it ends has gone; both ends are recorded', async () => {
  const room = await openRoomFor(site, [ann])
  const hers = await ann.open()
  await hers.call('room.join', { room: room.id })
  await officer.call('compliance.update', { recording: true })
  // Before the answer, not some time after it.
  const joins = (await recorded('join')).filter(names(room.id))
  expect(joins).toMatchObject([{ how: 'still there', actor: { id: ann.me.id }, rooms: [{ name: room.name }] }])
  await sleep(700)
  expect((await recorded('join')).filter(names(room.id))).toHaveLength(1)
  await officer.call('compliance.update', { recording: false })
  const parts = (await recorded('part')).filter(names(room.id))
  expect(parts).toMatchObject([{ why: 'recording ends', actor: { id: ann.me.id } }])
  expect((await recorded('change')).filter(({ action }) => action === 'compliance.update')).toMatchObject([
    { actor: { id: officer.me.id }, detail: { recording: true } },
    { actor: { id: officer.me.id }, detail: { recording: false } },
  ])
  await hers.close()
})

test('[CP94] over the wire adapters are below the folder that the server says, as plain paths; nowhere where it says none', async () => {
  const set = (person: Person, more: object) =>
    person.ask('compliance.setAdapter', {
      ...{ name: 'wire', type: 'xml', outputDirectory: '/var/lib/wire', ...more },
    } as never)
  const before = await officer.call('compliance.get', {})
  expect(before.adapterBase).toBe('/var/lib')
  for (const wrong of [
    { outputDirectory: '/etc/cron.d' },
    { outputDirectory: '/var/library' },
    { outputDirectory: '/var/lib' },
    { outputDirectory: '/var/lib/' },
    { outputDirectory: '/var/lib//wire' },
    { outputDirectory: '/var/lib/./wire' },
    { outputDirectory: '/var/lib/wire/' },
    { transformation: '/etc/passwd' },
  ])
    expect((await set(officer, wrong)).error, JSON.stringify(wrong)).toMatchObject({
      ...{ code: 'forbidden', message: expect.stringContaining('below /var/lib, such as /var/lib/archive') },
    })
  expect(await officer.call('compliance.get', {})).toMatchObject({ adapters: before.adapters })
  expect((await set(officer, { transformation: '/var/lib/own.xslt' })).error).toBeUndefined()
  await officer.call('compliance.removeAdapter', { name: 'wire' })
  const bare = await site.another({ adapterBase: undefined })
  try {
    const there = bare.at(officer)
    expect((await there.call('compliance.get', {})).adapterBase).toBeUndefined()
    expect((await set(there, {})).error).toMatchObject({
      ...{ code: 'forbidden', message: expect.stringContaining('--compliance-output') },
    })
  } finally {
    await bare.stop()
  }
})

test('[CP53] an adapter is a built-in one with whole paths and a folder of its own', async () => {
  const set = (more: object) =>
    officer.code('compliance.setAdapter', {
      ...{ name: 'books', type: 'xml', outputDirectory: '/var/lib/books' },
      ...more,
    } as never)
  expect(await set({})).toBe('ok')
  const { adapters } = await officer.call('compliance.get', {})
  expect(adapters).toEqual([
    {
      ...{ name: 'books', type: 'xml', outputDirectory: '/var/lib/books', runIntervalSeconds: 900, custom: [] },
      ...{ oneRoomPerFile: false, roomDetails: false, userDetails: false, attachmentsManifest: false },
    },
  ])
  for (const wrong of [
    { type: '/tmp/evil.mjs' },
    { type: 'toString' },
    { outputDirectory: 'books' },
    { outputDirectory: '/var/../etc' },
    { outputDirectory: '/' },
    { transformation: 'a.xslt' },
    { runIntervalSeconds: 59 },
    { runIntervalSeconds: 2_592_001 },
    { name: '../x' },
    { name: '' },
    { custom: { a: 'b' } },
    { custom: [{ name: 'a', value: 1 }] },
  ])
    expect(await set(wrong), JSON.stringify(wrong)).toBe('invalid_argument')
  expect(await set({ name: 'other' })).toBe('conflict')
  expect((await officer.call('compliance.get', {})).adapters).toEqual(adapters)
  expect(
    await set({ type: 'mail', custom: [{ name: 'to', value: 'archive@example.com' }], oneRoomPerFile: true }),
  ).toBe('ok')
  expect((await officer.call('compliance.get', {})).adapters).toMatchObject([
    { type: 'mail', oneRoomPerFile: true, custom: [{ name: 'to', value: 'archive@example.com' }] },
  ])
  expect(await officer.code('compliance.removeAdapter', { name: 'none' })).toBe('not_found')
  expect(await officer.code('compliance.removeAdapter', { name: 'books' })).toBe('ok')
  expect((await officer.call('compliance.get', {})).adapters).toEqual([])
})

test('[CP55] a process that others took for dead, and lives, records again who is there', async () => {
  await officer.call('compliance.update', { recording: true })
  const room = await openRoomFor(site, [ann])
  const hers = await ann.open()
  await hers.call('room.join', { room: room.id })
  // As another server does it, that finds this one's beats too old.
  const { rows } = await site.db.query<{ n: number }>(
    'WITH gone AS (DELETE FROM attendance WHERE principal = $1 RETURNING live) SELECT count(*) AS n FROM gone',
    [ann.me.id],
  )
  expect(rows[0]!.n).toBe(1)
  await eventually('join', data => names(room.id)(data) && data.how === 'still there')
  await sleep(600)
  expect((await recorded('join')).filter(names(room.id)).map(({ how }) => how)).toEqual(['room.join', 'still there'])
  await hers.close()
  expect(await eventually('part', names(room.id))).toMatchObject({ why: 'ended' })
})

test('[CP56] /readyz and the metrics say that compliance is behind, and that the outbox is full', async () => {
  const notes = async () => ((await (await fetch(`${site.url}/readyz`)).json()) as { notes: string[] }).notes
  const metric = async (name: string) =>
    new RegExp(`^${name} (.*)$`, 'm').exec(await (await fetch(`${site.url}/metrics`)).text())?.[1]
  await officer.call('compliance.update', { recording: true, maxRows: 1_000 })
  await vi.waitFor(async () => expect(await metric('pchat_compliance_backlog_events')).not.toBe('0'), 5_000)
  expect(await notes()).toEqual([])
  const fill = (n: number) =>
    site.db.query("INSERT INTO outbox (at, kind, data) SELECT now(), 'change', '{}' FROM generate_series(1, $1)", [n])
  await fill(600)
  await vi.waitFor(async () => expect(await notes()).toEqual(['compliance behind']), 5_000)
  await fill(600)
  await vi.waitFor(async () => expect(await notes()).toEqual(['compliance outbox full']), 5_000)
  expect(await metric('pchat_compliance_full')).toBe('1')
  expect(Number(await metric('pchat_compliance_backlog_events'))).toBe(1_001)
  expect(Number(await metric('pchat_compliance_backlog_age_seconds'))).toBeGreaterThan(0)
  // Officers are answered all the same, and make it wait for less.
  await officer.call('compliance.update', { maxRows: 1_000_000 })
  await vi.waitFor(async () => expect(await notes()).toEqual([]), 5_000)
})
