import type { Room } from '../../../src/protocol/room.ts'

export type RoomMark = 'open' | 'closed' | 'secret' | 'auditorium' | 'disabled'

export const markWords: Record<RoomMark, { word: string; meaning: string }> = {
  open: { word: 'Open', meaning: 'Everyone in the scope of its category may find it, join and read.' },
  closed: {
    word: 'Closed',
    meaning: 'Everyone in the scope of its category may find it, only members may join and read.',
  },
  secret: { word: 'Secret', meaning: 'Only its members and managers know that it exists.' },
  auditorium: { word: 'Auditorium', meaning: 'Only presenters post, members read.' },
  disabled: { word: 'Disabled', meaning: 'Nobody may read or post until an administrator re-enables it.' },
}

/** What disabling does, whoever asks. */
export const disableWords =
  'Disabling puts everyone out of the room at once, and nobody can find, read, search or post. Members, settings and history are kept. An administrator can re-enable it, a manager cannot.'

/** What a room is, before it is opened. */
export function roomMarks(room: Pick<Room, 'privacy' | 'type' | 'disabled'>): RoomMark[] {
  return [
    ...(room.disabled ? (['disabled'] as const) : []),
    room.privacy,
    ...(room.type === 'auditorium' ? (['auditorium'] as const) : []),
  ]
}
