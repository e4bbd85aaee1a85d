import Type, { type Static } from 'typebox'

/**
 * Roles of administration. `administrator` is the full administrator; `chatAdministrator` manages Persistent Chat and no people;
 * `userAdministrator` says who may use it; `complianceOfficer` reads the records; `helpDesk` reads how everything is set.
 */
export const AdministrationRole = Type.Union([
  Type.Literal('administrator'),
  Type.Literal('chatAdministrator'),
  Type.Literal('userAdministrator'),
  Type.Literal('complianceOfficer'),
  Type.Literal('helpDesk'),
])
export type AdministrationRole = Static<typeof AdministrationRole>
