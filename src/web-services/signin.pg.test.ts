import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPeople, password } from '../../test/people.ts'
import { tokenOfUpgrade } from '../chat/credential.ts'
import { callerOfToken } from '../chat/session.ts'
import { beginSetup } from '../chat/setup.ts'
import { errorCodes, Refusal } from '../protocol/error.ts'
import { addSignIn, callerOfRequest } from './signin.ts'

let people: Awaited<ReturnType<typeof openPeople>>
let secure: FastifyInstance
let loopback: FastifyInstance

function openApp(isSecure: boolean): FastifyInstance {
  const app = Fastify()
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof Refusal) return reply.code(errorCodes[error.code].status).send({ error: error.toWire() })
    throw error
  })
  addSignIn(app, people.chat, { secure: isSecure })
  app.route({
    method: ['GET', 'POST'],
    url: '/who',
    handler: async request => (await callerOfRequest(people.chat, request)) ?? {},
  })
  return app
}

type Sent = { headers?: Record<string, string>; body?: object; app?: FastifyInstance }
async function send(method: 'GET' | 'POST', url: string, { headers = {}, body, app = secure }: Sent = {}) {
  const answer = await app.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body }) })
  return { status: answer.statusCode, body: answer.json(), cookie: String(answer.headers['set-cookie'] ?? '') }
}

beforeAll(async () => {
  people = await openPeople()
  secure = openApp(true)
  loopback = openApp(false)
})
afterAll(async () => {
  await Promise.all([secure.close(), loopback.close()])
  await people.close()
})

const admin = { user: 'ada@example.com', password }
const pair = (setCookie: string) => setCookie.split(';')[0]!

test('[SI8] the set-up page learns whether it is needed, and is signed in when it is done', async () => {
  expect((await send('GET', '/web/setup')).body).toEqual({ needed: true })
  const token = await beginSetup(people.chat)
  const body = { token, displayName: 'Ada', ...admin }
  expect((await send('POST', '/web/setup', { body: { ...body, extra: 1 } })).body.error.code).toBe('invalid_argument')
  expect((await send('POST', '/web/setup', { body: { ...body, displayName: 'a\u0000' } })).body.error.message).toMatch(
    /displayName/,
  )
  const done = await send('POST', '/web/setup', { body })
  expect(done).toMatchObject({ status: 200, body: { me: { administrator: true } } })
  expect((await send('GET', '/web/session', { headers: { cookie: pair(done.cookie) } })).body).toEqual(done.body)
  expect((await send('GET', '/web/setup')).body).toEqual({ needed: false })
})

test('[SI10] a browser signs in for a cookie that scripts and other sites cannot use', async () => {
  const overTls = await send('POST', '/web/signin', { body: admin })
  expect(overTls.cookie).toMatch(
    /^__Host-pchat=[\w-]{43}; Secure; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/,
  )
  const plain = await send('POST', '/web/signin', { body: admin, app: loopback })
  expect(plain.cookie).toMatch(/^pchat=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/)
  for (const [host, status] of [
    ['localhost:8080', 200],
    ['127.0.0.1', 200],
    ['[::1]:1', 200],
    ['chat.example.com', 401],
    ['localhost.evil.com', 401],
  ] as const)
    expect((await send('GET', '/web/session', { headers: { cookie: pair(plain.cookie), host } })).status, host).toBe(
      status,
    )
  const foreign = await send('POST', '/web/signin', {
    body: admin,
    headers: { origin: 'https://evil.example', host: 'chat.example.com' },
  })
  expect(foreign).toMatchObject({ status: 403, cookie: '' })
  const wrong = await send('POST', '/web/signin', { body: { ...admin, password: 'wrong' } })
  expect(wrong).toMatchObject({ status: 401, cookie: '' })
  expect((await send('POST', '/web/signin', { body: { user: 1 } })).status).toBe(400)
})

test('[SI10] with a cookie whatever may change something needs the CSRF header; with a bearer token nothing does', async () => {
  const { cookie, body } = await send('POST', '/web/signin', { body: admin })
  const asked = (method: 'GET' | 'POST', headers: Record<string, string>) => send(method, '/who', { headers })
  expect((await asked('GET', { cookie: pair(cookie) })).body.user.name).toBe('ada@example.com')
  for (const csrf of [{} as Record<string, string>, { 'x-pchat-csrf': '' }, { 'x-pchat-csrf': `${body.csrf}x` }])
    expect((await asked('POST', { cookie: pair(cookie), ...csrf })).status).toBe(403)
  expect((await asked('POST', { cookie: pair(cookie), 'x-pchat-csrf': body.csrf })).body.user).toBeDefined()
  const token = pair(cookie).split('=')[1]!
  expect(body.csrf).not.toContain(token)
  expect((await asked('POST', { authorization: `Bearer ${token}` })).body.user).toBeDefined()
  for (const authorization of ['Bearer x', 'Basic eDp5', 'Bearer'])
    expect((await asked('GET', { authorization, cookie: pair(cookie) })).body, authorization).toEqual({})
})

test('[SI10] a WebSocket takes the cookie from our own pages only', async () => {
  const { cookie } = await send('POST', '/web/signin', { body: admin })
  const upgrade = async (headers: Record<string, string>) => {
    const token = tokenOfUpgrade({ method: 'GET', headers: { host: 'chat.example.com:8443', ...headers } })
    return token === undefined ? undefined : callerOfToken(people.chat, token, '::1')
  }
  const ours = { cookie: pair(cookie), origin: 'https://chat.example.com:8443' }
  expect((await upgrade(ours))?.user.name).toBe('ada@example.com')
  for (const origin of ['https://evil.example', 'https://chat.example.com', 'null', ''])
    await expect(upgrade({ ...ours, origin }), origin).rejects.toMatchObject({ code: 'forbidden' })
  await expect(upgrade({ cookie: pair(cookie) })).rejects.toMatchObject({ code: 'forbidden' })
  expect(await upgrade({})).toBeUndefined()
  expect(await upgrade({ authorization: `Bearer ${pair(cookie).split('=')[1]}` })).toBeDefined()
})

test('[SI10] signing out ends the session and takes the cookie away', async () => {
  const { cookie, body } = await send('POST', '/web/signin', { body: admin })
  const headers = { cookie: pair(cookie), 'x-pchat-csrf': body.csrf }
  expect((await send('POST', '/web/signout', { headers: { cookie: pair(cookie) } })).status).toBe(403)
  const out = await send('POST', '/web/signout', { headers })
  expect(out).toMatchObject({ status: 200, body: {} })
  expect(out.cookie).toMatch(/^__Host-pchat=; Secure; Path=\/; Max-Age=0;/)
  expect((await send('GET', '/web/session', { headers })).status).toBe(401)
  expect((await send('POST', '/web/signout', { headers })).status).toBe(200)
})

test('[SI11] an address that asks too often is refused on these routes too', async () => {
  const { settings } = people.chat
  people.chat.settings = { ...settings, addressRequestsPerSecond: 0.001, addressRequestBurst: 2 }
  const statuses = []
  for (let n = 0; n < 3; n += 1)
    statuses.push((await loopback.inject({ url: '/web/setup', remoteAddress: '203.0.113.9' })).statusCode)
  people.chat.settings = settings
  expect(statuses).toEqual([200, 200, 429])
})
