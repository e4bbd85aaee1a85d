import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PoolSettings } from '../src/protocol/settings-verbs.ts'
import { defaultSettings } from '../src/store/settings.ts'
import type { Answer } from './ask-http.ts'
import { openStage, pause, type Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage({ limits: {} })
})
afterAll(() => stage.stop())

/** Sets some limits, the others to their defaults, for what follows. */
async function limit(settings: Partial<PoolSettings>) {
  const { domain: _, ...defaults } = defaultSettings
  // Over a trusted address first: the limits must not stop their own change.
  await stage.admin.call('settings.update', { settings: { ...defaults, ...settings } })
}

const post = (room: string) => ({ room, clientId: randomUUID(), text: 'hello' })
const times = (n: number) => Array.from({ length: n }, (_, i) => i)
const codes = (answers: Answer<'message.post'>[]) => answers.map(answer => answer.error?.code ?? 'ok')

test('[RL1] a session may post a burst, then at the rate of the settings; beyond is rate_limited with the time to wait', async () => {
  const room = await stage.room()
  await limit({ postsPerSecond: 20, postBurst: 5 })
  const live = await stage.alice.open()
  const answers = await Promise.all(times(7).map(() => live.ask('message.post', post(room.id))))
  expect(codes(answers)).toEqual([...Array(5).fill('ok'), 'rate_limited', 'rate_limited'])
  const { retryAfterMs } = answers[5]!.error!
  expect(retryAfterMs).toBeGreaterThan(0)
  expect(retryAfterMs).toBeLessThanOrEqual(50)
  // Other requests, and other sessions, have limits of their own.
  expect(await live.code('message.list', { room: room.id })).toBe('ok')
  const other = await stage.alice.open()
  expect(await other.code('message.post', post(room.id))).toBe('ok')
  await pause(retryAfterMs! + 20)
  expect(await live.code('message.post', post(room.id))).toBe('ok')
  expect((await live.call('message.list', { room: room.id })).lastSeq).toBe(7)
  await Promise.all([live.close(), other.close()])
})

test('[RL2] the default is 50 posts a second and a burst of 200', async () => {
  const room = await stage.room()
  await limit({})
  const live = await stage.bob.open()
  const answers = await Promise.all(times(230).map(() => live.ask('message.post', post(room.id))))
  expect(codes(answers.slice(0, 200))).toEqual(Array(200).fill('ok'))
  expect(codes(answers).filter(code => code === 'rate_limited').length).toBeGreaterThan(10)
  await live.close()
})

test('[RL3] a session has a limit over all its requests, posts among them', async () => {
  const room = await stage.room()
  // One of them is session.open.
  await limit({ requestsPerSecond: 1, requestBurst: 5 })
  const live = await stage.alice.open()
  const answers = await Promise.all([
    ...times(2).map(() => live.code('message.post', post(room.id))),
    ...times(3).map(() => live.code('message.list', { room: room.id })),
  ])
  expect(answers).toEqual(['ok', 'ok', 'ok', 'ok', 'rate_limited'])
  await live.close()
})

test('[RL4] at the HTTP door a sign-in has the same limits: 429 with Retry-After in seconds', async () => {
  const { alice, bob } = stage
  const room = await stage.room()
  await limit({ postsPerSecond: 0.4, postBurst: 2 })
  expect(await alice.code('message.post', post(room.id))).toBe('ok')
  expect(await alice.code('message.post', post(room.id))).toBe('ok')
  const response = await fetch(`${stage.url}/api/v1/message.post`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${alice.token}` },
    body: JSON.stringify(post(room.id)),
  })
  expect(response.status).toBe(429)
  const { error } = (await response.json()) as { error: { code: string; retryAfterMs: number } }
  expect(error).toMatchObject({ code: 'rate_limited', retryAfterMs: expect.any(Number) })
  expect(Number.isInteger(error.retryAfterMs)).toBe(true)
  expect(response.headers.get('retry-after')).toBe(String(Math.ceil(error.retryAfterMs / 1000)))
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(1)
  expect(await bob.code('message.post', post(room.id))).toBe('ok')
})

test('[RL5] an address has a limit over all its sessions and both doors, and trusted networks have none', async () => {
  const { alice } = stage
  const live = await alice.open()
  await limit({ addressRequestsPerSecond: 1, addressRequestBurst: 5 })
  const asked = async () => {
    const answers: string[] = []
    for (const _ of times(12)) answers.push(await alice.code('category.list', {}), await live.code('category.list', {}))
    return answers
  }
  const answers = await asked()
  expect(answers).toContain('ok')
  expect(answers.slice(-4)).toEqual(Array(4).fill('rate_limited'))
  // The limit holds for the administrator too: the store is asked past it.
  await stage.db.query(`UPDATE pool SET settings = settings || '{"trustedNetworks": ["127.0.0.0/8", "::1/128"]}'`)
  await stage.db.query("UPDATE stamp SET version = version + 1 WHERE kind = 'settings'")
  await expect.poll(() => alice.code('category.list', {}), { timeout: 5_000 }).toBe('ok')
  expect(new Set(await asked())).toContain('ok')
  const later = await alice.open()
  const free = await Promise.all(times(50).map(() => later.code('category.list', {})))
  expect(new Set(free)).toEqual(new Set(['ok']))
  await limit({ trustedNetworks: ['127.0.0.0/8', '::1/128'] })
  await Promise.all([live.close(), later.close()])
})

test('[RL6] no more requests are under way in one session than may come at once', async () => {
  await limit({ requestBurst: 10, trustedNetworks: ['127.0.0.0/8', '::1/128'] })
  const live = await stage.alice.open()
  const answers = await Promise.all(times(30).map(() => live.ask('category.list', {})))
  const refused = answers.flatMap(answer => answer.error ?? [])
  expect(answers.slice(0, 10).every(answer => answer.result)).toBe(true)
  expect(refused.length).toBeGreaterThan(0)
  for (const error of refused) expect(error).toMatchObject({ code: 'rate_limited', retryAfterMs: expect.any(Number) })
  expect(await live.code('category.list', {})).toBe('ok')
  await live.close()
})
