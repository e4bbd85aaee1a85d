import Type from 'typebox'
import { CategoryId, PrincipalRef, RoomId } from './ids.ts'
import { Principal, PrincipalKind } from './principal.ts'
import { AdministrationRole } from './role.ts'
import { administratorOr, Flag, fullAdministrator, Limit, optional, Refs, Text, verb } from './verb.ts'

/** Users, bots, groups, organisational units and domains. */
export const principalVerbs = {
  'principal.create': verb(
    'Add a user, group, organisational unit or domain',
    {
      kind: PrincipalKind,
      name: Text(),
      displayName: Text(),
      password: optional(Text()),
      email: optional(Text()),
      in: optional(PrincipalRef),
      administrator: optional(Flag()),
    },
    { principal: Principal },
    fullAdministrator,
  ),
  'principal.update': verb(
    'Change, disable or re-enable a principal',
    {
      principal: PrincipalRef,
      displayName: optional(Text()),
      email: optional(Text()),
      in: optional(Type.Union([PrincipalRef, Type.Null()])),
      password: optional(Text()),
      administrator: optional(Flag()),
      disabled: optional(Flag()),
    },
    { principal: Principal },
    fullAdministrator,
  ),
  'principal.get': verb(
    'One principal, with what administrators may know of it',
    { principal: PrincipalRef },
    {
      principal: Principal,
      email: optional(Type.Union([Text(), Type.Null()])),
      administrator: optional(Flag()),
      roles: optional(Type.Array(AdministrationRole)),
      disabled: optional(Flag()),
      enabled: optional(Flag()),
      in: optional(Type.Union([Principal, Type.Null()])),
      groups: optional(Type.Array(Principal)),
      source: optional(Text({ description: 'directory that it comes from; absent where it was made here' })),
    },
  ),
  'principal.find': verb(
    'People and groups by name; with a category those in its scope, or all with whether they are and why not',
    {
      text: Text(),
      category: optional(CategoryId),
      kind: optional(PrincipalKind),
      limit: optional(Limit),
      eligibility: optional(
        Type.Literal(true, { description: 'with category, for who may create or manages rooms there' }),
      ),
    },
    {
      principals: Type.Array(
        Type.Object({
          ...Principal.properties,
          eligible: optional(Flag()),
          reason: optional(Text({ description: 'why it is not; administrators are told which entry does it' })),
        }),
      ),
    },
  ),
  'principal.eligible': verb(
    'Users who may be put into the lists of the rooms of a category, or of a room: groups, units and domains flattened',
    {
      category: optional(CategoryId),
      room: optional(RoomId),
      filter: optional(Text({ description: 'the whole account name; * stands for anything, ? for one character' })),
      presenters: optional(Flag({ description: 'with a room that is an auditorium: only its members' })),
      limit: optional(Limit),
      after: optional(Text()),
    },
    { principals: Type.Array(Principal), next: optional(Text()) },
  ),
  'password.change': verb('Change the own password', { password: Text(), newPassword: Text() }, {}),
  'bot.create': verb(
    'Add a bot: a user who signs in by token only',
    { name: Text(), displayName: Text(), in: optional(PrincipalRef) },
    { principal: Principal, token: Text() },
    fullAdministrator,
  ),
  'bot.issueToken': verb(
    'A new token for a bot; the old ones end',
    { bot: PrincipalRef },
    { token: Text() },
    fullAdministrator,
  ),
  'group.update': verb(
    'Add members to a group, or remove some',
    { group: PrincipalRef, add: optional(Refs), remove: optional(Refs) },
    { group: Principal },
    fullAdministrator,
  ),
  'group.members': verb(
    'Direct members of a group or organisational unit',
    { group: PrincipalRef, limit: optional(Limit), after: optional(Text()) },
    { principals: Type.Array(Principal), next: optional(Text()) },
    administratorOr('userAdministrator', 'helpDesk'),
  ),
} as const
