import { randomUUID } from 'node:crypto'
import type { TSchema } from 'typebox'
import { type Input, type Verb, verbs } from '../src/protocol/request.ts'
import type { Random } from './random.ts'

/** Ids that exist, so that an input is refused for what is wrong with it and not for whom it names. */
export type Names = { room: string; category: string; user: string; group: string }

/** A valid input of every verb, with every optional member. A new verb does not compile without one. */
export function validInputs({ room, category, user, group }: Names): { [V in Verb]: Input<V> } {
  const at = '2026-01-01T00:00:00Z'
  const more = { description: 'd', fileUpload: true, invitations: true, chatHistory: true }
  const assertion = { id: 'i', clientDataJSON: 'c', authenticatorData: 'a', signature: 's', userHandle: 'u' }
  const attestation = { id: 'i', clientDataJSON: 'c', attestationObject: 'a', transports: ['usb'] }
  const lists = { members: { add: [user], remove: [] }, managers: [user], presenters: { add: [], remove: [user] } }
  return {
    'session.signIn': { user, password: 'p', ticket: 't', code: '1', recoveryCode: 'r', passkey: assertion },
    'session.challenge': { ticket: 't' },
    'session.enrol': { ticket: 't', begin: 'totp', code: '1', passkey: attestation, name: 'n' },
    'session.open': { token: 't' },
    'session.end': { session: randomUUID(), user },
    'session.list': { user },
    'session.record': { user, all: true, limit: 5, before: 5 },
    'session.sync': { epoch: 'e', rooms: [{ room, seq: 1, revision: 1, version: 1 }] },
    'principal.create': {
      kind: 'user',
      name: 'n@example.com',
      displayName: 'n',
      password: 'p',
      email: 'e',
      administrator: false,
    },
    'principal.update': {
      principal: user,
      displayName: 'n',
      email: 'e',
      in: null,
      password: 'p',
      administrator: false,
      disabled: false,
    },
    'principal.get': { principal: user },
    'principal.find': { text: 't', category, kind: 'user', limit: 5, eligibility: true },
    'principal.eligible': { category, room, filter: 't*', presenters: true, limit: 5, after: 'a' },
    'password.change': { password: 'p', newPassword: 'q' },
    'factor.list': { user },
    'factor.challenge': {},
    'factor.prove': { password: 'p', code: '1', passkey: assertion },
    'factor.begin': { kind: 'totp' },
    'factor.confirm': { code: '1', passkey: attestation, name: 'n' },
    'factor.rename': { passkey: 'p', name: 'n' },
    'factor.remove': { passkey: 'p', totp: true },
    'factor.recoveryCodes': {},
    'factor.reset': { user },
    'bot.create': { name: 'b@example.com', displayName: 'b' },
    'bot.issueToken': { bot: user },
    'group.update': { group, add: [user], remove: [user] },
    'group.members': { group, limit: 5, after: 'a' },
    'policy.grant': { scope: user, enabled: null, policy: 'p' },
    'policy.list': {},
    'policy.create': { name: 'p', description: 'd', enabled: false },
    'policy.update': { policy: 'p', name: 'q', description: 'd', enabled: false },
    'policy.get': { filter: '*' },
    'policy.delete': { policy: 'p' },
    'configuration.set': {
      scope: 'site:s',
      defaultChatHistory: 30,
      maxFileKb: 20_000,
      participantUpdateLimit: 75,
      roomManagementUrl: 'https://example.com',
    },
    'configuration.list': { filter: '*' },
    'configuration.delete': { scope: 'site:s' },
    'addin.create': { name: 'a', url: 'https://example.com' },
    'addin.update': { addin: 'a', name: 'b', url: 'https://example.com' },
    'addin.list': {},
    'addin.delete': { addin: 'a', force: true },
    'settings.get': {},
    'settings.update': {
      settings: { defaultChatHistory: 30, postsPerSecond: 50, trustedNetworks: ['127.0.0.0/8'], domain: 'example.com' },
    },
    'pool.get': {},
    'pool.update': { activeServers: ['one'], state: 'normal' },
    'audit.list': { action: 'a', actor: user, subject: 's', text: 't', from: at, until: at, limit: 5, before: 5 },
    'role.grant': { principal: user, role: 'helpDesk', granted: true },
    'role.list': {},
    'directory.status': {},
    'directory.sync': { source: 'corp', full: true, dryRun: true, force: false },
    'directory.check': { source: 'corp' },
    'directory.resync': { principal: user },
    'directory.explain': { user, room },
    'category.create': { name: 'c', ...more, allowedMembers: [user], deniedMembers: [], creators: [user] },
    'category.update': {
      category,
      ifVersion: 1,
      name: 'c',
      ...more,
      allowedMembers: { add: [user] },
      deniedMembers: [],
      creators: { remove: [user] },
    },
    'compliance.get': {},
    'compliance.update': { recording: false, maxRows: 1_000_000, maxAgeSeconds: 3_600 },
    'compliance.setAdapter': {
      ...{ name: 'a', type: 'xml', outputDirectory: '/var/lib/a', runIntervalSeconds: 900, oneRoomPerFile: true },
      ...{ roomDetails: true, userDetails: true, attachmentsManifest: true, transformation: '/etc/a.xslt' },
      custom: [{ name: 'to', value: 'x' }],
    },
    'denial.add': {
      ...{ room, category, from: '2026-01-01T00:00:00Z', until: '2026-02-01T00:00:00Z', reason: 'r' },
      ...{ person: 'a@example.com', dryRun: true },
    },
    'denial.list': { lifted: true },
    'denial.lift': { denial: randomUUID(), reason: 'r', dryRun: true },
    'compliance.removeAdapter': { name: 'a' },
    'category.list': {},
    'category.delete': { category, dryRun: true },
    'category.simulate': { category, allowedMembers: { add: [user] }, deniedMembers: [] },
    'category.simulation': { simulation: randomUUID() },
    'room.create': {
      category,
      name: 'r',
      description: 'd',
      type: 'normal',
      privacy: 'open',
      invitations: 'off',
      addin: null,
      members: [user],
      managers: [],
      presenters: [],
    },
    'room.update': {
      room,
      ifVersion: 1,
      category,
      name: 'r',
      description: 'd',
      type: 'auditorium',
      privacy: 'secret',
      invitations: 'inherit',
      addin: 'a',
      ...lists,
      disabled: false,
    },
    'room.get': { room },
    'room.members': { room, role: 'member', limit: 5, after: 'a' },
    'room.checkName': { name: 'n', category, room },
    'room.find': { text: 't', searchDescription: true, category, mine: 'member', counts: true, limit: 5, after: 'a' },
    'room.list': {
      filter: 't*',
      searchDescription: true,
      category,
      member: user,
      manager: user,
      disabled: false,
      privacy: 'open',
      type: 'normal',
      invitations: 'off',
      contentExceedsBytes: 5,
      limit: 5,
      after: 'a',
    },
    'room.previewMove': { room, category },
    'room.join': { room, history: 5 },
    'room.part': { room },
    'room.follow': { room },
    'room.unfollow': { room },
    'room.markRead': { room, seq: 1 },
    'room.clear': { room, until: at, dryRun: true },
    'room.breakGlass': { room, reason: 'a good reason', minutes: 5 },
    'room.delete': { room, dryRun: true },
    'invitation.dismiss': { room },
    'participant.list': { room },
    'message.post': { room, clientId: randomUUID(), text: 't', format: 'plain', alert: true, title: 't' },
    'message.list': { room, before: 5, limit: 5 },
    'message.search': {
      text: 't',
      match: 'all',
      matchCase: true,
      rooms: [room],
      authors: [user],
      from: at,
      until: at,
      limit: 5,
      after: 'a',
    },
    'message.remove': {
      room,
      seq: 1,
      filter: { authors: [user], from: at, until: at, text: 't', match: 'any', matchCase: false },
      replaceWith: 't',
      dryRun: true,
    },
    'file.begin': { room, name: 'a.txt', size: 1 },
    'file.get': { file: room },
    'file.post': { room, file: room, clientId: room, text: 't' },
    'file.list': { room, text: 't', type: 'image/', authors: [user], limit: 5, after: '1' },
    'usage.report': { from: '2026-01-01', until: '2026-01-31', inactiveSince: '2025-01-01', limit: 5 },
  }
}

export const allVerbs = Object.keys(verbs) as Verb[]

type Schema = TSchema & {
  type?: string
  const?: unknown
  pattern?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  maxItems?: number
  items?: Schema
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
}

/** Whether an input is of the shape of its schema: written anew for this test, so that it does not believe the validator that it tests. */
export function isValid(schema: TSchema, value: unknown): boolean {
  const { type, anyOf, pattern, items, properties = {}, required = [], ...rest } = schema as Schema
  if (anyOf) return anyOf.some(branch => isValid(branch, value))
  if ('const' in rest) return value === rest.const
  if (type === 'null') return value === null
  if (type === 'boolean') return typeof value === 'boolean'
  if (type === 'string')
    return (
      typeof value === 'string' &&
      value.isWellFormed() &&
      !value.includes('\0') &&
      value.length >= (rest.minLength ?? 0) &&
      value.length <= (rest.maxLength ?? Infinity) &&
      (pattern === undefined || new RegExp(pattern).test(value))
    )
  if (type === 'integer' || type === 'number')
    return (
      typeof value === 'number' &&
      (type === 'integer' ? Number.isInteger(value) : Number.isFinite(value)) &&
      value >= (rest.minimum ?? -Infinity) &&
      value <= (rest.maximum ?? Infinity) &&
      value > (rest.exclusiveMinimum ?? -Infinity)
    )
  if (type === 'array')
    return (
      Array.isArray(value) && value.length <= (rest.maxItems ?? Infinity) && value.every(one => isValid(items!, one))
    )
  if (type !== 'object') throw new Error(`this test does not know the type ${type} yet`)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const known = (key: string) => Object.hasOwn(properties, key)
  return (
    required.every(key => Object.hasOwn(value, key)) &&
    Object.entries(value).every(([key, member]) => known(key) && isValid(properties[key]!, member))
  )
}

const nothing: unknown[] = [null, true, false, 0, '', [], {}]
const numbers: unknown[] = [-1, 1.5, 2 ** 53, 1e308, -1e308, -0.5, 'NaN', 'Infinity', '1', '-0', 'null', 'undefined']
const texts: unknown[] = [
  ...[
    '\0',
    'a\0b',
    '\ud800',
    '\udfff\ud800',
    'a\udc00',
    'x'.repeat(20_000),
    '../../etc/passwd',
    "' OR 1=1 --",
    '%00',
    '{{7*7}}',
  ],
  ...[
    '00000000-0000-0000-0000-00000000000',
    '00000000-0000-0000-0000-0000000000000',
    '00000000-0000-0000-0000-00000000000g',
  ],
  ...['2026-13-45', '٠٠٠٠٠٠٠٠-0000-0000-0000-000000000000', '\u202e', '\ufeff', 'constructor', '__proto__'],
]
const shapes: (() => unknown)[] = [
  () => [[]],
  () => [null],
  () => ({ length: 1 }),
  () => ({ add: 5 }),
  () => ({ toString: 'x', valueOf: 5 }),
  () => JSON.parse('{"__proto__":{"administrator":true}}'),
  () => ({ constructor: { prototype: { administrator: true } } }),
  () => Array.from({ length: 1_001 }, () => 'x'),
  () => Array.from({ length: 10_001 }, () => 'x'),
  () => nested(random10(500)),
]
const keys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  ' room',
  'ROOM',
  'room\0',
  '\ud800',
  'id',
  'x'.repeat(3_000),
]

let turns = 0
function random10(most: number): number {
  turns += 1
  return 1 + ((turns * 37) % most)
}

function nested(depth: number): unknown {
  let value: unknown = 'deep'
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { value }
  return value
}

function junk(random: Random): unknown {
  const kind = random.below(4)
  if (kind === 0) return random.pick(nothing)
  if (kind === 1) return random.pick(numbers)
  if (kind === 2) return random.pick(texts)
  return random.pick(shapes)()
}

/** The input with one thing or two of it spoiled; it may still be valid by chance. */
export function spoil(input: unknown, random: Random): unknown {
  const copy = structuredClone(input)
  const once = spoilOnce(copy, random)
  return random.chance(0.2) ? spoilOnce(once, random) : once
}

function spoilOnce(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.1)) return junk(random)
  if (Array.isArray(value)) {
    if (value.length === 0 || random.chance(0.3)) return [...value, junk(random)]
    const place = random.below(value.length)
    return value.with(place, spoilOnce(value[place], random))
  }
  const members = Object.keys(value)
  const what = random.below(6)
  if (what === 0) return { ...value, ...keyed(random.pick(keys), junk(random)) }
  if (members.length === 0) return junk(random)
  const key = random.pick(members)
  const { [key]: member, ...others } = value as Record<string, unknown>
  if (what === 1) return others
  return { ...others, [key]: spoilOnce(member, random) }
}

/** A member of its own even where the name is __proto__. */
function keyed(key: string, value: unknown): object {
  return Object.defineProperty({}, key, { value, enumerable: true, configurable: true, writable: true })
}

/** A spoiled input of a random verb that its schema refuses. */
export function badInput(inputs: ReturnType<typeof validInputs>, random: Random): { verb: Verb; input: unknown } {
  for (;;) {
    const verb = random.pick(allVerbs)
    const input = spoil(inputs[verb], random)
    if (input !== undefined && !isValid(verbs[verb].input, input)) return { verb, input }
  }
}

/** Of the right shape, with a meaning that no verb takes. */
export function senselessInputs(names: Names): { verb: Verb; input: unknown }[] {
  const { room, category, user, group } = names
  const nobody = randomUUID()
  const post = (more: object) => ({
    verb: 'message.post' as const,
    input: { room, clientId: randomUUID(), text: 't', ...more },
  })
  const badNames = ['', ' ', '\u200b', 'x'.repeat(257), 'a\nb', 'a\u202eb', 'a\u0007b']
  const badInstants = [
    '2026-02-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '9999-99-99T99:99:99Z',
    '2026-01-01T25:00:00+99:99',
  ]
  return [
    ...['', ' \n\t', 'x'.repeat(8_001), '😀'.repeat(8_001)].map(text => post({ text })),
    ...badNames.map(title => post({ title })),
    post({ title: 't', text: 'é'.repeat(40_000) }),
    post({ room: nobody }),
    ...badNames.flatMap(name => [
      { verb: 'room.create' as const, input: { category, name } },
      { verb: 'room.update' as const, input: { room, name } },
      { verb: 'category.create' as const, input: { name } },
      { verb: 'category.update' as const, input: { category, name } },
      { verb: 'principal.create' as const, input: { kind: 'user', name, displayName: 'n' } },
      { verb: 'principal.create' as const, input: { kind: 'group', name: `g${nobody}`, displayName: name } },
      { verb: 'principal.update' as const, input: { principal: user, displayName: name } },
      { verb: 'bot.create' as const, input: { name, displayName: 'b' } },
    ]),
    ...badInstants.flatMap(at => [
      { verb: 'room.clear' as const, input: { room, until: at } },
      { verb: 'message.search' as const, input: { from: at } },
      { verb: 'message.search' as const, input: { text: 't', until: at } },
      { verb: 'message.remove' as const, input: { room, filter: { until: at } } },
    ]),
    { verb: 'room.create', input: { category, name: 'x', description: 'x'.repeat(257) } },
    { verb: 'room.create', input: { category: nobody, name: 'x' } },
    { verb: 'room.create', input: { category, name: 'x', members: [nobody] } },
    { verb: 'room.create', input: { category, name: 'x', members: Array.from({ length: 9_000 }, (_, n) => `no${n}`) } },
    { verb: 'room.create', input: { category, name: 'x', presenters: [user] } },
    { verb: 'room.update', input: { room, ifVersion: 1e300, description: 'x' } },
    { verb: 'room.update', input: { room, ifVersion: -5, description: 'x' } },
    { verb: 'room.update', input: { room, category: nobody } },
    { verb: 'category.update', input: { category, ifVersion: -1e300, description: 'x' } },
    { verb: 'category.delete', input: { category } },
    { verb: 'message.list', input: { room, before: 5, after: 5 } },
    { verb: 'message.remove', input: { room } },
    { verb: 'message.remove', input: { room, filter: {} } },
    { verb: 'message.remove', input: { room, seq: 1, filter: { text: 'x' } } },
    { verb: 'message.remove', input: { room, seq: 1, replaceWith: 'x'.repeat(9_000) } },
    ...['', 'a', 'W10', 'bnVsbA', '🙂', 'eyJhIjoxfQ', 'x'.repeat(50_000)].flatMap(after => [
      { verb: 'message.search' as const, input: { text: 't', after } },
      { verb: 'room.find' as const, input: { after } },
    ]),
    { verb: 'session.sync', input: { rooms: [{ room, seq: 1 }] } },
    { verb: 'session.end', input: { user: nobody } },
    { verb: 'principal.create', input: { kind: 'user', name: 'no domain', displayName: 'n' } },
    { verb: 'principal.create', input: { kind: 'user', name: 'n@example.com', displayName: 'n', in: nobody } },
    { verb: 'principal.update', input: { principal: user, in: user } },
    { verb: 'group.update', input: { group, add: [group] } },
    { verb: 'group.update', input: { group, add: [nobody] } },
    { verb: 'group.update', input: { group: user, add: [user] } },
    { verb: 'policy.grant', input: { scope: 'nonsense', enabled: true } },
    { verb: 'policy.grant', input: { scope: user } },
    { verb: 'policy.grant', input: { scope: user, enabled: true, policy: 'p' } },
    { verb: 'policy.grant', input: { scope: 'global', policy: null } },
    { verb: 'policy.grant', input: { scope: user, policy: nobody } },
    { verb: 'policy.create', input: { name: 'Global' } },
    { verb: 'policy.create', input: { name: 'site:' } },
    { verb: 'policy.update', input: { policy: 'global', name: 'other' } },
    { verb: 'policy.update', input: { policy: nobody, enabled: true } },
    { verb: 'policy.delete', input: { policy: nobody } },
    ...['planet:x', 'site:', 'pool', nobody].map(scope => ({ verb: 'configuration.set' as const, input: { scope } })),
    { verb: 'configuration.set', input: { scope: 'site:s', roomManagementUrl: 'javascript:alert(1)' } },
    { verb: 'configuration.delete', input: { scope: 'site:nowhere' } },
    ...['javascript:alert(1)', 'ftp://example.com', 'example.com', 'https://a:b@example.com', ''].map(url => ({
      verb: 'addin.create' as const,
      input: { name: 'a', url },
    })),
    { verb: 'addin.create', input: { name: 'x'.repeat(51), url: 'https://example.com' } },
    { verb: 'addin.create', input: { name: 'a', url: `https://example.com/${'x'.repeat(256)}` } },
    { verb: 'addin.create', input: { name: nobody, url: 'https://example.com' } },
    { verb: 'addin.update', input: { addin: nobody, name: 'a' } },
    { verb: 'addin.delete', input: { addin: nobody, force: true } },
    { verb: 'room.update', input: { room, addin: nobody } },
    { verb: 'room.create', input: { category, name: 'x', addin: nobody } },
    { verb: 'settings.update', input: { settings: { trustedNetworks: ['example.com'] } } },
    { verb: 'settings.update', input: { settings: { domain: 'a b' } } },
    { verb: 'settings.update', input: { settings: { roomManagementUrl: 'javascript:alert(1)' } } },
    { verb: 'bot.issueToken', input: { bot: user } },
    { verb: 'password.change', input: { password: 'wrong', newPassword: 'correct horse battery 2' } },
  ]
}

/** Taken, or refused: anything but a fault. They change nothing either way. */
export function strangeQuestions({ room, category, user }: Names): { verb: Verb; input: unknown }[] {
  const strange = [
    '%',
    '_',
    '\\',
    '\\\\%',
    "'",
    '"',
    '& | !',
    ':*',
    '<->',
    '(',
    'a & ',
    '[a-',
    '.*',
    '\u202e',
    '\ufeff',
    '😀',
    'ﷺ',
    'İ',
    'x'.repeat(50_000),
    'a '.repeat(20_000),
    '\u0301'.repeat(5_000),
  ]
  return strange.flatMap(text => [
    { verb: 'principal.find' as const, input: { text, category } },
    { verb: 'principal.get' as const, input: { principal: text } },
    { verb: 'room.find' as const, input: { text, searchDescription: true } },
    { verb: 'room.members' as const, input: { room, role: 'manager', after: text } },
    { verb: 'session.list' as const, input: { user: text } },
    { verb: 'session.sync' as const, input: { epoch: text, rooms: [{ room, seq: Number.MAX_SAFE_INTEGER }] } },
    ...(['any', 'all', 'exact'] as const).flatMap(match => [
      { verb: 'message.search' as const, input: { text, match, matchCase: true } },
      { verb: 'message.search' as const, input: { text, match, authors: [user], rooms: [room] } },
    ]),
    { verb: 'audit.list' as const, input: { before: Number.MAX_SAFE_INTEGER } },
    { verb: 'message.list' as const, input: { room, after: Number.MAX_SAFE_INTEGER } },
  ])
}
