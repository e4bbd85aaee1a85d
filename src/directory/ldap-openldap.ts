import { GreaterThanEqualsFilter } from 'ldapts'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { changes, everything } from './ldap-changes.ts'
import type { LdapSource } from './ldap-config.ts'
import type { LdapConnection } from './ldap-connection.ts'
import { isUuid, type LdapEntry } from './ldap-entry.ts'
import { type Dialect, equal, type Taking } from './ldap-taking.ts'
import type { SourceReading } from './source.ts'

/** OpenLDAP, and what follows RFC 4530: entryUUID as id, groupOfNames and groupOfUniqueNames as groups. */
export const openLdap: Dialect = {
  idAttribute: 'entryUUID',
  idOf(entry) {
    const id = entry.text('entryUUID')?.toLowerCase()
    return id !== undefined && isUuid(id) ? id : undefined
  },
  idFilter: id => (isUuid(id) ? equal('entryUUID', id) : undefined),
  filters: {
    user: '(objectClass=inetOrgPerson)',
    group: '(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames))',
    organizationalUnit: '(objectClass=organizationalUnit)',
  },
  naming: { user: ['uid'], group: ['cn'], unit: ['ou'], displayName: ['displayName', 'cn'], email: 'mail' },
  memberAttributes: ['member', 'uniqueMember'],
  userAttributes: ['pwdAccountLockedTime', 'shadowExpire'],
  groupAttributes: [],
  isDisabled(user) {
    // The password policy writes this instant where an administrator locked the account; others pass by themselves.
    if (user.text('pwdAccountLockedTime') === '000001010000Z') return true
    const day = Number(user.text('shadowExpire') ?? -1)
    return day >= 0 && day * 86_400_000 <= Date.now()
  },
  async members(_connection, group, attributes) {
    const names = attributes.flatMap(attribute => group.texts(attribute))
    // A uniqueMember may end with an identifier of its own, #'0101'B.
    return names.map(name => name.replace(/#'[01]*'B$/, ''))
  },
}

/**
 * `newest`: the latest modifyTimestamp that was seen, in seconds; `from`: where the next reading begins; `seenMs`: when, on our
 * clock, a reading began that saw it.
 */
const Cookie = Type.Object({
  of: Type.String(),
  directory: Type.String(),
  url: Type.String(),
  newest: Type.Integer(),
  from: Type.Integer(),
  seenMs: Type.Number(),
})
const cookies = Compile(Cookie)

/** How late an entry may come from another server of the directory, after it was changed there. */
const lagSeconds = 30
/** How far another server of the same directory may be behind the one that was read last. */
const otherServerSeconds = 3_600

/**
 * Reads by modifyTimestamp. Its clock is the directory's: what is kept is the latest that was seen, less the time that the reading
 * took, since what is changed behind a reading's back is not later than that. Deletions leave no trace.
 */
export async function readOpenLdap(
  taking: Taking,
  source: LdapSource,
  connection: LdapConnection,
  text: string | undefined,
  of: string,
): Promise<SourceReading> {
  const startMs = Date.now()
  const startedAt = performance.now()
  const { id: directory } = await taking.domain(connection)
  const known = parse(text)
  const last = known?.of === of && known.directory === directory ? known : undefined
  let newest = last?.newest
  const noteTime = (entry: LdapEntry) => {
    const seconds = secondsOf(entry.text('modifyTimestamp'))
    if (seconds !== undefined && (newest === undefined || seconds > newest)) newest = seconds
  }
  const from = last && (last.url === connection.url ? last.from : last.from - otherServerSeconds)
  return {
    whole: from === undefined,
    tellsGone: false,
    batches:
      from === undefined
        ? everything(taking, connection, source.base, {
            more: ['modifyTimestamp'],
            seen: ({ entry }) => noteTime(entry),
          })
        : changes(taking, connection, {
            when: new GreaterThanEqualsFilter({ attribute: 'modifyTimestamp', value: timeOf(from) }),
            base: source.base,
            root: source.base,
            more: ['modifyTimestamp', 'createTimestamp', 'hasSubordinates'],
            changed: noteTime,
            // A new one has only what was moved there, which changed itself.
            isBranch: entry => hasMore(entry) && (secondsOf(entry.text('createTimestamp')) ?? 0) < from,
          }),
    cookie() {
      // Without a time there is nothing to go on from: the next reading is whole.
      if (newest === undefined) return ''
      const took = Math.ceil((performance.now() - startedAt) / 1_000)
      const settled = last?.newest === newest && startMs - last.seenMs >= lagSeconds * 1_000
      const seenMs = last?.newest === newest ? last.seenMs : startMs
      const next = { of, directory, url: connection.url, newest, seenMs }
      return JSON.stringify({ ...next, from: settled ? newest : newest - took - lagSeconds } satisfies Static<
        typeof Cookie
      >)
    },
  }
}

/** Whether others lie below; not every server tells. */
function hasMore(entry: LdapEntry): boolean {
  const told = entry.text('hasSubordinates')
  if (told !== undefined) return told === 'TRUE'
  return entry.texts('objectClass').some(name => name.toLowerCase() === 'organizationalunit')
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

/** Seconds of a time such as 20261130123456Z or 20261130123456.789Z. */
function secondsOf(time: string | undefined): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,]\d+)?Z$/.exec(time ?? '')
  if (!parts) return undefined
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1_000
}

function timeOf(seconds: number): string {
  return `${new Date(seconds * 1_000).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
}
