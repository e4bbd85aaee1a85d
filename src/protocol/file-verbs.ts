import Type from 'typebox'
import { FileInfo, FileUsage, ListedFile } from './file.ts'
import { ClientId, RoomId, Seq, Uuid } from './ids.ts'
import { Flag, Limit, optional, Refs, Text, verb } from './verb.ts'

/** Files into and out of rooms. */
export const fileVerbs = {
  'file.begin': verb(
    'Announce a file for a room; its bytes follow by tus 1.0',
    { room: RoomId, name: Text(), size: Type.Integer({ minimum: 0, maximum: 2 ** 40 }) },
    { file: Uuid, upload: Text({ description: 'address that speaks tus 1.0, under the same authorisation' }) },
  ),
  'file.get': verb('State of a file that the caller has uploaded', { file: Uuid }, { file: FileInfo }),
  'file.post': verb(
    'Post an uploaded file into the room that it was announced for',
    { room: RoomId, file: Uuid, clientId: ClientId, text: optional(Text()) },
    { seq: Seq, at: Text(), repeated: Flag() },
  ),
  'file.list': verb(
    'Files of a room, newest first; what they take is told to managers',
    {
      room: RoomId,
      text: optional(Text({ description: 'part of the name' })),
      type: optional(Text({ description: 'media type, or the first part of one, such as image/' })),
      authors: optional(Refs),
      limit: optional(Limit),
      after: optional(Text()),
    },
    { files: Type.Array(ListedFile), usage: optional(FileUsage), next: optional(Text()) },
  ),
} as const
