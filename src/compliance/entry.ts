import type { OutboxEvent } from '../store/outbox.ts'

/** An entry of the archive. Its text is what is hashed, proven and exported; the rest is there to be asked for. */
export type Entry = {
  /** Place in the archive, from 1 without gaps. */
  seq: number
  event: string
  at: string
  kind: string
  room: string | null
  position: number | null
  /** What happened, by kind (docs/compliance-events.md). */
  data: Record<string, unknown>
}

/** One line of JSON. Members stand in this order; `data` is as the server wrote it with what happened. */
export function entryText(seq: number, event: OutboxEvent): string {
  const head = JSON.stringify({
    ...{ seq, event: event.id, at: event.at.toISOString(), kind: event.kind },
    ...{ room: event.room, position: event.position },
  })
  return `${head.slice(0, -1)},"data":${oneLine(event.data)}}`
}

/** The store may break JSON that it builds into lines. Line breaks inside of texts are escaped there. */
function oneLine(json: string): string {
  return json.replaceAll(/[\r\n]+\s*/g, ' ')
}

export function readEntry(text: string): Entry {
  return JSON.parse(text) as Entry
}
