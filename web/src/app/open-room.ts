import { useCallback, useEffect, useRef, useState } from 'react'
import { useChat } from './chat.ts'
import { type Fault, faultOf } from './fault.ts'

const historyOnOpen = 60
const pageSize = 100
const aroundTarget = 40
const partAfterMs = 1000
const shown = new Set<string>()

export type OpenRoom = {
  isReady: boolean
  fault: Fault | undefined
  /** Joins anew, where something changed since it was refused. */
  retry: () => void
  /** Loads the page above what is known. */
  older: () => void
  /** Loads towards `seq` from the other side of a hole. */
  fill: (from: number, through: number) => void
}

/** Joins the room while it is shown, and loads what is looked for. The client joins again after a reconnect. */
export function useOpenRoom(room: string, target: number | undefined): OpenRoom {
  const { client } = useChat()
  const [opened, setOpened] = useState<{ room: string; fault?: Fault }>()
  const [attempt, setAttempt] = useState(0)
  const isReady = opened?.room === room && opened.fault === undefined

  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt is what joins again
  useEffect(() => {
    let isOver = false
    client.join(room, { history: historyOnOpen }).then(
      () => {
        if (!isOver) setOpened({ room })
      },
      (error: unknown) => {
        if (!isOver) setOpened({ room, fault: faultOf(error) })
      },
    )
    shown.add(room)
    return () => {
      isOver = true
      shown.delete(room)
      // Later, and only if nobody came back: a part that is answered after the next join would undo it. A followed room
      // stays open, so that its unread count and its messages go on coming.
      setTimeout(() => {
        if (!shown.has(room) && client.room(room)?.followed === false) client.part(room).catch(() => {})
      }, partAfterMs)
    }
  }, [client, room, attempt])

  const filling = useRef(new Set<number>())
  const fill = useCallback(
    (from: number, through: number) => {
      // Scrolling asks again with every frame; the answer in flight is the one that it waits for.
      if (filling.current.has(through)) return
      filling.current.add(through)
      client
        .fill(room, { from: Math.max(1, from), through })
        // The place stays marked as not loaded, and coming near it asks again.
        .catch(() => {})
        .finally(() => filling.current.delete(through))
    },
    [client, room],
  )

  useEffect(() => {
    if (isReady && target !== undefined) fill(target - aroundTarget, target + aroundTarget)
  }, [isReady, target, fill])

  const retry = useCallback(() => setAttempt(now => now + 1), [])

  const older = useCallback(() => {
    const from = client.room(room)?.ranges[0]?.from
    if (from !== undefined) fill(from - pageSize, from - 1)
  }, [client, room, fill])

  return { isReady, fault: opened?.room === room ? opened.fault : undefined, retry, older, fill }
}
