import type { FastifyInstance } from 'fastify'
import { admitted } from '../chat/admission.ts'
import { addressesOf } from '../chat/apart.ts'
import type { Chat } from '../chat/chat.ts'
import { callerOfHttp, isSameOrigin, tokenOfCookie } from '../chat/credential.ts'
import { issueLiveTicket } from '../chat/live-ticket.ts'
import { hashToken } from '../chat/token.ts'
import { Refusal } from '../protocol/error.ts'
import { limitedRoute } from './signin.ts'

/**
 * POST /web/ticket of a Front End Server: lets the page that asks, signed in by cookie and with its CSRF header, open one live session at a
 * Persistent Chat Server, where its cookie does not go.
 */
export function addLiveTicket(app: FastifyInstance, chat: Chat): void {
  app.post('/web/ticket', limitedRoute(chat), async ({ headers, ip, method }) => {
    if (headers.authorization !== undefined)
      throw new Refusal('invalid_argument', 'Who has a token needs no ticket. Send the token with session.open.')
    const { origin } = headers
    if (origin === undefined || !isSameOrigin(headers))
      throw new Refusal('forbidden', 'A page of another origin may not do this.')
    const token = tokenOfCookie(headers, chat.pool)
    if (token === undefined) throw signInAgain()
    // When thousands come back at once the store is asked for those only whose turn it is.
    return admitted(chat, hashToken(token).toString('base64'), async () => {
      const caller = await callerOfHttp(chat, { method, headers }, ip)
      const ticket = caller && (await issueLiveTicket(chat, caller, origin))
      if (ticket === undefined) throw signInAgain()
      return { ticket, ...addressesOf(chat) }
    })
  })
}

function signInAgain(): Refusal {
  return new Refusal('unauthenticated', 'You are not signed in. Sign in.')
}
