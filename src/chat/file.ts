import { checkFileSize, cleanFileName } from '../domain/file.ts'
import { checkContent } from '../domain/message.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { FileInfo, FileRef } from '../protocol/file.ts'
import type { Input, Result } from '../protocol/request.ts'
import { claimFile, type FileRow, findFile, insertFile, noteFileSeq, unclaimFile } from '../store/file.ts'
import { findRoom } from '../store/room.ts'
import { requirePerson, requireRoom } from './access.ts'
import type { Caller, Chat } from './chat.ts'
import { noteFileEvent } from './file-event.ts'

/** How long the first piece may take to come, and each that follows. */
export const uploadMinutes = 30

/** file.begin: the answer is the token, bound to user, room, size and name. Refusals forbidden, too_large, unavailable. */
export async function beginFile(chat: Chat, caller: Caller, input: Input<'file.begin'>): Promise<Result<'file.begin'>> {
  await requireRoom(chat, caller, input.room, 'post')
  await requireFilesAllowed(chat, input.room)
  checkFileSize(input.size, chat.settings.maxFileBytes)
  const uploads = chat.uploads?.()
  if (uploads === undefined)
    throw new Refusal('unavailable', 'This server takes no files now. Try again, or ask an administrator.', {
      retryAfterMs: 5_000,
    })
  const { roomFileBytes: roomBytes, userFileBytes: userBytes } = chat.settings
  const draft = { room: input.room, author: caller.user.id, name: cleanFileName(input.name), size: input.size }
  const made = await insertFile(chat.db, draft, { roomBytes, userBytes }, uploadMinutes)
  if ('over' in made) throw overQuota(made.over)
  return { file: made.id, upload: `${uploads}/${made.id}` }
}

async function requireFilesAllowed(chat: Chat, room: string): Promise<void> {
  const row = await findRoom(chat.db, room)
  if (!row) throw notFound('room')
  if (!row.file_upload)
    throw new Refusal(
      'forbidden',
      'No files are put into rooms of this category. Ask an administrator to switch it on.',
    )
}

function overQuota(whose: 'room' | 'user'): Refusal {
  return whose === 'room'
    ? new Refusal('too_large', 'The room has no space left for this file. Ask a manager to have old files removed.')
    : new Refusal('too_large', 'You have no space left for this file. Ask an administrator for more.')
}

/** file.get: how far one's own upload is. */
export async function getFile(chat: Chat, caller: Caller, input: Input<'file.get'>): Promise<Result<'file.get'>> {
  await requirePerson(chat, caller)
  const file = await findFile(chat.db, input.file)
  if (file?.author !== caller.user.id) throw notFound('file')
  return { file: toInfo(file) }
}

function toInfo({ id, room, name, size, received, state, ...file }: FileRow): FileInfo {
  return {
    ...{ id, room, name, size, received, state },
    ...(file.type === null ? {} : { type: file.type }),
    ...(file.preview === null ? {} : { preview: file.preview }),
    ...(file.finding ? { finding: file.finding } : {}),
    ...(file.seq === null ? {} : { seq: file.seq }),
  }
}

/** file.post: a finished file becomes a message, by the way of all posts. Once: the row notes the client id before it. */
export async function postFile(chat: Chat, caller: Caller, input: Input<'file.post'>): Promise<Result<'file.post'>> {
  const { clientId, room, text = '' } = input
  if (text !== '') checkContent({ text }, chat.settings)
  await requireRoom(chat, caller, room, 'post')
  const file = await findFile(chat.db, input.file)
  if (file?.author !== caller.user.id || file.room !== room || file.state === 'removed') throw notFound('file')
  if (file.clientId !== clientId) {
    await requireFilesAllowed(chat, room)
    requireFinished(file)
    if (!(await claimFile(chat.db, file.id, clientId))) throw posted()
  }
  const draft = { author: caller.user, room, clientId, text, format: 'plain', alert: false, title: undefined } as const
  try {
    const answer = await chat.posts.post({ ...draft, file: toRef(file) })
    if (!answer.repeated) await noteFileEvent(chat, caller, 'uploaded', file)
    // Found again where it does not come to that.
    await noteFileSeq(chat.db, file.id).catch(error => chat.log.warn({ err: error }, 'a file waits for its place'))
    return answer
  } catch (error) {
    if (error instanceof Refusal && error.code === 'conflict') await unclaimFile(chat.db, file.id, clientId)
    throw error
  }
}

function toRef({ id, name, size, type, preview }: FileRow): FileRef {
  return { id, name, size, type: type!, ...(preview === null ? {} : { preview }) }
}

function posted(): Refusal {
  return new Refusal('conflict', 'This file is posted already. Upload it again to post it once more.')
}

function requireFinished({ state, clientId, received, size, finding }: FileRow): void {
  if (clientId !== null) throw posted()
  if (state === 'flagged')
    throw new Refusal('forbidden', `The scanner found ${finding} in this file. It is kept from everyone; remove it.`)
  if (received < size)
    throw new Refusal('conflict', `Of ${size} bytes ${received} have come. Upload the rest, then post the file.`)
  if (state !== 'ready')
    throw new Refusal('unavailable', 'The file is still being looked through. Try again.', { retryAfterMs: 1_000 })
}
