import Type from 'typebox'
import { Category } from './category.ts'
import { CategoryId, Uuid } from './ids.ts'
import { Simulation } from './simulation.ts'
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
  'category.delete': verb(
    'Delete an empty category',
    { category: CategoryId, dryRun: optional(Type.Literal(true, { description: 'changes nothing' })) },
    {},
  ),
  'category.simulate': verb(
    'Who would gain, who would lose and which entries of rooms would lose their effect by a change of the scope; changes nothing',
    { category: CategoryId, allowedMembers: optional(ListChange), deniedMembers: optional(ListChange) },
    { simulation: Simulation },
    administrator,
  ),
  'category.simulation': verb(
    'How far a simulation is, for who began it; one that nobody asks about for 15 seconds is given up',
    { simulation: Uuid },
    { simulation: Simulation },
    administrator,
  ),
} as const
