import type { Me } from '../../../src/protocol/principal.ts'
import { managesAll } from './role-words.ts'
import type { RoomVersion } from './room-conflict.ts'
import type { RoomEdit } from './room-edit.ts'

/** Where a save would shut me out of managing the room, or everybody but administrators. */
export function saveWarning(me: Me, base: RoomVersion, edit: RoomEdit): string | undefined {
  const { add, remove } = edit.lists.managers
  if (!managesAll(me) && remove.some(one => one.id === me.id))
    return 'You take yourself off the managers: after this you may not change the room unless a group of yours is on the list.'
  const managers = (base.card.counts?.managers ?? 0) + add.length - remove.length
  if (remove.length > 0 && managers === 0)
    return 'No manager is left: only administrators will be able to change the room.'
  return undefined
}
