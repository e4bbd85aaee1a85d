import { Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { audit } from '../store/audit.ts'
import { type Queryable, transaction } from '../store/db.ts'
import { listPolicies as readPolicies, setPolicy } from '../store/policy.ts'
import { resolvePerson } from '../store/principal.ts'
import { everyone, raiseDirectory } from '../store/stamp.ts'
import { announce } from './announce.ts'
import type { Caller, Chat } from './chat.ts'
import { grantNamed, policyScope } from './named-policy.ts'

/**
 * policy.grant: scope is `global`, `site:<name>`, or a principal, which may be given a named policy instead; null takes the grant
 * back. Refusals not_found, invalid_argument.
 */
export async function grantPolicy(
  chat: Chat,
  caller: Caller,
  input: Input<'policy.grant'>,
): Promise<Result<'policy.grant'>> {
  const { enabled, policy } = input
  if ((enabled === undefined) === (policy === undefined))
    throw new Refusal('invalid_argument', 'Give enabled or policy, one of them.')
  const directory = await transaction(chat.db, async tx => {
    const { scope, principal } = await resolveScope(tx, input.scope)
    if (enabled !== undefined) await setPolicy(tx, scope, principal, enabled)
    else await grantNamed(tx, principal, policy!)
    await audit(tx, caller.user.id, 'policy.grant', scope, enabled === undefined ? { policy } : { enabled })
    return raiseDirectory(tx, [principal ?? everyone])
  })
  announce(chat, { directory })
  return {}
}

async function resolveScope(q: Queryable, scope: string): Promise<{ scope: string; principal?: string }> {
  const place = policyScope(scope)
  if (place !== undefined) return { scope: place }
  const { id } = await resolvePerson(q, scope)
  return { scope: id, principal: id }
}

/** policy.list: the scope of a principal's grant is its id. */
export async function listPolicies(
  chat: Chat,
  _caller: Caller,
  _input: Input<'policy.list'>,
): Promise<Result<'policy.list'>> {
  return { policies: await readPolicies(chat.db) }
}
