import type { Input, Verb } from '../src/protocol/request.ts'

/** What an outsider may have learnt of a room in some other way, and tries. Where there is no such room, an id that nobody has. */
export type Target = {
  room: string
  category: string
  name: string
  description: string
  /** Of a message in it. */
  text: string
  /** Of a post in it by a member, and of one by the outsider himself while he was a member. */
  clientId: string
  ownClientId: string
  /** Name of a member. */
  member: string
  /** A room id that nobody has. */
  nobodys: string
  /** A room that everybody reads. */
  commons: string
  epoch: string
}

/** The inputs with which each verb is tried. A verb that is missing here does not compile, and fails the test that walks the table. */
export const probes: { [V in Verb]: (t: Target) => Input<V>[] } = {
  'session.signIn': t => [{ user: t.name, password: t.text }],
  'session.challenge': t => [{ ticket: t.text }],
  'session.enrol': t => [{ ticket: t.text, begin: 'totp' }],
  'session.open': () => [{}],
  'session.handOver': t => [{ pool: t.text, challenge: 'x'.repeat(43) }],
  'session.end': t => [{ session: t.room }, { user: t.room }, { user: t.name }],
  'session.servers': () => [{}],
  'session.list': t => [{}, { user: t.room }, { user: t.member }],
  'session.record': t => [{ user: t.room }, { user: t.member }, { user: t.name, all: true }],
  'session.sync': t => [
    {},
    { rooms: [{ room: t.room }] },
    { rooms: [{ room: t.nobodys }, { room: t.room }] },
    { rooms: [{ room: t.room }, { room: t.nobodys }, { room: t.commons }] },
    { epoch: t.epoch, rooms: [{ room: t.room, seq: 0, revision: 0, version: 0 }] },
    { epoch: t.epoch, rooms: [{ room: t.room, seq: 1_000_000 }] },
    { epoch: t.nobodys, rooms: [{ room: t.room, seq: 1 }] },
    { rooms: [{ room: t.room, seq: 1 }] },
  ],

  'principal.create': t => [{ kind: 'group', name: `group of ${t.name}`, displayName: t.name }],
  'principal.update': t => [{ principal: t.room, displayName: t.name }],
  'principal.get': t => [{ principal: t.room }, { principal: t.name }, { principal: t.member }],
  'principal.find': t => [
    { text: t.name },
    { text: t.room },
    { text: '', category: t.category },
    { text: 'a' },
    { text: 'a', category: t.category, eligibility: true },
    { text: 'a', category: t.room, eligibility: true },
  ],
  'principal.eligible': t => [
    { room: t.room },
    { room: t.room, presenters: true },
    { category: t.category, filter: 'a*' },
    { category: t.room },
  ],
  'password.change': t => [{ password: t.text, newPassword: 'short' }],
  'factor.list': t => [{}, { user: t.room }, { user: t.name }],
  'factor.challenge': () => [{}],
  'factor.prove': t => [{ code: t.text }],
  'factor.begin': () => [{ kind: 'passkey' }],
  'factor.confirm': t => [{ code: t.text }],
  'factor.rename': t => [{ passkey: t.room, name: t.name }],
  'factor.remove': t => [{ passkey: t.room }],
  'factor.recoveryCodes': () => [{}],
  'factor.reset': t => [{ user: t.room }, { user: t.name }],
  'bot.create': t => [{ name: `bot-${t.name.replaceAll(' ', '-')}@in.example`, displayName: t.name }],
  'bot.issueToken': t => [{ bot: t.room }, { bot: t.member }],
  'group.update': t => [{ group: t.room, add: [t.member] }, { group: t.name }],
  'group.members': t => [{ group: t.room }, { group: t.name }],
  'policy.grant': t => [{ scope: t.room, enabled: true }],
  'policy.list': () => [{}],
  'policy.create': t => [{ name: 'global' }, { name: '', description: t.name }],
  'policy.update': t => [{ policy: t.name, enabled: false }, { policy: t.room }],
  'policy.get': t => [{}, { filter: t.name }],
  'policy.delete': t => [{ policy: t.name }, { policy: t.room }],
  'settings.get': () => [{}],
  'settings.update': () => [{ settings: {} }],
  'configuration.set': t => [{ scope: t.room, defaultChatHistory: 30 }, { scope: t.name }],
  'configuration.list': t => [{}, { filter: t.name }],
  'configuration.delete': t => [{ scope: `site:${t.name}` }, { scope: t.room }],
  'pool.get': () => [{}],
  'pool.update': () => [{ state: 'normal' }],
  'pool.list': () => [{}],
  'audit.list': t => [{ limit: 20 }, { limit: 1 }, { subject: t.room }, { text: t.name, actor: t.member }],
  'role.grant': t => [
    { principal: t.room, role: 'helpDesk', granted: true },
    { principal: t.member, role: 'helpDesk', granted: false },
  ],
  'role.list': () => [{}],
  'compliance.get': () => [{}],
  'compliance.update': () => [{}, { recording: false }, { maxRows: 1_000 }],
  'compliance.setAdapter': t => [{ name: 'a', type: 'csv', outputDirectory: `/var/lib/${t.room}` }],
  'denial.add': t => [
    { room: t.room, reason: 'r' },
    { category: t.category, reason: 'r' },
    { room: t.room, reason: 'r', dryRun: true },
  ],
  'denial.list': () => [{}, { lifted: true }],
  'denial.lift': t => [{ denial: t.room, reason: 'r' }],
  'compliance.removeAdapter': t => [{ name: t.room }, { name: t.category }],

  'topology.get': () => [{}, { version: 1 }],
  'topology.schema': () => [{}],
  'topology.example': t => [{ edition: 'standard-edition' }, { edition: 'enterprise-edition', fqdn: t.name }],
  'topology.check': t => [{ text: t.text }, { text: 'version: 1', against: 1 }],
  'topology.publish': t => [{ text: t.text, basedOn: 0, note: t.name }],
  'topology.history': () => [{}],
  'topology.rollback': () => [{ version: 1, basedOn: 1 }],

  'directory.status': () => [{}],
  'directory.sync': () => [{}, { source: 'corp', dryRun: true }],
  'directory.check': () => [{ source: 'corp' }],
  'directory.resync': t => [{ principal: t.room }, { principal: t.member }],
  'directory.explain': t => [{ user: t.member, room: t.room }, { user: t.member, room: t.nobodys }, { user: t.name }],

  'category.create': t => [{ name: t.name }],
  'category.update': t => [
    { category: t.room, description: t.name },
    { category: t.category, name: t.name },
    { category: t.category, ifVersion: 999, description: t.text },
  ],
  'category.list': () => [{}],
  'category.delete': t => [{ category: t.room }, { category: t.category }],
  'category.simulate': t => [
    { category: t.room, deniedMembers: [] },
    { category: t.category, allowedMembers: { add: [t.member] } },
  ],
  'category.simulation': t => [{ simulation: t.room }],

  'addin.create': t => [{ name: t.name, url: t.name }],
  'addin.update': t => [{ addin: t.room, name: 'n' }, { addin: t.name }],
  'addin.list': () => [{}],
  'addin.delete': t => [{ addin: t.room }, { addin: t.name, force: true }],

  'room.create': t => [
    { category: t.category, name: t.name },
    { category: t.room, name: t.name },
  ],
  'room.update': t => [
    { room: t.room, description: 'theirs' },
    { room: t.room, name: t.name, ifVersion: 999 },
    { room: t.room, category: t.category },
    { room: t.room, addin: t.name },
    { room: t.room, addin: null },
    { room: t.room, members: [] },
    { room: t.room, managers: { add: [t.room] } },
    { room: t.room, disabled: false },
    { room: t.room, disabled: true },
    { room: t.room },
  ],
  'room.get': t => [{ room: t.room }, { room: t.room.toUpperCase() }],
  'room.members': t => [
    { room: t.room, role: 'member' },
    { room: t.room, role: 'manager', limit: 1 },
    { room: t.room, role: 'presenter', after: 'a' },
  ],
  'room.checkName': t => [
    { name: t.name, room: t.room },
    { name: t.name, category: t.category },
    { name: t.name, room: t.room, category: t.category },
    { name: t.description, room: t.nobodys },
  ],
  'room.find': t => [
    {},
    { text: t.name },
    { text: t.name.slice(0, 5), limit: 1 },
    { text: t.description, searchDescription: true },
    { category: t.category },
    { mine: 'member' },
    { mine: 'manager' },
    { after: Buffer.from(JSON.stringify(['', t.room])).toString('base64url') },
  ],
  'room.list': t => [
    {},
    { filter: t.name },
    { category: t.category, member: t.member },
    { contentExceedsBytes: 2 ** 40 },
  ],
  'room.previewMove': t => [
    { room: t.room, category: t.category },
    { room: t.commons, category: t.category },
  ],
  'room.join': t => [{ room: t.room }, { room: t.room, history: 0 }],
  'room.part': t => [{ room: t.room }],
  'room.follow': t => [{ room: t.room }],
  'room.unfollow': t => [{ room: t.room }],
  'room.markRead': t => [{ room: t.room, seq: 1 }],
  'room.clear': t => [
    { room: t.room, until: '2099-01-01T00:00:00Z', dryRun: true },
    { room: t.room, until: '2099-01-01T00:00:00Z' },
  ],
  'room.breakGlass': t => [
    { room: t.room, reason: `why ${t.name} is read` },
    { room: t.room, minutes: 0 },
  ],
  'room.delete': t => [{ room: t.room }],
  'invitation.dismiss': t => [{ room: t.room }],

  'participant.list': t => [{ room: t.room }],

  'message.post': t => [
    { room: t.room, clientId: t.nobodys, text: 'let me in' },
    { room: t.room, clientId: t.clientId, text: t.text },
    { room: t.room, clientId: t.ownClientId, text: 'while I was in' },
    { room: t.room, clientId: t.ownClientId, text: 'other content' },
  ],
  'message.list': t => [{ room: t.room }, { room: t.room, before: 2 }, { room: t.room, after: 0, limit: 1 }],
  'message.search': t => [
    {},
    { text: t.text },
    { text: t.text, match: 'exact', matchCase: true },
    { text: 'common', rooms: [t.room, t.commons] },
    { rooms: [t.room] },
    { authors: [t.member], limit: 1 },
    { from: '2000-01-01T00:00:00Z', until: '2099-01-01T00:00:00Z' },
    { after: Buffer.from(JSON.stringify(['2099-01-01T00:00:00.000Z', t.room, 1])).toString('base64url') },
  ],
  'message.remove': t => [
    { room: t.room, filter: { text: t.text }, dryRun: true },
    { room: t.room, seq: 1 },
    { room: t.room, filter: { text: t.text }, replaceWith: 'gone' },
  ],

  'file.begin': t => [
    { room: t.room, name: 'a.txt', size: 1 },
    { room: t.room, name: 'a.txt', size: 2 ** 40 },
  ],
  'file.get': t => [{ file: t.room }, { file: t.nobodys }],
  'file.post': t => [
    { room: t.room, file: t.nobodys, clientId: t.clientId },
    { room: t.room, file: t.room, clientId: t.ownClientId, text: t.text },
  ],
  'file.list': t => [{ room: t.room }, { room: t.room, authors: [t.member], text: t.text }],
  'usage.report': () => [{}, { from: '2026-01-01', limit: 1000 }],
}

/** Tried last: where they are allowed they change what the others are asked about. */
export const changing: Verb[] = [
  'principal.create',
  'bot.create',
  'category.create',
  'category.update',
  'room.create',
  'room.update',
  'message.remove',
  'room.clear',
  'role.grant',
  'room.breakGlass',
  'room.delete',
  'category.delete',
]
