import Type from 'typebox'
import { Principal } from './principal.ts'
import { administratorOr, Flag, optional, Text, verb } from './verb.ts'

/** Who may use Persistent Chat at all. */
export const policyVerbs = {
  'policy.grant': verb(
    'Switch Persistent Chat on or off for all, a site or a principal; null takes the grant back',
    { scope: Text({ minLength: 1 }), enabled: Type.Union([Flag(), Type.Null()]) },
    {},
    administratorOr('userAdministrator'),
  ),
  'policy.list': verb(
    'All grants',
    {},
    { policies: Type.Array(Type.Object({ scope: Text(), principal: optional(Principal), enabled: Flag() })) },
    administratorOr('userAdministrator', 'helpDesk'),
  ),
} as const
