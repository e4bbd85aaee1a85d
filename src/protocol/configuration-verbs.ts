import Type, { type Static } from 'typebox'
import { administrator, administratorOr, Nullable, optional, Text, verb } from './verb.ts'

const History = Type.Integer({ minimum: 1, maximum: 500, description: 'messages that a join brings' })
const UpdateLimit = Type.Integer({
  minimum: 2,
  maximum: 100_000,
  description: 'participants above which a room tells no more who comes and goes',
})
const Url = Text({ description: 'where rooms are created and managed; empty: the built-in pages' })
const Scope = Text({ minLength: 1, description: 'global, site:<name> or pool:<name>' })

/** The options of a scope. What is not its own is the global value. */
export const Configuration = Type.Object({
  scope: Scope,
  defaultChatHistory: History,
  maxFileKb: Type.Number({ description: 'of 1,024 bytes; with a fraction where bytes were set' }),
  participantUpdateLimit: UpdateLimit,
  roomManagementUrl: Url,
  own: Type.Array(Text(), { description: 'names of the options that are set at this scope' }),
})
export type Configuration = Static<typeof Configuration>

/** Options that sites and pools may have of their own. */
export const configurationVerbs = {
  'configuration.set': verb(
    'Make or change the options of a scope; null takes one back',
    {
      scope: Scope,
      defaultChatHistory: optional(Nullable(History)),
      maxFileKb: optional(Nullable(Type.Integer({ minimum: 1, maximum: 2 ** 30, description: 'of 1,024 bytes' }))),
      participantUpdateLimit: optional(Nullable(UpdateLimit)),
      roomManagementUrl: optional(Nullable(Url)),
    },
    { configuration: Configuration },
    administrator,
  ),
  'configuration.list': verb(
    'Options by scope: global, sites, pools',
    { filter: optional(Text({ description: 'on the scope; * stands for any characters, ? for one' })) },
    { configurations: Type.Array(Configuration) },
    administratorOr('helpDesk'),
  ),
  'configuration.delete': verb(
    'Delete the options of a site or pool; the global ones are reset to the defaults',
    { scope: Scope },
    {},
    administrator,
  ),
} as const
