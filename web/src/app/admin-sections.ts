import type { Me } from '../../../src/protocol/principal.ts'
import type { AdministrationRole } from '../../../src/protocol/role.ts'
import { rolesOf } from './role-words.ts'
import { type AdminSection, adminSections } from './route.ts'

const full: AdministrationRole[] = ['administrator']
const managing: AdministrationRole[] = ['administrator', 'chatAdministrator']
const granting: AdministrationRole[] = [...managing, 'userAdministrator']

type Place = {
  name: string
  /** Whom the server answers what the page asks. It decides again at each request. */
  readers: AdministrationRole[]
  /** Who may change what the page shows, where that is not everybody who reads it. */
  changers?: AdministrationRole[]
}

export const adminPlaces: Record<AdminSection, Place> = {
  users: { name: 'Users', readers: full },
  groups: { name: 'Groups', readers: full },
  directory: { name: 'Directory', readers: [...full, 'helpDesk'], changers: full },
  bots: { name: 'Bots', readers: full },
  sessions: { name: 'Sessions', readers: full },
  roles: { name: 'Roles', readers: full },
  categories: { name: 'Categories', readers: [...managing, 'helpDesk'], changers: managing },
  rooms: { name: 'Rooms', readers: [...managing, 'helpDesk'], changers: managing },
  messages: { name: 'Messages', readers: managing },
  addins: { name: 'Add-ins', readers: [...managing, 'helpDesk'], changers: managing },
  policy: { name: 'Policy', readers: [...granting, 'helpDesk'], changers: granting },
  options: { name: 'Pool options', readers: [...managing, 'helpDesk'], changers: managing },
  usage: { name: 'Usage', readers: managing },
  audit: { name: 'Audit', readers: [...managing, 'complianceOfficer'] },
  'sign-ins': { name: 'Sign-ins', readers: [...full, 'complianceOfficer'] },
  // Who administers is among those whom it watches.
  compliance: { name: 'Compliance', readers: ['complianceOfficer'] },
  pool: { name: 'Pool', readers: [...managing, 'helpDesk'], changers: managing },
  topology: { name: 'Topology', readers: managing, changers: full },
}

/** How the pages stand together, so that they are found. */
export const adminGroups: readonly { name: string; sections: readonly AdminSection[] }[] = [
  { name: 'People', sections: ['users', 'groups', 'directory', 'bots', 'sessions', 'roles'] },
  { name: 'Rooms', sections: ['categories', 'rooms', 'messages', 'addins'] },
  { name: 'Policy and options', sections: ['policy', 'options'] },
  { name: 'Records', sections: ['usage', 'audit', 'sign-ins', 'compliance'] },
  { name: 'Servers', sections: ['pool', 'topology'] },
]

/** The pages that somebody's roles open; none for who administers nothing. */
export function adminSectionsOf(me: Me): AdminSection[] {
  const roles = rolesOf(me)
  return adminSections.filter(section => adminPlaces[section].readers.some(role => roles.includes(role)))
}

/** Whether buttons that change something stand on a page for this person. */
export function mayChange(me: Me, section: AdminSection): boolean {
  const { readers, changers = readers } = adminPlaces[section]
  return changers.some(role => rolesOf(me).includes(role))
}
