import { expect, test } from 'vitest'
import type { Message, PostedMessage } from '../../../src/protocol/message.ts'
import type { WaitingPost } from './outbox.ts'
import { type TimelineInput, timelineRows } from './timeline-rows.ts'

const alice = { id: 'alice', kind: 'user', name: 'alice@example.com', displayName: 'Alice' } as const
const bob = { id: 'bob', kind: 'user', name: 'bob@example.com', displayName: 'Bob' } as const

function message(seq: number, more: Partial<PostedMessage> = {}): PostedMessage {
  const at = new Date(Date.UTC(2026, 0, 5, 12, seq)).toISOString()
  return { seq, at, author: alice, text: `line ${seq}`, format: 'plain', clientId: `client ${seq}`, ...more }
}

function waiting(clientId: string): WaitingPost {
  return {
    clientId,
    room: 'r',
    text: 'w',
    format: 'plain',
    alert: false,
    createdAt: '2026-01-05T13:00:00.000Z',
    state: 'waiting',
  }
}

function rows(messages: Message[], more: Partial<TimelineInput> = {}) {
  const ranges = messages.length === 0 ? [] : [{ from: messages[0]?.seq ?? 1, through: messages.at(-1)?.seq ?? 1 }]
  return timelineRows({
    messages,
    ranges,
    firstSeq: 1,
    keepsHistory: true,
    waiting: [],
    me: 'alice',
    pageStarts: new Set(),
    unreadAfter: undefined,
    ...more,
  })
}

test('[WC18] the stream shows a heading once a run of one author, and a line for each day', () => {
  const next = message(3, { at: '2026-01-06T12:00:00.000Z' })
  const kinds = rows([message(1), message(2), next, message(4, { at: '2026-01-06T12:01:00.000Z', author: bob })])
  expect(kinds.map(row => ('startsRun' in row ? `${row.kind} ${row.startsRun}` : row.kind))).toEqual([
    'start',
    'day',
    'message true',
    'message false',
    'day',
    'message true',
    'message true',
  ])
})

test('[WC18] a seq inside a loaded range that has no message is no gap; between two ranges it is', () => {
  const messages = [message(1), message(3), message(9)]
  const ranges = [
    { from: 1, through: 4 },
    { from: 8, through: 9 },
  ]
  expect(rows(messages, { ranges }).filter(row => row.kind === 'gap')).toEqual([
    { kind: 'gap', key: 'gap8', fromSeq: 5, throughSeq: 7 },
  ])
})

test('[WC5] the unread line stands before the first message above the read mark', () => {
  const kinds = rows([message(1), message(2), message(3)], { unreadAfter: 2 })
  expect(kinds.map(row => row.kind)).toEqual(['start', 'day', 'message', 'message', 'unread', 'message'])
})

test("[WC4] one's own line keeps its key from waiting to sent, and is never there twice", () => {
  const before = rows([message(1)], { waiting: [waiting('client 2')] })
  const after = rows([message(1), message(2)], { waiting: [waiting('client 2')] })
  expect(before.map(row => row.key)).toEqual(after.map(row => row.key))
  expect(after.filter(row => row.kind === 'waiting')).toEqual([])
})
