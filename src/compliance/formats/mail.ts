import { createHash } from 'node:crypto'
import type { Adapter, AdapterSettings, Batch, Output, ReadFile } from '../adapter.ts'
import { type Conversation, type Happening, storedName } from '../happening.ts'
import { writeManifest } from './manifest.ts'

/** Bytes of attachments in one mail, before they are coded; what is more goes into further parts, and is never left out. */
const defaultPartBytes = 20 * 1024 * 1024

/**
 * Mails (.eml) in the style that Global Relay takes: one a room and batch, as many parts as its attachments need. The same batch
 * has the same Message-IDs, so that a repeat is seen as one.
 */
export function openMail(): Adapter {
  let settings: AdapterSettings
  return {
    configure(given) {
      settings = given
      if (given.custom.from !== undefined && !isAddress(given.custom.from))
        throw new Error('custom.from is no mail address, such as chat@example.com.')
      partBytes(given)
    },
    async translate(batch, output, readFile) {
      for (const one of batch.conversations) await writeMails(one, batch, settings, output, readFile)
      if (settings.attachmentsManifest && batch.conversations.length > 0) await writeManifest(batch, output)
    },
  }
}

function partBytes({ custom }: AdapterSettings): number {
  const mib = Number(custom.partMib ?? defaultPartBytes / 1024 / 1024)
  if (!(mib >= 1 && mib <= 250)) throw new Error('custom.partMib is a number from 1 to 250.')
  return mib * 1024 * 1024
}

function isAddress(text: string): boolean {
  return /^[^\s@<>",;]+@[^\s@<>",;]+$/.test(text)
}

type Piece = { name: string; file: { id: string }; from: number; bytes: number }

async function writeMails(
  conversation: Conversation,
  batch: Batch,
  settings: AdapterSettings,
  output: Output,
  readFile: ReadFile,
): Promise<void> {
  const parts = splitFiles(conversation, partBytes(settings))
  for (const [index, pieces] of parts.entries()) {
    const name = `${batch.id}-${conversation.room.id}${parts.length > 1 ? `-${index + 1}` : ''}.eml`
    await output.write(name, mail(conversation, batch, settings, { index, count: parts.length, pieces }, readFile))
  }
}

/** A file that is larger than a part is cut; the pieces say so in their names. */
function splitFiles({ happenings }: Conversation, most: number): Piece[][] {
  const files = new Map(
    happenings.flatMap(({ type, file }) => (type === 'FILEUPLOAD' && file ? [[file.id, file] as const] : [])),
  )
  const parts: Piece[][] = [[]]
  let left = most
  for (const file of files.values()) {
    const count = Math.max(1, Math.ceil(file.size / most))
    for (let nth = 0; nth < count; nth += 1) {
      const from = nth * most
      const bytes = Math.min(most, file.size - from)
      if (bytes > left) {
        parts.push([])
        left = most
      }
      const name = count === 1 ? storedName(file) : `${storedName(file)}.part${nth + 1}of${count}`
      parts.at(-1)!.push({ name, file, from, bytes })
      left -= bytes
    }
  }
  return parts
}

type Part = { index: number; count: number; pieces: Piece[] }

async function* mail(
  conversation: Conversation,
  batch: Batch,
  settings: AdapterSettings,
  { index, count, pieces }: Part,
  readFile: ReadFile,
): AsyncGenerator<string> {
  const { room, happenings } = conversation
  const domain = room.uri.split('/')[2] || 'localhost'
  const boundary = `=_${createHash('sha256').update(`${batch.id} ${room.id} ${index}`).digest('hex').slice(0, 40)}`
  const people = [...new Map(happenings.map(({ actor }) => [actor.id, actor])).values()]
  const addresses = people.map(({ email, name, displayName }) => mailbox(displayName, email ?? name))
  const subject = `Persistent Chat: ${room.name}${count > 1 ? ` (part ${index + 1} of ${count})` : ''}`
  yield [
    `From: ${settings.custom.from ?? addresses[0]}`,
    // A header line is at most 998 bytes long.
    `To: ${addresses.join(',\r\n ')}`,
    `Subject: ${encodedWords(subject)}`,
    `Date: ${new Date(happenings.at(-1)!.atMs).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${batch.id}.${room.id}.${index + 1}@${domain}>`,
    'MIME-Version: 1.0',
    'Auto-Submitted: auto-generated',
    'Precedence: bulk',
    'X-GlobalRelay-MsgType: PersistentChat',
    `X-PersistentChat-RoomName: ${encodedWords(room.name)}`,
    `X-PersistentChat-RoomID: ${room.id}`,
    `X-PersistentChat-Batch: ${batch.id}`,
    `X-PersistentChat-Part: ${index + 1}/${count}`,
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    '',
    '',
  ].join('\r\n')
  yield textPart(boundary, index === 0 ? transcript(conversation) : `Further files of part 1 of ${count}.\n`)
  for (const piece of pieces) {
    yield [
      `--${boundary}`,
      'Content-Type: application/octet-stream',
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: attachment; filename="${piece.name.replaceAll(/[^\w.-]/g, '_')}"`,
      '',
      '',
    ].join('\r\n')
    yield* base64Lines(cut(readFile(piece.file.id), piece))
  }
  yield `--${boundary}--\r\n`
}

function textPart(boundary: string, text: string): string {
  const lines = Buffer.from(text).toString('base64').replaceAll(/.{76}/g, '$&\r\n')
  const head = ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: base64', '']
  return `${[`--${boundary}`, ...head, lines].join('\r\n')}\r\n`
}

const verbs = { JOIN: 'enters', PART: 'leaves', BACKCHAT: 'reads', FILEUPLOAD: 'uploads', FILEDOWNLOAD: 'downloads' }

function transcript({ room, happenings }: Conversation): string {
  const lines = happenings.map(
    one => `${new Date(one.atMs).toISOString()} ${one.actor.displayName} <${one.actor.name}> ${sentence(one)}`,
  )
  return `${[`Room: ${room.name}`, `Address: ${room.uri}`, '', ...lines].join('\n')}\n`
}

function sentence({ type, id, title, content, alert, file }: Happening): string {
  if (type === 'CHAT')
    return `[${id}]${alert ? ' (high importance)' : ''}: ${title === undefined ? '' : `${title}\n`}${content}`
  if (file)
    return `${verbs[type]} ${file.name} (${storedName(file)}, ${file.size} bytes${file.sha256 ? `, SHA-256 ${file.sha256}` : ''})`
  return `${verbs[type]}${content === '' ? '' : ` ${content}`}`
}

async function* cut(bytes: AsyncIterable<Uint8Array>, { from, bytes: length }: Piece): AsyncGenerator<Uint8Array> {
  let at = 0
  for await (const chunk of bytes) {
    const [begin, end] = [Math.max(0, from - at), Math.min(chunk.length, from + length - at)]
    if (end > begin) yield chunk.subarray(begin, end)
    at += chunk.length
    if (at >= from + length) break
  }
  if (at < from + length) throw new Error(`A file ends after ${at} bytes, before byte ${from + length}.`)
}

const lineBytes = 57

async function* base64Lines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = Buffer.alloc(0)
  for await (const chunk of bytes) {
    const all = Buffer.concat([rest, chunk])
    const whole = all.length - (all.length % lineBytes)
    if (whole > 0) yield all.subarray(0, whole).toString('base64').replaceAll(/.{76}/g, '$&\r\n')
    rest = all.subarray(whole)
  }
  yield `${rest.toString('base64')}\r\n`
}

function mailbox(name: string, address: string): string {
  return isAddress(address)
    ? `${encodedWords(name)} <${address}>`
    : `${encodedWords(`${name} ${address}`)} <unknown@invalid>`
}

/** RFC 2047 where it is not plain letters and digits: in pieces of whole characters, each at most 75 bytes long. */
function encodedWords(text: string): string {
  if (/^[\w .-]{1,60}$/.test(text)) return text
  const words: string[] = []
  let word = ''
  for (const character of text.toWellFormed()) {
    if (Buffer.byteLength(word + character) > 45) {
      words.push(word)
      word = ''
    }
    word += character
  }
  return [...words, word].map(one => `=?utf-8?B?${Buffer.from(one).toString('base64')}?=`).join('\r\n ')
}
