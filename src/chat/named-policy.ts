import { checkedDescription, checkedName, nameKey } from '../domain/name.ts'
import { isLike } from '../domain/wildcard.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Policy } from '../protocol/policy.ts'
import type { Input, Result } from '../protocol/request.ts'
import { audit } from '../store/audit.ts'
import { type Connection, isUniqueViolation, transaction } from '../store/db.ts'
import {
  deleteNamedPolicy,
  findNamedPolicy,
  findScopePolicy,
  giveNamedPolicy,
  insertNamedPolicy,
  insertScopePolicy,
  putScopePolicy,
  readPolicies,
  updateNamedPolicy,
} from '../store/named-policy.ts'
import { setPolicy, siteScope } from '../store/policy.ts'
import { everyone, raiseDirectory } from '../store/stamp.ts'
import { announce } from './announce.ts'
import type { Caller, Chat } from './chat.ts'

/** Where more principals than these are concerned, the log of changes says everybody instead of naming them. */
const maxLogged = 1000

/** `global` or `site:<name>` as they stand in the table of grants; undefined for the name of a policy. */
export function policyScope(name: string): string | undefined {
  const clean = name.trim()
  if (nameKey(clean) === 'global') return 'global'
  if (!/^site:/i.test(clean)) return undefined
  return siteScope(checkedName('site', clean.slice('site:'.length)))
}

/** policy.create. Refusals invalid_argument, name_taken. */
export async function createPolicy(
  chat: Chat,
  caller: Caller,
  input: Input<'policy.create'>,
): Promise<Result<'policy.create'>> {
  const scope = policyScope(input.name)
  const name = scope ?? checkedName('name', input.name)
  const { enabled = false } = input
  const description = checkedDescription(input.description ?? '')
  if (scope === 'global') throw nameTaken()
  const directory = await writing(chat, async tx => {
    if (scope === undefined) await insertNamedPolicy(tx, { name, description, enabled })
    else await insertScopePolicy(tx, scope, { enabled, description })
    await audit(tx, caller.user.id, 'policy.create', name, { description, enabled })
    return scope === undefined ? undefined : raiseDirectory(tx, [everyone])
  })
  announce(chat, { directory })
  return { policy: { name, description, enabled, granted: 0 } }
}

/** policy.update: who has it has the new switch at once, on every server. Refusals not_found, invalid_argument, name_taken. */
export async function updatePolicy(
  chat: Chat,
  caller: Caller,
  input: Input<'policy.update'>,
): Promise<Result<'policy.update'>> {
  const scope = policyScope(input.policy)
  const change = {
    ...(input.name === undefined ? {} : { name: checkedNewName(scope, input.name) }),
    ...(input.description === undefined ? {} : { description: checkedDescription(input.description) }),
    ...(input.enabled === undefined ? {} : { enabled: input.enabled }),
  }
  const { policy, directory } = await writing(chat, async tx => {
    const { policy, concerned } = await (scope === undefined
      ? changeNamed(tx, input.policy, change)
      : changeScope(tx, scope, change))
    await audit(tx, caller.user.id, 'policy.update', scope ?? input.policy, change)
    return { policy, directory: await raise(tx, concerned) }
  })
  announce(chat, { directory })
  return { policy }
}

function checkedNewName(scope: string | undefined, name: string): string {
  if (scope !== undefined)
    throw new Refusal('invalid_argument', 'The policies global and site:<name> keep their names. Leave name out.')
  if (policyScope(name) !== undefined)
    throw new Refusal('invalid_argument', 'name means all, or a site. Choose another that begins otherwise.')
  return checkedName('name', name)
}

type Change = { name?: string; description?: string; enabled?: boolean }

async function changeNamed(tx: Connection, name: string, change: Change) {
  const before = await findNamedPolicy(tx, name, 'whole')
  if (!before) throw notFound('policy')
  const { id, ...now } = { ...before, ...change }
  const concerned = await updateNamedPolicy(tx, before, { id, ...now })
  return { policy: { ...now, granted: await countGrants(tx, now.name) }, concerned }
}

async function changeScope(tx: Connection, scope: string, change: Change) {
  const before = await findScopePolicy(tx, scope)
  // The global one is always there.
  if (!before && scope !== 'global') throw notFound('policy')
  const now = { enabled: false, description: '', ...before, ...change }
  await putScopePolicy(tx, scope, now)
  const policy: Policy = { name: scope, description: now.description, enabled: now.enabled, granted: 0 }
  return { policy, concerned: now.enabled === (before?.enabled ?? false) ? [] : [everyone] }
}

async function countGrants(tx: Connection, name: string): Promise<number> {
  return (await readPolicies(tx)).find(one => one.name === name)?.granted ?? 0
}

/** policy.get: global, sites, then names. */
export async function getPolicies(
  chat: Chat,
  _caller: Caller,
  input: Input<'policy.get'>,
): Promise<Result<'policy.get'>> {
  const policies = await readPolicies(chat.db)
  const { filter } = input
  return { policies: filter === undefined ? policies : policies.filter(({ name }) => isLike(filter, name)) }
}

/**
 * policy.delete: its grants go with it, so that who had it has what is next in line: of a group, the site, all. The global one is
 * always there, and is off again. Refusal not_found.
 */
export async function deletePolicy(
  chat: Chat,
  caller: Caller,
  input: Input<'policy.delete'>,
): Promise<Result<'policy.delete'>> {
  const scope = policyScope(input.policy)
  const { grants, directory } = await transaction(chat.db, async tx => {
    const concerned = await (scope === undefined ? dropNamed(tx, input.policy) : dropScope(tx, scope))
    const grants = scope === undefined ? concerned.length : 0
    await audit(tx, caller.user.id, 'policy.delete', scope ?? input.policy, { grants })
    return { grants, directory: await raise(tx, concerned) }
  })
  announce(chat, { directory })
  return { grants }
}

async function dropNamed(tx: Connection, name: string): Promise<string[]> {
  const policy = await findNamedPolicy(tx, name, 'whole')
  if (!policy) throw notFound('policy')
  return deleteNamedPolicy(tx, policy.id)
}

async function dropScope(tx: Connection, scope: string): Promise<string[]> {
  const before = await findScopePolicy(tx, scope)
  if (!before && scope !== 'global') throw notFound('policy')
  await setPolicy(tx, scope, undefined, null)
  return before ? [everyone] : []
}

/** Within policy.grant. Refusals invalid_argument, not_found. */
export async function grantNamed(tx: Connection, principal: string | undefined, name: string | null): Promise<void> {
  if (principal === undefined)
    throw new Refusal(
      'invalid_argument',
      'A named policy is given to users, groups, units and domains. Change that of all or of a site with enabled.',
    )
  if (name === null) return setPolicy(tx, principal, principal, null)
  if (policyScope(name) !== undefined)
    throw new Refusal('invalid_argument', 'policy is the name of one that was made to be given. See policy.get.')
  const policy = await findNamedPolicy(tx, name, 'shared')
  if (!policy) throw notFound('policy')
  await giveNamedPolicy(tx, principal, policy)
}

/** Last in its transaction; undefined where nobody's rights changed. */
async function raise(tx: Connection, concerned: string[]): Promise<number | undefined> {
  if (concerned.length === 0) return undefined
  return raiseDirectory(tx, concerned.length > maxLogged ? [everyone] : concerned)
}

async function writing<T>(chat: Chat, work: (tx: Connection) => Promise<T>): Promise<T> {
  try {
    return await transaction(chat.db, work)
  } catch (error) {
    if (isUniqueViolation(error)) throw nameTaken()
    throw error
  }
}

function nameTaken(): Refusal {
  return new Refusal('name_taken', 'There is such a policy already. Choose another name, or change that one.')
}
