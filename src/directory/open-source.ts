import type { LdapSource } from './ldap-config.ts'
import type { DirectorySource } from './source.ts'

/** The source that a part of the configuration names. Connects when it is first asked. */
export function openSource(config: LdapSource): DirectorySource {
  throw new Error(`The LDAP source ${config.name} cannot be opened: this is not built yet.`)
}
