import type { Message } from '../protocol/message.ts'
import type { Range } from './ranges.ts'

/** Index of the first message above `seq` in a list that ascends by seq. */
export function firstAbove(messages: readonly Message[], seq: number): number {
  let low = 0
  let high = messages.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((messages[middle]?.seq ?? 0) > seq) high = middle
    else low = middle + 1
  }
  return low
}

/** Both ascend by seq; of two with the same seq the added one stays. */
export function mergeMessages(messages: readonly Message[], added: readonly Message[]): readonly Message[] {
  const first = added[0]
  if (first === undefined) return messages
  if ((messages.at(-1)?.seq ?? 0) < first.seq) return [...messages, ...added]
  const bySeq = new Map(messages.map(message => [message.seq, message]))
  for (const message of added) bySeq.set(message.seq, message)
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq)
}

export function withoutRange(messages: readonly Message[], range: Range): readonly Message[] {
  const from = firstAbove(messages, range.from - 1)
  const end = firstAbove(messages, range.through)
  return from < end ? [...messages.slice(0, from), ...messages.slice(end)] : messages
}

/** Without `text` the message is removed. What was removed stays removed. */
export function replaceText(messages: readonly Message[], seq: number, text: string | undefined): readonly Message[] {
  const index = firstAbove(messages, seq - 1)
  const old = messages[index]
  if (old?.seq !== seq || 'removed' in old) return messages
  const changed: Message = text === undefined ? { seq, at: old.at, removed: true } : { ...old, text, replaced: true }
  return messages.with(index, changed)
}
