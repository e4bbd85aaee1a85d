import type { OidcClient } from '../directory/oidc.ts'
import type { OidcIdentity } from '../directory/oidc-claims.ts'
import { checkedName, nameKey } from '../domain/name.ts'
import { checkedEmail, checkedPrincipalName, domainOf, withDomain } from '../domain/principal.ts'
import { Refusal } from '../protocol/error.ts'
import { giveAdministration, takeAdministration } from '../store/administrator.ts'
import { lockDirectory } from '../store/affiliation.ts'
import { audit } from '../store/audit.ts'
import { type Connection, type Queryable, transaction } from '../store/db.ts'
import {
  type ExternalGroup,
  type ExternalUser,
  findExternalUser,
  findUserOfSource,
  holderOfName,
  setExternalGroups,
  setSource,
} from '../store/external.ts'
import { keepMatch, matchedPerson } from '../store/oidc.ts'
import { changePrincipal } from '../store/principal.ts'
import { raiseDirectory } from '../store/stamp.ts'
import { announce } from './announce.ts'
import type { Chat } from './chat.ts'
import { externalGroup, freeName, taken } from './external.ts'
import { addPrincipal, renamePerson } from './principal.ts'

/** What a provider's claims come to here. Undefined: not told, so that it stays as it is. */
type Draft = {
  name: string | undefined
  displayName: string | undefined
  email: string | undefined
  administrator: boolean | undefined
  groups: ExternalGroup[] | undefined
}

function draftOf({ provider }: OidcClient, identity: OidcIdentity): Draft {
  const { displayName, email, groups } = identity
  const creates = provider.people !== 'match'
  return {
    name: nameOf(provider, identity.userName),
    displayName: displayName === undefined ? undefined : taken(() => checkedName('displayName', displayName)),
    email: email === undefined ? undefined : (taken(() => checkedEmail(email)) ?? undefined),
    // Only of whom this provider brought, and only by a group of its own.
    administrator:
      creates && provider.administrators !== undefined && groups !== undefined
        ? groups.includes(provider.administrators)
        : undefined,
    groups: groups?.flatMap(group => externalGroup(provider.name, group) ?? []),
  }
}

function nameOf(provider: OidcClient['provider'], userName: string | undefined): string | undefined {
  if (userName === undefined) return undefined
  const name = taken(() => checkedPrincipalName('user', withDomain(userName, provider.domain)))
  if (name === undefined)
    throw new Refusal('forbidden', `The account name that ${provider.title} gives is none that is taken here.`)
  if (provider.people !== 'match' && nameKey(domainOf(name)) !== nameKey(provider.domain))
    throw new Refusal('forbidden', `Only accounts of ${provider.domain} are taken from ${provider.title}.`)
  return name
}

type Found = ExternalUser & {
  /** That he is this user of the provider is kept. */
  kept: boolean
}

/**
 * Whom the identity is of. Undefined where he is still to be made. `owner` is whose session the provider renews: nobody else's claims
 * are taken for it. Refusal forbidden where he is not to be found, or is another one than before.
 */
async function findPerson(
  q: Queryable,
  { provider }: OidcClient,
  { subject }: OidcIdentity,
  draft: Draft,
  owner: string | undefined,
): Promise<Found | undefined> {
  const found =
    provider.people === 'match'
      ? await matchPerson(q, provider, subject, draft.name, owner)
      : await findExternalUser(q, provider.name, subject).then(person => person && { ...person, kept: true })
  if (owner !== undefined && found?.id !== owner)
    throw new Refusal('forbidden', `Your account at ${provider.title} is another one now. Sign in again.`)
  return found
}

/** By name, but never somebody else than at first: the directory may give a name away before the provider does. */
async function matchPerson(
  q: Queryable,
  { name: source, title, matchSource = '' }: OidcClient['provider'],
  subject: string,
  name: string | undefined,
  owner: string | undefined,
): Promise<Found> {
  const look = name !== undefined ? { name } : owner !== undefined ? { id: owner } : undefined
  const found = look && (await findUserOfSource(q, source, matchSource, look))
  if (!found)
    throw new Refusal('forbidden', `Your account at ${title} has no counterpart here. Ask your administrator.`)
  const matched = await matchedPerson(q, source, subject)
  if (matched !== undefined && matched !== found.id)
    throw new Refusal(
      'forbidden',
      `Your account name at ${title} is that of somebody else here by now. Ask your administrator.`,
    )
  return { ...found, kept: matched !== undefined }
}

/** Whether the provider makes him an administrator, or takes back a right that it gave. One that was given here is not its own. */
function turns(person: ExternalUser, administrator: boolean | undefined): boolean {
  if (administrator === undefined || administrator === person.administrator) return false
  return administrator || person.administratorBy === 'source'
}

function isSame(person: ExternalUser, draft: Draft, creates: boolean): boolean {
  const { name, displayName, email, administrator, groups } = draft
  const sameGroups =
    groups === undefined ||
    (groups.length === person.groups.length && groups.every(group => person.groups.includes(group.externalId)))
  if (!creates) return sameGroups
  return (
    sameGroups &&
    (name === undefined || name === person.name) &&
    (displayName === undefined || displayName === person.displayName) &&
    (email === undefined || email === person.email) &&
    !turns(person, administrator)
  )
}

/**
 * Brings what we know of a person to what his provider says, and answers his id; `owner` is whose session asks again. Most sign-ins change nothing: they take no lock, so
 * that a morning's crowd does not stand in line. Refusals: forbidden, name_taken.
 */
export async function bringPerson(
  chat: Chat,
  client: OidcClient,
  identity: OidcIdentity,
  owner?: string,
): Promise<string> {
  const draft = draftOf(client, identity)
  const creates = client.provider.people !== 'match'
  const known = await findPerson(chat.db, client, identity, draft, owner)
  if (known?.kept && isSame(known, draft, creates)) return known.id
  const { id, directory, unmade } = await transaction(chat.db, async tx => {
    await lockDirectory(tx)
    const before = await findPerson(tx, client, identity, draft, owner)
    if (before?.kept === false) await keepMatch(tx, client.provider.name, identity.subject, before.id)
    const person = before ?? (await makePerson(tx, client, identity, draft))
    const changed = before && creates ? await changePerson(chat, tx, before, draft) : []
    const groups = draft.groups && (await setExternalGroups(tx, client.provider.name, person.id, draft.groups))
    const all = [...new Set([...changed, ...(groups?.changed ?? [])])]
    return {
      id: person.id,
      unmade: groups?.taken ?? [],
      directory: all.length > 0 ? await raiseDirectory(tx, all) : undefined,
    }
  })
  if (unmade.length > 0)
    chat.log.warn(
      { provider: client.provider.name, names: unmade },
      'names of groups are taken; the claims have no effect',
    )
  announce(chat, { directory })
  return id
}

async function makePerson(tx: Connection, { provider }: OidcClient, identity: OidcIdentity, draft: Draft) {
  const { name, administrator = false } = draft
  if (name === undefined)
    throw new Refusal('forbidden', `${provider.title} does not tell your account name. Ask who manages it.`)
  if (!(await freeName(tx, provider.name, name, 'disabled')))
    throw new Refusal(
      'name_taken',
      `The account ${name} exists here already, and is not yours. Ask your administrator.`,
    )
  const displayName = draft.displayName ?? name.slice(0, name.lastIndexOf('@'))
  const { principal } = await addPrincipal(tx, { kind: 'user', name, displayName, email: draft.email })
  await setSource(tx, principal.id, provider.name, identity.subject)
  if (administrator) await giveAdministration(tx, [principal.id])
  await audit(tx, null, 'principal.create', principal.id, { name, displayName, administrator, source: provider.name })
  return principal
}

/** Answers whose rights it changed. */
async function changePerson(chat: Chat, tx: Connection, before: ExternalUser, draft: Draft): Promise<string[]> {
  const { name, displayName, email, administrator } = draft
  const changed: string[] = []
  if (name !== undefined && name !== before.name && nameKey(name) !== nameKey(before.name)) {
    const holder = await holderOfName(tx, name)
    // He is known by his id: he goes on under the name that he has.
    if (!holder) changed.push(...(await renamePerson(tx, before, name)))
  }
  await changePrincipal(tx, before.id, { displayName, email })
  if (turns(before, administrator)) changed.push(...(await turn(chat, tx, before, administrator === true)))
  return changed
}

async function turn(chat: Chat, tx: Connection, { id }: ExternalUser, administrator: boolean): Promise<string[]> {
  const { changed, kept } = administrator
    ? { changed: await giveAdministration(tx, [id]), kept: undefined }
    : await takeAdministration(tx, [id])
  if (kept !== undefined) chat.log.warn({ principal: kept }, 'the last administrator keeps the right: make another one')
  if (changed.length > 0) await audit(tx, null, 'principal.update', id, { administrator })
  return changed
}
