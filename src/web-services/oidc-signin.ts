import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Chat } from '../chat/chat.ts'
import { toRefusal } from '../chat/failure.ts'
import { attemptSeconds, beginOidc, endAtProvider, finishOidc, providerOfSession } from '../chat/oidc.ts'
import type { OidcClient, OidcClients } from '../directory/oidc.ts'
import { errorCodes, Refusal } from '../protocol/error.ts'
import { ownPath } from './own-path.ts'
import { callerOfRequest, limitedRoute, sessionCookie } from './signin.ts'
import { faultPage, goOnPage, style, stylePath } from './small-page.ts'

/** Sign-in at OpenID providers, for browsers. */

export type OidcOptions = {
  clients: OidcClients
  /** Address that people open the pages at, without a slash at its end: the one that providers are told to come back to. */
  pagesUrl: () => string
  /** Browsers reach this server over TLS. */
  secure: boolean
}

type Named = { Params: { name: string }; Querystring: { next?: unknown; at?: unknown } }

/** A logout token is short; nobody fills memory here. */
const maxLogoutBytes = 100_000

export function addOidc(app: FastifyInstance, chat: Chat, { clients, pagesUrl, secure }: OidcOptions): void {
  const limited = limitedRoute(chat)
  const clientOf = (name: string): OidcClient => {
    const client = clients.get(name)
    if (!client) throw new Refusal('not_found', 'There is no such provider here. Go back to the sign-in page.')
    return client
  }

  app.get('/web/oidc', limited, async () => ({
    providers: [...clients.values()].map(({ provider: { name, title } }) => ({ name, title })),
  }))

  app.get(stylePath, async (_request, reply) =>
    reply.type('text/css; charset=utf-8').header('cache-control', 'public, max-age=3600').send(style),
  )

  app.get<Named>('/web/oidc/:name/begin', limited, (request, reply) =>
    onPage(chat, request, reply, async () => {
      const client = clientOf(request.params.name)
      const next = ownPath(request.query.next)
      // The provider comes back there, and so must the cookie. Once: a proxy may hide the name that was asked for.
      if (request.query.at !== 'pages' && !isAt(request.headers.host, pagesUrl()))
        return reply.redirect(`${pagesUrl()}${beginPath(client)}?${new URLSearchParams({ next, at: 'pages' })}`, 302)
      // Two tabs of one browser share it, so that both come back well.
      const browser = browserOf(request, secure) ?? randomBytes(32).toString('base64url')
      const url = await beginOidc(chat, client, {
        browser,
        redirectUri: `${pagesUrl()}/web/oidc/${client.provider.name}/callback`,
        next,
      })
      return reply.header('set-cookie', browserCookie(secure, browser)).redirect(url, 302)
    }),
  )

  app.get<Named>('/web/oidc/:name/callback', limited, (request, reply) =>
    onPage(chat, request, reply, async () => {
      const { token, next } = await finishOidc(chat, clientOf(request.params.name), {
        browser: browserOf(request, secure) ?? '',
        answer: request.url.slice(`${request.url}?`.indexOf('?') + 1),
        address: request.ip,
      })
      reply.header('set-cookie', sessionCookie(secure, token, chat.settings.sessionDays * 86_400, chat.pool))
      return reply.type('text/html; charset=utf-8').send(goOnPage(next))
    }),
  )

  app.get('/web/oidc/session', limited, async request => {
    const caller = await callerOfRequest(chat, request)
    if (!caller) throw new Refusal('unauthenticated', 'You are not signed in. Sign in.')
    const name = await providerOfSession(chat, caller)
    if (name === undefined) return { provider: null }
    const client = clients.get(name)
    // Only offered: where the provider is away, signing out here goes on without it.
    const url = await client?.signOutUrl(`${pagesUrl()}/`).catch(() => undefined)
    return { provider: { name, title: client?.provider.title ?? name }, signOutUrl: url?.href ?? null }
  })

  void app.register(async scope => {
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: maxLogoutBytes },
      async (_request: FastifyRequest, body: string) => new URLSearchParams(body),
    )
    scope.post<Named>('/web/oidc/:name/backchannel-logout', limited, async (request, reply) => {
      const client = clientOf(request.params.name)
      const token = request.body instanceof URLSearchParams ? (request.body.get('logout_token') ?? '') : ''
      try {
        await endAtProvider(chat, client, token)
      } catch (error) {
        // The shape and the status are those of the provider's specification: it understands no other.
        const refusal = toRefusal(chat, error, { url: request.url })
        const isBusy = refusal.code === 'unavailable' || refusal.code === 'internal'
        return reply
          .code(isBusy ? errorCodes[refusal.code].status : 400)
          .send({ error: isBusy ? 'temporarily_unavailable' : 'invalid_request', error_description: refusal.message })
      }
      return reply.code(204).send()
    })
  })
}

function beginPath({ provider }: OidcClient): string {
  return `/web/oidc/${provider.name}/begin`
}

/** Whether a browser that asks for this host is where people open the pages. */
function isAt(host: string | undefined, pages: string): boolean {
  const url = URL.parse(pages)
  return url === null || URL.parse(`${url.protocol}//${host}`)?.host === url.host
}

/** Answers a navigation of a browser: a refusal is a page that a person can read. */
async function onPage(chat: Chat, request: FastifyRequest, reply: FastifyReply, work: () => Promise<FastifyReply>) {
  try {
    return await work()
  } catch (error) {
    // Not the query: it holds the code.
    const refusal = toRefusal(chat, error, { url: request.url.split('?')[0] })
    if (refusal.retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(refusal.retryAfterMs / 1000))
    return reply
      .code(errorCodes[refusal.code].status)
      .type('text/html; charset=utf-8')
      .send(faultPage('You are not signed in', refusal.message))
  }
}

/** Lax: the browser brings it along when the provider sends it back here, and on no request of a page of others. */
function browserCookie(secure: boolean, value: string): string {
  return `${nameOf(secure)}=${value}${secure ? '; Secure' : ''}; Path=/; Max-Age=${attemptSeconds}; HttpOnly; SameSite=Lax`
}

function browserOf(request: FastifyRequest, secure: boolean): string | undefined {
  const name = `${nameOf(secure)}=`
  const pair = (request.headers.cookie ?? '').split(/; */).find(one => one.startsWith(name))
  const value = pair?.slice(name.length)
  return value !== undefined && /^[\w-]{43}$/.test(value) ? value : undefined
}

function nameOf(secure: boolean): string {
  return secure ? '__Host-pchat-oidc' : 'pchat-oidc'
}
