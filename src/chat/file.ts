import { checkFileSize, cleanFileName } from '../domain/file.ts'
import { checkContent } from '../domain/message.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { FileInfo, FileRef } from '../protocol/file.ts'
import type { Input, Result } from '../protocol/request.ts'
import { claimFile, type FileRow, findFile, insertFile, noteFileSeq, unclaimFile } from '../store/file.ts'
import { findRoom } from '../store/room.ts'
import { requirePerson, requireRoom } from './access.ts'
import type { Caller, Chat } from './chat.ts'
import { hidden } from './file-access.ts'
import { contentHash } from './post-queue.ts'

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

/** file.get: how far one's own upload is, in a room that one may read: what became of it there is for its members. */
export async function getFile(chat: Chat, caller: Caller, input: Input<'file.get'>): Promise<Result<'file.get'>> {
  await requirePerson(chat, caller)
  const file = await findFile(chat.db, input.file)
  if (file?.author !== caller.user.id) throw notFound('file')
  await hidden(requireRoom(chat, caller, file.room, 'read'))
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

/**
 * file.post: a finished file becomes a message, by the way of all posts. Once: the row notes the client id and what is posted before
 * it. A repeat is answered as it was, whatever became of the room or the file since; only whoever lost the room hears that.
 */
export async function postFile(chat: Chat, caller: Caller, input: Input<'file.post'>): Promise<Result<'file.post'>> {
  const { clientId, room, text = '' } = input
  if (text !== '') checkContent({ text }, chat.settings)
  const disabled = await requireRoom(chat, caller, room, 'post').then(() => undefined, refusalOfState)
  const file = await findPlacedFile(chat, input.file)
  if (file?.author !== caller.user.id || file.room !== room) throw disabled ?? notFound('file')
  const draft = { author: caller.user, room, clientId, text, format: 'plain', alert: false, title: undefined } as const
  // The type is not part of the hash.
  const claim = { clientId, content: contentHash({ ...draft, file: toRef(file) }) }
  const isSame = file.clientId === clientId && file.content === claim.content
  if (isSame && file.seq !== null) return { seq: file.seq, at: file.postedAt!.toISOString(), repeated: true }
  if (disabled) throw disabled
  if (file.state === 'removed') throw notFound('file')
  await requireFilesAllowed(chat, room)
  requireFinished(file, isSame)
  if (!(await claimFile(chat.db, file.id, claim))) throw await whyUnclaimed(chat, file.id)
  try {
    const answer = await chat.posts.post({ ...draft, file: toRef(file) })
    // Found again where it does not come to that.
    await noteFileSeq(chat.db, file.id).catch(error => chat.log.warn({ err: error }, 'a file waits for its place'))
    return answer
  } catch (error) {
    if (error instanceof Refusal && error.code === 'conflict') await unclaimFile(chat.db, file.id, claim)
    throw error
  }
}

/** A disabled room refuses what is new, not what was answered before; all else is thrown. */
function refusalOfState(error: unknown): Refusal {
  if (error instanceof Refusal && error.code === 'room_disabled') return error
  throw error
}

/** The file, with its place where it was posted and nobody was left to note that. */
async function findPlacedFile(chat: Chat, id: string): Promise<FileRow | undefined> {
  const file = await findFile(chat.db, id)
  if (file?.seq !== null || file.clientId === null) return file
  await noteFileSeq(chat.db, id)
  return findFile(chat.db, id)
}

/** It was claimed, or went, since it was looked at. */
async function whyUnclaimed(chat: Chat, id: string): Promise<Refusal> {
  const file = await findFile(chat.db, id)
  return file && file.clientId !== null && file.state !== 'removed' ? posted() : notFound('file')
}

function toRef({ id, name, size, type, preview }: FileRow): FileRef {
  return { id, name, size, type: type!, ...(preview === null ? {} : { preview }) }
}

function posted(): Refusal {
  return new Refusal('conflict', 'This file is posted already. Upload it again to post it once more.')
}

function requireFinished({ state, clientId, received, size, finding }: FileRow, isSame: boolean): void {
  if (clientId !== null && !isSame) throw posted()
  if (state === 'flagged')
    throw new Refusal('forbidden', `The scanner found ${finding} in this file. It is kept from everyone; remove it.`)
  if (received < size)
    throw new Refusal('conflict', `Of ${size} bytes ${received} have come. Upload the rest, then post the file.`)
  if (state !== 'ready')
    throw new Refusal('unavailable', 'The file is still being looked through. Try again.', { retryAfterMs: 1_000 })
}
