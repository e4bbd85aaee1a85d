import { type Action, mayRead, refuseRoom } from '../domain/access.ts'
import { checkedDescription, checkedName, nameKey } from '../domain/name.ts'
import type { Stamp } from '../domain/stamp.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { type Access, readStamp } from '../store/access.ts'
import { audit } from '../store/audit.ts'
import { type CategoryRow, findCategory, lockCategoryShared } from '../store/category.ts'
import { type Connection, isUniqueViolation, transaction } from '../store/db.ts'
import { purgeOutOfScope } from '../store/entry.ts'
import {
  findRoom,
  lockRoom,
  noteRoomEdit,
  type RoomChange,
  type RoomRow,
  raiseRoomAccess,
  takeName,
  toRoom,
  updateRoom as updateRoomRow,
} from '../store/room.ts'
import { accessTo } from './access.ts'
import { chosenAddin } from './addin.ts'
import type { Caller, Chat } from './chat.ts'
import { changedFrame } from './hearing.ts'
import { auditTakenName, nameTaken } from './name.ts'
import { setRoomLists, tellAdded } from './room-list.ts'
import { requireMove } from './room-move.ts'

type Change = RoomChange & { disabled?: boolean }
type Outcome = { row: RoomRow; stamp: Stamp; access: Access; added: string[]; invited: boolean; opened: boolean }

const maxAttempts = 5

export async function updateRoom(
  chat: Chat,
  caller: Caller,
  input: Input<'room.update'>,
): Promise<Result<'room.update'>> {
  const name = input.name === undefined ? undefined : checkedName('name', input.name)
  const change: Change = {
    ...(name === undefined ? {} : { name, nameKey: nameKey(name) }),
    ...(input.description === undefined ? {} : { description: checkedDescription(input.description) }),
    ...(input.type === undefined ? {} : { type: input.type }),
    ...(input.privacy === undefined ? {} : { privacy: input.privacy }),
    ...(input.invitations === undefined ? {} : { invitations: input.invitations }),
  }
  const outcome = await changeRoom(chat, caller, input, change)
  publishRoom(chat, caller, outcome)
  const reads = mayRead(outcome.access.person, outcome.access.scope, outcome.access.facts)
  return { room: toRoom(outcome.row, chat.settings.domain, reads) }
}

async function changeRoom(chat: Chat, caller: Caller, input: Input<'room.update'>, change: Change): Promise<Outcome> {
  try {
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      const outcome = await transaction(chat.db, tx => attemptChange(chat, tx, caller, input, change))
      if (outcome) return outcome
    }
    throw new Refusal('unavailable', 'The room is being moved. Try again.', { retryAfterMs: 200 })
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    await auditTakenName(chat, caller, change.name ?? '')
    throw nameTaken()
  }
}

/** One try; undefined where the room was moved between reading its category and locking it. */
async function attemptChange(
  chat: Chat,
  tx: Connection,
  caller: Caller,
  input: Input<'room.update'>,
  change: Change,
): Promise<Outcome | undefined> {
  // Before the categories, as whoever renames or deletes one takes them. It says nothing of the room.
  const addin = await chosenAddin(tx, input.addin)
  const before = await findRoom(tx, input.room)
  if (!before) return accessTo(chat, caller, input.room, tx).then(() => undefined)
  const target =
    input.category !== undefined && input.category !== before.category
      ? await findCategory(tx, input.category)
      : undefined
  for (const key of [before.lock_key, ...(target ? [target.lock_key] : [])].sort((a, b) => a - b))
    await lockCategoryShared(tx, key)
  if (!(await lockRoom(tx, input.room))) throw notFound('room')
  const row = (await findRoom(tx, input.room))!
  if (row.category !== before.category) return undefined
  await decide(chat, tx, caller, input, row, target)
  if (input.ifVersion !== undefined && input.ifVersion !== row.version)
    throw new Refusal(
      'conflict',
      `The room is at version ${row.version} by now. Read it again, then repeat the change.`,
    )
  return applyChange(chat, tx, caller, input, addin === undefined ? change : { ...change, addin }, row, target)
}

async function decide(
  chat: Chat,
  tx: Connection,
  caller: Caller,
  input: Input<'room.update'>,
  row: RoomRow,
  target: CategoryRow | undefined,
) {
  const access = await accessTo(chat, caller, row.id, tx)
  const refuse = (action: Action) => {
    const refusal = refuseRoom(action, access.person, access.scope, access.facts)
    if (refusal) throw refusal
  }
  refuse('see')
  const { room: _room, ifVersion: _ifVersion, disabled, category, ...edits } = input
  if (disabled === true) refuse('disable')
  if (disabled === false) refuse(row.disabled ? 'enable' : 'manage')
  const moves = category !== undefined && category !== row.category
  if (Object.keys(edits).length > 0 || (disabled === undefined && !moves)) refuse('manage')
  if (!moves) return
  await requireMove(chat, tx, caller, access, category)
  if (!target) throw notFound('category')
}

async function applyChange(
  chat: Chat,
  tx: Connection,
  caller: Caller,
  input: Input<'room.update'>,
  change: Change,
  row: RoomRow,
  target: CategoryRow | undefined,
): Promise<Outcome> {
  if (change.nameKey !== undefined) await takeName(tx, change.nameKey, row.id)
  if (target) await purgeOutOfScope(tx, row.id, target.id)
  const intended: RoomRow = {
    ...row,
    type: change.type ?? row.type,
    privacy: change.privacy ?? row.privacy,
    invitations: change.invitations ?? row.invitations,
    category: target?.id ?? row.category,
    category_invitations: target?.invitations ?? row.category_invitations,
  }
  const lists = await setRoomLists(tx, caller, intended, input)
  await updateRoomRow(tx, row.id, {
    ...change,
    ...(lists.allMembers === undefined ? {} : { allMembers: lists.allMembers }),
  })
  const disabled = input.disabled !== undefined && input.disabled !== row.disabled ? input.disabled : undefined
  const rights =
    lists.changed ||
    target !== undefined ||
    disabled !== undefined ||
    intended.type !== row.type ||
    intended.privacy !== row.privacy
  if (rights)
    await raiseRoomAccess(tx, row.id, {
      ...(target ? { category: target.id } : {}),
      ...(disabled === undefined ? {} : { disabled }),
    })
  else await noteRoomEdit(tx, row.id)
  await audit(tx, caller.user.id, 'room.update', row.id, { ...input })
  return {
    row: (await findRoom(tx, row.id))!,
    stamp: (await readStamp(tx, row.id))!,
    access: await accessTo(chat, caller, row.id, tx),
    added: lists.added,
    invited: lists.invited,
    // Re-enabled, or open to people whom nobody added one by one.
    opened:
      disabled === false ||
      target !== undefined ||
      (lists.allMembers === true && !row.all_members) ||
      (intended.privacy === 'open' && row.privacy !== 'open'),
  }
}

/** One event tells who stays of the change; its newer stamp makes every hub decide anew who that is, before it delivers. */
function publishRoom(chat: Chat, caller: Caller, outcome: Outcome) {
  const room = toRoom(outcome.row, chat.settings.domain, true)
  const { frame, shown } = changedFrame(chat, outcome.row)
  chat.bus.publish(`room.${room.id}`, { head: { kind: 'room', room: room.id, stamp: outcome.stamp, shown }, frame })
  if (!room.disabled) tellAdded(chat, caller, room, outcome)
}
