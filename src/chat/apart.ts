import { Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import type { Caller, Chat } from './chat.ts'

/** Where live sessions are opened and, where roles run apart, people sign in. */
export function addressesOf({ apart, servers }: Chat): Result<'session.servers'> {
  return { servers: servers(), ...(apart ? { webServices: apart.webServices() } : {}) }
}

/** session.servers: for whoever knows the address of a Front End Server alone. */
export async function listServers(
  chat: Chat,
  _caller: Caller,
  _input: Input<'session.servers'>,
): Promise<Result<'session.servers'>> {
  return addressesOf(chat)
}

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
