import { randomUUID } from 'node:crypto'
import type { ServeOptions } from '../src/cli/serve-options.ts'
import { openFolder } from '../src/files/folder.ts'
import type { FilesOptions } from '../src/files/http.ts'
import { noKeys } from '../src/files/keys.ts'
import type { Room } from '../src/protocol/room.ts'
import { makeFolder } from './folder.ts'
import { openSite, type Person, type Site } from './harness.ts'
import { patch } from './upload.ts'

export type FileSite = Site & { folder: string }

/** A server with the role files on a folder of its own, which the caller removes. */
export async function openFileSite(
  files: Partial<FilesOptions> = {},
  more: Parameters<typeof openSite>[0] = {},
): Promise<FileSite & { options: Partial<ServeOptions> }> {
  const folder = await makeFolder('pchat-files')
  const options = { files: { store: await openFolder(folder), keys: noKeys, ...files } }
  return { ...(await openSite({ ...options, ...more })), folder, options }
}

/** A room that these people read and post in, of a category that allows files unless said. */
export async function openRoomFor(
  site: Site,
  people: Person[],
  more: { fileUpload?: boolean; chatHistory?: boolean } = {},
) {
  const category = await site.addCategory({ allowedMembers: ['example.com'], fileUpload: true, ...more })
  return site.addRoom({ category: category.id, members: people.map(person => person.me.name) })
}

/** Announced and put in one PATCH; answers its id. */
export async function putFile(
  person: Person,
  room: Pick<Room, 'id'>,
  bytes: Uint8Array,
  name = 'notes.bin',
): Promise<string> {
  const { file, upload } = await person.call('file.begin', { room: room.id, name, size: bytes.length })
  const answer = await patch(person, upload, 0, bytes)
  if (answer.status !== 204) throw new Error(`${answer.status} ${await answer.text()}`)
  return file
}

export async function postFile(person: Person, room: Pick<Room, 'id'>, bytes: Uint8Array, name?: string) {
  const file = await putFile(person, room, bytes, name)
  return { file, ...(await person.call('file.post', { room: room.id, file, clientId: randomUUID() })) }
}
