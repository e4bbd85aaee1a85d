import Type from 'typebox'
import { Instant, PrincipalRef, Seq } from './ids.ts'
import { Principal } from './principal.ts'
import { administratorOr, Limit, optional, Text, verb } from './verb.ts'

/** What administrators did. */
export const auditVerbs = {
  'audit.list': verb(
    "Administrators' actions and refused names, newest first; of a search, what has all that is asked for",
    {
      action: optional(Text({ minLength: 1, description: 'such as room.update, or room. for all of rooms' })),
      actor: optional(PrincipalRef),
      subject: optional(
        Text({ minLength: 1, description: 'what was acted on: an id, or the name of a principal, room or category' }),
      ),
      text: optional(Text({ description: 'words of the detail, all of them' })),
      from: optional(Instant),
      until: optional(Instant),
      limit: optional(Limit),
      before: optional(Seq),
    },
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
    administratorOr('complianceOfficer'),
  ),
} as const
