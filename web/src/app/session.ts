import { connect } from '../../../src/client/client.ts'
import { PchatError } from '../../../src/client/error.ts'
import type { SecondStep } from '../../../src/protocol/factor.ts'
import type { Input } from '../../../src/protocol/request.ts'
import { createAddins } from './addins.ts'
import type { Ask, Chat } from './chat.ts'
import { type Fault, faultOf } from './fault.ts'
import { HttpFault, http, type SignedIn, stepOf } from './http.ts'
import { createOutbox, type WaitingPost } from './outbox.ts'
import { beginPage } from './page-life.ts'
import { forget, queryClient } from './query.ts'
import { createRoomListing } from './room-list.ts'
import { createRoomStates } from './room-states.ts'
import { createStore } from './store.ts'
import { forgetTopology } from './topology-edit.ts'
import { createUnsavedKeeper } from './unsaved.ts'
import { createUploads } from './uploads.ts'

export type Session =
  | { status: 'checking' }
  | { status: 'unreachable'; fault: Fault }
  | { status: 'signedOut'; notice?: string; step?: SecondStep }
  | { status: 'signedIn'; chat: Chat; csrf: string }

const unsaved = createUnsavedKeeper()
export const session = createStore<Session>({ status: 'checking' })

/** Who this browser is signed in as, asked once when the page loads. */
export async function checkSession(): Promise<void> {
  try {
    const signedIn = await http.session()
    // What was asked for meanwhile stays on the screen.
    if (signedIn === null) session.update(now => (now.status === 'signedOut' ? now : { status: 'signedOut' }))
    else enter(signedIn)
  } catch (error) {
    session.set({ status: 'unreachable', fault: faultOf(error) })
  }
}

export async function signIn(user: string, password: string): Promise<void> {
  try {
    enter(await http.signIn({ user, password }))
  } catch (error) {
    if (!askStep(error)) throw error
  }
}

/** Shows what is asked for beside the password, where the error says so. */
export function askStep(error: unknown): boolean {
  const step = stepOf(error)
  if (step !== undefined) session.set({ status: 'signedOut', step })
  return step !== undefined
}

/** The second step, or a passkey alone. A ticket that counts no more leads back to the password. */
export async function finishSignIn(input: Input<'session.signIn'>): Promise<void> {
  await orBegin(async () => enter(await http.signIn(input)))
}

/** Runs a step of signing in; where its ticket counts no more, the person begins again. */
export async function orBegin<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof HttpFault && error.code === 'conflict' && session.get().status === 'signedOut')
      session.set({ status: 'signedOut', notice: error.message })
    throw error
  }
}

/** Back to name and password. */
export function beginSignIn(): void {
  session.set({ status: 'signedOut' })
}

export async function signOut(): Promise<void> {
  const now = session.get()
  if (now.status !== 'signedIn') return
  await http.signOut(now.csrf)
  unsaved.forget()
  forgetTopology(now.chat.me.id)
  const own = now.chat.client.pools?.find(one => one.own)
  leave(
    own === undefined
      ? 'You have signed out.'
      : `You have signed out of ${own.displayName}. Where you opened other pools you are signed in until you sign out there.`,
  )
}

function leave(notice: string): void {
  const now = session.get()
  // First the state: closing the client would otherwise report an ended session.
  session.set({ status: 'signedOut', notice })
  if (now.status === 'signedIn') {
    now.chat.uploads.close()
    now.chat.client.close()
    now.chat.page.close()
  }
  queryClient.clear()
}

/** The client library tells refusals by its own class. */
async function askTicket(csrf: string) {
  try {
    return await http.liveTicket(csrf)
  } catch (error) {
    throw error instanceof HttpFault ? new PchatError(error.wire) : error
  }
}

function enter({ me, csrf, apart = false }: SignedIn): void {
  const client = connect({ url: location.origin, ...(apart ? { ticket: () => askTicket(csrf) } : {}) })
  // Live sessions may be at servers that only read the Central Management Store, or know none.
  const ask: Ask = (verb, input) =>
    apart && verb.startsWith('topology.') ? http.ask(verb, input, csrf) : client.request(verb, input)
  const addins = createAddins()
  const send = (post: WaitingPost) => {
    const { room, text, format, alert, title, clientId } = post
    const content = { text, format, ...(alert ? { alert } : {}), ...(title === undefined ? {} : { title }) }
    return client.post(room, content, clientId)
  }
  const page = beginPage()
  const outbox = createOutbox(me.id, send, addins.judge, navigator.locks === undefined ? undefined : page)
  const chat: Chat = {
    ...{ client, ask, me, page, outbox, addins, uploads: createUploads(client, csrf, me.id, page) },
    ...{ listing: createRoomListing(client), roomStates: createRoomStates(client) },
    unsaved: unsaved.of(me.id),
  }
  client.on('state', state => {
    if (state === 'closed' && session.get().status === 'signedIn')
      leave(client.error?.message ?? 'This sign-in was ended. Sign in again.')
  })
  client.on('message.posted', ({ message }) => {
    if (message.file !== undefined) forget('file.list')
  })
  client.on('message.removed', () => forget('file.list'))
  client.on('room.glassBroken', () => forget('room.get'))
  client.on('room.changed', () => forget('room.get', 'room.find', 'room.members', 'category.list'))
  client.on('room.opened', () => forget('room.get', 'room.find'))
  // What was read of it before is asked for again, and no longer answered.
  client.on('room.closed', () =>
    forget('room.get', 'room.find', 'room.members', 'participant.list', 'message.search', 'file.list'),
  )
  session.set({ status: 'signedIn', chat, csrf })
  outbox.resume()
}
