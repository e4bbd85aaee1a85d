import type { Me } from '../../../src/protocol/principal.ts'
import type { AdministrationRole } from '../../../src/protocol/role.ts'

/** In the order in which they are shown. */
export const roleWords: Record<AdministrationRole, { name: string; meaning: string }> = {
  administrator: { name: 'Full administrator', meaning: 'everything, people and roles too' },
  chatAdministrator: {
    name: 'Persistent Chat administrator',
    meaning: 'categories, rooms, policies, pool options and the audit record; no people',
  },
  userAdministrator: { name: 'User administrator', meaning: 'who may use Persistent Chat' },
  complianceOfficer: {
    name: 'Compliance officer',
    meaning: 'sets what is recorded and where it goes; reads the audit record and the record of sign-ins',
  },
  helpDesk: { name: 'Help desk', meaning: 'reads how everything is set, never messages; changes nothing' },
}
export const allRoles = Object.keys(roleWords) as AdministrationRole[]

/** A server of the version before says only who is a full administrator. */
export function rolesOf(me: Omit<Me, 'roles'> & { roles?: AdministrationRole[] }): AdministrationRole[] {
  return me.roles ?? (me.administrator ? ['administrator'] : [])
}

/** Whether somebody may change every room, on its lists or not. */
export function managesAll(me: Parameters<typeof rolesOf>[0]): boolean {
  return rolesOf(me).some(role => role === 'administrator' || role === 'chatAdministrator')
}
