import type { SearchEntry } from 'ldapts'
import { checkedName } from '../domain/name.ts'
import { checkedEmail, checkedPrincipalName } from '../domain/principal.ts'
import { Refusal } from '../protocol/error.ts'
import type { PrincipalKind } from '../protocol/principal.ts'
import { foldDn } from './ldap-dn.ts'
import type { SourceObject } from './source.ts'

/** An entry as it came, attributes by name without case. */
export type LdapEntry = {
  dn: string
  /** First value; undefined where there is none or it is no text. */
  text(attribute: string): string | undefined
  texts(attribute: string): string[]
  bytes(attribute: string): Buffer | undefined
  attributes(): string[]
}

export function readEntry(from: SearchEntry): LdapEntry {
  const byName = new Map(from.attributes.map(attribute => [attribute.type.toLowerCase(), attribute]))
  const texts = (name: string) =>
    (byName.get(name.toLowerCase())?.values ?? []).filter(value => typeof value === 'string')
  return {
    dn: from.name,
    texts,
    text: name => texts(name)[0],
    bytes: name => byName.get(name.toLowerCase())?.parsedBuffers[0],
    attributes: () => [...byName.keys()],
  }
}

/** The 16 bytes of an objectGUID as text: its first three fields are little-endian. */
export function guidText(bytes: Buffer): string | undefined {
  if (bytes.length !== 16) return undefined
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
  const hex = Buffer.from(order.map(at => bytes[at]!)).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** The bytes of an objectGUID; undefined where the text is none. */
export function guidBytes(text: string): Buffer | undefined {
  if (!isUuid(text)) return undefined
  const hex = Buffer.from(text.replaceAll('-', ''), 'hex')
  return Buffer.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map(at => hex[at]!))
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}

/** Attributes that names are taken from, the first one that is there. */
export type Naming = { user: string[]; group: string[]; unit: string[]; displayName: string[]; email: string }

/** What is in every object, whoever made it; a sentence where it cannot be taken. */
export function describe(
  kind: Exclude<PrincipalKind, 'domain'>,
  entry: LdapEntry,
  id: string | undefined,
  naming: Naming,
  domain: string,
): Omit<SourceObject, 'disabled' | 'members'> | string {
  if (id === undefined) return 'It has no id that the reading account may see.'
  const dn = foldDn(entry.dn)
  if (dn === undefined) return 'Its distinguished name cannot be read.'
  const attributes = kind === 'user' ? naming.user : kind === 'group' ? naming.group : naming.unit
  const given = firstText(entry, attributes)
  if (given === undefined) return `It has no ${attributes.join(' and no ')}.`
  try {
    const name = checkedPrincipalName(kind, kind === 'user' && !given.includes('@') ? `${given}@${domain}` : given)
    return { id, kind, dn, name, displayName: shownName(entry, naming, name), email: addressOf(entry, naming) }
  } catch (error) {
    if (error instanceof Refusal) return `${JSON.stringify(given)} cannot be a name here: ${error.message}`
    throw error
  }
}

function firstText(entry: LdapEntry, attributes: string[]): string | undefined {
  for (const attribute of attributes) {
    const text = entry.text(attribute)?.trim()
    if (text) return text
  }
  return undefined
}

function shownName(entry: LdapEntry, naming: Naming, name: string): string {
  for (const attribute of naming.displayName) {
    const text = firstText(entry, [attribute])
    const clean = text === undefined ? undefined : accepted(() => checkedName('displayName', text))
    if (clean !== undefined) return clean
  }
  return name
}

function addressOf(entry: LdapEntry, naming: Naming): string | undefined {
  const text = entry.text(naming.email)
  return text === undefined ? undefined : (accepted(() => checkedEmail(text)) ?? undefined)
}

/** What is only shown is left out where it is not fit; the object is taken all the same. */
function accepted<T>(check: () => T): T | undefined {
  try {
    return check()
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}
