import type { FileRow } from '../store/file.ts'
import type { Caller, Chat } from './chat.ts'
import { recordDownload } from './record.ts'

export type FileDoing = 'uploaded' | 'downloaded' | 'flagged'

/** Where files come in and go out: the one place for what compliance has to record of it. `caller` is whoever did it. */
export async function noteFileEvent(
  chat: Chat,
  caller: Pick<Caller, 'user'> | undefined,
  doing: FileDoing,
  file: FileRow,
): Promise<void> {
  // What was uploaded is recorded with its message, what was flagged by the audit record.
  if (doing === 'downloaded' && caller) await recordDownload(chat, caller.user.id, file)
  chat.log.debug({ doing, file: file.id, room: file.room, user: caller?.user.id }, 'file')
}
