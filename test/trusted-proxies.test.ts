import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { openSite, password, type Site } from './harness.ts'

let site: Site
/** On the same store: trusts nobody. */
let plain: string
/** Trusts a network that nobody comes from. */
let distant: string
beforeAll(async () => {
  site = await openSite({ trustedProxies: '127.0.0.1, 10.9.0.0/16' })
  plain = (await site.another({ trustedProxies: undefined })).url
  distant = (await site.another({ trustedProxies: '10.9.0.0/16' })).url
})
afterAll(() => site.stop())

async function ask(forwarded: string | undefined, { url = site.url, secret = password } = {}) {
  const answer = await fetch(`${url}/api/v1/session.signIn`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }),
    },
    body: JSON.stringify({ user: 'admin@example.com', password: secret }),
  })
  return ((await answer.json()) as { error?: { code: string; message: string } }).error
}

/** Where the newest sign-in came from, as officers read it. */
async function seen(): Promise<string | undefined> {
  const { rows } = await site.db.query<{ address: string }>(
    'SELECT address FROM session ORDER BY created_at DESC LIMIT 1',
  )
  return rows[0]?.address
}

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8::7', '2001:db8::7'],
  ['198.51.100.1, 192.0.2.8', '192.0.2.8'],
  ['198.51.100.1, 192.0.2.9, 10.9.3.4', '192.0.2.9'],
  ['nonsense, 192.0.2.10', '192.0.2.10'],
  [undefined, '127.0.0.1'],
])(
  '[RL9] a trusted proxy says who asks: X-Forwarded-For %s is %s, and nothing before that counts',
  async (sent, address) => {
    expect(await ask(sent)).toBeUndefined()
    expect(await seen()).toBe(address)
  },
)

test('[RL9] of anybody else the header means nothing', async () => {
  for (const url of [plain, distant]) {
    expect(await ask('192.0.2.7', { url })).toBeUndefined()
    expect(await seen()).toBe('127.0.0.1')
  }
})

test('[RL9] a trusted proxy that names no address is refused, over HTTP and at the WebSocket', async () => {
  for (const sent of ['192.0.2.7:5678', 'unknown', '192.0.2.7, _hidden']) {
    const refusal = await ask(sent)
    expect(refusal, sent).toMatchObject({ code: 'invalid_argument' })
    expect(refusal?.message).toMatch(/X-Forwarded-For/)
    const socket = new WebSocket(`${site.url.replace('http', 'ws')}/ws`, { headers: { 'x-forwarded-for': sent } })
    const status = await new Promise(resolve => {
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode)).on('error', () => {})
      socket.on('open', () => resolve('open'))
    })
    expect(status, sent).toBe(400)
  }
})

test('[RL9] the limits of addresses hold for who asks, and not for the proxy', async () => {
  await site.admin.call('settings.update', {
    settings: { addressRequestsPerSecond: 1, addressRequestBurst: 3, trustedNetworks: [] },
  })
  const codes: string[] = []
  for (let n = 0; n < 6; n += 1) codes.push((await ask('203.0.113.1'))?.code ?? 'ok')
  expect(codes.slice(0, 3)).toEqual(['ok', 'ok', 'ok'])
  expect(codes.at(-1)).toBe('rate_limited')
  expect(await ask('203.0.113.2')).toBeUndefined()
  const open = (address: string) =>
    new Promise(resolve => {
      const socket = new WebSocket(`${site.url.replace('http', 'ws')}/ws`, { headers: { 'x-forwarded-for': address } })
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode)).on('error', () => {})
      socket.on('open', () => {
        socket.close()
        resolve('open')
      })
    })
  expect(await open('203.0.113.1')).toBe(429)
  expect(await open('203.0.113.3')).toBe('open')
})
