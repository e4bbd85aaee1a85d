import { expect, test } from 'vitest'
import type { Principal } from '../../../src/protocol/principal.ts'
import type { Room } from '../../../src/protocol/room.ts'
import { conflictRows, isClash, listDifference, naturalSide, type RoomVersion, resolved } from './room-conflict.ts'
import type { Card } from './room-draft.ts'
import { changeWords, editInput, editOf, type RoomEdit, withAdded, withRemoved } from './room-edit.ts'

const people = Object.fromEntries(
  ['ann', 'ben', 'cid', 'dan', 'eve'].map(name => [
    name,
    { id: name, kind: 'user', name: `${name}@example.com`, displayName: name } satisfies Principal,
  ]),
) as Record<'ann' | 'ben' | 'cid' | 'dan' | 'eve', Principal>
const { ann, ben, cid, dan, eve } = people

function version(number: number, facts: Partial<Room>, members: Principal[] | null): RoomVersion {
  const room = {
    ...{ id: 'r', uri: '', name: 'Desk', description: '', category: 'c', categoryName: 'C', type: 'normal' },
    ...{ privacy: 'closed', invitations: 'inherit', disabled: false, chatHistory: true, fileUpload: true },
    ...{ version: number, ...facts },
  } as Room
  const card = {
    ...{ room, followed: false, members, managers: [ann], presenters: [] },
    counts: { members: members?.length ?? 0, managers: 1, presenters: 0 },
  } as unknown as Card
  const whole = (list: Principal[]) => ({ people: list, isWhole: true })
  return { card, lists: { members: whole(members ?? []), managers: whole([ann]), presenters: whole([]) } }
}

function edited(
  base: RoomVersion,
  facts: Partial<RoomEdit['facts']>,
  lists: Partial<RoomEdit['lists']> = {},
): RoomEdit {
  const edit = editOf(base.card)
  return { ...edit, facts: { ...edit.facts, ...facts }, lists: { ...edit.lists, ...lists } }
}

const none = { add: [], remove: [] }

test('[RP10] two versions are compared field by field and name by name: only what both changed to different things must be chosen', () => {
  const base = version(1, {}, [ann, ben, cid])
  const now = version(2, { name: 'Desk North', privacy: 'secret', description: 'same' }, [ann, ben, dan])
  const edit = edited(
    base,
    { name: 'Desk South', type: 'auditorium', description: 'same' },
    { members: withAdded(withRemoved(none, ben), eve) },
  )
  const rows = conflictRows(base, now, edit)
  expect(rows.map(row => [row.key, isClash(row), naturalSide(row)])).toEqual([
    ['name', true, undefined],
    ['type', false, 'mine'],
    ['privacy', false, 'theirs'],
    ['members eve', false, 'mine'],
    ['members ben', false, 'mine'],
    ['members dan', false, 'theirs'],
    ['members cid', false, 'theirs'],
  ])
  const natural = resolved(base, now, edit, row => naturalSide(row) ?? 'theirs')
  expect(editInput(now.card, natural)).toEqual({
    ...{ room: 'r', ifVersion: 2, type: 'auditorium' },
    members: { add: ['eve'], remove: ['ben'] },
  })
  expect(
    editInput(
      now.card,
      resolved(base, now, edit, () => 'mine'),
    ),
  ).toEqual({
    ...{ room: 'r', ifVersion: 2, name: 'Desk South', type: 'auditorium', privacy: 'closed' },
    members: { add: ['eve', 'cid'], remove: ['ben', 'dan'] },
  })
  expect(
    editInput(
      now.card,
      resolved(base, now, edit, () => 'theirs'),
    ),
  ).toEqual({ room: 'r', ifVersion: 2 })
})

test('[RP10] where one made the members everyone and the other kept the list, the list that is kept is the whole one', () => {
  const list = version(1, {}, [ann, ben])
  const everyone = version(2, {}, null)
  const edit = edited(list, {}, { members: withAdded(withRemoved(none, ann), cid) })
  const rows = conflictRows(list, everyone, edit)
  expect(rows.map(row => [row.key, naturalSide(row)])).toEqual([['everyone', 'theirs']])
  expect(
    editInput(
      everyone.card,
      resolved(list, everyone, edit, () => 'mine'),
    ).members,
  ).toEqual(['ben', 'cid'])
  expect(
    editInput(
      everyone.card,
      resolved(list, everyone, edit, () => 'theirs'),
    ).members,
  ).toBeUndefined()
  const back = { ...edited(everyone, {}), everyone: false, lists: { ...edit.lists, members: withAdded(none, dan) } }
  expect(editInput(everyone.card, back).members).toEqual(['dan'])
  expect(changeWords(everyone.card, back)).toEqual(['Members: a list of 1 instead of everyone'])
})

test('[RP13] where others made the members everyone, a list of which only the beginning was read is not written in their place', () => {
  const list = version(1, {}, [ann, ben])
  const long = { ...list, lists: { ...list.lists, members: { people: [ann, ben], isWhole: false } } }
  const everyone = version(2, {}, null)
  const edit = edited(long, { description: 'mine' }, { members: withAdded(none, cid) })
  const rows = conflictRows(long, everyone, edit)
  expect(rows.map(row => [row.key, naturalSide(row), row.onlyTheirs])).toEqual([
    ['description', 'mine', undefined],
    ['everyone', 'theirs', true],
  ])
  const taken = resolved(long, everyone, edit, () => 'mine')
  expect(editInput(everyone.card, taken)).toEqual({ room: 'r', ifVersion: 2, description: 'mine' })
  // Read to its end it can be kept.
  expect(conflictRows(list, everyone, edit).map(row => row.onlyTheirs)).toEqual([undefined, undefined])
})

test('[RP11] of a long list nothing is claimed beyond what was read', () => {
  const part = (...list: Principal[]) => ({ people: list, isWhole: false })
  // An entry came in front and pushed the last one out of the page: it is not said to be gone.
  expect(listDifference(part(ben, cid, dan), part(ann, ben, cid))).toEqual({ added: [ann], removed: [] })
  expect(listDifference(part(ann, ben, cid), part(ben, cid, dan))).toEqual({ added: [], removed: [ann] })
  expect(listDifference(part(ann, ben), { people: [ann], isWhole: true })).toEqual({ added: [], removed: [ben] })
})

test('[RP12] a list is saved as who comes and who goes, and taking a change back leaves nothing of it', () => {
  const base = version(3, {}, [ann, ben])
  const both = edited(base, {}, { members: withRemoved(withAdded(none, cid), ann) })
  expect(editInput(base.card, both)).toEqual({ room: 'r', ifVersion: 3, members: { add: ['cid'], remove: ['ann'] } })
  expect(changeWords(base.card, both)).toEqual(['Members: 1 added, 1 taken off'])
  const undone = edited(base, { name: 'Desk' }, { members: withAdded(withRemoved(both.lists.members, cid), ann) })
  expect(changeWords(base.card, undone)).toEqual([])
  expect(editInput(base.card, undone)).toEqual({ room: 'r', ifVersion: 3 })
})
