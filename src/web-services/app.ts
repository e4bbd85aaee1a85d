import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Trust } from '../base/proxies.ts'
import type { Chat } from '../chat/chat.ts'
import { clientAddress } from '../chat/client-address.ts'
import { toRefusal } from '../chat/failure.ts'
import { errorCodes, Refusal } from '../protocol/error.ts'

/** A story of 65,536 bytes may be written with six bytes a character. */
const maxBodyBytes = 1024 * 1024

/** `ready`: the server can serve. `notes`: what is not as it should be, whether or not it can. */
export type Health = { ready: boolean; notes: string[] }

export type AppOptions = {
  tls: { cert: string; key: string } | undefined
  health: () => Promise<Health>
  /** Of all processes of the server, where there are several. */
  measure?: (() => Promise<string>) | undefined
  /** Proxies that say for whom they ask. */
  trust?: Trust | undefined
  /** The content security policy of what has none of its own. */
  policy: () => string
}

/** What every HTTP door has, whichever role is behind it: how bodies are read and refusals said, safe headers, health and metrics. */
export function openApp(chat: Chat, options: AppOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: maxBodyBytes,
    forceCloseConnections: true,
    ...(options.tls ? { https: options.tls } : {}),
    ...(options.trust ? { trustProxy: options.trust } : {}),
  } as { bodyLimit: number }) as unknown as FastifyInstance
  // One validator for both doors, in chat/dispatch: fastify's own coerces and strips.
  app.setValidatorCompiler(() => () => true)
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) =>
    parseBody(request, body),
  )
  app.setErrorHandler((error, request, reply) => sendError(chat, error, request, reply))
  if (options.trust) app.addHook('onRequest', async ({ raw }) => void clientAddress(raw, options.trust))
  app.addHook('onSend', async (_request, reply) => addSecurityHeaders(reply, options.policy, options.tls !== undefined))
  return app
}

/** How a server is: whether it lives, whether it can serve, and what it counted. */
export function addStatus(app: FastifyInstance, chat: Chat, options: Pick<AppOptions, 'health' | 'measure'>): void {
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const { ready, notes } = await options.health()
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', notes })
  })
  const { registry } = chat.metrics
  const measure = options.measure ?? (() => registry.metrics())
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await measure()))
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

function addSecurityHeaders(reply: FastifyReply, policy: () => string, secure: boolean) {
  reply.header('x-content-type-options', 'nosniff')
  reply.header('referrer-policy', 'no-referrer')
  // What was uploaded is under a stricter one already.
  if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', policy())
  reply.header('cross-origin-opener-policy', 'same-origin')
  if (secure) reply.header('strict-transport-security', 'max-age=31536000')
}
