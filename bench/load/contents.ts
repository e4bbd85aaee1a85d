import type { Delivery } from './delivery.ts'

/** One line a place of a room: what was heard there, how often, and how late the last time. Columns travel between processes. */
export type ContentData = {
  room: Float64Array
  seq: Float64Array
  hash: Float64Array
  number: Float64Array
  sentUs: Float64Array
  heard: Float64Array
  latestUs: Float64Array
}

export type Contents = {
  /** False where something else was heard there before. */
  note(delivery: Delivery, lateUs: number): boolean
  data(): ContentData
}

const columns = ['room', 'seq', 'hash', 'number', 'sentUs', 'heard', 'latestUs'] as const

export function openContents(): Contents {
  const places = new Map<number, number>()
  let size = 0
  let lines = emptyData(1024)

  function add(key: number, delivery: Delivery, lateUs: number): void {
    if (size === lines.room.length) lines = copyOf(lines, size * 2)
    places.set(key, size)
    const line = { ...delivery, heard: 1, latestUs: lateUs }
    for (const column of columns) lines[column][size] = line[column]
    size += 1
  }

  return {
    note(delivery, lateUs) {
      const key = placeOf(delivery.room, delivery.seq)
      const place = places.get(key)
      if (place === undefined) {
        add(key, delivery, lateUs)
        return true
      }
      lines.heard[place]! += 1
      if (lateUs > lines.latestUs[place]!) lines.latestUs[place] = lateUs
      return lines.hash[place] === delivery.hash
    },
    data: () => copyOf(lines, size),
  }
}

/** A place of a room as one number. */
export function placeOf(room: number, seq: number): number {
  return room * 2 ** 32 + seq
}

function emptyData(size: number): ContentData {
  return Object.fromEntries(columns.map(column => [column, new Float64Array(size)])) as ContentData
}

function copyOf(data: ContentData, size: number): ContentData {
  const copy = emptyData(size)
  for (const column of columns) copy[column].set(data[column].subarray(0, size))
  return copy
}
