import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Chat } from '../chat/chat.ts'
import { toRefusal } from '../chat/failure.ts'
import { takeFailure } from '../chat/rate-limit.ts'
import { createUser, deleteUser, getUser, listUsers, modifyUser, replaceUser, type ScimPage } from '../chat/scim.ts'
import { createGroup, deleteGroup, getGroup, listGroups, modifyGroup, replaceGroup } from '../chat/scim-group.ts'
import { hashToken, isSame } from '../chat/token.ts'
import type { ScimClient } from '../directory/scim-config.ts'
import { describeSchemas, type Json, messageIds, readFilter, ScimFault, schemaIds } from '../directory/scim-resource.ts'
import { readSecret } from '../directory/secret.ts'
import { isBadText } from '../domain/message.ts'
import { errorCodes } from '../protocol/error.ts'
import { limitedRoute } from './signin.ts'

/** SCIM 2.0 (RFC 7644) for providers that push users and groups: below /scim/v2/<name of the source>. */

const contentType = 'application/scim+json; charset=utf-8'
const usualCount = 100
const maxCount = 200

type Params = { name: string; id: string }
type Query = { filter?: unknown; startIndex?: unknown; count?: unknown; excludedAttributes?: unknown }
type Asked = FastifyRequest<{ Params: Params; Querystring: Query }>

export function addScim(
  app: FastifyInstance,
  chat: Chat,
  options: { clients: ScimClient[]; pagesUrl: () => string },
): void {
  void app.register(
    async scope => {
      scope.addContentTypeParser(
        'application/scim+json',
        { parseAs: 'buffer' },
        async (_: FastifyRequest, body: Buffer) => parse(body),
      )
      addRoutes(scope, chat, options)
    },
    { prefix: '/scim/v2/:name' },
  )
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw new ScimFault(400, 'invalidSyntax', 'The body is no JSON in UTF-8.')
  }
}

/** Far deeper than any resource. */
const maxDepth = 20

/** No store takes U+0000 or an unpaired surrogate, and resources are kept as they came. */
function refuseBadText(value: unknown, depth: number): void {
  const unfit = () =>
    new ScimFault(400, 'invalidValue', 'A text holds U+0000 or an unpaired surrogate, or is nested too deep.')
  if (typeof value === 'string' && isBadText(value)) throw unfit()
  if (typeof value !== 'object' || value === null) return
  if (depth === 0) throw unfit()
  for (const [key, member] of Object.entries(value)) {
    if (isBadText(key)) throw unfit()
    refuseBadText(member, depth - 1)
  }
}

function addRoutes(
  scope: FastifyInstance,
  chat: Chat,
  { clients, pagesUrl }: { clients: ScimClient[]; pagesUrl: () => string },
) {
  scope.addHook('onRequest', limitedRoute(chat).onRequest)
  scope.setErrorHandler((error, request, reply) => sendFault(chat, error, request, reply))
  const asClient = (work: (client: ScimClient, request: Asked, reply: FastifyReply) => Promise<Json | undefined>) =>
    async function answer(request: FastifyRequest, reply: FastifyReply) {
      const asked = request as Asked
      const client = await clientOf(chat, clients, asked)
      refuseBadText(asked.body, maxDepth)
      refuseBadText(asked.query.filter, maxDepth)
      const body = await work(client, asked, reply)
      return reply.type(contentType).send(body === undefined ? undefined : JSON.stringify(body))
    }
  const baseOf = (client: ScimClient) => `${pagesUrl()}/scim/v2/${client.name}`
  const located = (client: ScimClient, type: 'Users' | 'Groups', resource: Json): Json => ({
    ...resource,
    meta: { ...(resource.meta as Json), location: `${baseOf(client)}/${type}/${String(resource.id)}` },
  })

  for (const [type, { list, get, create, replace, modify, remove }] of [
    ['Users', users],
    ['Groups', groups],
  ] as const) {
    scope.get(
      `/${type}`,
      asClient(async (client, { query }) => {
        const startIndex = Math.max(1, wholeNumber(query.startIndex, 1))
        const limit = Math.min(maxCount, Math.max(0, wholeNumber(query.count, usualCount)))
        const filter = query.filter === undefined ? {} : readFilter(String(query.filter))
        const slice = { offset: startIndex - 1, limit, withMembers: !excludesMembers(query) }
        const { total, resources } = await list(chat, client, filter, slice)
        return {
          schemas: [messageIds.list],
          totalResults: total,
          startIndex,
          itemsPerPage: resources.length,
          Resources: resources.map(resource => located(client, type, resource)),
        }
      }),
    )
    scope.get(
      `/${type}/:id`,
      asClient(async (client, { params, query }) =>
        located(client, type, await get(chat, client, params.id, !excludesMembers(query))),
      ),
    )
    scope.post(
      `/${type}`,
      asClient(async (client, { body }, reply) => {
        const made = located(client, type, await create(chat, client, body))
        reply.code(201).header('location', String((made.meta as Json).location))
        return made
      }),
    )
    scope.put(
      `/${type}/:id`,
      asClient(async (client, { params, body }) => located(client, type, await replace(chat, client, params.id, body))),
    )
    scope.patch(
      `/${type}/:id`,
      asClient(async (client, { params, body }) => located(client, type, await modify(chat, client, params.id, body))),
    )
    scope.delete(
      `/${type}/:id`,
      asClient(async (client, { params }, reply) => {
        await remove(chat, client, params.id)
        reply.code(204)
        return undefined
      }),
    )
  }

  scope.get(
    '/ServiceProviderConfig',
    asClient(async () => serviceProviderConfig),
  )
  scope.get(
    '/Schemas',
    asClient(async client => listed(describeSchemas(baseOf(client)))),
  )
  scope.get(
    '/ResourceTypes',
    asClient(async () => listed(resourceTypes)),
  )
}

type Verbs = {
  list(chat: Chat, client: ScimClient, filter: ReturnType<typeof readFilter>, slice: Slice): Promise<ScimPage>
  get(chat: Chat, client: ScimClient, id: string, withMembers: boolean): Promise<Json>
  create(chat: Chat, client: ScimClient, body: unknown): Promise<Json>
  replace(chat: Chat, client: ScimClient, id: string, body: unknown): Promise<Json>
  modify(chat: Chat, client: ScimClient, id: string, body: unknown): Promise<Json>
  remove(chat: Chat, client: ScimClient, id: string): Promise<void>
}
type Slice = { offset: number; limit: number; withMembers: boolean }

const users: Verbs = {
  list: listUsers,
  get: getUser,
  create: createUser,
  replace: replaceUser,
  modify: modifyUser,
  remove: deleteUser,
}
const groups: Verbs = {
  list: listGroups,
  get: getGroup,
  create: createGroup,
  replace: replaceGroup,
  modify: modifyGroup,
  remove: deleteGroup,
}

/** Whose token it is: only the one that the address names. A wrong one counts as a failed sign-in. */
async function clientOf(chat: Chat, clients: ScimClient[], request: Asked): Promise<ScimClient> {
  const giveBack = takeFailure(chat, request.ip)
  const sent = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const client = clients.find(one => one.name === request.params.name)
  const wanted = client && (await readSecret(client.token).catch(error => noteSecret(chat, client, error)))
  if (!client || sent === undefined || wanted === undefined || !isSame(hashToken(sent), hashToken(wanted)))
    throw new ScimFault(401, undefined, 'No valid token came with the request. Send it as Authorization: Bearer.')
  giveBack()
  return client
}

function noteSecret(chat: Chat, client: ScimClient, error: unknown): undefined {
  chat.log.warn({ source: client.name, reason: (error as Error).message }, 'the token of a SCIM client cannot be read')
}

function wholeNumber(text: unknown, usual: number): number {
  return typeof text === 'string' && /^-?\d{1,9}$/.test(text) ? Number(text) : usual
}

function excludesMembers({ excludedAttributes }: Query): boolean {
  return typeof excludedAttributes === 'string' && /(^|,)\s*members\s*(,|$)/i.test(excludedAttributes)
}

function listed(resources: object[]): Json {
  return {
    schemas: [messageIds.list],
    totalResults: resources.length,
    startIndex: 1,
    itemsPerPage: resources.length,
    Resources: resources,
  }
}

/** In the standard's shape; ours are told in it, too. */
function sendFault(chat: Chat, error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const fault = error instanceof ScimFault ? error : ofOthers(chat, error, request)
  const { status, scimType, message } = fault
  return reply
    .code(status)
    .type(contentType)
    .send(
      JSON.stringify({
        schemas: [messageIds.error],
        status: String(status),
        ...(scimType === undefined ? {} : { scimType }),
        detail: message,
      }),
    )
}

function ofOthers(chat: Chat, error: unknown, request: FastifyRequest): ScimFault {
  const { statusCode } = error as { statusCode?: number }
  if (statusCode === 413) return new ScimFault(413, undefined, 'The body is too large. Send less at once.')
  if (statusCode === 400 || statusCode === 415) return new ScimFault(400, 'invalidSyntax', 'The body is no JSON.')
  const refusal = toRefusal(chat, error, { url: request.url.split('?')[0] })
  return new ScimFault(errorCodes[refusal.code].status, undefined, refusal.message)
}

const serviceProviderConfig: Json = {
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: maxCount },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: false },
  authenticationSchemes: [
    { type: 'oauthbearertoken', name: 'Bearer token', description: 'The token of the configuration', primary: true },
  ],
}

const resourceTypes: object[] = [
  {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
    id: 'User',
    name: 'User',
    endpoint: '/Users',
    schema: schemaIds.user,
    schemaExtensions: [{ schema: schemaIds.enterprise, required: false }],
  },
  {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
    id: 'Group',
    name: 'Group',
    endpoint: '/Groups',
    schema: schemaIds.group,
    schemaExtensions: [],
  },
]
