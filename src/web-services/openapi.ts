import { errorCodes } from '../protocol/error.ts'
import { events } from '../protocol/event.ts'
import { verbs } from '../protocol/request.ts'
import type { Callers } from '../protocol/verb.ts'
import { PROTOCOL_VERSION, WEBSOCKET_SUBPROTOCOL } from '../protocol/version.ts'

const version = `1.0.${PROTOCOL_VERSION}`
const errorShape = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { enum: Object.keys(errorCodes) },
        message: { type: 'string' },
        retryAfterMs: { type: 'integer' },
        details: { type: 'object' },
        id: { type: 'string' },
      },
    },
  },
}

/** Who may ask at all, where that is not every user. */
function rolesOf(callers: Callers): object {
  return typeof callers === 'string' ? {} : { 'x-roles': callers }
}

/** The HTTP door as OpenAPI 3.1, from the verb table. */
export function openApi(): object {
  const statuses = [...new Set(Object.values(errorCodes).map(code => code.status))].sort()
  const errors = Object.fromEntries(
    statuses.map(status => {
      const codes = Object.entries(errorCodes).filter(([, code]) => code.status === status)
      return [
        status,
        {
          description: codes.map(([name, code]) => `${name}: ${code.meaning}`).join('; '),
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
        },
      ]
    }),
  )
  const paths = Object.fromEntries(
    Object.entries(verbs)
      .filter(([, verb]) => verb.doors === 'both')
      .map(([name, verb]) => [
        `/api/v1/${name}`,
        {
          post: {
            operationId: name,
            summary: verb.summary,
            ...rolesOf(verb.callers),
            tags: [name.split('.')[0]],
            ...(verb.callers === 'anyone' ? { security: [] } : {}),
            requestBody: { required: true, content: { 'application/json': { schema: verb.input } } },
            responses: {
              200: {
                description: 'done',
                content: {
                  'application/json': {
                    schema: { type: 'object', required: ['result'], properties: { result: verb.result } },
                  },
                },
              },
              ...errors,
            },
          },
        },
      ]),
  )
  return {
    openapi: '3.1.0',
    info: { title: 'Persistent Chat', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    security: [{ token: [] }, { cookie: [] }],
    paths,
    components: {
      schemas: { Error: errorShape },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        cookie: {
          ...{ type: 'apiKey', in: 'cookie', name: '__Host-pchat' },
          description: 'of a pool with a name of its own: __Host-pchat.NAME',
        },
      },
    },
  }
}

/** The WebSocket door as AsyncAPI 3.0: every verb as a request with its answer, every event. */
export function asyncApi(): object {
  const requests = Object.entries(verbs).map(([name, verb]) => [
    `request.${name}`,
    {
      name: `request.${name}`,
      summary: verb.summary,
      ...rolesOf(verb.callers),
      payload: {
        type: 'object',
        required: ['id', 'verb'],
        properties: { id: { type: ['integer', 'string'] }, verb: { const: name }, input: verb.input },
      },
    },
  ])
  const answers = Object.entries(verbs).map(([name, verb]) => [
    `answer.${name}`,
    {
      name: `answer.${name}`,
      payload: {
        type: 'object',
        required: ['id'],
        properties: { id: { type: ['integer', 'string'] }, result: verb.result, ...errorShape.properties },
      },
    },
  ])
  const told = Object.entries(events).map(([name, payload]) => [`event.${name}`, { name: `event.${name}`, payload }])
  const messages = Object.fromEntries([...requests, ...answers, ...told])
  const ref = ([name]: (string | object)[]) => ({ $ref: `#/channels/ws/messages/${name as string}` })
  return {
    asyncapi: '3.0.0',
    info: { title: 'Persistent Chat', version, license: { name: 'Apache-2.0' } },
    channels: {
      ws: {
        address: '/ws',
        description: `WebSocket, subprotocol ${WEBSOCKET_SUBPROTOCOL}, one JSON object a text frame`,
        messages,
      },
    },
    operations: {
      receiveRequest: { action: 'receive', channel: { $ref: '#/channels/ws' }, messages: requests.map(ref) },
      sendAnswer: { action: 'send', channel: { $ref: '#/channels/ws' }, messages: answers.map(ref) },
      sendEvent: { action: 'send', channel: { $ref: '#/channels/ws' }, messages: told.map(ref) },
    },
  }
}
