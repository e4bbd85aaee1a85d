import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { diagnose } from '../src/cli/test-diagnosis.ts'
import { setUp } from '../src/cli/test-setup.ts'
import { runTest, stepNames, type TestPlan } from '../src/cli/test-steps.ts'
import { openSite, password, type Site, signInAt } from './harness.ts'
import { runVerb } from './run-verb.ts'

vi.setConfig({ testTimeout: 120_000 })

let site: Site
let plan: TestPlan
beforeAll(async () => {
  site = await openSite()
  const people = { sender: { password: 'sender secret 1' }, receiver: { password: 'receiver secret 1' } }
  const { sender, receiver, room } = await setUp({ server: site.url, token: site.admin.token, ...people })
  plan = { server: site.url, sender, receiver, room, timeoutMs: 15_000 }
}, 60_000)
afterAll(() => site.stop())

const sessions = async () =>
  (await site.db.query("SELECT FROM session s JOIN principal p ON p.id = s.principal WHERE p.name LIKE 'pchat-test-%'"))
    .rowCount

test('[MN20] two test users sign in, join, post, hear, leave and sign out, each step with its time', async () => {
  const { steps, fault, room } = await runTest(plan)
  expect(fault).toBeUndefined()
  expect(steps.map(({ step }) => step)).toEqual([...stepNames])
  for (const { ms } of steps) expect(ms).toBeGreaterThan(0)
  expect(room?.name).toBe('Test message')
  expect(await sessions()).toBe(0)
  const { rows } = await site.db.query<{ text: string }>('SELECT text FROM message WHERE room = $1 ORDER BY seq', [
    room!.id,
  ])
  expect(rows.map(row => row.text)).toEqual(['pchat test message: first post', 'pchat test message: second post'])
})

test('[MN21] --setup makes what is missing, leaves what is there, and touches nobody else’s account', async () => {
  const again = await setUp({ server: site.url, token: site.admin.token, sender: {}, receiver: {} })
  expect(again.made).toEqual([])
  expect((await runTest({ ...plan, ...again })).fault).toBeUndefined()
  await site.addUser('alice@example.com')
  const { token } = await site.addUser('bob@example.com')
  const others = { server: site.url, sender: { name: 'alice@example.com', password: 'x' }, receiver: {} }
  await expect(setUp({ ...others, token: site.admin.token })).rejects.toThrow(/somebody's account/)
  await expect(setUp({ ...others, token })).rejects.toThrow(/no administrator/)
  await signInAt(site.url, 'alice@example.com')
  const first = { sender: { password: 'sender secret 1' }, receiver: { password: 'receiver secret 1' } }
  await setUp({ server: site.url, token: site.admin.token, ...first })
})

type Case = {
  what: string
  before?: () => Promise<unknown>
  after?: () => Promise<unknown>
  plan?: Partial<TestPlan>
  fault: object
  says: RegExp
}
const admin = () => site.admin
const sender = 'pchat-test-sender@example.com'
const room = async () => (await admin().call('room.find', { text: 'Test message' })).rooms[0]!.id
const update = async (change: object) => admin().call('room.update', { room: await room(), ...change })
const cases: Case[] = [
  {
    what: 'a wrong password',
    plan: { sender: { name: sender, password: 'wrong' } },
    fault: { step: 'sender signs in', code: 'unauthenticated', who: sender },
    says: /password is another/,
  },
  {
    what: 'no policy',
    before: () => admin().call('policy.grant', { scope: sender, enabled: false }),
    after: () => admin().call('policy.grant', { scope: sender, enabled: null }),
    fault: { step: 'sender signs in', code: 'policy_missing' },
    says: /policy is missing/,
  },
  {
    what: 'no room',
    plan: { room: 'Nowhere' },
    fault: { step: 'sender joins', code: 'no_room' },
    says: /No room "Nowhere"/,
  },
  {
    what: 'no member',
    before: () => update({ members: { remove: ['pchat-test-receiver@example.com'] } }),
    after: () => update({ members: { add: ['pchat-test-receiver@example.com'] } }),
    fault: { step: 'receiver joins', code: 'forbidden', who: 'pchat-test-receiver@example.com' },
    says: /no member of the room/,
  },
  {
    what: 'an auditorium',
    before: () => update({ type: 'auditorium' }),
    after: () => update({ type: 'normal' }),
    fault: { step: 'first post is acknowledged', code: 'forbidden' },
    says: /only presenters/,
  },
  {
    what: 'a disabled room',
    before: () => update({ disabled: true }),
    after: () => update({ disabled: false }),
    fault: { step: 'sender joins' },
    says: /No room|disabled/,
  },
  {
    what: 'a token that ended',
    plan: { sender: { name: 'bot', token: 'ended' } },
    fault: { step: 'sender connects', code: 'unauthenticated' },
    says: /bot.issueToken/,
  },
]

test.each(cases)('[MN22] $what is told with its step, its code and what to do', async one => {
  await one.before?.()
  onTestFinished(async () => void (await one.after?.()))
  const { fault } = await runTest({ ...plan, ...one.plan })
  expect(fault).toMatchObject(one.fault)
  expect(diagnose(fault!, one.plan?.room ?? plan.room)).toMatch(one.says)
  expect(await sessions()).toBe(0)
})

async function listen(answer: (path: string) => string | undefined): Promise<string> {
  const server = createServer((request, response) => {
    const body = answer(request.url ?? '')
    if (body !== undefined) response.end(body)
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('[MN22] a server out of reach, one that says nothing, another program, and no TLS are told apart', async () => {
  const code = async (server: string, timeoutMs = 5_000) => {
    const { fault } = await runTest({ ...plan, server, timeoutMs })
    expect(diagnose(fault!, 'x')).not.toContain('docs/errors.md')
    return fault!.code
  }
  expect(await code('http://127.0.0.1:9')).toBe('unreachable')
  expect(await code('http://no-such-host.invalid')).toBe('unknown_host')
  expect(await code(await listen(() => undefined), 300)).toBe('timeout')
  expect(await code(await listen(() => '<html>'))).toBe('not_ours')
  expect(await code(site.url.replace('http:', 'https:'))).toBe('no_tls')
  // Ready, and then silent: the client would try for ever.
  const silent = await listen(path => (path === '/readyz' ? '{"status":"ready","notes":[]}' : undefined))
  const beganAt = performance.now()
  expect(await code(silent, 500)).toBe('timeout')
  expect(performance.now() - beganAt).toBeLessThan(6_000)
})

test('[MN23] the program says Success on its first line and ends with 0, 1 where it was slow, 2 where it failed', async () => {
  const env = { PCHAT_TEST_SENDER_PASSWORD: 'sender secret 1', PCHAT_TEST_RECEIVER_PASSWORD: 'receiver secret 1' }
  const args = [
    'test',
    'message',
    '--server',
    site.url,
    '--sender',
    sender,
    '--receiver',
    'pchat-test-receiver@example.com',
  ]
  const fine = await runVerb(args, env)
  expect(fine).toMatchObject({ code: 0, said: '' })
  expect(fine.out).toMatch(/^Success: two posts arrived in \S+ and \S+ ms \| latency=\S+s post1=\S+s post2=\S+s\n/)
  const slow = await runVerb([...args, '--warn', '0.000001', '--json'], env)
  expect(slow.code).toBe(1)
  expect(JSON.parse(slow.out)).toMatchObject({
    result: 'Success',
    slow: true,
    postMs: [expect.any(Number), expect.any(Number)],
  })
  const failed = await runVerb([...args, '--room', 'Nowhere', '--json'], env)
  expect(failed.code).toBe(2)
  expect(JSON.parse(failed.out)).toMatchObject({
    result: 'Failure',
    error: { code: 'no_room' },
    diagnosis: expect.any(String),
  })
  const unset = await runVerb(args, { PCHAT_TEST_SENDER_PASSWORD: '', PCHAT_TEST_RECEIVER_PASSWORD: '' })
  expect(unset).toMatchObject({ code: 2, out: expect.stringContaining('has no password here') })
  const clear = await runVerb(['test', 'message', '--server', 'http://chat.example.com'])
  expect(clear).toMatchObject({ code: 2, said: expect.stringContaining('Without TLS') })
})

test('[MN21] the program sets up with the token of an administrator', async () => {
  const args = ['test', 'message', '--server', site.url, '--setup', '--room', 'Another', '--json']
  const ran = await runVerb(args, { PCHAT_TOKEN: site.admin.token })
  expect(ran.code).toBe(0)
  expect(JSON.parse(ran.out)).toMatchObject({ result: 'Success', made: ['room Another'], room: { name: 'Another' } })
  expect(ran.out).not.toContain(password)
})
