import type { VirtualItem } from '@tanstack/react-virtual'
import type { TimelineRow } from './timeline-rows.ts'

const pageSize = 100

/** The page next to the reader of a hole that is in view: its beginning where it lies below, its end where it lies above. */
export function gapInView(
  rows: readonly TimelineRow[],
  items: readonly VirtualItem[],
): { fromSeq: number; throughSeq: number } | undefined {
  for (const [place, item] of items.entries()) {
    const row = rows[item.index]
    if (row?.kind !== 'gap') continue
    const { fromSeq, throughSeq } = row
    return place >= items.length / 2
      ? { fromSeq, throughSeq: Math.min(throughSeq, fromSeq + pageSize - 1) }
      : { fromSeq: Math.max(fromSeq, throughSeq - pageSize + 1), throughSeq }
  }
  return undefined
}
