import type { Range } from '../../../src/client/ranges.ts'
import type { Message, PostedMessage } from '../../../src/protocol/message.ts'
import type { WaitingPost } from './outbox.ts'
import { dayKey } from './time.ts'

/** One line of the stream. `key` stays with it while others come and go around it. */
export type TimelineRow =
  | { kind: 'start'; key: string; keepsHistory: boolean }
  | { kind: 'older'; key: string }
  | { kind: 'day'; key: string; at: string }
  | { kind: 'unread'; key: string; at: string }
  | { kind: 'gap'; key: string; fromSeq: number; throughSeq: number }
  | { kind: 'message'; key: string; message: PostedMessage; startsRun: boolean }
  | { kind: 'removed'; key: string; seq: number; at: string }
  | { kind: 'waiting'; key: string; post: WaitingPost; startsRun: boolean }

export type TimelineInput = {
  messages: readonly Message[]
  /** What is known: a seq between two ranges is not loaded, a seq inside of one without a message is gone for good. */
  ranges: readonly Range[]
  /** Messages below this are gone for good. */
  firstSeq: number
  keepsHistory: boolean
  waiting: readonly WaitingPost[]
  me: string
  /** First messages of what was loaded at once: they keep their heading when older ones come, and so their height. */
  pageStarts: ReadonlySet<number>
  /** Where the unread line stands: after this seq. */
  unreadAfter: number | undefined
}

/** A pause of this long begins a new run, so that the time is seen again. */
const runPauseMs = 10 * 60_000

function startsRun(before: PostedMessage | undefined, message: PostedMessage): boolean {
  return (
    before === undefined ||
    before.author.id !== message.author.id ||
    message.title !== undefined ||
    before.title !== undefined ||
    Date.parse(message.at) - Date.parse(before.at) > runPauseMs
  )
}

/** Everything that the stream shows, oldest first. Pure. */
export function timelineRows(input: TimelineInput): TimelineRow[] {
  const { messages, ranges, firstSeq, keepsHistory, waiting, me, pageStarts, unreadAfter } = input
  const rows: TimelineRow[] = []
  const arrived = new Set<string>()
  let lastDay = ''
  let before: PostedMessage | undefined
  let lineIsDrawn = unreadAfter === undefined
  let range = 0

  const knownFrom = ranges[0]?.from
  if (knownFrom === undefined || knownFrom <= Math.max(firstSeq, 1))
    rows.push({ kind: 'start', key: 'start', keepsHistory })
  else rows.push({ kind: 'older', key: 'older' })

  for (const message of messages) {
    for (let end = ranges[range]; end !== undefined && message.seq > end.through; end = ranges[range]) {
      range++
      const next = ranges[range]
      if (next === undefined) break
      rows.push({ kind: 'gap', key: `gap${next.from}`, fromSeq: end.through + 1, throughSeq: next.from - 1 })
      before = undefined
    }
    const day = dayKey(message.at)
    if (day !== lastDay) {
      rows.push({ kind: 'day', key: `day${day}`, at: message.at })
      lastDay = day
      before = undefined
    }
    if (!lineIsDrawn && unreadAfter !== undefined && message.seq > unreadAfter) {
      rows.push({ kind: 'unread', key: 'unread', at: message.at })
      lineIsDrawn = true
      before = undefined
    }
    if (!('text' in message)) {
      rows.push({ kind: 'removed', key: `m${message.seq}`, seq: message.seq, at: message.at })
      before = undefined
      continue
    }
    const isMine = message.author.id === me
    if (isMine) arrived.add(message.clientId)
    // One's own line keeps its key from waiting to sent: it does not jump when the server's copy takes its place.
    const key = isMine ? `c${message.clientId}` : `m${message.seq}`
    rows.push({ kind: 'message', key, message, startsRun: pageStarts.has(message.seq) || startsRun(before, message) })
    before = message
  }

  let beforeIsMine = before?.author.id === me
  for (const post of waiting) {
    if (arrived.has(post.clientId)) continue
    const isRun = beforeIsMine && post.title === undefined
    rows.push({ kind: 'waiting', key: `c${post.clientId}`, post, startsRun: !isRun })
    beforeIsMine = true
  }
  return rows
}
