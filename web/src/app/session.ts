import { connect } from '../../../src/client/client.ts'
import type { Chat } from './chat.ts'
import { type Fault, faultOf } from './fault.ts'
import { http, type SignedIn } from './http.ts'
import { createOutbox } from './outbox.ts'
import { forget, queryClient } from './query.ts'
import { createRoomListing } from './room-list.ts'
import { createRoomStates } from './room-states.ts'
import { createStore } from './store.ts'
import { createUploads } from './uploads.ts'

export type Session =
  | { status: 'checking' }
  | { status: 'unreachable'; fault: Fault }
  | { status: 'signedOut'; notice?: string }
  | { status: 'signedIn'; chat: Chat; csrf: string }

export const session = createStore<Session>({ status: 'checking' })

/** Who this browser is signed in as, asked once when the page loads. */
export async function checkSession(): Promise<void> {
  try {
    const signedIn = await http.session()
    if (signedIn === null) session.set({ status: 'signedOut' })
    else enter(signedIn)
  } catch (error) {
    session.set({ status: 'unreachable', fault: faultOf(error) })
  }
}

export async function signIn(user: string, password: string): Promise<void> {
  enter(await http.signIn(user, password))
}

export async function signOut(): Promise<void> {
  const now = session.get()
  if (now.status !== 'signedIn') return
  await http.signOut(now.csrf)
  leave('You have signed out.')
}

function leave(notice: string): void {
  const now = session.get()
  // First the state: closing the client would otherwise report an ended session.
  session.set({ status: 'signedOut', notice })
  if (now.status === 'signedIn') now.chat.client.close()
  queryClient.clear()
}

function enter({ me, csrf }: SignedIn): void {
  const client = connect({ url: location.origin })
  const outbox = createOutbox(me.id, post => {
    const { room, text, format, alert, title, clientId } = post
    const content = { text, format, ...(alert ? { alert } : {}), ...(title === undefined ? {} : { title }) }
    return client.post(room, content, clientId)
  })
  const chat: Chat = {
    ...{ client, me, outbox, uploads: createUploads(client, csrf) },
    ...{ listing: createRoomListing(client), roomStates: createRoomStates(client) },
  }
  client.on('state', state => {
    if (state === 'closed' && session.get().status === 'signedIn')
      leave(client.error?.message ?? 'This sign-in was ended. Sign in again.')
  })
  client.on('message.posted', ({ message }) => {
    if (message.file !== undefined) forget('file.list')
  })
  client.on('message.removed', () => forget('file.list'))
  client.on('room.changed', () => forget('room.get', 'room.find', 'room.members', 'category.list'))
  client.on('room.opened', () => forget('room.get', 'room.find'))
  // What was read of it before is asked for again, and no longer answered.
  client.on('room.closed', () =>
    forget('room.get', 'room.find', 'room.members', 'participant.list', 'message.search', 'file.list'),
  )
  session.set({ status: 'signedIn', chat, csrf })
  outbox.resume()
}
