import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type, { type Static, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Caller, Chat } from '../chat/chat.ts'
import { callerOfHttp, isSameOrigin, sessionCookieName, tokenOfCookie } from '../chat/credential.ts'
import { parseInput } from '../chat/dispatch.ts'
import { takeAddressRequest } from '../chat/rate-limit.ts'
import { callerOfToken, endSession, readMe, signIn } from '../chat/session.ts'
import { completeSetup, needsSetup } from '../chat/setup.ts'
import { csrfOf } from '../chat/token.ts'
import { isBadText } from '../domain/message.ts'
import { Refusal } from '../protocol/error.ts'
import type { Me } from '../protocol/principal.ts'

/** Sign-in by cookie, for browsers. Programs use session.signIn and a bearer token. */

const Text = Type.String()
const Setup = Type.Object(
  { token: Text, user: Text, displayName: Text, password: Text },
  { additionalProperties: false },
)

/** Reads a body of exactly this shape. Refusal invalid_argument. */
export function bodyReader<Shape extends TSchema>(shape: Shape): (body: unknown) => Static<Shape> {
  const compiled = Compile(shape)
  return body => {
    const fault = compiled.Check(body) ? undefined : compiled.Errors(body)[0]
    if (fault) throw new Refusal('invalid_argument', `body${fault.instancePath.replaceAll('/', '.')} ${fault.message}.`)
    const bad = Object.entries(body as Record<string, unknown>).find(
      ([, text]) => typeof text === 'string' && isBadText(text),
    )
    if (bad) throw new Refusal('invalid_argument', `body.${bad[0]} holds U+0000 or an unpaired surrogate. Remove it.`)
    return body as Static<Shape>
  }
}

const readSetup = bodyReader(Setup)

/** The caller of a request of this role: bearer token, else cookie with its CSRF header. See callerOfHttp. */
export function callerOfRequest(chat: Chat, request: FastifyRequest): Promise<Caller | undefined> {
  return callerOfHttp(chat, request, request.ip)
}

/** Adds the routes below /web. `secure`: browsers reach this server over TLS. */
export function addSignIn(app: FastifyInstance, chat: Chat, options: { secure: boolean }): void {
  const setCookie = (reply: FastifyReply, token: string) =>
    reply.header('set-cookie', sessionCookie(options.secure, token, chat.settings.sessionDays * 86_400, chat.pool))
  const limited = limitedRoute(chat)

  app.post('/web/signin', limited, async (request, reply) => {
    refuseForeign(request)
    const input = parseInput('session.signIn', request.body)
    // There the browser is asked whom it is signed in as already.
    if (input.handOver !== undefined)
      throw new Refusal('invalid_argument', 'Send what was handed over to /web/handover.')
    const { token, me } = await signIn(chat, { address: request.ip }, input)
    await endReplaced(chat, request, me.id)
    setCookie(reply, token)
    return signedIn(chat, me, token)
  })

  app.post('/web/signout', limited, async (request, reply) => {
    const caller = await callerOfRequest(chat, request)
    if (caller) await endSession(chat, caller, {})
    reply.header('set-cookie', sessionCookie(options.secure, '', 0, chat.pool))
    return {}
  })

  app.get('/web/session', limited, async request => {
    const token = tokenOfCookie(request.headers, chat.pool)
    const caller = token && (await callerOfRequest(chat, request))
    if (!caller) throw new Refusal('unauthenticated', 'You are not signed in. Sign in.')
    return signedIn(chat, await readMe(chat, caller), token)
  })

  app.get('/web/setup', limited, async () => ({ needed: await needsSetup(chat) }))

  app.post('/web/setup', limited, async (request, reply) => {
    refuseForeign(request)
    const { token, me } = await completeSetup(chat, { address: request.ip }, readSetup(request.body))
    setCookie(reply, token)
    return signedIn(chat, me, token)
  })
}

/** The sign-in of somebody else whose cookie the new one takes the place of: nobody could end it from this browser any more. */
async function endReplaced(chat: Chat, { headers, ip }: FastifyRequest, by: string): Promise<void> {
  const token = tokenOfCookie(headers, chat.pool)
  const before = token === undefined ? undefined : await callerOfToken(chat, token, ip)
  if (before && before.user.id !== by) await endSession(chat, before, {})
}

/** What a page needs. `apart`: its live sessions are at other hosts, which it is let in at by tickets. */
export function signedIn({ apart }: Chat, me: Me, token: string) {
  return { me, csrf: csrfOf(token), ...(apart ? { apart: true } : {}) }
}

/** What the routes below /web have in common: so many requests an address, and no answer is kept. */
export function limitedRoute(chat: Chat) {
  return {
    onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
      takeAddressRequest(chat, request.ip)
      reply.header('cache-control', 'no-store')
    },
  }
}

/** The set-cookie header of a session; an empty one takes it away. */
export function sessionCookie(secure: boolean, value: string, maxAgeSeconds: number, pool?: string): string {
  const pair = `${sessionCookieName(secure, pool)}=${value}`
  return `${pair}${secure ? '; Secure' : ''}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict`
}

/** No page of others signs anybody in here, into an account of theirs. Programs send no Origin. */
export function refuseForeign(request: FastifyRequest): void {
  if (request.headers.origin !== undefined && !isSameOrigin(request.headers))
    throw new Refusal('forbidden', 'A page of another origin may not do this.')
}
