import { useCallback, useEffect, useRef, useState } from 'react'
import type { RoomState } from '../../../src/client/room-state.ts'
import { useChat } from './chat.ts'
import { useVisible } from './media.ts'
import { readingNow } from './reading-now.ts'

const markAfterMs = 400

export type Reading = {
  /** The unread line stands after this seq, until the room is left. */
  unreadAfter: number | undefined
  newCount: number
  onEnd: (isAtEnd: boolean) => void
  markRead: () => void
}

/**
 * What of a room is read: everything, while its end is in view of a window that is in sight. What came before the room
 * was opened, or while the window was hidden, stays below the line.
 */
export function useReading(state: RoomState | undefined, isReady: boolean): Reading {
  const { client } = useChat()
  const [unreadAfter, setUnreadAfter] = useState<number>()
  const [isAtEnd, setAtEnd] = useState(true)
  const [seenSeq, setSeenSeq] = useState(0)
  const isMarked = useRef(false)
  const hiddenAt = useRef<number>(undefined)
  const { id, lastSeq = 0, readSeq = 0, unread = 0, followed = false } = state ?? {}

  useEffect(() => {
    if (!isReady || isMarked.current) return
    isMarked.current = true
    setSeenSeq(lastSeq)
    if (followed && unread > 0) setUnreadAfter(readSeq)
  }, [isReady, followed, unread, readSeq, lastSeq])

  const markRead = useCallback(() => {
    if (id === undefined || !followed || readSeq >= lastSeq) return
    // Nothing is lost where it fails: the next message, or the next visit, marks again.
    client.request('room.markRead', { room: id, seq: lastSeq }).catch(() => {})
  }, [client, id, followed, readSeq, lastSeq])

  useEffect(() => {
    if (!isReady || !isAtEnd) return
    setSeenSeq(lastSeq)
    if (document.visibilityState !== 'visible') return
    const timer = setTimeout(markRead, markAfterMs)
    return () => clearTimeout(timer)
  }, [isReady, isAtEnd, lastSeq, markRead])

  const isVisible = useVisible()
  const isReading = isReady && isAtEnd && isVisible
  useEffect(() => {
    if (!isReading) return
    readingNow.set(id)
    return () => readingNow.set(undefined)
  }, [isReading, id])

  useEffect(() => {
    function changed(): void {
      if (document.visibilityState === 'hidden') {
        hiddenAt.current = lastSeq
        return
      }
      if (hiddenAt.current !== undefined && hiddenAt.current < lastSeq) setUnreadAfter(hiddenAt.current)
      hiddenAt.current = undefined
      if (isAtEnd) markRead()
    }
    document.addEventListener('visibilitychange', changed)
    return () => document.removeEventListener('visibilitychange', changed)
  }, [lastSeq, isAtEnd, markRead])

  return { unreadAfter, newCount: isAtEnd ? 0 : Math.max(0, lastSeq - seenSeq), onEnd: setAtEnd, markRead }
}
