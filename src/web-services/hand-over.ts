import type { FastifyInstance, FastifyReply } from 'fastify'
import Type from 'typebox'
import type { Chat } from '../chat/chat.ts'
import { poolEntries } from '../chat/pools.ts'
import { endSession, signIn } from '../chat/session.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import { bodyReader, callerOfRequest, limitedRoute, refuseForeign, sessionCookie, signedIn } from './signin.ts'

/**
 * Signing in by another pool, for browsers. The page here makes a secret, keeps it, and sends the browser to that pool with its hash; the
 * ticket that it comes back with counts with the secret only. So nobody's link signs a browser in that did not ask here.
 */

const readBegin = bodyReader(Type.Object({ from: Type.String() }, { additionalProperties: false }))
const readArrival = bodyReader(
  Type.Object(
    { ticket: Type.String(), verifier: Type.String(), replace: Type.Optional(Type.Boolean()) },
    { additionalProperties: false },
  ),
)

export function addHandOver(app: FastifyInstance, chat: Chat, { secure }: { secure: boolean }): void {
  const limited = limitedRoute(chat)

  // To a pool that this server was told of and nowhere else: no link of others leads the browser away.
  app.post('/web/handover/begin', limited, async request => {
    refuseForeign(request)
    const { from } = readBegin(request.body)
    const there = poolEntries(chat).find(one => one.name === from && one.handOver)
    if (!there) throw notFound('pool')
    return { url: there.url, displayName: there.displayName, pool: chat.pool }
  })

  app.post('/web/handover', limited, async (request, reply: FastifyReply) => {
    refuseForeign(request)
    const { ticket, verifier, replace = false } = readArrival(request.body)
    const present = await callerOfRequest(chat, request)
    if (present && !replace)
      throw new Refusal(
        'conflict',
        `This browser is signed in here already, as ${present.user.name}. Sign out first, or say that it is to be replaced.`,
      )
    const { token, me } = await signIn(chat, { address: request.ip }, { handOver: ticket, verifier })
    if (present) await endSession(chat, present, {})
    const seconds = chat.settings.sessionDays * 86_400
    reply.header('set-cookie', sessionCookie(secure, token, seconds, chat.pool))
    return signedIn(chat, me, token)
  })
}
