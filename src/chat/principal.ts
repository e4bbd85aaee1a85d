import { maySeeCategory } from '../domain/access.ts'
import { checkedName, codePoints, nameKey } from '../domain/name.ts'
import { checkedEmail, checkedPassword, checkedPrincipalName, domainOf } from '../domain/principal.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Principal, PrincipalKind } from '../protocol/principal.ts'
import type { Input, Result } from '../protocol/request.ts'
import { readCategoryAccess, readPerson } from '../store/access.ts'
import { groupsOf, lockDirectory, reflattenDomain, reflattenUnits } from '../store/affiliation.ts'
import { audit } from '../store/audit.ts'
import { type Connection, type Queryable, transaction } from '../store/db.ts'
import { isSource, renameUser } from '../store/external.ts'
import {
  adoptDomain,
  insertPrincipal,
  type NewPrincipal,
  getPrincipal as readPrincipal,
  resolvePerson,
} from '../store/principal.ts'
import { findPrincipals as searchPrincipals } from '../store/principal-search.ts'
import { raiseDirectory } from '../store/stamp.ts'
import { holds, requireUserOr } from './access.ts'
import { announce } from './announce.ts'
import type { Caller, Chat } from './chat.ts'
import { requireRoomsOf, withEligibility } from './eligible.ts'

/** principal.create. Refusals: name_taken, invalid_argument, not_found (the organisational unit). */
export async function createPrincipal(
  chat: Chat,
  caller: Caller,
  input: Input<'principal.create'>,
): Promise<Result<'principal.create'>> {
  refuseUnfit(input.kind, input)
  const draft: NewPrincipal = {
    kind: input.kind,
    name: checkedPrincipalName(input.kind, input.name),
    displayName: checkedName('displayName', input.displayName),
    email: input.email === undefined ? undefined : checkedEmail(input.email),
    administrator: input.administrator ?? false,
    passwordHash: await hashed(chat, input.password),
  }
  const { principal, directory } = await transaction(chat.db, async tx => {
    await lockDirectory(tx)
    await refuseNameOfSource(chat, tx, draft)
    const parent = input.in === undefined ? undefined : await resolveUnit(tx, input.in)
    const added = await addPrincipal(tx, { ...draft, parent })
    const { kind, name, displayName, administrator } = draft
    await audit(tx, caller.user.id, 'principal.create', added.principal.id, { kind, name, displayName, administrator })
    return { principal: added.principal, directory: added.changed && (await raiseDirectory(tx, added.changed)) }
  })
  announce(chat, { directory })
  return { principal }
}

/** A group that reads like one of a provider would keep that one from coming, and pass for it in every list. */
async function refuseNameOfSource(chat: Chat, tx: Connection, { kind, name }: NewPrincipal): Promise<void> {
  const at = name.indexOf(':')
  if (kind !== 'group' || at < 1) return
  const source = nameKey(name.slice(0, at))
  if (!chat.groupSources?.includes(source) && !(await isSource(tx, source))) return
  throw new Refusal('name_taken', `Names that begin with "${source}:" are of groups of ${source}. Choose another one.`)
}

type ForUsers = {
  password?: unknown
  administrator?: boolean | undefined
  disabled?: boolean | undefined
  in?: unknown
}

/** Refuses what only users have, and a unit for a domain. */
export function refuseUnfit(kind: PrincipalKind, input: ForUsers): void {
  if (kind !== 'user' && (input.password !== undefined || input.administrator || input.disabled))
    throw new Refusal('invalid_argument', 'Only a user has a password, is an administrator or can be disabled.')
  if (kind === 'domain' && input.in !== undefined && input.in !== null)
    throw new Refusal('invalid_argument', 'A domain lies in no organisational unit. Leave `in` out.')
}

export async function hashed(chat: Chat, password: string | undefined): Promise<string | undefined> {
  return password === undefined ? undefined : chat.directory.hashPassword(checkedPassword('password', password))
}

/** Id of an organisational unit. Refusals: not_found, invalid_argument. */
export async function resolveUnit(q: Queryable, ref: string): Promise<string> {
  const unit = await resolvePerson(q, ref)
  if (unit.kind !== 'organizationalUnit')
    throw new Refusal('invalid_argument', `"${unit.name}" is no organisational unit. Name one, or leave \`in\` out.`)
  return unit.id
}

/**
 * Adds a principal and flattens it; the first user of a domain brings the domain. The caller holds lockDirectory, and
 * raises the directory's version for `changed` if there is any. Refusal name_taken.
 */
export async function addPrincipal(
  tx: Connection,
  draft: NewPrincipal,
): Promise<{ principal: Principal; changed?: string[] }> {
  const principal = await insertPrincipal(tx, draft)
  if (principal === undefined) {
    const adopted = draft.kind === 'domain' ? await adoptDomain(tx, draft.name, draft.displayName) : undefined
    if (!adopted) throw new Refusal('name_taken', `The name "${draft.name}" is taken. Choose another one.`)
    return { principal: adopted }
  }
  if (draft.kind === 'domain')
    return (await reflattenDomain(tx, principal.id)) > 0 ? { principal, changed: [principal.id] } : { principal }
  if (draft.kind === 'user') await ensureDomain(tx, domainOf(draft.name))
  await reflattenUnits(tx, [principal.id])
  return { principal }
}

async function ensureDomain(tx: Connection, name: string): Promise<void> {
  const made = await insertPrincipal(tx, { kind: 'domain', name, displayName: name, implicit: true })
  if (made) await reflattenDomain(tx, made.id)
}

/** A new name for a user, seen to be free. Answers whose rights that changes: another domain may have other grants. */
export async function renamePerson(
  tx: Connection,
  { id, name: old }: Pick<Principal, 'id' | 'name'>,
  name: string,
): Promise<string[]> {
  const isMoved = nameKey(domainOf(name)) !== nameKey(domainOf(old))
  if (isMoved) await ensureDomain(tx, domainOf(name))
  await renameUser(tx, id, name)
  return isMoved ? [id] : []
}

/** Who finds and names people whether or not the policy lets him use Persistent Chat, and to whom everything of them is told. */
const officials = ['administrator', 'chatAdministrator', 'userAdministrator', 'complianceOfficer', 'helpDesk'] as const
const tellAll = ['administrator', 'chatAdministrator', 'userAdministrator', 'helpDesk'] as const

/** principal.get: administrators see what else there is. */
export async function getPrincipal(
  chat: Chat,
  caller: Caller,
  input: Input<'principal.get'>,
): Promise<Result<'principal.get'>> {
  const asking = await requireUserOr(chat, caller, ...officials)
  const { email, parent, administrator, disabled, source, ...found } = await resolvePerson(chat.db, input.principal)
  const principal = toPrincipal(found)
  if (!holds(asking, tellAll)) return { principal }
  const [groups, unit, person] = await Promise.all([
    groupsOf(chat.db, principal.id),
    parent === null ? undefined : readPrincipal(chat.db, parent),
    principal.kind === 'user' ? readPerson(chat.db, principal.id, chat.site) : undefined,
  ])
  const whole = { principal, email, in: unit ? toPrincipal(unit) : null, groups, ...(source === '' ? {} : { source }) }
  return person ? { ...whole, administrator, roles: person.roles, disabled, enabled: person.enabled } : whole
}

function toPrincipal({ id, kind, name, displayName }: Principal): Principal {
  return { id, kind, name, displayName }
}

const defaultFound = 50
/** As long as a name may be. */
const maxText = 256

/** principal.find. With a category: those in its scope, for who may see it; with eligibility: all, for who fills its rooms. */
export async function findPrincipals(
  chat: Chat,
  caller: Caller,
  input: Input<'principal.find'>,
): Promise<Result<'principal.find'>> {
  const { category, kind, limit = defaultFound } = input
  await requireUserOr(chat, caller, ...officials)
  if (codePoints(input.text) > maxText)
    throw new Refusal('invalid_argument', `text is longer than ${maxText} characters. Type the beginnings of names.`)
  if (input.eligibility) {
    if (category === undefined)
      throw new Refusal('invalid_argument', 'Eligibility is of a category. Give category, or leave eligibility out.')
    const { administrator } = await requireRoomsOf(chat, caller, category)
    const found = await searchPrincipals(chat.db, input.text, { kind, limit })
    return { principals: await withEligibility(chat, category, found, administrator) }
  }
  if (category !== undefined) await refuseHiddenCategory(chat, caller, category)
  return { principals: await searchPrincipals(chat.db, input.text, { kind, limit, eligibleFor: category }) }
}

async function refuseHiddenCategory(chat: Chat, caller: Caller, category: string): Promise<void> {
  const access = (await readCategoryAccess(chat.db, caller.user.id, [category], chat.site)).values().next().value
  if (!access || !maySeeCategory(access.person, access.scope)) throw notFound('category')
}
