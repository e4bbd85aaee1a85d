import type { FastifyInstance } from 'fastify'
import { webServicesElsewhere } from '../chat/apart.ts'
import type { Chat } from '../chat/chat.ts'
import { type AppOptions, addStatus, openApp } from './app.ts'

/** The HTTP door of a Persistent Chat Server: how it is, and for all else where the web services are. */
export function openStatusHttp(chat: Chat, options: Omit<AppOptions, 'policy'>): FastifyInstance {
  const app = openApp(chat, { ...options, policy: () => "default-src 'none'; frame-ancestors 'none'" })
  addStatus(app, chat, options)
  const refuse = async () => {
    throw webServicesElsewhere(chat)
  }
  // What comes along is not read: it is for another server.
  app.addContentTypeParser('*', async () => undefined)
  app.removeContentTypeParser('application/json')
  app.setNotFoundHandler(refuse)
  return app
}
