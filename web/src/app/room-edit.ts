import type { Principal } from '../../../src/protocol/principal.ts'
import type { Input } from '../../../src/protocol/request.ts'
import type { RoomRole } from '../../../src/protocol/room.ts'
import { type Card, draftChanges, draftOf, type RoomDraft } from './room-draft.ts'

export const listNames = ['members', 'managers', 'presenters'] as const
export type ListName = (typeof listNames)[number]
export const roleOf: Record<ListName, RoomRole> = { members: 'member', managers: 'manager', presenters: 'presenter' }

/** A list is changed by who comes and who goes, so that two who change it at once do not undo each other. */
export type ListEdit = { add: readonly Principal[]; remove: readonly Principal[] }
/** What a person has changed and not saved. `everyone`: the members are everyone in scope. */
export type RoomEdit = { facts: RoomDraft; everyone: boolean; lists: Record<ListName, ListEdit> }

const noChange: ListEdit = { add: [], remove: [] }
export const noListEdits: RoomEdit['lists'] = { members: noChange, managers: noChange, presenters: noChange }

export function editOf(card: Card): RoomEdit {
  return { facts: draftOf(card.room), everyone: card.members === null, lists: noListEdits }
}

export function withAdded(list: ListEdit, person: Principal): ListEdit {
  if (list.remove.some(one => one.id === person.id))
    return { ...list, remove: list.remove.filter(one => one.id !== person.id) }
  return { ...list, add: [...list.add.filter(one => one.id !== person.id), person] }
}

export function withRemoved(list: ListEdit, person: Principal): ListEdit {
  if (list.add.some(one => one.id === person.id)) return { ...list, add: list.add.filter(one => one.id !== person.id) }
  return { ...list, remove: [...list.remove.filter(one => one.id !== person.id), person] }
}

function ids(people: readonly Principal[]): string[] {
  return people.map(one => one.id)
}

function listChange({ add, remove }: ListEdit): { add?: string[]; remove?: string[] } | undefined {
  if (add.length === 0 && remove.length === 0) return undefined
  return {
    ...(add.length === 0 ? {} : { add: ids(add) }),
    ...(remove.length === 0 ? {} : { remove: ids(remove) }),
  }
}

type Lists = Pick<Input<'room.update'>, ListName>

function listChanges(card: Card, edit: RoomEdit): Lists {
  const wasEveryone = card.members === null
  // A list in the place of everyone is set whole: there is none yet to change.
  const members = edit.everyone
    ? wasEveryone
      ? undefined
      : null
    : wasEveryone
      ? ids(edit.lists.members.add)
      : listChange(edit.lists.members)
  const [managers, presenters] = [listChange(edit.lists.managers), listChange(edit.lists.presenters)]
  return {
    ...(members === undefined ? {} : { members }),
    ...(managers === undefined ? {} : { managers }),
    ...(presenters === undefined ? {} : { presenters }),
  }
}

/** What room.update is asked; no member of it but the room and its version where nothing was changed. */
export function editInput(card: Card, edit: RoomEdit): Input<'room.update'> {
  const { addin, ...facts } = draftChanges(card.room, edit.facts)
  return {
    room: card.room.id,
    ifVersion: card.room.version,
    ...facts,
    ...(addin === undefined ? {} : { addin: addin === '' ? null : addin }),
    ...listChanges(card, edit),
  } as Input<'room.update'>
}

/** What room.create is asked. Without a list of managers it would be its maker alone; `saysManagers`: they are those of the form, be it nobody. */
export function createInput({ facts, everyone, lists }: RoomEdit, saysManagers: boolean): Input<'room.create'> {
  const { addin, ...more } = facts
  const { members, managers, presenters } = lists
  return {
    ...more,
    ...(addin === '' ? {} : { addin }),
    ...(everyone ? { members: null } : members.add.length === 0 ? {} : { members: ids(members.add) }),
    ...(saysManagers || managers.add.length > 0 ? { managers: ids(managers.add) } : {}),
    ...(presenters.add.length === 0 ? {} : { presenters: ids(presenters.add) }),
  }
}

export const factWords: Record<keyof RoomDraft, string> = {
  name: 'Name',
  description: 'Description',
  category: 'Category',
  privacy: 'Who finds it and joins',
  type: 'Who posts',
  invitations: 'Invitations',
  addin: 'Add-in',
}
export const listWords: Record<ListName, string> = {
  members: 'Members',
  managers: 'Managers',
  presenters: 'Presenters',
}

/** What a save would change, in words. Empty: nothing. */
export function changeWords(card: Card, edit: RoomEdit): string[] {
  const facts = Object.keys(draftChanges(card.room, edit.facts)).map(key => factWords[key as keyof RoomDraft])
  const lists = Object.entries(listChanges(card, edit)).map(([key, change]) => {
    const name = listWords[key as ListName]
    if (change === null) return `${name}: everyone in scope`
    if (Array.isArray(change)) return `${name}: a list of ${change.length} instead of everyone`
    const { add = [], remove = [] } = change
    const parts = [
      ...(add.length === 0 ? [] : [`${add.length} added`]),
      ...(remove.length === 0 ? [] : [`${remove.length} taken off`]),
    ]
    return `${name}: ${parts.join(', ')}`
  })
  return [...facts, ...lists]
}
