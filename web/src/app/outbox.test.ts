import { beforeEach, expect, test } from 'vitest'
import { createOutbox, type WaitingPost } from './outbox.ts'
import { beginPage } from './page-life.ts'
import type { Verdict } from './post-verdict.ts'

const stored = new Map<string, string>()
Object.defineProperty(globalThis, 'localStorage', {
  configurable: true,
  value: {
    get length() {
      return stored.size
    },
    key: (index: number) => [...stored.keys()][index] ?? null,
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  },
})
beforeEach(() => stored.clear())

const content = { room: 'room', text: 'text', format: 'plain', alert: false } as const
const settled = () => new Promise(resolve => setTimeout(resolve, 5))

test('[WC4] what was not answered is sent again by the next page, under the same client id', async () => {
  createOutbox('me', () => new Promise(() => {})).post(content)
  const sent: WaitingPost[] = []
  const next = createOutbox('me', async post => {
    sent.push(post)
    return { seq: 7 }
  })
  next.resume()
  await settled()
  expect(sent).toHaveLength(1)
  expect(next.posts.get()).toMatchObject([{ clientId: sent[0]?.clientId, state: 'sent', seq: 7 }])
  expect(stored.size).toBe(0)
})

test('[WC4] posts of a room are sent one after the other, in the order of writing', async () => {
  const order: string[] = []
  let answer = (_: { seq: number }) => {}
  const outbox = createOutbox('me', post => {
    order.push(post.text)
    return new Promise(resolve => {
      answer = resolve
    })
  })
  outbox.post({ ...content, text: 'one' })
  outbox.post({ ...content, text: 'two' })
  await settled()
  expect(order).toEqual(['one'])
  answer({ seq: 1 })
  await settled()
  expect(order).toEqual(['one', 'two'])
})

test('[WC6] a refused post is kept with its reason until it is dismissed', async () => {
  let refuses = true
  const outbox = createOutbox('me', async () => {
    if (refuses) throw Object.assign(new Error('too long'), { code: 'too_large' })
    return { seq: 1 }
  })
  const { clientId } = outbox.post(content)
  await settled()
  expect(outbox.posts.get()).toMatchObject([{ state: 'refused', fault: { sentence: 'too long' } }])
  expect(stored.size).toBe(1)
  refuses = false
  outbox.retry(clientId)
  await settled()
  expect(outbox.posts.get()).toMatchObject([{ clientId, state: 'sent' }])
})

test('[WC4] what waited longer than the server remembers client ids is not sent, since it could be doubled', async () => {
  const createdAt = new Date(Date.now() - 30 * 86_400_000).toISOString()
  stored.set('pchat.post.me.old', JSON.stringify({ ...content, clientId: 'old', createdAt, state: 'waiting' }))
  let sends = 0
  const outbox = createOutbox('me', async () => ({ seq: ++sends }))
  outbox.resume()
  await settled()
  expect(sends).toBe(0)
  expect(outbox.posts.get()).toMatchObject([{ clientId: 'old', state: 'refused' }])
})

test('[CF32] what an add-in replaces is sent replaced, also by the next page; what it holds back keeps its text and reason', async () => {
  const sent: WaitingPost[] = []
  const verdicts: Verdict[] = [
    { verdict: 'Replaced', change: { text: 'other', alert: true } },
    { verdict: 'Canceled', reason: 'not here' },
    { verdict: 'Passed' },
  ]
  const asked: string[] = []
  const outbox = createOutbox(
    'me',
    async post => {
      sent.push(post)
      // The first answer is lost.
      if (sent.length === 1) throw Object.assign(new Error('away'), { code: 'unavailable' })
      return { seq: sent.length }
    },
    async one => {
      asked.push(one.text)
      return verdicts.shift()!
    },
  )
  const [first, second] = [outbox.post(content), outbox.post({ ...content, text: 'secret' })]
  await settled()
  expect(outbox.posts.get()).toMatchObject([
    { clientId: first.clientId, text: 'other', state: 'waiting' },
    { clientId: second.clientId, text: 'secret', state: 'refused', fault: { code: 'client' } },
  ])
  expect(outbox.posts.get()[1]?.fault?.sentence).toContain('not here')
  const next = createOutbox(
    'me',
    async post => ({ seq: sent.push(post) }),
    () => Promise.reject(new Error('asked again')),
  )
  next.resume()
  await settled()
  expect(sent[1]).toMatchObject({ clientId: first.clientId, text: 'other', alert: true })
  // Tried again, it is asked about again.
  outbox.retry(second.clientId)
  await settled()
  expect(asked).toEqual(['text', 'secret', 'secret'])
  expect(sent.at(-1)).toMatchObject({ clientId: second.clientId, text: 'secret' })
})

test('[WC19] what another page has not sent yet is left to it while it lives, and sent once it is gone', async () => {
  const [first, second] = [beginPage(), beginPage()]
  let decide = (_: Verdict) => {}
  const judge = () =>
    new Promise<Verdict>(resolve => {
      decide = resolve
    })
  const sentByFirst: WaitingPost[] = []
  const one = createOutbox('me', async post => ({ seq: sentByFirst.push(post) }), judge, first)
  one.post(content)
  const sent: WaitingPost[] = []
  const next = createOutbox('me', async post => ({ seq: sent.push(post) }), undefined, second)
  next.resume()
  await settled()
  expect([sent, next.posts.get()]).toEqual([[], []])
  decide({ verdict: 'Canceled', reason: 'not here' })
  await settled()
  const waiting = one.post({ ...content, text: 'second' })
  await settled()
  first.close()
  await expect.poll(() => sent).toMatchObject([{ clientId: waiting.clientId, text: 'second' }])
  // What was held back stays so, and a page that is over changes nothing any more.
  expect(next.posts.get()).toMatchObject([{ state: 'refused' }, { text: 'second', state: 'sent' }])
  decide({ verdict: 'Replaced', change: { text: 'other' } })
  await settled()
  expect([sentByFirst, stored.size]).toEqual([[], 1])
  second.close()
})

test('[WC19] of several pages that are left one sends, and when that is gone too, the other', async () => {
  const pages = [beginPage(), beginPage(), beginPage()] as const
  const never = () => new Promise<never>(() => {})
  createOutbox('me', never, undefined, pages[0]).post(content)
  const [second, third] = [pages[1], pages[2]].map(page => createOutbox('me', never, undefined, page))
  second!.resume()
  third!.resume()
  const counts = () => [second, third].map(outbox => outbox!.posts.get().length)
  pages[0].close()
  await expect.poll(counts).toEqual([1, 0])
  await settled()
  pages[1].close()
  await expect.poll(counts).toEqual([1, 1])
  pages[2].close()
})
