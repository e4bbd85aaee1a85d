import { mayCreateRoom, maySeeCategory, seesAll } from '../domain/access.ts'
import { checkedDescription, checkedName, nameKey } from '../domain/name.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { readCategoryAccess } from '../store/access.ts'
import { audit } from '../store/audit.ts'
import { findCategory, lockCategoryShared } from '../store/category.ts'
import { type Connection, isUniqueViolation, transaction } from '../store/db.ts'
import { lookBeforeLock, refuseDeniedRoom } from '../store/denial.ts'
import { addEntries, countEntriesOf, outOfScope } from '../store/entry.ts'
import { findRoom, insertRoom, lockRoom, markRoomDeleted, takeName, toRoom } from '../store/room.ts'
import { findDirectory } from '../store/sync.ts'
import { requirePerson, requireRoom } from './access.ts'
import { chosenAddin } from './addin.ts'
import type { Caller, Chat } from './chat.ts'
import { readCursor, writeCursor } from './cursor.ts'
import { countParticipants } from './live.ts'
import { auditTakenName, nameTaken } from './name.ts'
import { setRoomLists, tellAdded } from './room-list.ts'

export async function createRoom(
  chat: Chat,
  caller: Caller,
  input: Input<'room.create'>,
): Promise<Result<'room.create'>> {
  const name = checkedName('name', input.name)
  const description = checkedDescription(input.description ?? '')
  await requirePerson(chat, caller)
  try {
    const made = await transaction(chat.db, tx => writeRoom(chat, tx, caller, input, name, description))
    tellAdded(chat, caller, made.room, made)
    return { room: made.room }
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    await auditTakenName(chat, caller, name)
    throw nameTaken()
  }
}

async function writeRoom(
  chat: Chat,
  tx: Connection,
  caller: Caller,
  input: Input<'room.create'>,
  name: string,
  description: string,
) {
  // Before the category, as whoever renames or deletes one takes them.
  const addin = await chosenAddin(tx, input.addin)
  const unlocked = await findCategory(tx, input.category)
  // The scope stays as it is until the room stands in it, and the category cannot go.
  if (unlocked) await lockCategoryShared(tx, unlocked.lock_key)
  const category = unlocked && (await findCategory(tx, input.category))
  const access = (await readCategoryAccess(tx, caller.user.id, [input.category], chat.site)).get(input.category)
  if (!category || !access || !maySeeCategory(access.person, access.scope)) throw notFound('category')
  if (!mayCreateRoom(access.person, access.scope))
    throw new Refusal(
      'forbidden',
      'You may not create rooms in this category. Ask an administrator to make you a creator.',
    )
  const room = await insertRoom(tx, {
    category: category.id,
    name,
    nameKey: nameKey(name),
    description,
    type: input.type ?? 'normal',
    privacy: input.privacy ?? 'closed',
    invitations: input.invitations ?? 'inherit',
    allMembers: input.members === null,
    addin: addin ?? null,
    createdBy: caller.user.id,
  })
  await takeName(tx, nameKey(name), room)
  // Entries stay within the scope: an administrator from outside does not become a manager of it.
  if ((await outOfScope(tx, category.id, [caller.user.id])).length === 0)
    await addEntries(tx, room, 'manager', [caller.user.id], caller.user.id, false)
  const { added, invited } = await setRoomLists(tx, caller, (await findRoom(tx, room))!, input)
  await audit(tx, caller.user.id, 'room.create', room, { ...input })
  // The room is empty: its counters tell the creator nothing that he may not know.
  return { room: toRoom((await findRoom(tx, room))!, chat.settings.domain, true), added, invited }
}

export async function findRooms(chat: Chat, caller: Caller, input: Input<'room.find'>): Promise<Result<'room.find'>> {
  const person = await requirePerson(chat, caller)
  const limit = input.limit ?? 50
  const text = input.text === undefined ? '' : nameKey(input.text)
  const rows = await findDirectory(chat.db, {
    user: caller.user.id,
    seesAll: seesAll(person),
    nameKey: text === '' ? undefined : text,
    searchDescription: input.searchDescription ?? false,
    category: input.category,
    mine: input.mine,
    limit: limit + 1,
    after: input.after === undefined ? undefined : readCursor(input.after),
  })
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const ids = page.map(row => row.id)
  const [counts, entries] = await Promise.all([
    countParticipants(chat, ids),
    // Who finds a room sees its lists.
    input.counts === true ? countEntriesOf(chat.db, ids) : undefined,
  ])
  return {
    rooms: page.map(row => ({
      ...toRoom(row, chat.settings.domain, person.enabled && row.is_member),
      participants: counts.get(row.id) ?? 0,
    })),
    ...(entries === undefined ? {} : { counts: entries }),
    ...(rows.length > limit && last ? { next: writeCursor(last) } : {}),
  }
}

export async function deleteRoom(
  chat: Chat,
  caller: Caller,
  input: Input<'room.delete'>,
): Promise<Result<'room.delete'>> {
  await requireRoom(chat, caller, input.room, 'administer')
  if (input.dryRun) {
    await refuseDeniedRoom(chat.db, input.room)
    return {}
  }
  await lookBeforeLock(chat.db, input.room)
  await transaction(chat.db, async tx => {
    if (!(await lockRoom(tx, input.room))) throw notFound('room')
    const row = await findRoom(tx, input.room)
    await markRoomDeleted(tx, input.room)
    await audit(tx, caller.user.id, 'room.delete', input.room, { name: row?.name })
  })
  chat.bus.publish(`room.${input.room}`, { head: { kind: 'closed', room: input.room, reason: 'deleted' } })
  return {}
}
