import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Person } from './harness.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage
let inviting: string
beforeAll(async () => {
  stage = await openStage()
  inviting = (await stage.sameScope({ invitations: true })).id
})
afterAll(() => stage.stop())

/** Rooms that the user is invited to, as a new session is told. */
async function invited(who: Person): Promise<string[]> {
  const live = await who.open()
  const { invitations } = await live.call('session.sync', {})
  await live.close()
  return invitations.map(one => one.info.name)
}

test('[IN1] who is added to the members is told at once and at the next sync: by whom, and the room', async () => {
  const { carol, alice, bob } = stage
  const [hers, his] = [await alice.open(), await bob.open()]
  const { room } = await carol.call('room.create', {
    category: inviting,
    name: 'welcome',
    members: ['alice@example.com'],
  })
  const by = { id: carol.me.id, kind: 'user', name: 'carol@example.com', displayName: 'carol' }
  expect(await hers.hears('room.invited')).toEqual({ event: 'room.invited', room: room.id, by })
  const { invitations } = await hers.call('session.sync', {})
  expect(invitations).toEqual([
    {
      room: room.id,
      by,
      at: expect.stringMatching(/Z$/),
      info: expect.objectContaining({ id: room.id, name: 'welcome' }),
    },
  ])
  await carol.call('room.update', { room: room.id, members: { add: ['bob@example.com'] } })
  expect(await his.hears('room.invited')).toMatchObject({ room: room.id })
  await hers.settled()
  expect(hers.heard('room.invited')).toHaveLength(1)
  await Promise.all([hers.close(), his.close()])
})

test('[IN2] a room invites only where its category does and it was not switched off itself', async () => {
  const { bob } = stage
  const live = await bob.open()
  await stage.room({ name: 'silent category' })
  await stage.room({ category: inviting, name: 'silent room', invitations: 'off' })
  await stage.room({ category: inviting, name: 'loud room' })
  await live.hears('room.invited')
  await live.settled()
  expect(live.heard('room.invited')).toHaveLength(1)
  const open = await invited(bob)
  expect(open).toContain('loud room')
  expect(open).not.toContain('silent category')
  expect(open).not.toContain('silent room')
  await live.close()
})

test('[IN3] managers are not invited, nor who adds himself', async () => {
  const { carol, bob } = stage
  const live = await carol.open()
  await carol.call('room.create', { category: inviting, name: 'my own', members: ['carol@example.com'] })
  await stage.room({ category: inviting, name: 'as manager', members: [], managers: ['bob@example.com'] })
  await live.settled()
  expect(live.heard('room.invited')).toEqual([])
  expect(await invited(carol)).not.toContain('my own')
  expect(await invited(bob)).not.toContain('as manager')
  await live.close()
})

test('[IN4] an invitation stands until the room is followed or it is dismissed; whoever is added again is invited again', async () => {
  const { admin, alice } = stage
  const room = await stage.room({ category: inviting, name: 'answered' })
  expect(await invited(alice)).toContain('answered')
  await alice.call('invitation.dismiss', { room: room.id })
  expect(await invited(alice)).not.toContain('answered')
  const again = async () => {
    await admin.call('room.update', { room: room.id, members: { remove: ['alice@example.com'] } })
    expect(await invited(alice)).not.toContain('answered')
    await admin.call('room.update', { room: room.id, members: { add: ['alice@example.com'] } })
  }
  await again()
  expect(await invited(alice)).toContain('answered')
  await alice.call('room.follow', { room: room.id })
  expect(await invited(alice)).not.toContain('answered')
  await again()
  await alice.call('room.unfollow', { room: room.id })
  expect(await invited(alice)).toContain('answered')
})

test('[IN5] a group’s members are invited with it, each for himself', async () => {
  const { admin, alice, bob, carol } = stage
  await admin.call('principal.create', { kind: 'group', name: 'desk', displayName: 'Desk' })
  await admin.call('group.update', { group: 'desk', add: ['alice@example.com', 'bob@example.com'] })
  const category = await stage.addCategory({ invitations: true, allowedMembers: ['desk', 'carol@example.com'] })
  const live = await bob.open()
  const room = await stage.room({ category: category.id, name: 'for the desk', members: ['desk'] })
  await live.hears('room.invited', event => event.room === room.id)
  await alice.call('invitation.dismiss', { room: room.id })
  expect(await invited(alice)).not.toContain('for the desk')
  expect(await invited(bob)).toContain('for the desk')
  expect(await invited(carol)).not.toContain('for the desk')
  await live.close()
})

test('[IN6] an invitation is no longer shown once the room is out of reach, disabled, deleted or sends none', async () => {
  const { admin, bob } = stage
  const category = await stage.sameScope({ invitations: true })
  const room = await stage.room({ category: category.id, name: 'withdrawn' })
  const shown = async () => (await invited(bob)).includes('withdrawn')
  expect(await shown()).toBe(true)
  for (const [change, back] of [
    [{ disabled: true }, { disabled: false }],
    [{ invitations: 'off' }, { invitations: 'inherit' }],
  ] as const) {
    await admin.call('room.update', { room: room.id, ...change })
    expect(await shown()).toBe(false)
    await admin.call('room.update', { room: room.id, ...back })
    expect(await shown()).toBe(true)
  }
  await admin.call('category.update', { category: category.id, deniedMembers: ['bob@example.com'] })
  expect(await shown()).toBe(false)
  await admin.call('category.update', { category: category.id, deniedMembers: [] })
  expect(await shown()).toBe(true)
  await admin.call('room.delete', { room: room.id })
  expect(await shown()).toBe(false)
})
