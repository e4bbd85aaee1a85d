import { randomUUID } from 'node:crypto'
import type { Verb } from '../src/protocol/request.ts'
import type { Names } from './malformed-valid.ts'

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
