import Type from 'typebox'
import { Category } from './category.ts'
import { CategoryId } from './ids.ts'
import { administrator, Flag, ListChange, optional, Refs, Text, verb } from './verb.ts'

const categoryMembers = {
  description: optional(Text()),
  fileUpload: optional(Flag()),
  invitations: optional(Flag()),
  chatHistory: optional(Flag()),
}

/** Categories, their scopes and creators. */
export const categoryVerbs = {
  'category.create': verb(
    'Add a category',
    {
      name: Text(),
      ...categoryMembers,
      allowedMembers: optional(Refs),
      deniedMembers: optional(Refs),
      creators: optional(Refs),
    },
    { category: Category },
    administrator,
  ),
  'category.update': verb(
    'Change a category, its scope or its creators',
    {
      category: CategoryId,
      ifVersion: optional(Type.Integer()),
      name: optional(Text()),
      ...categoryMembers,
      allowedMembers: optional(ListChange),
      deniedMembers: optional(ListChange),
      creators: optional(ListChange),
    },
    { category: Category },
  ),
  'category.list': verb('Categories that the caller may see', {}, { categories: Type.Array(Category) }),
  'category.delete': verb('Delete an empty category', { category: CategoryId }, {}),
} as const
