import Type from 'typebox'
import { Seq } from './ids.ts'
import { Principal } from './principal.ts'
import { administrator, Limit, optional, Text, verb } from './verb.ts'

/** What administrators did. */
export const auditVerbs = {
  'audit.list': verb(
    "Administrators' actions and refused names, newest first",
    { limit: optional(Limit), before: optional(Seq) },
    {
      entries: Type.Array(
        Type.Object({
          id: Seq,
          at: Text(),
          actor: Type.Union([Principal, Type.Null()]),
          action: Text(),
          subject: Text(),
          detail: Type.Unknown(),
        }),
      ),
    },
    administrator,
  ),
} as const
