import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { type AddinPort, type AddinRequests, type BridgeOptions, openBridge } from './addin-bridge.ts'

const post = { room: 'r', text: 'hello', format: 'plain', alert: false } as const
const waitMs = 300
const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** A page at the other end of a real port. */
function openPage(requests: Partial<AddinRequests> = {}, more: Partial<BridgeOptions> = {}) {
  const { port1, port2 } = new MessageChannel()
  const heard: { type: string; id?: unknown; [more: string]: unknown }[] = []
  port2.onmessage = ({ data }) => heard.push(data)
  const none = async () => ({})
  const bridge = openBridge(
    port1 as unknown as AddinPort,
    { history: none, post: none, ...requests },
    { judges: true, waitMs, ...more },
  )
  ends.push(
    () => bridge.close(),
    () => port2.close(),
  )
  const hears = async (type: string, nth = 0) => {
    for (;;) {
      const found = heard.filter(one => one.type === type)[nth]
      if (found) return found
      await sleep(2)
    }
  }
  return { bridge, heard, hears, say: (message: unknown) => port2.postMessage(message) }
}

test('[CF32] a post is passed, replaced or held back as the page says, each by its own verdict', async () => {
  const { bridge, hears, say } = openPage({}, { waitMs: 20_000 })
  const judged = [1, 2, 3].map(n => bridge.judge({ ...post, text: `post ${n}` }))
  const asked = [await hears('outgoing', 0), await hears('outgoing', 1), await hears('outgoing', 2)]
  expect(asked[1]).toEqual({
    type: 'outgoing',
    id: asked[1]!.id,
    post: { text: 'post 2', format: 'plain', alert: false },
  })
  say({ type: 'verdict', id: asked[2]!.id, verdict: 'Canceled', reason: 'no' })
  say({ type: 'verdict', id: asked[1]!.id, verdict: 'Replaced', text: 'other', alert: true, room: 'elsewhere' })
  say({ type: 'verdict', id: asked[0]!.id, verdict: 'Passed' })
  expect(await Promise.all(judged)).toEqual([
    { verdict: 'Passed' },
    { verdict: 'Replaced', change: { text: 'other', alert: true } },
    { verdict: 'Canceled', reason: 'no' },
  ])
})

test('[CF33] without a verdict that can be understood the post is passed after the time, and at once where the page goes', async () => {
  const { bridge, hears, say } = openPage()
  const startedAt = performance.now()
  const judged = bridge.judge(post)
  const { id } = await hears('outgoing')
  const senseless: unknown[] = [null, 'Passed', 7, [], { type: 'verdict' }, { type: 'verdict', id, verdict: 'passed' }]
  for (const said of [
    ...senseless,
    { type: 'verdict', id, verdict: 'Replaced' },
    { type: 'verdict', id, verdict: 'Replaced', text: '  ' },
    { type: 'verdict', id: 99, verdict: 'Canceled' },
    { type: 'verdict', id: String(id), verdict: 'Canceled' },
  ])
    say(said)
  expect(await judged).toEqual({ verdict: 'Passed' })
  expect(performance.now() - startedAt).toBeGreaterThan(waitMs - 20)
  // What comes later says nothing any more.
  say({ type: 'verdict', id, verdict: 'Canceled' })
  const again = bridge.judge(post)
  await hears('outgoing', 1)
  bridge.close()
  expect(await again).toEqual({ verdict: 'Passed' })
})

test('[CF34] the page asks for history and posts by its user, gets refusals as they are, and no more than eight answers at a time', async () => {
  const asked: object[] = []
  let answer = () => {}
  const wait = new Promise<void>(resolve => {
    answer = resolve
  })
  const { say, heard, hears } = openPage({
    history: async range => {
      asked.push(range)
      await wait
      return { messages: [] }
    },
    post: async content => {
      if (content.text === '') throw Object.assign(new Error('The text is blank.'), { code: 'invalid_argument' })
      return { seq: 7, content }
    },
  })
  say({
    type: 'post',
    id: 'a',
    text: 'hi',
    format: 'markdown',
    alert: true,
    title: 't',
    room: 'elsewhere',
    clientId: 'x',
  })
  expect((await hears('answer')).result).toEqual({
    seq: 7,
    content: { text: 'hi', format: 'markdown', alert: true, title: 't' },
  })
  say({ type: 'post', id: 'b', text: { not: 'text' } })
  expect(await hears('answer', 1)).toEqual({
    type: 'answer',
    id: 'b',
    error: { code: 'invalid_argument', message: 'The text is blank.' },
  })
  for (let n = 0; n < 10; n += 1) say({ type: 'history', id: n, before: 5, limit: 'many' })
  await hears('answer', 3)
  expect(heard.slice(2).map(one => (one.error as { code: string }).code)).toEqual(['rate_limited', 'rate_limited'])
  answer()
  await hears('answer', 11)
  expect(asked).toEqual(Array.from({ length: 8 }, () => ({ before: 5 })))
})

test('[CF32] a page that wants no say is not asked', async () => {
  const { bridge, heard } = openPage({}, { judges: false })
  expect(await bridge.judge(post)).toEqual({ verdict: 'Passed' })
  await sleep(20)
  expect(heard).toEqual([])
})

test('[CF35] a page that may be another one is given up when it does not answer, not where it speaks or nothing was loaded', async () => {
  const lost: string[] = []
  const { bridge, say, hears } = openPage({}, { onLost: () => void lost.push('lost'), waitMs: 30 })
  await bridge.judge(post)
  bridge.suspect()
  say({ type: 'history', id: 1 })
  await hears('answer')
  await bridge.judge(post)
  expect(lost).toEqual([])
  bridge.suspect()
  await bridge.judge(post)
  expect(lost).toEqual(['lost'])
})

test('[CF42] a page that was loaded once more is in doubt at once, whether it wants a say or not, until it speaks', async () => {
  for (const judges of [true, false]) {
    const doubts: boolean[] = []
    const { bridge, say, hears } = openPage({}, { judges, onDoubt: isDoubtful => void doubts.push(isDoubtful) })
    say({ type: 'history', id: 1 })
    await hears('answer')
    expect(doubts).toEqual([])
    bridge.suspect()
    expect(doubts).toEqual([true])
    say({ type: 'history', id: 2 })
    await hears('answer', 1)
    expect(doubts).toEqual([true, false])
  }
})
