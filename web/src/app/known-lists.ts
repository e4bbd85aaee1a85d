import type { Client } from '../../../src/client/client.ts'
import type { KnownLists, RoomVersion } from './room-conflict.ts'
import type { Card } from './room-draft.ts'
import { type ListName, listNames, roleOf } from './room-edit.ts'

const pageSize = 1000

/** The lists as they come with the room: the first of each. */
export function listsOf(card: Card): KnownLists {
  const known = (name: ListName) => {
    const people = card[name] ?? []
    return { people, isWhole: people.length >= (card.counts?.[name] ?? 0) }
  }
  return { members: known('members'), managers: known('managers'), presenters: known('presenters') }
}

/** Reads a list on until `atLeast` of it are known, or all. */
export async function readList(client: Client, room: string, list: ListName, atLeast: number) {
  const people = []
  let after: string | undefined
  do {
    const page = await client.request('room.members', {
      ...{ room, role: roleOf[list], limit: pageSize },
      ...(after === undefined ? {} : { after }),
    })
    people.push(...page.principals)
    after = page.next
  } while (after !== undefined && people.length < atLeast)
  return { people, isWhole: after === undefined }
}

/** The room as it is now, its lists read as far as they were before. */
export async function readVersion(client: Client, before: RoomVersion): Promise<RoomVersion> {
  const card = await client.request('room.get', { room: before.card.room.id })
  const lists = { ...listsOf(card) }
  for (const name of listNames) {
    const { length } = before.lists[name].people
    if (!lists[name].isWhole && lists[name].people.length <= length)
      lists[name] = await readList(client, card.room.id, name, length + 1)
  }
  return { card, lists }
}
