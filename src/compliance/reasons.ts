import { type Connection, readThrough } from '../store/db.ts'
import { readImportedPlaces, readWaitingReasons } from '../store/outbox.ts'

/** A time in which everything is recorded, in milliseconds. */
type Span = { from: number; until: number }
type Removal = { from: number; through: number; seqs?: Set<number> }

/** What the archive and the outbox say about why messages are not as they were posted, and when recording was on. */
export type Reasons = {
  /** Whether a recorded removal or replacement names this message. */
  isRemoved(room: string, seq: number): boolean
  /** Messages below this number were cleared away. */
  clearedBelow(room: string): number
  isDeleted(room: string): boolean
  /** The last one of the places from this one on that an import filled: nobody posted them here. Undefined: it filled not even this. */
  importedThrough(room: string, seq: number): number | undefined
  /** Whether all that happened between the two was recorded; `since` stands in where no switch is known. */
  wasRecorded(fromMs: number, untilMs: number, since: number | undefined): boolean
}

/** Times are kept to the millisecond, some of them cut and some rounded. */
const graceMs = 2

type Reason = { at: Date; kind: string; data: string }
type Data = { on?: boolean; action?: string; subject?: string; detail?: Record<string, unknown> }

/** Reads them all once: there are as many as administrators have removed, and not as many as there are messages. */
export async function readReasons(store: Connection, archive: Connection): Promise<Reasons> {
  const removals = new Map<string, Removal[]>()
  const cleared = new Map<string, number>()
  const deleted = new Set<string>()
  const recordedImports = new Set<string>()
  const switches = new Map<number, boolean>()
  const take = ({ at, kind, data }: Reason) => {
    const { on, action, subject = '', detail = {} } = JSON.parse(data) as Data
    if (kind === 'recording') switches.set(at.getTime(), on === true)
    else if (action === 'message.remove' || action === 'message.replace')
      removals.set(subject, [...(removals.get(subject) ?? []), ...removalsOf(detail.seqs)])
    else if (action === 'room.clear')
      cleared.set(subject, Math.max(cleared.get(subject) ?? 0, Number(detail.firstSeq ?? 0)))
    else if (action === 'room.delete') deleted.add(subject)
    else if (action === 'data.import') recordedImports.add(importKey(subject, detail.from, detail.through))
  }
  for await (const reason of readWaitingReasons(store)) take(reason)
  const archived = readThrough<Reason>(
    archive,
    'archived_reason',
    `SELECT at, kind, (text::json)->>'data' AS data FROM entry
      WHERE kind = 'recording' OR kind = 'change' AND (text::json) #>> '{data,action}'
            IN ('message.remove', 'message.replace', 'room.clear', 'room.delete', 'data.import')`,
  )
  for await (const reason of archived) take(reason)
  const spans = spansOf(switches)
  const wasOn = (fromMs: number, untilMs: number) => spans.some(({ from, until }) => from <= fromMs && untilMs <= until)
  const imported = new Map<string, { from: number; through: number }[]>()
  for await (const { room, at, from, through } of readImportedPlaces(store)) {
    // While recording is on nothing is imported: neither who says so later is believed, nor what was written then under another time.
    if (wasOn(at.getTime(), at.getTime()) || recordedImports.has(importKey(room, from, through))) continue
    const ranges = imported.get(room) ?? []
    const last = ranges.at(-1)
    if (last && last.through + 1 === from) last.through = through
    else ranges.push({ from, through })
    imported.set(room, ranges)
  }
  return {
    isRemoved: (room, seq) =>
      (removals.get(room) ?? []).some(
        ({ from, through, seqs }) => seq >= from && seq <= through && (seqs === undefined || seqs.has(seq)),
      ),
    clearedBelow: room => cleared.get(room) ?? 0,
    isDeleted: room => deleted.has(room),
    wasRecorded(fromMs, untilMs, since) {
      if (spans.length === 0) return since !== undefined && fromMs >= since
      return wasOn(fromMs, untilMs)
    },
    importedThrough: (room, seq) =>
      imported.get(room)?.find(({ from, through }) => from <= seq && seq <= through)?.through,
  }
}

function importKey(room: string, from: unknown, through: unknown): string {
  return `${room} ${from} ${through}`
}

/** A long list is written as where it begins and ends. A look ahead (`dryRun`) has none. */
function removalsOf(seqs: unknown): Removal[] {
  if (Array.isArray(seqs)) {
    const named = new Set(seqs.map(Number))
    return named.size === 0 ? [] : [{ from: Math.min(...named), through: Math.max(...named), seqs: named }]
  }
  if (typeof seqs !== 'object' || seqs === null) return []
  const { from, through } = seqs as { from: number; through: number }
  return [{ from, through }]
}

function spansOf(switches: Map<number, boolean>): Span[] {
  const spans: Span[] = []
  let from: number | undefined
  for (const [at, isOn] of [...switches].sort(([a], [b]) => a - b)) {
    if (isOn) from ??= at + graceMs
    else if (from !== undefined) {
      spans.push({ from, until: at - graceMs })
      from = undefined
    }
  }
  if (from !== undefined) spans.push({ from, until: Number.POSITIVE_INFINITY })
  return spans
}
