import type { Result } from '../../../src/protocol/request.ts'
import type { Room } from '../../../src/protocol/room.ts'
import { markWords, roomMarks } from './room-words.ts'

export type ListedRoom = Result<'room.list'>['rooms'][number]
/** Found by its name, for a form that is about one room. */
export type PickedRoom = Pick<Room, 'id' | 'name'>

/** What is asked before a room is changed. */
export type RoomQuestion = {
  kind: 'disable' | 'enable' | 'move' | 'clear' | 'delete'
  room: Room
  /** How many it keeps, where that was counted. */
  messages?: number
}

export function marksInWords({ room }: ListedRoom): string {
  return roomMarks(room)
    .map(mark => markWords[mark].word)
    .join(', ')
}

/** What a change of a room makes old: read again where it is shown. */
export const roomVerbsRead = ['room.list', 'room.get', 'room.find', 'room.members'] as const
