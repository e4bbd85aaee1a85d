import type { Addin } from '../../../src/protocol/addin.ts'
import type { Category } from '../../../src/protocol/category.ts'
import type { ConflictRow } from './room-conflict.ts'
import { factWords, listWords } from './room-edit.ts'
import { markWords, type RoomMark } from './room-words.ts'

/** What people read of a value: 'category' by its name and not its id. */
export type Glossary = { categories: readonly Pick<Category, 'id' | 'name'>[]; addins: readonly Addin[] }

export function rowTitle({ of }: ConflictRow): string {
  if (of.kind === 'fact') return factWords[of.fact]
  if (of.kind === 'everyone') return 'Who is a member'
  return `${listWords[of.list]}: ${of.principal.displayName} (${of.principal.name})`
}

export function valueWords({ of }: ConflictRow, value: string, { categories, addins }: Glossary): string {
  if (of.kind === 'entry') return value === 'true' ? 'on the list' : 'not on the list'
  if (of.kind === 'everyone') return value === 'true' ? 'everyone in scope' : 'those on a list'
  switch (of.fact) {
    case 'category':
      return categories.find(one => one.id === value)?.name ?? 'a category that you may not see'
    case 'addin':
      return value === '' ? 'none' : (addins.find(one => one.id === value)?.name ?? 'another add-in')
    case 'invitations':
      return value === 'inherit' ? 'on, where the category sends them' : 'off'
    case 'type':
      return value === 'normal' ? 'Normal' : markWords.auditorium.word
    case 'privacy':
      return markWords[value as RoomMark].word
    default:
      return value === '' ? '(empty)' : value
  }
}
