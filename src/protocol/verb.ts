import Type, { type Static, type TSchema } from 'typebox'
import { PrincipalRef } from './ids.ts'
import type { AdministrationRole } from './role.ts'

/** Which doors carry a verb: the WebSocket-only ones bind a live session. */
export type Doors = 'both' | 'websocket'
/** Who may call at all: strangers too, whoever is signed in, or who holds one of the roles. What he may do there is for domain/access. */
export type Callers = 'anyone' | 'user' | readonly AdministrationRole[]

export function verb<Input extends Record<string, TSchema>, Result extends Record<string, TSchema>>(
  summary: string,
  input: Input,
  result: Result,
  more: { doors?: Doors; callers?: Callers } = {},
) {
  return {
    summary,
    input: Type.Object(input, { additionalProperties: false }),
    result: Type.Object(result),
    doors: more.doors ?? ('both' as Doors),
    callers: more.callers ?? ('user' as Callers),
  }
}

// What the verbs of several nouns take.
export const optional = Type.Optional
export const Text = Type.String
export const Flag = Type.Boolean
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
export const Limit = Type.Integer({ minimum: 1, maximum: 1000 })
/** Those who manage Persistent Chat: full administrators, and those of it alone. */
export const administrator = { callers: ['administrator', 'chatAdministrator'] } satisfies { callers: Callers }
/** For what concerns people and their sign-ins. */
export const fullAdministrator = { callers: ['administrator'] } satisfies { callers: Callers }
/** Who manages Persistent Chat, and others who read this, or do it, as well. */
export const administratorOr = (...roles: AdministrationRole[]): { callers: readonly AdministrationRole[] } => ({
  callers: [...administrator.callers, ...roles],
})
export const websocket = { doors: 'websocket' } as const

export const Refs = Type.Array(PrincipalRef, { maxItems: 10_000 })
/** A list is set whole, or changed by what to add and what to remove. */
export const ListChange = Type.Union([
  Refs,
  Type.Object({ add: optional(Refs), remove: optional(Refs) }, { additionalProperties: false }),
])
export type ListChange = Static<typeof ListChange>
