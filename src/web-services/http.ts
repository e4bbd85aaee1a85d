import { existsSync } from 'node:fs'
import fastifyStatic from '@fastify/static'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Chat } from '../chat/chat.ts'
import { answerStranger, dispatch, isStrangerVerb, isVerb } from '../chat/dispatch.ts'
import { toRefusal } from '../chat/failure.ts'
import { takeAddressRequest, takeSessionTurn } from '../chat/rate-limit.ts'
import type { OidcClients } from '../directory/oidc.ts'
import type { ScimClient } from '../directory/scim-config.ts'
import { errorCodes, Refusal } from '../protocol/error.ts'
import { addDeviceSignIn } from './device-signin.ts'
import { keepApart } from './download-host.ts'
import { addHandOver } from './hand-over.ts'
import { addOidc } from './oidc-signin.ts'
import { asyncApi, openApi } from './openapi.ts'
import { addSignIn, callerOfRequest } from './signin.ts'

/** A story of 65,536 bytes may be written with six bytes a character. */
const maxBodyBytes = 1024 * 1024

/** `ready`: the server can serve. `notes`: what is not as it should be, whether or not it can. */
export type Health = { ready: boolean; notes: string[] }

export type HttpOptions = {
  tls: { cert: string; key: string } | undefined
  webRoot: string
  health: () => Promise<Health>
  /** Of all processes of the server, where there are several. */
  measure?: (() => Promise<string>) | undefined
  /** OpenID providers that people sign in at. */
  oidc?: OidcClients | undefined
  /** Providers that push people by SCIM. */
  scim?: ScimClient[] | undefined
  /** Address that browsers reach this server at, without a slash at its end. */
  publicUrl?: (() => string) | undefined
  /** Address of the host that nothing but files is fetched from. */
  downloadUrl?: string | undefined
}

/** The HTTP door: every verb as POST /api/v1/<verb>, sign-in by cookie, health, metrics, the web client's files. */
export async function openHttp(chat: Chat, options: HttpOptions): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: maxBodyBytes,
    forceCloseConnections: true,
    ...(options.tls ? { https: options.tls } : {}),
  } as { bodyLimit: number }) as unknown as FastifyInstance
  // One validator for both doors, in chat/dispatch: fastify's own coerces and strips.
  app.setValidatorCompiler(() => () => true)
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) =>
    parseBody(request, body),
  )
  app.setErrorHandler((error, request, reply) => sendError(chat, error, request, reply))
  const pagePolicy = pagePolicyOf(options.downloadUrl)
  app.addHook('onSend', async (_request, reply) => addSecurityHeaders(reply, pagePolicy, options.tls !== undefined))
  keepApart(app, options.downloadUrl)

  app.post<{ Params: { verb: string } }>('/api/v1/:verb', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    return { result: await callVerb(chat, request, request.params.verb) }
  })
  app.get('/api/v1/openapi.json', async () => openApi())
  app.get('/api/v1/asyncapi.json', async () => asyncApi())
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const { ready, notes } = await options.health()
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', notes })
  })
  const { registry } = chat.metrics
  const measure = options.measure ?? (() => registry.metrics())
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await measure()))
  const { publicUrl = () => '' } = options
  const secure = options.tls !== undefined
  addSignIn(app, chat, { secure })
  addHandOver(app, chat, { secure })
  addOidc(app, chat, { clients: options.oidc ?? new Map(), publicUrl, secure })
  addDeviceSignIn(app, chat, { publicUrl })
  const { scim = [] } = options
  // Its library is 8 MB, which a server without such a provider does without.
  if (scim.length > 0) (await import('./scim.ts')).addScim(app, chat, { clients: scim, publicUrl })
  await addWebClient(app, options.webRoot)
  return app
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** fastify's own puts U+FFFD where bytes are no UTF-8: the text would be kept as nobody wrote it. */
function parseBody(request: FastifyRequest, body: Buffer): unknown {
  const { 'content-encoding': content = 'identity', 'transfer-encoding': transfer = 'chunked' } = request.headers
  if (content !== 'identity' || transfer !== 'chunked')
    throw new Refusal('invalid_argument', 'The body is encoded. Send it as it is.')
  try {
    return JSON.parse(utf8.decode(body))
  } catch {
    throw new Refusal('invalid_argument', 'The body is no JSON object in UTF-8. Send application/json.')
  }
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

function sendError(chat: Chat, error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const refusal = ofFastify(error) ?? toRefusal(chat, error, { url: pathOf(request) })
  chat.metrics.refusals.inc({ code: refusal.code })
  if (refusal.retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(refusal.retryAfterMs / 1000))
  return reply.code(errorCodes[refusal.code].status).type('application/json').send({ error: refusal.toWire() })
}

/** For the log. Behind it there may be a ticket, or a provider's code. */
function pathOf({ url }: FastifyRequest): string {
  return url.replace(/\?.*/s, '')
}

/** What fastify refuses by itself, in our words. */
function ofFastify(error: unknown): Refusal | undefined {
  const { code, statusCode } = error as { code?: string; statusCode?: number }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || statusCode === 413)
    return new Refusal('too_large', `A body has at most ${maxBodyBytes} bytes. Send less at once.`)
  if (error instanceof SyntaxError || code?.startsWith('FST_ERR_CTP') || statusCode === 400 || statusCode === 415)
    return new Refusal('invalid_argument', 'The body is no JSON object. Send application/json.')
  return undefined
}

/**
 * No page of others frames ours, and a page of ours runs nothing but its own files. The component library makes its styles at
 * run time by way of empty style elements: the hash is that of nothing. Previews may come from the host for downloads.
 */
function pagePolicyOf(downloadUrl: string | undefined): string {
  return [
    "default-src 'self'",
    "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    `img-src 'self' data: blob:${downloadUrl === undefined ? '' : ` ${new URL(downloadUrl).origin}`}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    // Add-ins, sandboxed: administrators chose their addresses, and naming them here would tell strangers on the page of sign-in.
    'frame-src http: https:',
    "frame-ancestors 'none'",
  ].join('; ')
}

function addSecurityHeaders(reply: FastifyReply, pagePolicy: string, secure: boolean) {
  reply.header('x-content-type-options', 'nosniff')
  reply.header('referrer-policy', 'no-referrer')
  // What was uploaded is under a stricter one already.
  if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', pagePolicy)
  reply.header('cross-origin-opener-policy', 'same-origin')
  if (secure) reply.header('strict-transport-security', 'max-age=31536000')
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
