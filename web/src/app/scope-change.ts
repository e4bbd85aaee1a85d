import type { Category } from '../../../src/protocol/category.ts'
import type { Principal } from '../../../src/protocol/principal.ts'

export const scopeLists = ['allowedMembers', 'deniedMembers', 'creators'] as const
export type ScopeList = (typeof scopeLists)[number]
type ScopeLists = Record<ScopeList, readonly Principal[]>
type ListDifference = { add: string[]; remove: string[] }

export function listsOf(category: Category | undefined): ScopeLists {
  return {
    allowedMembers: category?.allowedMembers ?? [],
    deniedMembers: category?.deniedMembers ?? [],
    creators: category?.creators ?? [],
  }
}

export function ids(people: readonly Principal[]): string[] {
  return people.map(person => person.id)
}

function added(now: readonly Principal[], before: readonly Principal[]): string[] {
  return ids(now.filter(one => !before.some(other => other.id === one.id)))
}

/** What saving would change in each list. */
export function differences(before: ScopeLists, now: ScopeLists): Record<ScopeList, ListDifference> {
  const of = (key: ScopeList) => ({ add: added(now[key], before[key]), remove: added(before[key], now[key]) })
  return { allowedMembers: of('allowedMembers'), deniedMembers: of('deniedMembers'), creators: of('creators') }
}

/** The part of the differences that says who is in scope; undefined where that stays as it is. */
export function scopeDifference({ allowedMembers, deniedMembers }: Record<ScopeList, ListDifference>) {
  const isSame = [allowedMembers, deniedMembers].every(({ add, remove }) => add.length + remove.length === 0)
  return isSame ? undefined : { allowedMembers, deniedMembers }
}
