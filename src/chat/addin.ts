import { checkedAddinName, checkedAddinUrl } from '../domain/addin.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import {
  countAddinRooms,
  deleteAddin as deleteAddinRow,
  findAddin,
  insertAddin,
  listAddins as readAddins,
  touchAddinRooms,
  updateAddin as updateAddinRow,
} from '../store/addin.ts'
import { audit } from '../store/audit.ts'
import { type Connection, isUniqueViolation, transaction } from '../store/db.ts'
import { requirePerson } from './access.ts'
import type { Caller, Chat } from './chat.ts'

/** addin.create. Refusals invalid_argument, name_taken. */
export async function createAddin(
  chat: Chat,
  caller: Caller,
  input: Input<'addin.create'>,
): Promise<Result<'addin.create'>> {
  const [name, url] = [checkedAddinName(input.name), checkedAddinUrl(input.url)]
  return writing(chat, async tx => {
    const addin = await insertAddin(tx, name, url)
    await audit(tx, caller.user.id, 'addin.create', addin.id, { name, url })
    return { addin }
  })
}

/**
 * addin.update. Open clients are told by the rooms that have it, within the second in which every server looks for changes. Refusals
 * not_found, invalid_argument, name_taken.
 */
export async function updateAddin(
  chat: Chat,
  caller: Caller,
  input: Input<'addin.update'>,
): Promise<Result<'addin.update'>> {
  const change = {
    ...(input.name === undefined ? {} : { name: checkedAddinName(input.name) }),
    ...(input.url === undefined ? {} : { url: checkedAddinUrl(input.url) }),
  }
  return writing(chat, async tx => {
    const before = await mustFind(tx, input.addin)
    const addin = await updateAddinRow(tx, before.id, change)
    await touchAddinRooms(tx, addin.id, false)
    await audit(tx, caller.user.id, 'addin.update', addin.id, change)
    return { addin }
  })
}

/** addin.list: for everybody, since who creates or manages rooms chooses among them. */
export async function listAddins(
  chat: Chat,
  caller: Caller,
  _input: Input<'addin.list'>,
): Promise<Result<'addin.list'>> {
  await requirePerson(chat, caller)
  return { addins: await readAddins(chat.db) }
}

/** addin.delete. Refusals not_found, conflict where rooms have it and they are not to lose it. */
export async function deleteAddin(
  chat: Chat,
  caller: Caller,
  input: Input<'addin.delete'>,
): Promise<Result<'addin.delete'>> {
  return writing(chat, async tx => {
    const addin = await mustFind(tx, input.addin)
    const rooms = await countAddinRooms(tx, addin.id)
    if (rooms > 0 && input.force !== true)
      throw new Refusal(
        'conflict',
        `${rooms} ${rooms === 1 ? 'room uses' : 'rooms use'} this add-in. Give them another, or delete it with force, which takes it from them.`,
        { details: { rooms } },
      )
    // Also from rooms that are deleted and whose rows are not gone yet.
    await touchAddinRooms(tx, addin.id, true)
    await deleteAddinRow(tx, addin.id)
    await audit(tx, caller.user.id, 'addin.delete', addin.id, { name: addin.name, url: addin.url, rooms })
    return { rooms }
  })
}

/** Of a room: the id of what was named, null for none, undefined where nothing was said. Refusal not_found. */
export async function chosenAddin(tx: Connection, ref: string | null | undefined): Promise<string | null | undefined> {
  if (ref === undefined || ref === null) return ref
  const addin = await findAddin(tx, ref, 'shared')
  if (!addin) throw notFound('add-in')
  return addin.id
}

async function mustFind(tx: Connection, ref: string) {
  const addin = await findAddin(tx, ref, 'whole')
  if (!addin) throw notFound('add-in')
  return addin
}

async function writing<T>(chat: Chat, work: (tx: Connection) => Promise<T>): Promise<T> {
  try {
    return await transaction(chat.db, work)
  } catch (error) {
    if (isUniqueViolation(error)) throw new Refusal('name_taken', 'An add-in has this name already. Choose another.')
    throw error
  }
}
