import type { Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { descriptorLimit } from '../base/descriptors.ts'
import { sumCounted } from '../base/metrics.ts'
import { readTrust, type Trust } from '../base/proxies.ts'
import type { Chat } from '../chat/chat.ts'
import type { OidcClients } from '../directory/oidc.ts'
import { addFiles, type FilesRole, uploadsPath } from '../files/http.ts'
import type { Hub } from '../server/hub.ts'
import { refuseWebSockets } from '../server/no-ws.ts'
import { openWebSockets } from '../server/ws.ts'
import type { Health } from '../web-services/app.ts'
import { countRequests } from '../web-services/drain.ts'
import { openHttp } from '../web-services/http.ts'
import { openStatusHttp } from '../web-services/status.ts'
import { listenBacklog } from './entrance.ts'
import type { ServeOptions, ServeRole } from './serve-options.ts'
import { urlOf } from './url.ts'

/** The port of one server, with what its role opens there. */
export type ServerDoor = {
  /** Undefined where this role has none. */
  files: FilesRole | undefined
  /** Answers the address as host and port give it. */
  listen(): Promise<string>
  /** What was asked is answered; live sessions are sent elsewhere. */
  drain(): Promise<void>
  close(): Promise<void>
}

type DoorOptions = Omit<ServeOptions, 'role' | 'oidc' | 'publicUrl' | 'pagesUrl'> & {
  role: ServeRole
  oidc: OidcClients
  publicUrl: () => string
  pagesUrl: () => string
  health: () => Promise<Health>
  /** WebSocket addresses of the pool, where its pages use others than their own. */
  live: (() => string[]) | undefined
}

/** For the store, the bus and listening; and as many for requests over HTTP. */
const keptDescriptors = 50
const httpConnections = 50

/** Opens everything but the port. Files are stopped before HTTP is, which closes their store. */
export async function openDoor(chat: Chat, hub: Hub, options: DoorOptions): Promise<ServerDoor> {
  const { role, maxSessions = descriptorsForSessions() } = options
  await using started = new AsyncDisposableStack()
  const http = await openRequests(chat, options)
  started.defer(() => http.close())
  const answered = role === 'front-end' ? countRequests(http) : undefined
  const files = role !== 'persistent-chat' && options.files ? await addFiles(http, chat, options.files) : undefined
  started.defer(() => files?.stop())
  if (role !== 'persistent-chat')
    chat.uploads = () => (files?.isThere() ? `${options.publicUrl()}${uploadsPath}` : undefined)
  // Whoever connects and asks nothing has a descriptor, too.
  http.server.maxConnections = maxSessions + httpConnections
  const webSockets = role === 'front-end' ? undefined : openLive(http, chat, hub, { ...options, maxSessions })
  if (!webSockets) refuseWebSockets(http.server as Server, chat)
  const running = started.move()
  return {
    files,
    async listen() {
      if (options.door) await options.door.open(http)
      else await http.listen({ host: options.host, port: options.port, backlog: listenBacklog })
      return urlOf({ ...options, port: options.door?.port ?? portOf(http.server as Server) ?? options.port })
    },
    async drain() {
      await Promise.all([webSockets?.stop(), answered?.()])
    },
    close: () => running.disposeAsync(),
  }
}

async function openRequests(chat: Chat, options: DoorOptions): Promise<FastifyInstance> {
  const { role, tls, health, countAll } = options
  const trust = trustOf(options)
  const measure = countAll && (async () => sumCounted(await countAll()))
  if (role === 'persistent-chat') return openStatusHttp(chat, { tls, health, measure, trust })
  const { webRoot, oidc, scim, pagesUrl, live } = options
  return openHttp(chat, {
    ...{ tls, webRoot, health, measure, oidc, scim, pagesUrl, live, trust },
    downloadUrl: options.files?.downloadUrl,
  })
}

function openLive(http: FastifyInstance, chat: Chat, hub: Hub, options: DoorOptions & { maxSessions: number }) {
  const { pingMs, maxSessions } = options
  return openWebSockets(http.server as Server, chat, hub, {
    ...{ pingMs, maxSessions, downloadUrl: options.files?.downloadUrl, trust: trustOf(options) },
  })
}

function trustOf({ trustedProxies }: DoorOptions): Trust | undefined {
  return trustedProxies === undefined ? undefined : readTrust(trustedProxies)
}

function descriptorsForSessions(): number {
  return Math.max(1, (descriptorLimit() ?? Number.POSITIVE_INFINITY) - keptDescriptors - httpConnections)
}

function portOf(server: Server): number | undefined {
  const bound = server.address()
  return typeof bound === 'object' && bound ? bound.port : undefined
}
