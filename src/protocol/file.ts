import Type, { type Static } from 'typebox'
import { RoomId, Seq, Uuid } from './ids.ts'
import { Principal } from './principal.ts'

/** `removed`: its bytes are gone. */
export const FileState = Type.Union([
  Type.Literal('uploading'),
  Type.Literal('scanning'),
  Type.Literal('ready'),
  Type.Literal('flagged'),
  Type.Literal('removed'),
])
export type FileState = Static<typeof FileState>

/** Pixels of the small picture at /files/<id>/preview. */
export const Preview = Type.Object({ width: Type.Integer(), height: Type.Integer() })
export type Preview = Static<typeof Preview>

/** What a message says of the file that it brings; GET /files/<id> has the bytes. */
export const FileRef = Type.Object({
  id: Uuid,
  name: Type.String(),
  size: Type.Integer(),
  type: Type.String({ description: 'media type, found by content' }),
  preview: Type.Optional(Preview),
})
export type FileRef = Static<typeof FileRef>

/** A file as its uploader sees it, before and after it is posted. */
export const FileInfo = Type.Object({
  id: Uuid,
  room: RoomId,
  name: Type.String(),
  size: Type.Integer(),
  received: Type.Integer({ description: 'bytes that are on disk' }),
  state: FileState,
  type: Type.Optional(Type.String()),
  preview: Type.Optional(Preview),
  finding: Type.Optional(Type.String({ description: 'what the scanner found in a flagged file' })),
  seq: Type.Optional(Seq),
})
export type FileInfo = Static<typeof FileInfo>

/** A file of a room's list, with the message that brought it. */
export const ListedFile = Type.Object({ ...FileRef.properties, seq: Seq, at: Type.String(), author: Principal })
export type ListedFile = Static<typeof ListedFile>

export const FileUsage = Type.Object({
  files: Type.Integer(),
  bytes: Type.Integer(),
  maxBytes: Type.Integer({ description: '0: no limit' }),
})
export type FileUsage = Static<typeof FileUsage>
