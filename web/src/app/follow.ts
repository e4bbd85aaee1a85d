import { useState } from 'react'
import { useChat } from './chat.ts'
import { type Fault, faultOf } from './fault.ts'

export type Following = { fault: Fault | undefined; dismiss: () => void; follow: (follow: boolean) => Promise<void> }

/** Follows a room or stops following it, and keeps the reason where that was refused. */
export function useFollowing(room: string): Following {
  const { client } = useChat()
  const [fault, setFault] = useState<Fault>()
  return {
    fault,
    dismiss: () => setFault(undefined),
    async follow(follow) {
      setFault(undefined)
      try {
        await client.request(follow ? 'room.follow' : 'room.unfollow', { room })
      } catch (error) {
        setFault(faultOf(error))
      }
    },
  }
}
