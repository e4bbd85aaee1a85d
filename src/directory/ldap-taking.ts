import { AndFilter, EqualityFilter, type Filter, FilterParser, OrFilter, PresenceFilter } from 'ldapts'
import { checkedPrincipalName } from '../domain/principal.ts'
import type { PrincipalKind } from '../protocol/principal.ts'
import type { LdapSource } from './ldap-config.ts'
import type { LdapConnection } from './ldap-connection.ts'
import { foldDn } from './ldap-dn.ts'
import { describe, type LdapEntry, type Naming } from './ldap-entry.ts'
import { SourceAway, type SourceObject } from './source.ts'

type TakenKind = Exclude<PrincipalKind, 'domain'>

/** In this order: what others lie in or are members of comes first. */
export const takenKinds: TakenKind[] = ['organizationalUnit', 'user', 'group']

/** How one kind of directory calls things. */
export type Dialect = {
  idAttribute: string
  idOf(entry: LdapEntry): string | undefined
  /** Undefined where the id can be none of this directory's. */
  idFilter(id: string): Filter | undefined
  filters: Record<TakenKind, string>
  naming: Naming
  memberAttributes: string[]
  /** Further attributes of users and groups that the functions below need. */
  userAttributes: string[]
  groupAttributes: string[]
  isDisabled(user: LdapEntry): boolean
  /** Distinguished names as they came; undefined where the group is gone meanwhile. */
  members(connection: LdapConnection, group: LdapEntry, attributes: string[]): Promise<string[] | undefined>
}

export type LeftOut = (dn: string, reason: string) => void

/** What is taken of a directory, and as what. */
export type Taking = {
  dialect: Dialect
  /** Folded; all that is taken lies below. */
  base: string
  domain(connection: LdapConnection): Promise<SourceObject>
  /** Objects of one kind below `below` that also match `when`; `seen` is shown every entry that is taken. */
  objects(
    connection: LdapConnection,
    kind: TakenKind,
    below: string,
    options?: { when?: Filter; more?: string[]; seen?(entry: LdapEntry): void },
  ): AsyncGenerator<SourceObject[]>
  ids(connection: LdapConnection): AsyncGenerator<string[]>
  one(connection: LdapConnection, id: string): Promise<SourceObject | undefined>
  /** The name under which a user binds now; undefined where he is not there, not taken or disabled. */
  signInDn(connection: LdapConnection, id: string): Promise<string | undefined>
}

const pageSizes: Record<TakenKind, number> = { organizationalUnit: 500, user: 500, group: 50 }
/** A batch is handed on when it holds so many names of members. */
const maxMembersAtOnce = 10_000

/** Throws a sentence where the configuration cannot be meant. */
export function openTaking(source: LdapSource, dialect: Dialect, leftOut: LeftOut): Taking {
  const base = foldDn(source.base)
  if (base === undefined || base === '')
    throw new Error(`base of the directory ${source.name} is no distinguished name. Write it like DC=example,DC=com.`)
  const domainName = checkedPrincipalName('domain', source.domain)
  const filters: Record<TakenKind, Filter> = {
    user: parsed(source, 'userFilter', source.userFilter ?? dialect.filters.user),
    group: parsed(source, 'groupFilter', source.groupFilter ?? dialect.filters.group),
    organizationalUnit: parsed(source, 'unitFilter', source.unitFilter ?? dialect.filters.organizationalUnit),
  }
  const disabledFilter =
    source.disabledFilter === undefined ? undefined : parsed(source, 'disabledFilter', source.disabledFilter)
  const { userName, displayName, email, groupName, member } = source.attributes ?? {}
  const naming: Naming = {
    user: userName === undefined ? dialect.naming.user : [userName],
    group: groupName === undefined ? dialect.naming.group : [groupName],
    unit: dialect.naming.unit,
    displayName: displayName === undefined ? dialect.naming.displayName : [displayName, ...dialect.naming.displayName],
    email: email ?? dialect.naming.email,
  }
  const memberAttributes = member === undefined ? dialect.memberAttributes : [member]
  const idOnly = [dialect.idAttribute, 'objectClass']
  const attributes: Record<TakenKind, string[]> = {
    user: [...idOnly, ...naming.user, ...naming.displayName, naming.email, ...dialect.userAttributes],
    group: [
      ...idOnly,
      ...naming.group,
      ...naming.displayName,
      naming.email,
      ...memberAttributes,
      ...dialect.groupAttributes,
    ],
    organizationalUnit: [...idOnly, ...naming.unit, ...naming.displayName],
  }

  /** Filters of administrators may be wide: what is plainly something else is none of this kind. */
  function isOfKind(kind: TakenKind, entry: LdapEntry): boolean {
    const classes = new Set(entry.texts('objectClass').map(name => name.toLowerCase()))
    const found = classOf(classes)
    return (found === undefined || found === kind) && foldDn(entry.dn) !== base
  }

  async function asObject(
    connection: LdapConnection,
    kind: TakenKind,
    entry: LdapEntry,
    disabled: Set<string>,
  ): Promise<SourceObject | undefined> {
    const found = describe(kind, entry, dialect.idOf(entry), naming, domainName)
    if (typeof found === 'string') {
      leftOut(entry.dn, found)
      return undefined
    }
    if (kind === 'user') return { ...found, disabled: disabled.has(found.id) || dialect.isDisabled(entry) }
    if (kind !== 'group') return { ...found, disabled: false }
    const members = await dialect.members(connection, entry, memberAttributes)
    if (members === undefined) return undefined
    const folded = members.map(foldDn).filter(dn => dn !== undefined && dn !== '') as string[]
    return { ...found, disabled: false, members: [...new Set(folded)] }
  }

  /** Ids of those among the users that disabledFilter matches. Asked for page by page: a filter and its contrary may both be unknown. */
  async function disabledAmong(connection: LdapConnection, users: LdapEntry[]): Promise<Set<string>> {
    if (!disabledFilter || users.length === 0) return new Set()
    const ids = users.flatMap(user => dialect.idFilter(dialect.idOf(user) ?? '') ?? [])
    if (ids.length === 0) return new Set()
    const filter = new AndFilter({ filters: [disabledFilter, new OrFilter({ filters: ids })] })
    const found = await connection.few(source.base, { filter, attributes: [dialect.idAttribute] })
    return new Set(found.flatMap(entry => dialect.idOf(entry) ?? []))
  }

  async function find(connection: LdapConnection, kind: TakenKind, id: string): Promise<LdapEntry | undefined> {
    const byId = dialect.idFilter(id)
    if (!byId) return undefined
    const filter = new AndFilter({ filters: [byId, filters[kind]] })
    const [entry] = await connection.few(source.base, { filter, attributes: attributes[kind] })
    return entry && isOfKind(kind, entry) ? entry : undefined
  }

  const taking: Taking = {
    dialect,
    base,
    async domain(connection) {
      const filter = new PresenceFilter({ attribute: 'objectClass' })
      const entry = await connection.entry(source.base, { filter, attributes: idOnly })
      const id = entry && dialect.idOf(entry)
      if (id === undefined)
        throw new SourceAway(
          `The directory ${source.name} at ${connection.url} has no ${source.base} that the reading account may see. Mend base or its rights.`,
        )
      return { id, kind: 'domain', dn: base, name: domainName, displayName: domainName, disabled: false }
    },
    async *objects(connection, kind, below, { when, more = [], seen } = {}) {
      const filter = when ? new AndFilter({ filters: [when, filters[kind]] }) : filters[kind]
      const wanted = { filter, attributes: [...attributes[kind], ...more], pageSize: pageSizes[kind] }
      for await (const page of connection.pages(below, wanted)) {
        const entries = page.filter(entry => isOfKind(kind, entry))
        const disabled = kind === 'user' ? await disabledAmong(connection, entries) : new Set<string>()
        let batch: SourceObject[] = []
        let members = 0
        for (const entry of entries) {
          const object = await asObject(connection, kind, entry, disabled)
          if (!object) continue
          seen?.(entry)
          batch.push(object)
          members += object.members?.length ?? 0
          if (members < maxMembersAtOnce) continue
          yield batch
          batch = []
          members = 0
        }
        if (batch.length > 0) yield batch
      }
    },
    async *ids(connection) {
      yield [(await taking.domain(connection)).id]
      for (const kind of takenKinds)
        for await (const page of connection.pages(source.base, { filter: filters[kind], attributes: idOnly }))
          yield page.filter(entry => isOfKind(kind, entry)).flatMap(entry => dialect.idOf(entry) ?? [])
    },
    async one(connection, id) {
      const domain = await taking.domain(connection)
      if (domain.id === id) return domain
      for (const kind of takenKinds) {
        const entry = await find(connection, kind, id)
        if (entry)
          return asObject(
            connection,
            kind,
            entry,
            kind === 'user' ? await disabledAmong(connection, [entry]) : new Set(),
          )
      }
      return undefined
    },
    async signInDn(connection, id) {
      const entry = await find(connection, 'user', id)
      if (!entry || dialect.isDisabled(entry)) return undefined
      return (await disabledAmong(connection, [entry])).size > 0 ? undefined : entry.dn
    },
  }
  return taking
}

/**
 * The kind that the classes of an entry say; undefined where they leave it open: not every server names those that a class is
 * made of. A machine and a domain are of no kind.
 */
function classOf(classes: Set<string>): TakenKind | 'other' | undefined {
  const has = (...names: string[]) => names.some(name => classes.has(name))
  if (has('computer', 'domain', 'domaindns')) return 'other'
  if (has('organizationalunit')) return 'organizationalUnit'
  if (has('person', 'organizationalperson', 'inetorgperson', 'user', 'account', 'posixaccount')) return 'user'
  if (has('group', 'groupofnames', 'groupofuniquenames', 'groupofmembers', 'posixgroup')) return 'group'
  return undefined
}

function parsed(source: LdapSource, option: string, text: string): Filter {
  try {
    return FilterParser.parseString(text)
  } catch (error) {
    throw new Error(`${option} of the directory ${source.name} is no LDAP filter: ${(error as Error).message}`)
  }
}

/** Exactly this value, whatever characters it holds. */
export function equal(attribute: string, value: string | Buffer): Filter {
  return new EqualityFilter({ attribute, value })
}
