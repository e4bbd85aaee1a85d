import type { Adapter, AdapterSettings, Batch, Output, ReadFile } from '../adapter.ts'
import { type Conversation, type Happening, storedName } from '../happening.ts'
import { transform } from '../transform.ts'
import { writeManifest } from './manifest.ts'
import { element, xmlHead, xmlText } from './xml-text.ts'

/**
 * XML in the style that Actiance (Smarsh) takes. Who is there is told as it changes, never all members again with each batch;
 * what the format has no element for (reading, searching) is left to the other formats.
 */
export function openActiance(): Adapter {
  let settings: AdapterSettings
  return {
    configure(given) {
      settings = given
    },
    async translate(batch, output, readFile) {
      const { conversations } = batch
      if (conversations.length === 0) return
      await writeFiles(batch, output, readFile)
      const groups = settings.oneRoomPerFile
        ? conversations.map(one => ({ name: `${batch.id}-${one.room.id}`, group: [one] }))
        : [{ name: batch.id, group: conversations }]
      for (const { name, group } of groups) {
        const xml = actianceXml(group)
        await output.write(`${name}.xml`, settings.transformation ? await transform(xml, settings.transformation) : xml)
      }
      if (settings.attachmentsManifest) await writeManifest(batch, output)
    },
  }
}

/** What was uploaded stands beside the XML, under the name that the XML gives it. One that cannot be had fails the batch. */
async function writeFiles({ conversations }: Batch, output: Output, readFile: ReadFile): Promise<void> {
  const files = conversations.flatMap(({ happenings }) =>
    happenings.flatMap(({ type, file }) => (type === 'FILEUPLOAD' && file ? [file] : [])),
  )
  const byId = new Map(files.map(file => [file.id, file]))
  for (const file of byId.values()) await output.write(storedName(file), readFile(file.id))
}

export function actianceXml(conversations: readonly Conversation[]): string {
  const parts = conversations.map(({ room, happenings }) =>
    element(
      'Conversation',
      { Perspective: room.name },
      element('RoomID', {}, `${room.privacy} - ${room.id}`),
      element('StartTimeUTC', {}, String(happenings[0]!.atMs)),
      ...happenings.map(happeningElement),
      element('EndTimeUTC', {}, String(happenings.at(-1)!.atMs)),
    ),
  )
  return `${xmlHead}${element('FileDump', {}, ...parts)}\n`
}

function happeningElement({ type, actor, atMs, room, id, title, content, file }: Happening): string {
  const said = (name: string, value: string) => element(name, {}, xmlText(value))
  const who = [said('LoginName', actor.name), said('UserType', 'user')]
  const when = element('DateTimeUTC', {}, String(atMs))
  const mail = said('CorporateEmailID', actor.email ?? '')
  switch (type) {
    case 'JOIN':
      return element('ParticipantEntered', {}, ...who, when, mail)
    case 'PART':
      return element('ParticipantLeft', {}, ...who, when, mail)
    case 'CHAT':
      return element(
        'Message',
        {},
        said('MessageId', `${room.id}-${id}`),
        ...who,
        when,
        said('Content', title === undefined ? content : `${title}\n${content}`),
      )
    case 'FILEUPLOAD': {
      const transfer = [
        said('LoginName', actor.name),
        when,
        said('UserFileName', file!.name),
        said('FileName', storedName(file!)),
      ]
      return `${element('FileTransferStarted', {}, ...transfer)}${element('FileTransferEnded', {}, ...transfer, said('Status', 'Completed'))}`
    }
    case 'FILEDOWNLOAD':
    case 'BACKCHAT':
      return ''
  }
}
