import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

const drainMs = 5_000

/**
 * Counts the requests that are under way from here on. What it answers takes no more of them, and resolves when those that came are
 * answered, or have taken too long.
 */
export function countRequests(app: FastifyInstance): () => Promise<void> {
  let busy = 0
  let draining = false
  let rested = () => {}
  app.addHook('onRequest', async (_request, reply) => {
    busy += 1
    // Whoever keeps a connection open is to come again elsewhere.
    if (draining) reply.header('connection', 'close')
    reply.raw.once('close', () => {
      busy -= 1
      if (busy === 0) rested()
    })
  })
  return async () => {
    draining = true
    app.server.close()
    app.server.closeIdleConnections()
    if (busy === 0) return
    const late = new AbortController()
    const answered = new Promise<void>(resolve => (rested = resolve))
    await Promise.race([answered, sleep(drainMs, undefined, { signal: late.signal })]).finally(() => late.abort())
  }
}
