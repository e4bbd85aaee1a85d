import { notFound, Refusal } from '../protocol/error.ts'
import { type FileRow, findFile, noteFileSeq, readStanding } from '../store/file.ts'
import { endedAmong } from '../store/session.ts'
import { requirePerson, requireRoom } from './access.ts'
import type { Caller, Chat } from './chat.ts'
import { noteGlassReading, requireHistory } from './glass.ts'

/** An upload of the caller's, into a room where he may still post. Asked at each request. Refusal not_found for all others. */
export async function requireUpload(chat: Chat, caller: Caller, id: string): Promise<FileRow> {
  await requirePerson(chat, caller)
  const file = await findFile(chat.db, id)
  if (file?.author !== caller.user.id || file.state === 'removed' || isOver(file)) throw notFound('file')
  await hidden(requireRoom(chat, caller, file.room, 'post'))
  return file
}

function isOver({ state, expiresAt }: FileRow): boolean {
  return state === 'uploading' && expiresAt.getTime() < Date.now()
}

/**
 * A file that the caller may read at this moment: he may read the room, and the message stands that brings the file; before it is
 * posted, only its uploader. Asked at each request, and again while bytes go out. Refusal not_found for all others.
 */
export async function requireDownload(chat: Chat, caller: Caller, id: string): Promise<FileRow> {
  const { file, byGlass } = await readableFile(chat, caller, id)
  if (byGlass) await noteGlassReading(chat, caller, file.room, { file: id, name: file.name })
  return file
}

async function readableFile(chat: Chat, caller: Caller, id: string): Promise<{ file: FileRow; byGlass: boolean }> {
  await requirePerson(chat, caller)
  const file = await findFile(chat.db, id)
  if (file?.state !== 'ready') throw notFound('file')
  const { byGlass } = await hidden(requireHistory(chat, caller, file.room))
  if (file.seq === null && file.clientId !== null) await noteFileSeq(chat.db, id)
  const standing = await readStanding(chat.db, id)
  if (standing === 'stands' || (standing === 'unposted' && file.author === caller.user.id)) return { file, byGlass }
  throw notFound('file')
}

/** As requireDownload, in the middle of one: also the sign-in may have ended since. Refusals unauthenticated, not_found. */
export async function requireDownloadStill(chat: Chat, caller: Caller, id: string): Promise<void> {
  if ((await endedAmong(chat.db, [caller.session])).length > 0)
    throw new Refusal('unauthenticated', 'This sign-in has ended. Sign in again.')
  await readableFile(chat, caller, id)
}

/** Why the room does not let him is nobody's business who asks for a file. */
export async function hidden<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof Refusal && error.code !== 'unavailable') throw notFound('file')
    throw error
  }
}
