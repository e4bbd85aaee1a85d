import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSite, type Site } from './harness.ts'

let site: Site
beforeAll(async () => {
  site = await openSite()
}, 60_000)
afterAll(() => site.stop())

const today = () => new Date().toISOString().slice(0, 10)

test('[MN14] an administrator learns who posts where, rooms without history among them, and reads no message', async () => {
  const alice = await site.addUser('alice@example.com')
  const [kept, passing] = [
    await site.addCategory({ allowedMembers: ['example.com'] }),
    await site.addCategory({ allowedMembers: ['example.com'], chatHistory: false }),
  ]
  const members = ['alice@example.com']
  const [desk, ticker, quiet] = [
    await site.addRoom({ name: 'Desk', category: kept.id, members }),
    await site.addRoom({ name: 'Ticker', category: passing.id, members }),
    await site.addRoom({ name: 'Quiet', category: kept.id, members }),
  ]
  const post = (room: string) =>
    alice.call('message.post', { room, clientId: randomUUID(), text: 'what nobody else may read' })
  for (const room of [desk, ticker, ticker]) await post(room.id)
  await site.admin.call('message.remove', { room: desk.id, seq: 1 })
  const { report } = await site.admin.call('usage.report', { from: today(), inactiveSince: '2020-01-01' })
  expect(report.period).toEqual({ messages: 3, activeRooms: 2, activeUsers: 1 })
  expect(report.rooms.mostActive.map(one => [one.room.name, one.messages])).toEqual([
    ['Ticker', 2],
    ['Desk', 1],
  ])
  expect(report.rooms.leastActive[0]).toMatchObject({ room: { id: quiet.id }, messages: 0 })
  expect(report.users.mostActive).toMatchObject([{ principal: { name: 'alice@example.com' }, messages: 3 }])
  expect(report.totals).toMatchObject({ messages: 3, rooms: { enabled: 3, disabled: 0 }, files: 0, storedBytes: 0 })
  expect(report.rooms.inactive).toEqual({ count: 0, longest: [] })
  expect(JSON.stringify(report)).not.toContain('nobody else')
})

test('[MN14] who neither posted nor asked anything since a day is told, with his last sign-in', async () => {
  await site.addUser('idle@example.com')
  await site.db.query("UPDATE principal SET created_at = '2019-01-01' WHERE name = 'idle@example.com'")
  await site.db.query(
    "DELETE FROM session WHERE principal = (SELECT id FROM principal WHERE name = 'idle@example.com')",
  )
  const inactive = async () => {
    const { report } = await site.admin.call('usage.report', { inactiveSince: '2021-01-01' })
    return report.users.inactive
  }
  await site.db.query('DELETE FROM sign_in')
  expect(await inactive()).toMatchObject({
    count: 1,
    longest: [{ principal: { name: 'idle@example.com' }, lastPostDay: null, lastSignInAt: null }],
  })
  const sign = (at: string) =>
    site.db.query(
      "INSERT INTO sign_in (at, principal, address, method, outcome) SELECT $1, id, '::1', 'password', 'ok' FROM principal WHERE name = 'idle@example.com'",
      [at],
    )
  await sign('2020-05-05T10:00:00Z')
  expect(await inactive()).toMatchObject({ count: 1, longest: [{ lastSignInAt: '2020-05-05T10:00:00.000Z' }] })
  await sign('2021-05-05T10:00:00Z')
  expect(await inactive()).toEqual({ count: 0, longest: [] })
})

test('[MN14] only administrators ask, for days that there are, of a period that is not too long, one report at a time', async () => {
  const carol = await site.addUser('carol@example.com')
  expect(await carol.code('usage.report', {})).toBe('forbidden')
  const ask = (input: { from?: string; until?: string; inactiveSince?: string }) =>
    site.admin.ask('usage.report', input)
  const bad = [
    { from: '2026-02-31' },
    { from: '2026-02-01', until: '2026-01-01' },
    { from: '2010-01-01', until: '2026-01-01' },
    { inactiveSince: 'yesterday' },
    { from: '0000-01-01' },
    { until: '2026-01-01Tnonsense' },
  ]
  for (const input of bad) expect((await ask(input)).error?.code, JSON.stringify(input)).toBe('invalid_argument')
  const ofInstant = (await ask({ from: '2026-01-01T23:30:00-02:00', until: '2026-01-03' })).result
  expect(ofInstant?.report).toMatchObject({ from: '2026-01-02', until: '2026-01-03' })
  const codes = (await Promise.all(Array.from({ length: 8 }, () => ask({})))).map(answer => answer.error?.code ?? 'ok')
  expect(codes).toContain('ok')
  expect(codes.filter(code => code !== 'ok' && code !== 'rate_limited')).toEqual([])
  expect((await ask({})).error).toBeUndefined()
})

test('[MN10] a server counts by itself', async () => {
  await expect
    .poll(async () => (await site.db.query('SELECT FROM usage_day')).rowCount, { timeout: 30_000 })
    .toBeGreaterThanOrEqual(28)
  const { report } = await site.admin.call('usage.report', {})
  expect(report.counting).toBe(false)
})
