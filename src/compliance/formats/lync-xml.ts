import type { Adapter, AdapterSettings, Batch, Output } from '../adapter.ts'
import { type Conversation, type Happening, storedName } from '../happening.ts'
import { transform } from '../transform.ts'
import { writeManifest } from './manifest.ts'
import { element, xmlHead } from './xml-text.ts'

/** The XML of the original product's XmlAdapter, element by element (docs/compliance.xsd). */
export function openLyncXml(): Adapter {
  let settings: AdapterSettings
  return {
    configure(given) {
      settings = given
    },
    async translate(batch, output) {
      const { conversations } = batch
      if (conversations.length === 0) return
      if (settings.oneRoomPerFile)
        for (const one of conversations) await writeFile(settings, batch, output, [one], `${batch.id}-${one.room.id}`)
      else await writeFile(settings, batch, output, conversations, batch.id)
      if (settings.attachmentsManifest) await writeManifest(batch, output)
    },
  }
}

async function writeFile(
  settings: AdapterSettings,
  batch: Batch,
  output: Output,
  conversations: readonly Conversation[],
  name: string,
): Promise<void> {
  const xml = lyncXml(conversations, settings, batch.numberOf)
  await output.write(`${name}.xml`, settings.transformation ? await transform(xml, settings.transformation) : xml)
}

type Details = Pick<AdapterSettings, 'roomDetails' | 'userDetails'>

export function lyncXml(
  conversations: readonly Conversation[],
  details: Details,
  numberOf: (person: string) => number,
): string {
  const parts = conversations.map(({ room, happenings }) => {
    const [first, last] = [happenings[0]!, happenings.at(-1)!]
    const message = (one: Happening, name = 'Message') => messageElement(name, one, details, numberOf)
    const { uri, name, logged: islogged, category, type, privacy } = room
    return element(
      'Conversation',
      {},
      element('Channel', {
        ...{ uri, name, islogged },
        ...(details.roomDetails ? { category, type, privacy } : {}),
      }),
      message(first, 'FirstMessage'),
      element('Messages', {}, ...happenings.map(one => message(one))),
      time('StartTimeUTC', first.atMs),
      time('EndTimeUTC', last.atMs),
    )
  })
  return `${xmlHead}${element('Conversations', {}, ...parts)}\n`
}

function messageElement(
  name: string,
  { type, content, title, id, actor, atMs, file }: Happening,
  { userDetails }: Details,
  numberOf: (person: string) => number,
): string {
  const isFile = type === 'FILEUPLOAD' || type === 'FILEDOWNLOAD'
  const said = title === undefined ? content : `${title}\n${content}`
  return element(
    name,
    { type, content: isFile ? storedName(file!) : said, id },
    element('Sender', {
      ...{ UserName: actor.name, id: numberOf(actor.id), email: actor.email ?? undefined, internal: true },
      ...{ uri: `sip:${actor.name}` },
      ...(userDetails ? { displayName: actor.displayName, principal: actor.id } : {}),
    }),
    time('DateTimeUTC', atMs),
  )
}

/** Milliseconds from year 1 to 1970. */
const yearOneMs = 62_135_596_800_000n

function time(name: string, atMs: number): string {
  return element(name, {
    since1970: atMs,
    // Seven decimals: the clock there counts tenths of microseconds.
    string: new Date(atMs).toISOString().replace('Z', '0000Z'),
    long: String((BigInt(atMs) + yearOneMs) * 10_000n),
  })
}
