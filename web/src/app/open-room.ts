import { useCallback, useEffect, useRef, useState } from 'react'
import { useChat } from './chat.ts'
import { type Fault, faultOf } from './fault.ts'

const historyOnOpen = 60
const pageSize = 100
const aroundTarget = 40

export type OpenRoom = {
  isReady: boolean
  fault: Fault | undefined
  /** Loads the page above what is known. */
  older: () => void
  /** Loads towards `seq` from the other side of a hole. */
  fill: (from: number, through: number) => void
}

/** Joins the room while it is shown, and loads what is looked for. The client joins again after a reconnect. */
export function useOpenRoom(room: string, target: number | undefined): OpenRoom {
  const { client } = useChat()
  const [opened, setOpened] = useState<{ room: string; fault?: Fault }>()
  const isReady = opened?.room === room && opened.fault === undefined

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
    return () => {
      isOver = true
      // A followed room stays open: its unread count and its messages go on coming.
      if (client.room(room)?.followed === false) client.part(room).catch(() => {})
    }
  }, [client, room])

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

  const older = useCallback(() => {
    const from = client.room(room)?.ranges[0]?.from
    if (from !== undefined) fill(from - pageSize, from - 1)
  }, [client, room, fill])

  return { isReady, fault: opened?.room === room ? opened.fault : undefined, older, fill }
}
