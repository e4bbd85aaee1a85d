import { existsSync } from 'node:fs'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Chat } from '../chat/chat.ts'
import { answerStranger, dispatch, isStrangerVerb, isVerb } from '../chat/dispatch.ts'
import { toRefusal } from '../chat/failure.ts'
import { takeAddressRequest, takeSessionTurn } from '../chat/rate-limit.ts'
import type { OidcClients } from '../directory/oidc.ts'
import type { ScimClient } from '../directory/scim-config.ts'
import { Refusal } from '../protocol/error.ts'
import { type AppOptions, addStatus, openApp } from './app.ts'
import { addDeviceSignIn } from './device-signin.ts'
import { keepApart } from './download-host.ts'
import { addHandOver } from './hand-over.ts'
import { addLiveTicket } from './live-ticket.ts'
import { addOidc } from './oidc-signin.ts'
import { asyncApi, openApi } from './openapi.ts'
import { addSignIn, callerOfRequest } from './signin.ts'

export type HttpOptions = Omit<AppOptions, 'policy'> & {
  webRoot: string
  /** OpenID providers that people sign in at. */
  oidc?: OidcClients | undefined
  /** Providers that push people by SCIM. */
  scim?: ScimClient[] | undefined
  /** Address that people open the pages at, without a slash at its end. */
  pagesUrl?: (() => string) | undefined
  /** WebSocket addresses at other hosts that the pages of this server use. */
  live?: (() => string[]) | undefined
  /** Address of the host that nothing but files is fetched from. */
  downloadUrl?: string | undefined
}

/** The HTTP door: every verb as POST /api/v1/<verb>, sign-in by cookie, health, metrics, the web client's files. */
export async function openHttp(chat: Chat, options: HttpOptions): Promise<FastifyInstance> {
  const live = options.live ?? (() => [])
  const app = openApp(chat, { ...options, policy: () => pagePolicyOf(options.downloadUrl, live()) })
  keepApart(app, options.downloadUrl)

  app.post<{ Params: { verb: string } }>('/api/v1/:verb', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    return { result: await callVerb(chat, request, request.params.verb) }
  })
  app.get('/api/v1/openapi.json', async () => openApi())
  app.get('/api/v1/asyncapi.json', async () => asyncApi())
  addStatus(app, chat, options)
  const { pagesUrl = () => '' } = options
  const secure = options.tls !== undefined
  addSignIn(app, chat, { secure })
  addHandOver(app, chat, { secure })
  if (chat.apart) addLiveTicket(app, chat)
  addOidc(app, chat, { clients: options.oidc ?? new Map(), pagesUrl, secure })
  addDeviceSignIn(app, chat, { pagesUrl })
  const { scim = [] } = options
  // Its library is 8 MB, which a server without such a provider does without.
  if (scim.length > 0) (await import('./scim.ts')).addScim(app, chat, { clients: scim, pagesUrl })
  await addWebClient(app, options.webRoot)
  return app
}

async function callVerb(chat: Chat, request: FastifyRequest, verb: string): Promise<object> {
  takeAddressRequest(chat, request.ip)
  // null is no input, and nothing at all is an empty one.
  const input = request.body === undefined ? {} : request.body
  try {
    const result = await answerVerb(chat, request, verb, input)
    chat.metrics.requests.inc({ verb, outcome: 'ok' })
    return result
  } catch (error) {
    const refusal = toRefusal(chat, error, { verb })
    chat.metrics.requests.inc({ verb: isVerb(verb) ? verb : 'other', outcome: refusal.code })
    throw refusal
  }
}

async function answerVerb(chat: Chat, request: FastifyRequest, verb: string, input: unknown): Promise<object> {
  if (isStrangerVerb(verb)) return answerStranger(chat, { address: request.ip }, verb, input)
  const caller = await callerOfRequest(chat, request)
  if (!caller)
    throw new Refusal(
      'unauthenticated',
      'No valid token came with the request. Sign in and send it as Authorization: Bearer.',
    )
  takeSessionTurn(chat, caller.session, request.ip, verb === 'message.post' || verb === 'file.post')
  return dispatch(chat, caller, 'http', verb, input)
}

/**
 * No page of others frames ours, and a page of ours runs nothing but its own files. The component library makes its styles at
 * run time by way of empty style elements: the hash is that of nothing. Previews may come from the host for downloads. `live`: servers of
 * other hosts that a page opens its WebSocket at.
 */
function pagePolicyOf(downloadUrl: string | undefined, live: string[]): string {
  return [
    "default-src 'self'",
    "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    `img-src 'self' data: blob:${downloadUrl === undefined ? '' : ` ${new URL(downloadUrl).origin}`}`,
    ...(live.length === 0
      ? []
      : [`connect-src 'self' ${[...new Set(live.map(url => new URL(url).origin))].join(' ')}`]),
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    // Add-ins, sandboxed: administrators chose their addresses, and naming them here would tell strangers on the page of sign-in.
    'frame-src http: https:',
    "frame-ancestors 'none'",
  ].join('; ')
}

/** The built web client; its addresses below / all load the same page. */
async function addWebClient(app: FastifyInstance, webRoot: string) {
  const built = existsSync(`${webRoot}/index.html`)
  if (built)
    await app.register(fastifyStatic, {
      root: webRoot,
      // Files under /assets carry a hash in their name.
      setHeaders: (reply, path) =>
        void reply.header(
          'cache-control',
          path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
        ),
    })
  app.setNotFoundHandler((request, reply) => {
    const isPage =
      request.method === 'GET' &&
      (request.headers.accept ?? '').includes('text/html') &&
      !/^\/(api|web|files|scim)\//.test(request.url)
    if (isPage && built) return reply.header('cache-control', 'no-cache').sendFile('index.html')
    const text = isPage
      ? 'The web client is not built. Run npm ci, then start again.'
      : 'There is nothing at this address.'
    return reply.code(404).send({ error: new Refusal('not_found', text).toWire() })
  })
}
