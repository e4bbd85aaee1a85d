/** A message's place among all: newest first, then by room and sequence, as the store compares them. */
export type Place = { atMs: number; room: string; seq: number }

/** What is still to be read of a room: messages from `firstSeq` through `seq`, none of them later than `atMs`. */
export type Head = Place & { firstSeq: number; revision: number; rows?: number }

/** A window of one room's history. */
export type Slice = { head: Head; low: number }

/** How much is read at once: windows of a room double from `roomRows`, those of a round over all rooms from `roundRows`. */
export type Pace = { rooms: number; roomRows: number; roundRows: number; mostRows: number }

/** Below zero: `a` comes before `b` in the answer. */
export function comparePlaces(a: Place, b: Place): number {
  if (a.atMs !== b.atMs) return b.atMs - a.atMs
  if (a.room !== b.room) return a.room < b.room ? 1 : -1
  return b.seq - a.seq
}

/**
 * A walk through many rooms from the newest message on, of which somebody else reads the windows: what was found so far, and how
 * far each room is read. Time never falls while a room's sequence rises, so the newest unread message of all bounds the rest.
 */
export type Front = {
  /** Rooms with something to read that may belong to the page. */
  open: Head[]
  found: Place[]
  /** Messages that windows have covered. */
  read: number
  rows: number
  limit: number
  pace: Pace
}

export function openFront(limit: number, pace: Pace): Front {
  return { open: [], found: [], read: 0, rows: pace.roundRows, limit, pace }
}

/** The last of the page so far; undefined while it is not full. */
export const lastOfPage = (front: Front): Place | undefined => front.found[front.limit - 1]

/** The windows to read next: of the rooms whose unread messages are the newest. None: the page is as it will be. */
export function nextSlices(front: Front): Slice[] {
  const { open, pace } = front
  const slices: Slice[] = []
  let left = front.rows
  for (const head of open) {
    if (left <= 0) break
    const rows = Math.min(Math.max(head.rows ?? pace.roomRows, Math.floor(front.rows / open.length)), pace.mostRows)
    const low = Math.max(head.firstSeq, head.seq - rows + 1)
    head.rows = rows * 2
    left -= head.seq - low + 1
    slices.push({ head, low })
  }
  front.rows = Math.min(front.rows * 2, pace.mostRows)
  return slices
}

/** What a window brought: matches, and the time of its oldest message, or undefined where it held none. */
export function closeSlice(front: Front, { head, low }: Slice, found: Place[], oldestMs: number | undefined): void {
  front.read += head.seq - low + 1
  head.seq = low - 1
  head.atMs = oldestMs ?? head.atMs
  for (const place of found) front.found.push(place)
}

/** After windows or rooms came in: orders both, and lets go what is behind the page. */
export function settle(front: Front, fromMs: number): void {
  front.found = front.found.sort(comparePlaces).slice(0, front.limit)
  const last = lastOfPage(front)
  front.open = front.open
    .filter(head => head.seq >= head.firstSeq && head.atMs >= fromMs && (!last || comparePlaces(head, last) < 0))
    .sort(comparePlaces)
}
