import type { Result } from '../../../src/protocol/request.ts'
import { markWords, roomMarks } from './room-words.ts'

export type ListedRoom = Result<'room.list'>['rooms'][number]

export function marksInWords({ room }: ListedRoom): string {
  return roomMarks(room)
    .map(mark => markWords[mark].word)
    .join(', ')
}

/** What a change of a room makes old: read again where it is shown. */
export const roomVerbsRead = ['room.list', 'room.get', 'room.find', 'room.members'] as const
