import Type from 'typebox'
import { PrincipalRef } from './ids.ts'
import { Principal } from './principal.ts'
import { AdministrationRole } from './role.ts'
import { Flag, fullAdministrator, Nullable, Text, verb } from './verb.ts'

/** Who administers what. */
export const roleVerbs = {
  'role.grant': verb(
    'Give a role of administration to a user or, other than administrator, to a group; or take it back',
    { principal: PrincipalRef, role: AdministrationRole, granted: Flag() },
    {},
    fullAdministrator,
  ),
  'role.list': verb(
    'Who holds which role of administration; of full administrators it is not told who made them so, and when',
    {},
    {
      holders: Type.Array(
        Type.Object({
          principal: Principal,
          role: AdministrationRole,
          by: Nullable(Principal),
          at: Nullable(Text()),
        }),
      ),
    },
    fullAdministrator,
  ),
} as const
