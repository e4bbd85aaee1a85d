import { Refusal } from '../protocol/error.ts'
import type { Chat } from './chat.ts'

/** What is asked of a Persistent Chat Server, which does not sign in, nor answers verbs over HTTP, pages and files. */
export function webServicesElsewhere({ apart }: Chat): Refusal {
  const at = apart?.webServices() ?? []
  const where = at.length === 0 ? 'None of its Front End Servers runs now; try again.' : `Use ${at.join(' or ')}.`
  return new Refusal(
    'not_found',
    `This is a Persistent Chat Server: sign-in and the web services of its pool are elsewhere. ${where}`,
  )
}

/** Refusal not_found, which names where it is done, where nobody signs in at this server. */
export function requireSignInHere(chat: Chat): void {
  if (chat.apart?.role === 'persistent-chat') throw webServicesElsewhere(chat)
}
