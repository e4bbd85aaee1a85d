import Type from 'typebox'
import { Policy } from './policy.ts'
import { Principal } from './principal.ts'
import { administratorOr, Flag, Nullable, optional, Text, verb } from './verb.ts'

const PolicyName = Text({ minLength: 1, description: 'global, site:<name>, or the name of a policy' })

/** Who may use Persistent Chat at all. */
export const policyVerbs = {
  'policy.grant': verb(
    'Switch Persistent Chat on or off for all, a site or a principal, or give a principal a named policy; null takes the grant back',
    {
      scope: Text({ minLength: 1 }),
      enabled: optional(Nullable(Flag())),
      policy: optional(Nullable(Text({ minLength: 1, description: 'name of a policy, in place of enabled' }))),
    },
    {},
    administratorOr('userAdministrator'),
  ),
  'policy.list': verb(
    'All grants',
    {},
    {
      policies: Type.Array(
        Type.Object({
          scope: Text(),
          principal: optional(Principal),
          enabled: Flag(),
          policy: optional(Text({ description: 'name of the policy that was given' })),
        }),
      ),
    },
    administratorOr('userAdministrator', 'helpDesk'),
  ),
  'policy.create': verb(
    'Make a policy, of a site or with a name; off unless enabled',
    { name: PolicyName, description: optional(Text()), enabled: optional(Flag()) },
    { policy: Policy },
    administratorOr('userAdministrator'),
  ),
  'policy.update': verb(
    'Change a policy for everybody who has it',
    { policy: PolicyName, name: optional(Text()), description: optional(Text()), enabled: optional(Flag()) },
    { policy: Policy },
    administratorOr('userAdministrator'),
  ),
  'policy.get': verb(
    'Policies: global, sites, then names',
    { filter: optional(Text({ description: 'on the name; * stands for any characters, ? for one' })) },
    { policies: Type.Array(Policy) },
    administratorOr('userAdministrator', 'helpDesk'),
  ),
  'policy.delete': verb(
    'Delete a policy with its grants; the global one is reset to off',
    { policy: PolicyName },
    { grants: Type.Integer({ description: 'principals that had it' }) },
    administratorOr('userAdministrator'),
  ),
} as const
