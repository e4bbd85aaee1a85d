import type { Principal } from '../../../src/protocol/principal.ts'
import type { Room } from '../../../src/protocol/room.ts'
import { type KnownList, listAfter, type RoomVersion } from './room-conflict.ts'
import type { RoomDraft } from './room-draft.ts'
import {
  editOf,
  type ListEdit,
  type ListName,
  listNames,
  noListEdits,
  type RoomEdit,
  withAdded,
  withRemoved,
} from './room-edit.ts'

const nobody: KnownList = { people: [], isWhole: true }

function listSaved(base: RoomVersion, sent: RoomEdit, list: ListName): KnownList {
  if (list !== 'members')
    return { people: listAfter(base.lists[list], sent.lists[list]), isWhole: base.lists[list].isWhole }
  if (sent.everyone) return nobody
  if (base.card.members === null) return { people: sent.lists.members.add, isWhole: true }
  return { people: listAfter(base.lists.members, sent.lists.members), isWhole: base.lists.members.isWhole }
}

/** A room as it must be after a save that went through: what the server answered, and the lists as they were sent. */
export function savedAs(base: RoomVersion, sent: RoomEdit, room: Room): RoomVersion {
  const lists = { ...base.lists }
  const counts = { members: 0, managers: 0, presenters: 0, ...base.card.counts }
  for (const list of listNames) {
    lists[list] = listSaved(base, sent, list)
    const { add, remove } = sent.lists[list]
    counts[list] = lists[list].isWhole ? lists[list].people.length : counts[list] + add.length - remove.length
  }
  const members = sent.everyone ? null : [...lists.members.people]
  return { card: { ...base.card, room, members, counts }, lists }
}

function has(people: readonly Principal[], { id }: Principal): boolean {
  return people.some(one => one.id === id)
}

/** What was done to a list since it was sent: only that is left to be saved. */
function listSince(sent: ListEdit, now: ListEdit): ListEdit {
  const touched = new Map([...sent.add, ...sent.remove, ...now.add, ...now.remove].map(one => [one.id, one]))
  let since: ListEdit = { add: [], remove: [] }
  for (const person of touched.values()) {
    // Who is to go stood on it, who is to come did not.
    const was = has(sent.remove, person) || has(now.remove, person)
    const then = has(sent.add, person) || (was && !has(sent.remove, person))
    const wanted = has(now.add, person) || (was && !has(now.remove, person))
    if (then !== wanted) since = (wanted ? withAdded : withRemoved)(since, person)
  }
  return since
}

/** What somebody has changed while `sent` was under way, as a change of `saved`, which is what came of it; `base` is what it was before. */
export function editSince(base: RoomVersion, sent: RoomEdit, now: RoomEdit, saved: RoomVersion): RoomEdit {
  const edit = editOf(saved.card)
  const typed = Object.entries(now.facts).filter(([fact, value]) => sent.facts[fact as keyof RoomDraft] !== value)
  const lists = { ...noListEdits }
  for (const list of listNames) lists[list] = listSince(sent.lists[list], now.lists[list])
  const facts = { ...edit.facts, ...(Object.fromEntries(typed) as Partial<RoomDraft>) }
  if (now.everyone === sent.everyone || now.everyone) return { facts, everyone: now.everyone, lists }
  if (base.card.members === null) return { facts, everyone: false, lists: { ...lists, members: now.lists.members } }
  // The save has emptied the list that is wanted again: it can only be written whole, and so only if it was read whole.
  if (!base.lists.members.isWhole) return { facts, everyone: true, lists }
  const members = { add: listAfter(base.lists.members, now.lists.members), remove: [] }
  return { facts, everyone: false, lists: { ...lists, members } }
}
