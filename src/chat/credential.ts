import type { IncomingHttpHeaders } from 'node:http'
import { Refusal } from '../protocol/error.ts'
import type { Caller, Chat } from './chat.ts'
import { callerOfToken } from './session.ts'
import { csrfOf, isSame } from './token.ts'

/** How the session cookie is called: the prefix makes browsers take it from this very host and over TLS only. */
export const secureCookie = '__Host-pchat'
/** On loopback HTTP, where no cookie may be Secure. */
export const loopbackCookie = 'pchat'

/** Of the pool that servers are of where nobody says another. */
const usualPool = 'pchat'

/**
 * Cookies know no ports: each pool has a cookie of its own, so that two of them on one host do not sign each other's people out. The usual
 * pool keeps the plain name. A point cannot come from another cookie of ours, and names of pools hold nothing that a cookie's may not.
 */
export function sessionCookieName(secure: boolean, pool = usualPool): string {
  return `${secure ? secureCookie : loopbackCookie}${pool === usualPool ? '' : `.${pool}`}`
}

type Asking = { method?: string | undefined; headers: IncomingHttpHeaders }

/**
 * The token that came in the cookie of the pool, else in that of the plain name: earlier programs set no other. The unprefixed one counts
 * on loopback only: elsewhere a neighbour could plant it.
 */
export function tokenOfCookie(headers: IncomingHttpHeaders, pool?: string): string | undefined {
  const cookies = (headers.cookie ?? '').split(';').map(pair => pair.trim())
  const sent = (name: string) => cookies.find(pair => pair.startsWith(`${name}=`))?.slice(name.length + 1)
  const named = (secure: boolean) => sent(sessionCookieName(secure, pool)) ?? sent(sessionCookieName(secure))
  return named(true) ?? (isLoopback(headers.host) ? named(false) : undefined)
}

function isLoopback(host: string | undefined): boolean {
  return /^(localhost|[\w-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host ?? '')
}

/** Undefined where no such header came; an unreadable one is an empty token, so that no cookie stands in for it. */
export function tokenOfBearer(headers: IncomingHttpHeaders): string | undefined {
  if (headers.authorization === undefined) return undefined
  return /^Bearer +(\S+)$/i.exec(headers.authorization)?.[1] ?? ''
}

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * The caller of an HTTP request: by bearer token, else by cookie. Undefined where there is neither or it has ended.
 * Refusal forbidden where a cookie comes without x-pchat-csrf on a request that may change something.
 */
export async function callerOfHttp(chat: Chat, request: Asking, address: string): Promise<Caller | undefined> {
  const bearer = tokenOfBearer(request.headers)
  if (bearer !== undefined) return callerOfToken(chat, bearer, address)
  const token = tokenOfCookie(request.headers, chat.pool)
  if (token === undefined) return undefined
  const caller = await callerOfToken(chat, token, address)
  if (caller && !safeMethods.has(request.method ?? '')) refuseForged(request.headers, token)
  return caller
}

function refuseForged(headers: IncomingHttpHeaders, token: string): void {
  const sent = headers['x-pchat-csrf']
  if (typeof sent !== 'string' || !isSame(sent, csrfOf(token)))
    throw new Refusal(
      'forbidden',
      'The header x-pchat-csrf is missing or wrong. Read csrf anew from GET /web/session and send it along.',
    )
}

/**
 * The token that came with a WebSocket upgrade, by bearer or cookie; undefined where session.open has to bring it. It is looked
 * up by session.open alone: in a storm upgrades cost the store nothing. A page of another origin cannot send headers of its own,
 * but browsers do send our cookie along: with a cookie the Origin must be ours (forbidden).
 */
export function tokenOfUpgrade(request: Asking, pool?: string): string | undefined {
  const bearer = tokenOfBearer(request.headers)
  if (bearer !== undefined) return bearer
  const token = tokenOfCookie(request.headers, pool)
  if (token === undefined) return undefined
  if (!isSameOrigin(request.headers))
    throw new Refusal(
      'forbidden',
      'A page of another origin may not connect with the cookie. Use a token in session.open.',
    )
  return token
}

/** Whether the page that asks came from the host that it asks. Browsers say so in Origin; without one, no. */
export function isSameOrigin(headers: IncomingHttpHeaders): boolean {
  const host = URL.parse(headers.origin ?? '')?.host
  return host !== undefined && host !== '' && host === headers.host?.toLowerCase()
}
