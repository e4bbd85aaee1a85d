import { AndFilter, Control, GreaterThanEqualsFilter, PresenceFilter } from 'ldapts'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { changes, everything, type Seen } from './ldap-changes.ts'
import type { LdapSource } from './ldap-config.ts'
import type { LdapConnection } from './ldap-connection.ts'
import { foldDn, isBelow } from './ldap-dn.ts'
import { guidBytes, guidText, type LdapEntry } from './ldap-entry.ts'
import { type Dialect, equal, type Taking } from './ldap-taking.ts'
import { SourceAway, type SourceBatch, type SourceReading } from './source.ts'

const accountDisabled = 0x2
const securityGroup = 0x80000000
const globalOrUniversal = 0x2 | 0x8
const neverExpires = 0x7fffffffffffffffn
/** Of times that count from 1601 in tenths of microseconds. */
const epochTicks = 116_444_736_000_000_000n

/** Active Directory: Microsoft's, and Samba's. `usedAsPrimary`: by its number, whether somebody has the group as his primary one. */
export function activeDirectory(usedAsPrimary: (rid: number) => boolean = () => true): Dialect {
  return {
    idAttribute: 'objectGUID',
    idOf(entry) {
      const bytes = entry.bytes('objectGUID')
      return bytes && guidText(bytes)
    },
    idFilter(id) {
      const bytes = guidBytes(id)
      return bytes && equal('objectGUID', bytes)
    },
    filters: {
      user: '(&(objectCategory=person)(objectClass=user)(!(isCriticalSystemObject=TRUE)))',
      // Those of the machine itself (Builtin) are left out.
      group: '(&(objectClass=group)(!(groupType:1.2.840.113556.1.4.803:=1)))',
      organizationalUnit: '(objectClass=organizationalUnit)',
    },
    naming: {
      user: ['userPrincipalName', 'sAMAccountName'],
      group: ['sAMAccountName', 'cn'],
      unit: ['ou'],
      displayName: ['displayName', 'cn'],
      email: 'mail',
    },
    memberAttributes: ['member'],
    userAttributes: ['userAccountControl', 'accountExpires', 'primaryGroupID', 'objectSid'],
    groupAttributes: ['groupType', 'objectSid'],
    isDisabled(user) {
      if ((Number(user.text('userAccountControl') ?? 0) & accountDisabled) !== 0) return true
      const expires = BigInt(/^\d+$/.exec(user.text('accountExpires') ?? '')?.[0] ?? 0)
      if (expires === 0n || expires >= neverExpires) return false
      return Number((expires - epochTicks) / 10_000n) <= Date.now()
    },
    async members(connection, group, attributes) {
      const names: string[] = []
      for (const attribute of attributes) {
        const some = await allValues(connection, group, attribute)
        if (!some) return undefined
        for (const name of some) names.push(name)
      }
      const rid = ridOf(group)
      if (rid === undefined || !mayBePrimary(group) || !usedAsPrimary(rid)) return names
      // Whose primary group this is, is not among its members.
      const filter = equal('primaryGroupID', String(rid))
      for await (const page of connection.pages(domainOf(group.dn), { filter, attributes: ['1.1'] }))
        for (const { dn } of page) names.push(dn)
      return names
    },
  }
}

/** All values, piece by piece where there are more than the server gives at once. */
async function allValues(
  connection: LdapConnection,
  entry: LdapEntry,
  attribute: string,
): Promise<string[] | undefined> {
  const values = entry.texts(attribute)
  if (values.length > 0) return values
  let from: LdapEntry | undefined = entry
  while (true) {
    const piece = pieceOf(from, attribute)
    if (!piece) return values
    for (const value of from.texts(piece.name)) values.push(value)
    if (piece.last === '*') return values
    // By its id: it may be moved meanwhile.
    const id: string = entry.bytes('objectGUID')!.toString('hex')
    const attributes = [`${attribute};range=${Number(piece.last) + 1}-*`]
    from = await connection.entry(`<GUID=${id}>`, { filter: anything, attributes })
    if (!from) return undefined
  }
}

const anything = new PresenceFilter({ attribute: 'objectClass' })

function pieceOf(entry: LdapEntry, attribute: string): { name: string; last: string } | undefined {
  for (const name of entry.attributes()) {
    const range = /^(.+);range=\d+-(\d+|\*)$/.exec(name)
    if (range?.[1] === attribute.toLowerCase()) return { name, last: range[2]! }
  }
  return undefined
}

function ridOf(entry: LdapEntry): number | undefined {
  const sid = entry.bytes('objectSid')
  return sid && sid.length >= 12 ? sid.readUInt32LE(sid.length - 4) : undefined
}

function mayBePrimary(group: LdapEntry): boolean {
  const type = Number(group.text('groupType') ?? 0)
  return (type & securityGroup) !== 0 && (type & globalOrUniversal) !== 0
}

/** The domain's own name: the last parts of a name that are dc. */
function domainOf(dn: string): string {
  return /(?:^|,)(dc=[^,]*(?:,dc=[^,]*)*)$/.exec(foldDn(dn) ?? '')?.[1] ?? dn
}

/** By server (each counts its changes alone), how far it was read. The latest ones: behind one name there may be several. */
const Cookie = Type.Object({
  of: Type.String(),
  servers: Type.Array(
    Type.Object({ id: Type.String(), usn: Type.String({ pattern: '^\\d{1,19}$' }), atMs: Type.Number() }),
  ),
})
const cookies = Compile(Cookie)
const maxServers = 16
/** Servers forget what was deleted after 60 days at the earliest. */
const maxAgeMs = 30 * 86_400_000
const showDeleted = '1.2.840.113556.1.4.417'

/** Reads by uSNChanged, which counts on one server; another one, or the same restored from a backup, is read whole. */
export async function readActiveDirectory(
  open: (usedAsPrimary?: (rid: number) => boolean) => Taking,
  source: LdapSource,
  connection: LdapConnection,
  text: string | undefined,
  of: string,
): Promise<SourceReading> {
  // Before anything is read, so that what changes meanwhile comes again.
  const server = await serverOf(connection, source)
  const known = parse(text)
  const servers = (known?.of === of ? known.servers : []).filter(({ atMs }) => atMs > Date.now() - maxAgeMs)
  const last = servers.find(({ id }) => id === server.id)
  const since = last && BigInt(last.usn) <= server.usn ? BigInt(last.usn) : undefined
  const next = [{ id: server.id, usn: String(server.usn), atMs: Date.now() }, ...servers.filter(one => one !== last)]
  const cookie = () => JSON.stringify({ of, servers: next.slice(0, maxServers) } satisfies Static<typeof Cookie>)
  if (since === undefined) {
    const primary = new Set<number>()
    const taking = open(rid => primary.has(rid))
    const seen = ({ kind, entry }: Seen) => {
      if (kind === 'user') primary.add(Number(entry.text('primaryGroupID') ?? 0))
    }
    return { whole: true, tellsGone: true, batches: everything(taking, connection, source.base, { seen }), cookie }
  }
  const tellsGone = await seesDeleted(connection, server.root)
  return { whole: false, tellsGone, batches: changed(open(), source, connection, server.root, since), cookie }
}

async function* changed(
  taking: Taking,
  source: LdapSource,
  connection: LdapConnection,
  domain: string,
  since: bigint,
): AsyncGenerator<SourceBatch> {
  const { base } = taking
  const folded = foldDn(domain) ?? ''
  const when = new GreaterThanEqualsFilter({ attribute: 'uSNChanged', value: String(since + 1n) })
  const isNew = (entry: LdapEntry) => BigInt(entry.text('uSNCreated') ?? 0) > since
  const primaryOfNew = new Map<string, Buffer>()
  const groups = new Set<string>()
  const batches = changes(taking, connection, {
    when,
    base: source.base,
    // All of the domain, to see what was moved out of the base.
    root: isBelow(base, folded) ? domain : source.base,
    more: ['uSNCreated'],
    // A new one has only what was moved there, which changed itself.
    isBranch: entry => !isNew(entry) && entry.texts('objectClass').some(name => branchClasses.has(name.toLowerCase())),
    seen({ kind, entry }) {
      const sid = entry.bytes('objectSid')
      if (!sid) return
      if (kind === 'group') groups.add(sid.toString('hex'))
      if (kind !== 'user' || !isNew(entry)) return
      const primary = Buffer.from(sid)
      primary.writeUInt32LE(Number(entry.text('primaryGroupID') ?? 0), primary.length - 4)
      primaryOfNew.set(primary.toString('hex'), primary)
    },
  })
  yield* batches
  // A new user makes no change of his primary group; one who gets another one does, of both.
  for (const [text, sid] of primaryOfNew) {
    if (groups.has(text)) continue
    const found = taking.objects(connection, 'group', source.base, { when: equal('objectSid', sid) })
    for await (const objects of found) yield { objects, gone: [] }
  }
  const controls = [new Control(showDeleted, { critical: true })]
  const deleted = {
    filter: new AndFilter({ filters: [equal('isDeleted', 'TRUE'), when] }),
    attributes: ['objectGUID'],
    controls,
  }
  for await (const page of connection.pages(domain, deleted)) {
    const gone = page.flatMap(entry => taking.dialect.idOf(entry) ?? [])
    if (gone.length > 0) yield { objects: [], gone }
  }
}

const branchClasses = new Set(['organizationalunit', 'container', 'builtindomain', 'locality', 'organization'])

/** Which server this is, in which life of its database, how many changes it counts, and its domain's name. */
async function serverOf(
  connection: LdapConnection,
  source: LdapSource,
): Promise<{ id: string; usn: bigint; root: string }> {
  const attributes = ['dsServiceName', 'highestCommittedUSN', 'defaultNamingContext']
  const about = await connection.entry('', { filter: anything, attributes })
  const service = about?.text('dsServiceName')
  const usn = about?.text('highestCommittedUSN')
  const root = about?.text('defaultNamingContext')
  if (service === undefined || root === undefined || usn === undefined || !/^\d{1,19}$/.test(usn))
    throw new SourceAway(
      `The directory ${source.name} at ${connection.url} is no Active Directory. Mend kind, or name a domain controller in urls.`,
    )
  const settings = await connection.entry(service, { filter: anything, attributes: ['invocationId'] })
  return { id: `${foldDn(service)} ${settings?.bytes('invocationId')?.toString('hex') ?? ''}`, usn: BigInt(usn), root }
}

/** By default only administrators see what was deleted; others may see the container, but nothing of it. */
async function seesDeleted(connection: LdapConnection, domain: string): Promise<boolean> {
  const controls = [new Control(showDeleted, { critical: true })]
  const wanted = { filter: anything, attributes: ['isDeleted'], controls }
  const container = await connection.entry(`CN=Deleted Objects,${domain}`, wanted)
  return container?.text('isDeleted') === 'TRUE'
}

function parse(text: string | undefined): Static<typeof Cookie> | undefined {
  if (!text) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return cookies.Check(value) ? value : undefined
  } catch {
    return undefined
  }
}
