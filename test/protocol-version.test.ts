import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { closeCodes, errorCodes } from '../src/protocol/error.ts'
import { events } from '../src/protocol/event.ts'
import { verbs } from '../src/protocol/request.ts'
import { MAX_FRAME_BYTES, PROTOCOL_VERSION, WEBSOCKET_SUBPROTOCOL } from '../src/protocol/version.ts'

/** What was published under the version. To set it anew, copy the line that the failing test prints. */
const pinned = { version: 1, hash: '74071f33d0de2027' }

/** All that a client can notice. Sentences for readers (summary, description, meaning) may be improved at any time. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value !== 'object' || value === null) return value
  const sentences = new Set(['summary', 'description', 'meaning'])
  // `description` is also the name of a member: there it holds a schema, not a sentence.
  const members = Object.entries(value).filter(([key, member]) => !(sentences.has(key) && typeof member === 'string'))
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, shapeOf(member)]))
}

function hashOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(shapeOf(value)))
    .digest('hex')
    .slice(0, 16)
}

const protocol = { verbs, events, errorCodes, closeCodes, MAX_FRAME_BYTES, WEBSOCKET_SUBPROTOCOL }

test('[PK20] the protocol does not change without its version', () => {
  const found = { version: PROTOCOL_VERSION, hash: hashOf(protocol) }
  const howTo = [
    'The schemas of src/protocol are not those that were pinned.',
    'If a released server or client speaks this version: raise PROTOCOL_VERSION in src/protocol/version.ts and add its line.',
    'Then set in test/protocol-version.test.ts:',
    `const pinned = { version: ${found.version}, hash: '${found.hash}' }`,
    'and write the documents anew: npm run docs',
  ].join('\n')
  expect(found, howTo).toEqual(pinned)
})

test('[PK20] a changed shape changes the hash, a better sentence does not', () => {
  const verb = {
    summary: 'one',
    input: { properties: { description: { type: 'string', description: 'text' } }, required: ['a'] },
  }
  expect(hashOf({ ...verb, summary: 'two' })).toBe(hashOf(verb))
  expect(hashOf({ ...verb, input: { ...verb.input, properties: {} } })).not.toBe(hashOf(verb))
  expect(hashOf({ ...verb, input: { properties: verb.input.properties } })).not.toBe(hashOf(verb))
  expect(hashOf({ properties: { a: 1, b: 2 } })).toBe(hashOf({ properties: { b: 2, a: 1 } }))
})
