import type { Me } from '../../../src/protocol/principal.ts'
import type { AdministrationRole } from '../../../src/protocol/role.ts'
import { rolesOf } from './role-words.ts'
import { type AdminSection, adminSections } from './route.ts'

const full: AdministrationRole[] = ['administrator']
const managing: AdministrationRole[] = ['administrator', 'chatAdministrator']

/** Whom the server answers what a page of the administration asks. The server decides again at each request. */
const allowed: Record<AdminSection, AdministrationRole[]> = {
  users: full,
  groups: full,
  directory: [...full, 'helpDesk'],
  categories: [...managing, 'helpDesk'],
  policy: [...managing, 'userAdministrator', 'helpDesk'],
  options: [...managing, 'helpDesk'],
  audit: [...managing, 'complianceOfficer'],
  'sign-ins': [...full, 'complianceOfficer'],
  roles: full,
  // Who administers is among those whom it watches.
  compliance: ['complianceOfficer'],
}

/** The pages that somebody's roles open; none for who administers nothing. */
export function adminSectionsOf(me: Me): AdminSection[] {
  const roles = rolesOf(me)
  return adminSections.filter(section => allowed[section].some(role => roles.includes(role)))
}
