import { useMemo, useRef } from 'react'
import type { Range } from '../../../src/client/ranges.ts'

/** Where each page began that was loaded while the room is open. Another set whenever one is added. */
export function usePageStarts(ranges: readonly Range[] | undefined): ReadonlySet<number> {
  const known = useRef<ReadonlySet<number>>(new Set())
  return useMemo(() => {
    const added = (ranges ?? []).filter(range => !known.current.has(range.from))
    if (added.length > 0) known.current = new Set([...known.current, ...added.map(range => range.from)])
    return known.current
  }, [ranges])
}
