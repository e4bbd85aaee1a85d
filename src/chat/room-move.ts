import { mayCreateRoom, maySeeCategory, refuseRoom } from '../domain/access.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { type Access, readCategoryAccess } from '../store/access.ts'
import { findCategory } from '../store/category.ts'
import { type Queryable, transaction } from '../store/db.ts'
import { refuseDeniedRoom } from '../store/denial.ts'
import { listPurged } from '../store/entry.ts'
import { accessTo } from './access.ts'
import type { Caller, Chat } from './chat.ts'

/** Refused unless the caller may move the room there: as an administrator, or as its manager and a creator in the target. */
export async function requireMove(chat: Chat, q: Queryable, caller: Caller, access: Access, target: string) {
  const refusal = refuseRoom('move', access.person, access.scope, access.facts)
  if (refusal) throw refusal
  const scope = (await readCategoryAccess(q, caller.user.id, [target], chat.site)).get(target)?.scope
  if (!scope || !maySeeCategory(access.person, scope)) throw notFound('category')
  if (!mayCreateRoom(access.person, scope))
    throw new Refusal('forbidden', 'To move a room you must be a creator of the target category. Ask an administrator.')
}

const shown = 100
const nothingPurged: Result<'room.previewMove'> = {
  purged: { members: [], managers: [], presenters: [] },
  counts: { members: 0, managers: 0, presenters: 0 },
}

/** room.previewMove: what the move itself would purge, of one snapshot, for who may move it there. */
export function previewMove(
  chat: Chat,
  caller: Caller,
  input: Input<'room.previewMove'>,
): Promise<Result<'room.previewMove'>> {
  const { room, category } = input
  const read = async (tx: Queryable) => {
    const access = await accessTo(chat, caller, room, tx)
    const refusal = refuseRoom('see', access.person, access.scope, access.facts)
    if (refusal) throw refusal
    await requireMove(chat, tx, caller, access, category)
    if (!(await findCategory(tx, category))) throw notFound('category')
    // It stays where it is, and so does everyone in it.
    if (category === access.category) return nothingPurged
    await refuseDeniedRoom(tx, room, true)
    const { member, manager, presenter, counts } = await listPurged(tx, room, category, shown)
    return {
      purged: { members: member, managers: manager, presenters: presenter },
      counts: { members: counts.member, managers: counts.manager, presenters: counts.presenter },
    }
  }
  return transaction(chat.db, read, 'ISOLATION LEVEL REPEATABLE READ READ ONLY')
}
