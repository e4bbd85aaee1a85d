import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as addin from '../src/protocol/addin.ts'
import * as category from '../src/protocol/category.ts'
import * as configuration from '../src/protocol/configuration-verbs.ts'
import * as directory from '../src/protocol/directory-verbs.ts'
import { closeCodes, errorCodes } from '../src/protocol/error.ts'
import { events } from '../src/protocol/event.ts'
import * as factor from '../src/protocol/factor.ts'
import { uuidPattern } from '../src/protocol/ids.ts'
import * as message from '../src/protocol/message.ts'
import * as messageVerbs from '../src/protocol/message-verbs.ts'
import * as policy from '../src/protocol/policy.ts'
import * as pool from '../src/protocol/pool-verbs.ts'
import * as principal from '../src/protocol/principal.ts'
import { type Verb, verbs } from '../src/protocol/request.ts'
import * as room from '../src/protocol/room.ts'
import * as session from '../src/protocol/session-verbs.ts'
import * as settings from '../src/protocol/settings-verbs.ts'
import * as topology from '../src/protocol/topology-verbs.ts'
import type { Callers } from '../src/protocol/verb.ts'
import { MAX_FRAME_BYTES, PROTOCOL_VERSION, WEBSOCKET_SUBPROTOCOL } from '../src/protocol/version.ts'
import { cmdletsDocument } from './build-cmdlets.ts'
import { schemaDocument, topologyDocument } from './build-topology.ts'

/** Writes docs/errors.md and docs/protocol.md from src/protocol, and the documents of others: `npm run docs`. A test compares them. */

/** The part of JSON schema that the protocol uses. */
type Schema = {
  type?: string
  const?: string | number | boolean
  pattern?: string
  minimum?: number
  exclusiveMinimum?: number
  maximum?: number
  minLength?: number
  maxItems?: number
  description?: string
  items?: Schema
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
}

const written = '<!-- Written by bin/build-docs.ts from src/protocol. Change that, then: npm run docs -->\n'

/** Shapes that have a section of their own: the objects that a module of the protocol exports by name. */
const verbModules = [session, settings, configuration, pool, directory, messageVerbs, topology]
const shapes = new Map<string, { name: string; schema: Schema }>()
for (const module of [principal, factor, policy, category, addin, room, message, ...verbModules]) {
  for (const [name, schema] of Object.entries(module as Record<string, unknown>)) {
    const { type, properties } = (schema ?? {}) as Schema
    if (type === 'object' && properties) shapes.set(JSON.stringify(schema), { name, schema: schema as Schema })
  }
}
shapes.set(JSON.stringify(message.Message), { name: 'Message', schema: message.Message as Schema })

function rangeOf({ minimum, exclusiveMinimum, maximum }: Schema): string {
  const top = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum.toLocaleString('en')
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}`
  if (minimum !== undefined && top !== undefined) return ` ${minimum.toLocaleString('en')} to ${top}`
  if (minimum) return ` from ${minimum.toLocaleString('en')}`
  return top === undefined ? '' : ` up to ${top}`
}

/** `named: false` spells out a shape that has a name, for its own section. */
function typeText(schema: Schema, named = true): string {
  // An optional member or one with a sentence of its own is still the same shape.
  const shape = shapes.get(JSON.stringify(schema))
  if (shape && named) return `[${shape.name}](#${shape.name.toLowerCase()})`
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``
  if (schema.anyOf) return schema.anyOf.map(part => typeText(part)).join(' or ')
  switch (schema.type) {
    case 'string':
      if (schema.pattern === uuidPattern) return 'UUID'
      if (schema.pattern?.includes('T\\d{2}')) return 'instant'
      return schema.minLength ? 'text, not empty' : 'text'
    case 'integer':
    case 'number':
      return `${schema.type}${rangeOf(schema)}`
    case 'array': {
      const most = schema.maxItems === undefined ? '' : `, at most ${schema.maxItems.toLocaleString('en')}`
      return `list of ${typeText(schema.items ?? {})}${most}`
    }
    case 'object':
      return `{ ${Object.entries(schema.properties ?? {})
        .map(([name, member]) => `${name}${isRequired(schema, name) ? '' : '?'}: ${typeText(member)}`)
        .join(', ')} }`
    case undefined:
      return 'anything'
    default:
      return schema.type ?? 'anything'
  }
}

function isRequired(schema: Schema, name: string): boolean {
  return schema.required?.includes(name) ?? false
}

function membersTable(schema: Schema, without: string[] = []): string {
  const members = Object.entries(schema.properties ?? {}).filter(([name]) => !without.includes(name))
  if (members.length === 0) return ''
  const rows = members.map(([name, member]) => {
    const type = typeText(member)
    const sentence =
      member.description === undefined || member.description === type
        ? ''
        : ` ${member.description.replaceAll('<', '&lt;')}`
    return `| \`${name}\`${isRequired(schema, name) ? '' : ' (optional)'} | ${type} |${sentence} |`
  })
  return `\n| member | type | |\n| --- | --- | --- |\n${rows.join('\n')}\n`
}

function section(title: string, ...parts: string[]): string {
  return `\n### ${title}\n\n${parts.filter(part => part !== '').join('\n')}`
}

const callerWords = { anyone: 'anyone, signed in or not', user: 'signed-in users' }

function callersOf(callers: Callers): string {
  if (typeof callers === 'string') return callerWords[callers]
  const roles = callers.map(role => `\`${role}\``)
  return roles.length === 1 ? `the role ${roles[0]}` : `the roles ${roles.slice(0, -1).join(', ')} and ${roles.at(-1)}`
}

function verbSection(name: string, verb: (typeof verbs)[Verb]): string {
  const doors = verb.doors === 'websocket' ? 'WebSocket only' : 'both doors'
  const input = membersTable(verb.input as Schema)
  const result = membersTable(verb.result as Schema)
  return section(
    name,
    `${verb.summary}. For ${callersOf(verb.callers)}, ${doors}.`,
    input === '' ? '\nNo input.\n' : `\nInput:\n${input}`,
    result === '' ? 'The result is empty.\n' : `Result:\n${result}`,
  )
}

export function errorsDocument(): string {
  const rows = Object.entries(errorCodes).map(
    ([code, { status, meaning }]) => `| \`${code}\` | ${status} | ${meaning} |`,
  )
  const closes = Object.entries(closeCodes)
    .sort(([, a], [, b]) => a - b)
    .map(([name, code]) => `| ${code} | ${name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)} |`)
  return `# Errors

${written}
Every refusal is \`{"code", "message", "retryAfterMs"?, "id"?, "details"?}\`. The code is for programs and does not change; the message is
for people and says what to do next. \`not_found\` is the one answer for what does not exist and for what the caller may not know
of. Checks come in this order: may the caller know of it (\`not_found\`), may he do it (\`forbidden\`), then its state.

| code | HTTP status | meaning |
| --- | --- | --- |
${rows.join('\n')}

A request that was refused changed nothing, with one exception: after \`unavailable\` a post may or may not have been taken. Send it
again under the same \`clientId\`; the answer then is the first result.

## Close codes of the WebSocket

| code | name |
| --- | --- |
${closes.join('\n')}

After 1001, 1012 and 4008 connect again and resume with \`session.sync\`. After 4001 and 4003 sign in again.
`
}

export function protocolDocument(): string {
  const verbSections = Object.entries(verbs).map(([name, verb]) => verbSection(name, verb))
  const shapeSections = [...shapes.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, schema }) =>
      section(name, schema.properties ? membersTable(schema).trimStart() : `${typeText(schema, false)}\n`),
    )
  const eventSections = Object.entries(events).map(([name, event]) =>
    section(name, membersTable(event as Schema, ['event']).trimStart()),
  )
  return `# The protocol

${written}
Version ${PROTOCOL_VERSION}. Everything that can be said to a server stands in one table of verbs, and two doors lead to it.

- **HTTP**: \`POST /api/v1/<verb>\` with the input as JSON. The answer is \`{"result": …}\`, or an error status with \`{"error": …}\`.
- **WebSocket**: \`GET /ws\`, subprotocol \`${WEBSOCKET_SUBPROTOCOL}\`, one JSON object in a text frame of at most ${MAX_FRAME_BYTES / 1024} KiB.
  \`{"id": 7, "verb": "message.post", "input": {…}}\` is answered by \`{"id": 7, "result": {…}}\` or \`{"id": 7, "error": {…}}\`, in any
  order. The first frame is \`session.open\`. What the server tells unasked is \`{"event": "message.posted", …}\`.

The caller is known by \`Authorization: Bearer <token>\`, by the session cookie of a browser, or by the token in \`session.open\`.
Errors and close codes: [errors.md](errors.md). Machine-readable: \`/api/v1/openapi.json\` and \`/api/v1/asyncapi.json\` of any server.

## Rules for clients

- Unknown members of an input are refused; ignore unknown members of results and events.
- A post carries a \`clientId\` that its sender makes. The same one again gets the first result, with \`repeated: true\`; the same one
  with other content is \`conflict\`. A post is not repeated after 30 days.
- Messages of a room are numbered by \`seq\` without gaps. After joining, events follow from \`lastSeq\` + 1. On a jump that no
  \`history.changed\` has named, ask \`message.list\`. Joining twice is harmless: drop what you have by \`seq\`.
- After a lost connection send \`session.sync\` with the last \`seq\` of each room: it joins all rooms and brings what was missed.
  \`gap: true\` says that there is more than came; another \`epoch\`, or \`reset: true\`, says to load the room anew.
- \`revision\` of a room rises when messages were removed, replaced or cleared; an answer with an older one is out of date.
- Lengths of texts count code points, those of stories bytes of UTF-8. Instants are ISO 8601; answers are in UTC with milliseconds.
- A principal is named by its id or by its account name.

## Verbs
${verbSections.join('')}
## Events
${eventSections.join('')}
## Shapes
${shapeSections.join('')}`
}

export const documents = {
  'docs/errors.md': errorsDocument,
  'docs/protocol.md': protocolDocument,
  'docs/cmdlets.md': cmdletsDocument,
  'docs/topology.md': topologyDocument,
  'docs/topology.schema.json': schemaDocument,
}

export function repositoryPath(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url))
}

if (import.meta.main) {
  for (const [path, build] of Object.entries(documents)) {
    const text = build()
    let before = ''
    try {
      before = readFileSync(repositoryPath(path), 'utf8')
    } catch {
      // The first time there is none.
    }
    if (text !== before) writeFileSync(repositoryPath(path), text)
    console.log(`${path}: ${text === before ? 'unchanged' : 'written'}`)
  }
}
