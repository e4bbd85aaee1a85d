import { createContext, useContext } from 'react'
import type { Client } from '../../../src/client/client.ts'
import type { Me } from '../../../src/protocol/principal.ts'
import type { Input, Result, Verb } from '../../../src/protocol/request.ts'
import type { Addins } from './addins.ts'
import type { Outbox } from './outbox.ts'
import type { PageLife } from './page-life.ts'
import type { RoomListing } from './room-list.ts'
import type { RoomStates } from './room-states.ts'
import type { Unsaved } from './unsaved.ts'
import type { Uploads } from './uploads.ts'

/** Asks one verb. */
export type Ask = <V extends Verb>(verb: V, input: Input<V>) => Promise<Result<V>>

/** What a signed-in window works with. */
export type Chat = {
  client: Client
  /** Over the live session; what Front End Servers alone are set up for, of the one that the page came from. */
  ask: Ask
  me: Me
  page: PageLife
  outbox: Outbox
  addins: Addins
  uploads: Uploads
  listing: RoomListing
  roomStates: RoomStates
  unsaved: Unsaved
}

export const ChatContext = createContext<Chat | undefined>(undefined)

export function useChat(): Chat {
  const chat = useContext(ChatContext)
  if (chat === undefined) throw new Error('a component of the signed-in window was used outside of it')
  return chat
}
