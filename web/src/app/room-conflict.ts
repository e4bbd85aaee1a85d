import type { Principal } from '../../../src/protocol/principal.ts'
import { type Card, draftOf, type RoomDraft } from './room-draft.ts'
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

/** What is known of a list: its beginning, in the server's order, or all of it. */
export type KnownList = { people: readonly Principal[]; isWhole: boolean }
export type KnownLists = Record<ListName, KnownList>
/** A room as it was read. */
export type RoomVersion = { card: Card; lists: KnownLists }

/** One thing that somebody changed. Values are what the server is asked, not what people read. */
export type ConflictRow = {
  key: string
  of:
    | { kind: 'fact'; fact: keyof RoomDraft }
    | { kind: 'everyone' }
    | { kind: 'entry'; list: ListName; principal: Principal }
  was: string
  theirs: string
  mine: string
  /** Mine cannot be had any more: to keep the list it would have to be written whole, and not all of it was read. */
  onlyTheirs?: true
}
export type Side = 'mine' | 'theirs'

/** Changed by both, to different things: only a person can say which. */
export function isClash({ was, theirs, mine }: ConflictRow): boolean {
  return mine !== was && theirs !== was && mine !== theirs
}

/** What is taken unless the person says otherwise; undefined where he must say. */
export function naturalSide(row: ConflictRow): Side | undefined {
  if (row.onlyTheirs) return 'theirs'
  if (isClash(row)) return undefined
  return row.mine === row.was ? 'theirs' : 'mine'
}

/** Who was put on a list and who was taken off, as far as both readings reach. */
export function listDifference(before: KnownList, now: KnownList): { added: Principal[]; removed: Principal[] } {
  return { added: missingIn(before, now.people), removed: missingIn(now, before.people) }
}

/** Of `people`, those who would stand in `list` if they were on it: where the reading ended before them, nothing is known. */
function missingIn(list: KnownList, people: readonly Principal[]): Principal[] {
  const known = new Set(list.people.map(one => one.id))
  const lastShared = people.findLastIndex(one => known.has(one.id))
  return people.filter((one, index) => !known.has(one.id) && (list.isWhole || index < lastShared))
}

/** Everything that I changed, or somebody else did since I read. Without what both made the same. */
export function conflictRows(base: RoomVersion, now: RoomVersion, edit: RoomEdit): ConflictRow[] {
  const [was, theirs] = [draftOf(base.card.room), draftOf(now.card.room)]
  const facts = (Object.keys(was) as (keyof RoomDraft)[]).map(
    (fact): ConflictRow => ({
      key: fact,
      of: { kind: 'fact', fact },
      was: was[fact],
      theirs: theirs[fact],
      mine: edit.facts[fact],
    }),
  )
  const everyone: ConflictRow = {
    key: 'everyone',
    of: { kind: 'everyone' },
    was: String(base.card.members === null),
    theirs: String(now.card.members === null),
    mine: String(edit.everyone),
    ...(now.card.members === null && !base.lists.members.isWhole ? { onlyTheirs: true } : {}),
  }
  const entries = listNames
    // Where the members are everyone by now, who stood on the list says nothing.
    .filter(list => list !== 'members' || now.card.members !== null)
    .flatMap(list => entryRows(list, base.lists[list], now.lists[list], edit))
  return [...facts, everyone, ...entries].filter(row => row.mine !== row.theirs)
}

/** A list, as far as it is known, with what is changed of it. */
export function listAfter({ people }: KnownList, { add, remove }: ListEdit): Principal[] {
  return [...people.filter(one => ![...add, ...remove].some(other => other.id === one.id)), ...add]
}

function entryRows(list: ListName, before: KnownList, now: KnownList, edit: RoomEdit): ConflictRow[] {
  const { added, removed } = listDifference(before, now)
  const { add, remove } = edit.lists[list]
  const has = (people: readonly Principal[], { id }: Principal) => people.some(one => one.id === id)
  const touched = new Map([...add, ...remove, ...added, ...removed].map(one => [one.id, one]))
  return [...touched.values()].map(principal => {
    const was = has(before.people, principal) || has(remove, principal)
    const theirs = has(added, principal) ? true : has(removed, principal) ? false : was
    const mine = has(add, principal) ? true : has(remove, principal) ? false : was
    return {
      key: `${list} ${principal.id}`,
      of: { kind: 'entry', list, principal },
      was: String(was),
      theirs: String(theirs),
      mine: String(mine),
    }
  })
}

/** The room as it is now with what I took of mine, for another save under the new version. */
export function resolved(
  base: RoomVersion,
  now: RoomVersion,
  mine: RoomEdit,
  sideOf: (row: ConflictRow) => Side | undefined,
): RoomEdit {
  const rows = conflictRows(base, now, mine)
  const edit = { ...editOf(now.card), lists: { ...noListEdits } }
  const facts: Record<string, string> = { ...edit.facts }
  for (const row of rows) {
    if (row.onlyTheirs || sideOf(row) !== 'mine') continue
    if (row.of.kind === 'fact') facts[row.of.fact] = row.mine
    else if (row.of.kind === 'everyone') {
      edit.everyone = row.mine === 'true'
      // Theirs has emptied the list: to keep it is to write it again.
      if (now.card.members === null)
        edit.lists.members = { add: listAfter(base.lists.members, mine.lists.members), remove: [] }
    } else {
      const change = row.mine === 'true' ? withAdded : withRemoved
      edit.lists[row.of.list] = change(edit.lists[row.of.list], row.of.principal)
    }
  }
  return { ...edit, facts: facts as RoomDraft }
}
