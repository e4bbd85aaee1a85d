import { Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { endSessionsOfNewHolders, listHolders, setRole } from '../store/administration.ts'
import { lockDirectory } from '../store/affiliation.ts'
import { audit } from '../store/audit.ts'
import { transaction } from '../store/db.ts'
import { resolvePerson } from '../store/principal.ts'
import { endGivenToOfficials } from '../store/second-factor.ts'
import { raiseDirectory } from '../store/stamp.ts'
import { announce, type News } from './announce.ts'
import type { Caller, Chat } from './chat.ts'
import { updatePrincipal } from './principal-update.ts'

/**
 * role.grant: a group's role is that of all who are in it; the full administrator's is given to users one by one. Refusals:
 * not_found, invalid_argument, conflict (the last full administrator), forbidden (whom his source made one).
 */
export async function grantRole(
  chat: Chat,
  caller: Caller,
  { principal, role, granted }: Input<'role.grant'>,
): Promise<Result<'role.grant'>> {
  if (role === 'administrator') {
    // One way to make a full administrator and to unmake one, with one set of rules.
    await updatePrincipal(chat, caller, { principal, administrator: granted })
    return {}
  }
  const news = await transaction(chat.db, async (tx): Promise<News> => {
    // Nobody comes into a group, or out of it, meanwhile.
    await lockDirectory(tx)
    const holder = await resolvePerson(tx, principal)
    if (holder.kind !== 'user' && holder.kind !== 'group')
      throw new Refusal(
        'invalid_argument',
        `"${holder.name}" is neither user nor group. Give the role to one of these.`,
      )
    const ended =
      granted && chat.secondFactor.need === 'administrators' ? await endSessionsOfNewHolders(tx, holder.id) : []
    const changed = await setRole(tx, holder.id, role, granted ? caller.user.id : undefined)
    if (granted) ended.push(...(await endGivenToOfficials(tx)))
    await audit(tx, caller.user.id, 'role.grant', holder.id, { name: holder.name, role, granted })
    return { ended, directory: changed || ended.length > 0 ? await raiseDirectory(tx, [holder.id]) : undefined }
  })
  announce(chat, news)
  return {}
}

/** role.list: what was given, groups as groups. A disabled holder has nothing of it until he is enabled. */
export async function listRoles(chat: Chat, _caller: Caller, _input: Input<'role.list'>): Promise<Result<'role.list'>> {
  const holders = await listHolders(chat.db)
  return { holders: holders.map(({ at, ...holder }) => ({ ...holder, at: at?.toISOString() ?? null })) }
}
