import type { FastifyInstance } from 'fastify'
import { openHostTest } from '../base/host.ts'
import { Refusal } from '../protocol/error.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers also at the host for downloads, where nothing else does. */
    isDownload?: boolean
  }
}

/** Keeps the host for downloads to those: no verb, no page, no sign-in and no figures are there. */
export function keepApart(app: FastifyInstance, downloadUrl: string | undefined): void {
  const isApart = openHostTest(downloadUrl)
  app.addHook('onRequest', async (request, reply) => {
    if (!isApart(request.headers.host)) return
    reply.header('content-security-policy', "sandbox; default-src 'none'; frame-ancestors 'none'")
    if (request.routeOptions.config.isDownload !== true)
      throw new Refusal('not_found', 'There is nothing at this address.')
  })
}
