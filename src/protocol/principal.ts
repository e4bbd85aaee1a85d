import Type, { type Static } from 'typebox'
import { Uuid } from './ids.ts'
import { AdministrationRole } from './role.ts'

export const PrincipalKind = Type.Union([
  Type.Literal('user'),
  Type.Literal('group'),
  Type.Literal('organizationalUnit'),
  Type.Literal('domain'),
])
export type PrincipalKind = Static<typeof PrincipalKind>

export const Principal = Type.Object({
  id: Uuid,
  kind: PrincipalKind,
  name: Type.String({ description: 'account name, such as alice@example.com' }),
  displayName: Type.String(),
})
export type Principal = Static<typeof Principal>

export const Me = Type.Object({
  ...Principal.properties,
  administrator: Type.Boolean({ description: 'full administrator' }),
  roles: Type.Array(AdministrationRole, {
    description: 'roles of administration, that of the full administrator among them',
  }),
  enabled: Type.Boolean({ description: 'the access policy lets this user use Persistent Chat' }),
})
export type Me = Static<typeof Me>
