import { Refusal } from '../protocol/error.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Input, Result } from '../protocol/request.ts'
import { changeGroup, listMembers, lockDirectory } from '../store/affiliation.ts'
import { audit } from '../store/audit.ts'
import { type Connection, transaction } from '../store/db.ts'
import { resolvePerson, resolvePrincipals } from '../store/principal.ts'
import { raiseDirectory } from '../store/stamp.ts'
import { announce } from './announce.ts'
import type { Caller, Chat } from './chat.ts'

/** group.update. Who is there already or is not there is no error. Refusals: not_found, invalid_argument. */
export async function updateGroup(
  chat: Chat,
  caller: Caller,
  input: Input<'group.update'>,
): Promise<Result<'group.update'>> {
  const { group, directory } = await transaction(chat.db, async tx => {
    await lockDirectory(tx)
    const { id, kind, name, displayName, source } = await resolvePerson(tx, input.group)
    const group = { id, kind, name, displayName }
    if (kind !== 'group') throw new Refusal('invalid_argument', `"${input.group}" is no group. Name one.`)
    if (source !== '')
      throw new Refusal(
        'forbidden',
        `"${name}" comes from ${source}, which owns its members. Change them there, or add it to a group that was made here.`,
      )
    const { add, remove } = await resolveChange(tx, input)
    const changed = await changeGroup(tx, group.id, add, remove)
    await audit(tx, caller.user.id, 'group.update', group.id, { name: group.name, add, remove })
    return { group, directory: changed.length > 0 ? await raiseDirectory(tx, changed) : undefined }
  })
  announce(chat, { directory })
  return { group }
}

async function resolveChange(
  tx: Connection,
  input: Input<'group.update'>,
): Promise<{ add: string[]; remove: string[] }> {
  const add = await resolvePrincipals(tx, input.add ?? [])
  const remove = ids(await resolvePrincipals(tx, input.remove ?? []))
  const unfit = add.find(principal => principal.kind !== 'user' && principal.kind !== 'group')
  if (unfit) throw new Refusal('invalid_argument', `A group holds users and groups only. Leave "${unfit.name}" out.`)
  const twice = add.find(principal => remove.includes(principal.id))
  if (twice) throw new Refusal('invalid_argument', `"${twice.name}" stands in add and in remove. Leave one out.`)
  return { add: ids(add), remove }
}

function ids(principals: Principal[]): string[] {
  return principals.map(principal => principal.id)
}

const defaultPage = 100

/** group.members: what lies directly in a group or organisational unit, page by page. */
export async function listGroupMembers(
  chat: Chat,
  _caller: Caller,
  input: Input<'group.members'>,
): Promise<Result<'group.members'>> {
  const [holder] = await resolvePrincipals(chat.db, [input.group])
  if (holder?.kind !== 'group' && holder?.kind !== 'organizationalUnit')
    throw new Refusal('invalid_argument', `"${input.group}" is neither a group nor an organisational unit.`)
  return listMembers(chat.db, holder, { limit: input.limit ?? defaultPage, after: input.after })
}
