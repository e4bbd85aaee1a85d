import { randomUUID } from 'node:crypto'
import type { ErrorCode } from '../src/protocol/error.ts'
import type { Input, Verb } from '../src/protocol/request.ts'
import { secret, type World } from './privilege-world.ts'

/** What a cell stands for. */
export const letters: Record<string, ErrorCode | 'ok'> = {
  y: 'ok',
  u: 'unauthenticated',
  f: 'forbidden',
  n: 'not_found',
  i: 'invalid_argument',
  c: 'conflict',
}

/**
 * What of a verb is recorded. `writes`: each time it changes something. `own`: it concerns the caller himself, or is content.
 * `reads`: it changes nothing.
 */
export type Effect = 'writes' | 'own' | 'reads'

export type Row<V extends Verb> = {
  /** One letter for each of callerKeys, in groups: stranger and without policy; people; officials below; administrators. */
  expected: string
  effect: Effect
  /** Valid, and about what is there. Made anew for each call. */
  input(world: World): Input<V> | Promise<Input<V>>
}

const row = <V extends Verb>(expected: string, effect: Effect, input: Row<V>['input']): Row<V> => ({
  expected: expected.replaceAll(' ', ''),
  effect,
  input,
})

/**
 * Who may ask what, and what he is told. Columns: stranger, without policy | user, member, manager, creator | help desk, compliance
 * officer, user administrator | Persistent Chat administrator, administrator. A new verb does not compile without a row.
 */
export const table: { [V in Verb]: Row<V> } = {
  'session.signIn': row('yy yyyy yyy yy', 'own', () => ({ user: 'user@in.example', password: secret })),
  'session.challenge': row('yy yyyy yyy yy', 'own', () => ({})),
  'session.enrol': row('cc cccc ccc cc', 'own', () => ({ ticket: 'x'.repeat(43) })),
  // At HTTP as any verb that binds a live session; over one that is open already.
  'session.open': row('uc cccc ccc cc', 'own', () => ({})),
  // Where there is no other pool; with one: test/pools.test.ts.
  'session.handOver': row('un nnnn nnn nn', 'own', () => ({ pool: 'north', challenge: 'x'.repeat(43) })),
  'session.servers': row('uy yyyy yyy yy', 'own', () => ({})),
  'session.end': row('uf ffff fff fy', 'writes', async w => ({ user: await w.aUser() })),
  'session.list': row('uf ffff fff fy', 'reads', w => ({ user: w.victim })),
  'session.record': row('uf ffff fyf fy', 'reads', w => ({ user: w.victim })),
  'session.sync': row('uf yyyy yyy yy', 'reads', w => ({ rooms: [{ room: w.room }] })),

  'principal.create': row('uf ffff fff fy', 'writes', w => ({ kind: 'group', name: w.aName(), displayName: 'd' })),
  'principal.update': row('uf ffff fff fy', 'writes', async w => ({ principal: await w.aUser(), displayName: 'd' })),
  'principal.get': row('uf yyyy yyy yy', 'reads', w => ({ principal: w.victim })),
  'principal.find': row('uf yyyy yyy yy', 'reads', () => ({ text: 'vic' })),
  'password.change': row('uy yyyy yyy yy', 'own', () => ({ password: secret, newPassword: secret })),
  'factor.list': row('uf ffff fff fy', 'reads', w => ({ user: w.victim })),
  'factor.challenge': row('uy yyyy yyy yy', 'own', () => ({})),
  'factor.prove': row('uy yyyy yyy yy', 'own', () => ({ password: secret })),
  'factor.begin': row('uy yyyy yyy yy', 'own', () => ({ kind: 'totp' })),
  'factor.confirm': row('ui iiii iii ii', 'own', () => ({ code: '000000' })),
  'factor.rename': row('un nnnn nnn nn', 'own', () => ({ passkey: 'none', name: 'n' })),
  'factor.remove': row('un nnnn nnn nn', 'own', () => ({ passkey: 'none' })),
  'factor.recoveryCodes': row('uc cccc ccc cc', 'own', () => ({})),
  'factor.reset': row('uf ffff fff fy', 'writes', async w => ({ user: await w.aUser() })),
  'bot.create': row('uf ffff fff fy', 'writes', w => ({
    name: `${w.aName().replace(' ', '')}@far.example`,
    displayName: 'b',
  })),
  'bot.issueToken': row('uf ffff fff fy', 'writes', async w => ({ bot: await w.aBot() })),
  'group.update': row('uf ffff fff fy', 'writes', async w => ({ group: w.group, add: [await w.aUser()] })),
  'group.members': row('uf ffff yfy yy', 'reads', w => ({ group: w.group })),
  'policy.grant': row('uf ffff ffy yy', 'writes', w => ({ scope: w.victim, enabled: true })),
  'policy.list': row('uf ffff yfy yy', 'reads', () => ({})),
  'policy.create': row('uf ffff ffy yy', 'writes', w => ({ name: w.aName() })),
  'policy.update': row('uf ffff ffy yy', 'writes', async w => ({ policy: await w.aPolicy(), enabled: true })),
  'policy.get': row('uf ffff yfy yy', 'reads', () => ({})),
  'policy.delete': row('uf ffff ffy yy', 'writes', async w => ({ policy: await w.aPolicy() })),
  'addin.create': row('uf ffff fff yy', 'writes', w => ({ name: w.aName(), url: 'https://addin.example' })),
  'addin.update': row('uf ffff fff yy', 'writes', async w => ({ addin: await w.anAddin(), name: w.aName() })),
  'addin.list': row('uf yyyy yyy yy', 'reads', () => ({})),
  'addin.delete': row('uf ffff fff yy', 'writes', async w => ({ addin: await w.anAddin() })),
  'configuration.set': row('uf ffff fff yy', 'writes', w => ({ scope: `site:${w.aName()}`, defaultChatHistory: 31 })),
  'configuration.list': row('uf ffff yff yy', 'reads', () => ({})),
  'configuration.delete': row('uf ffff fff yy', 'writes', async w => {
    const scope = `site:${w.aName()}`
    await w.site.admin.call('configuration.set', { scope, defaultChatHistory: 31 })
    return { scope }
  }),
  'category.simulate': row('uf ffff fff yy', 'reads', w => ({ category: w.category, deniedMembers: [w.victim] })),
  'category.simulation': row('uf ffff fff ny', 'reads', async w => {
    const { simulation } = await w.site.admin.call('category.simulate', { category: w.category, deniedMembers: [] })
    return { simulation: simulation.id }
  }),
  'principal.eligible': row('uf ffyy fnn yy', 'reads', w => ({ category: w.category })),
  'room.list': row('uf ffff yff yy', 'reads', () => ({})),
  'room.previewMove': row('uf ffff fnn yy', 'reads', async w => ({ room: w.room, category: await w.aCategory() })),
  'settings.get': row('uf ffff yff yy', 'reads', () => ({})),
  'settings.update': row('uf ffff fff yy', 'writes', () => ({ settings: { defaultChatHistory: 31 } })),
  'pool.get': row('uf ffff yff yy', 'reads', () => ({})),
  'pool.update': row('uf ffff fff yy', 'writes', () => ({ state: 'normal' })),
  'pool.list': row('uy yyyy yyy yy', 'reads', () => ({})),
  'usage.report': row('uf ffff fff yy', 'reads', () => ({})),
  // The servers of this test were told of no store: whoever gets through to it finds none.
  'topology.get': row('uf ffff fff yy', 'reads', () => ({})),
  'topology.schema': row('uf ffff fff yy', 'reads', () => ({})),
  'topology.example': row('uf ffff fff yy', 'reads', () => ({ edition: 'standard-edition' })),
  'topology.check': row('uf ffff fff yy', 'reads', () => ({ text: 'version: 1' })),
  'topology.publish': row('uf ffff fff fn', 'writes', () => ({ text: 'version: 1', basedOn: 0 })),
  'topology.history': row('uf ffff fff yy', 'reads', () => ({})),
  'topology.rollback': row('uf ffff fff fn', 'writes', () => ({ version: 1, basedOn: 2 })),
  'audit.list': row('uf ffff fyf yy', 'reads', () => ({ limit: 1 })),
  'role.grant': row('uf ffff fff fy', 'writes', async w => ({
    principal: await w.aUser(),
    role: 'helpDesk',
    granted: true,
  })),
  'role.list': row('uf ffff fff fy', 'reads', () => ({})),
  'compliance.get': row('uf ffff fyf ff', 'reads', () => ({})),
  'compliance.update': row('uf ffff fyf ff', 'writes', () => ({ maxRows: 500_000 })),
  'compliance.setAdapter': row('uf ffff fyf ff', 'writes', () => ({
    ...{ name: 'books', type: 'csv', outputDirectory: '/var/lib/books' },
  })),
  'compliance.removeAdapter': row('uf ffff fyf ff', 'writes', async w => {
    const adapter = { name: 'old', type: 'csv', outputDirectory: '/var/lib/old' } as const
    await w.people.complianceOfficer.call('compliance.setAdapter', adapter)
    return { name: 'old' }
  }),
  'denial.add': row('uf ffff fyf ff', 'writes', w => ({
    person: w.victim,
    until: '2001-01-01T00:00:00Z',
    reason: 'r',
  })),
  'denial.list': row('uf ffff fyf ff', 'reads', () => ({})),
  'denial.lift': row('uf ffff fyf ff', 'writes', async w => {
    const scope = { until: '2001-01-01T00:00:00Z', reason: 'r' }
    const { denial } = await w.people.complianceOfficer.call('denial.add', scope)
    return { denial: denial!.id, reason: 'r' }
  }),
  // No directory is connected here: what gets through finds none.
  'directory.status': row('uf ffff yff fy', 'reads', () => ({})),
  'directory.sync': row('uf ffff fff fn', 'writes', () => ({ source: 'none' })),
  'directory.check': row('uf ffff fff fn', 'reads', () => ({ source: 'none' })),
  'directory.resync': row('uf ffff fff fi', 'writes', w => ({ principal: w.victim })),
  'directory.explain': row('uf ffff yff fy', 'reads', w => ({ user: w.victim, room: w.room })),

  'category.create': row('uf ffff fff yy', 'writes', w => ({ name: w.aName() })),
  'category.update': row('uf ffff fnn yy', 'writes', async w => ({ category: await w.aCategory(), description: 'd' })),
  'category.list': row('uf yyyy yyy yy', 'reads', () => ({})),
  'category.delete': row('uf ffff fnn yy', 'writes', async w => ({ category: await w.aCategory() })),

  'room.create': row('uf fffy fnn yy', 'writes', w => ({ category: w.category, name: w.aName() })),
  'room.update': row('uf ffyf fnn yy', 'writes', async w => ({ room: await w.aRoom(), description: 'd' })),
  'room.get': row('uf yyyy ynn yy', 'reads', w => ({ room: w.room })),
  'room.members': row('uf yyyy ynn yy', 'reads', w => ({ room: w.room, role: 'member' })),
  'room.checkName': row('uf fffy fnn yy', 'reads', w => ({ category: w.category, name: w.aName() })),
  'room.find': row('uf yyyy yyy yy', 'reads', () => ({})),
  'room.join': row('uf fyff fnn ff', 'reads', w => ({ room: w.room })),
  'room.part': row('uy yyyy yyy yy', 'reads', w => ({ room: w.room })),
  'room.follow': row('uf fyff fnn ff', 'own', w => ({ room: w.room })),
  // Of one's own list, whether or not there is such a room.
  'room.unfollow': row('uf yyyy yyy yy', 'own', w => ({ room: w.room })),
  'room.markRead': row('uf fyff fnn ff', 'own', w => ({ room: w.room, seq: 0 })),
  'room.clear': row('uf ffff fnn yy', 'writes', async w => ({
    room: await w.aRoom(true),
    until: '2099-01-01T00:00:00Z',
  })),
  'room.breakGlass': row('uf ffff fff yy', 'writes', async w => ({
    room: await w.aRoom(),
    reason: 'a complaint of today',
  })),
  'room.delete': row('uf ffff fnn yy', 'writes', async w => ({ room: await w.aRoom() })),
  'invitation.dismiss': row('uf fyff fnn ff', 'own', w => ({ room: w.room })),
  'participant.list': row('uf yyyy ynn yy', 'reads', w => ({ room: w.room })),

  'message.post': row('uf fyff fnn ff', 'own', w => ({ room: w.room, clientId: randomUUID(), text: 'hello' })),
  'message.list': row('uf fyff fnn ff', 'reads', w => ({ room: w.room })),
  'message.search': row('uf yyyy yyy yy', 'reads', () => ({ text: 'needle' })),
  'message.remove': row('uf ffff fnn yy', 'writes', async w => ({ room: await w.aRoom(true), seq: 1 })),

  'file.begin': row('uf fyff fnn ff', 'own', w => ({ room: w.room, name: 'a.txt', size: 1 })),
  'file.get': row('uf nynn nnn nn', 'reads', async w => ({ file: await w.aFile() })),
  'file.post': row('uf fyff fnn ff', 'own', async w => ({
    room: w.room,
    file: await w.aFile(),
    clientId: randomUUID(),
  })),
  'file.list': row('uf fyff fnn ff', 'reads', w => ({ room: w.room })),
}
