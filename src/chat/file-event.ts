import type { FileRow } from '../store/file.ts'
import type { Caller, Chat } from './chat.ts'

export type FileDoing = 'uploaded' | 'downloaded' | 'flagged'

/** Where files come in and go out: the one place for what compliance has to record of it. `caller` is whoever did it. */
export async function noteFileEvent(
  chat: Chat,
  caller: Pick<Caller, 'user'> | undefined,
  doing: FileDoing,
  file: FileRow,
): Promise<void> {
  chat.log.debug({ doing, file: file.id, room: file.room, user: caller?.user.id }, 'file')
}
