import type { Actor, RecordedRoom } from '../store/outbox.ts'
import type { Entry } from './entry.ts'

/** The six that the original product knew. What else stands in the archive has no place in its formats. */
export type HappeningType = 'JOIN' | 'PART' | 'CHAT' | 'BACKCHAT' | 'FILEUPLOAD' | 'FILEDOWNLOAD'

export type RecordedFile = { id: string; name: string; size: number; type: string; sha256?: string }

/** One thing that happened in one room: an entry that names several rooms is several of these. */
export type Happening = {
  /** Of the entry in the archive. */
  seq: number
  type: HappeningType
  atMs: number
  room: RecordedRoom
  actor: Actor
  /** Number of the message in its room; 0 for all but CHAT. */
  id: number
  /** Text of a message, what was read, or a file's name. */
  content: string
  title?: string
  alert?: boolean
  file?: RecordedFile
}

/** `<guid>.<ext>`, as the file stands in an archive of attachments. */
export function storedName({ id, name }: { id: string; name: string }): string {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? `${id}${name.slice(dot)}` : id
}

type Reading = { from: number; through: number; count: number }
type VisitedRoom = RecordedRoom & { read?: Reading }

export function happeningsOf(entry: Entry): Happening[] {
  const { data } = entry
  const actor = data.actor as Actor | undefined
  if (!actor) return []
  const made = (type: HappeningType, room: RecordedRoom, more: Partial<Happening> = {}): Happening => ({
    ...{ seq: entry.seq, type, atMs: Date.parse(entry.at), room, actor, id: 0, content: '' },
    ...more,
  })
  const room = data.room as RecordedRoom
  const rooms = (data.rooms ?? []) as VisitedRoom[]
  switch (entry.kind) {
    case 'chat':
      return saidOf(entry, (type, more) => made(type, room, more))
    case 'join':
      return rooms.flatMap(one => [made('JOIN', one), ...(one.read ? [made('BACKCHAT', one, readOf(one.read))] : [])])
    case 'part':
      return rooms.map(one => made('PART', one))
    case 'read':
      return [made('BACKCHAT', room, readOf(data as unknown as Reading))]
    case 'search':
      return rooms.map(one => made('BACKCHAT', one, { content: searchText(data, one) }))
    case 'download': {
      const file = data.file as RecordedFile
      return [made('FILEDOWNLOAD', room, { file, content: file.name })]
    }
    default:
      return []
  }
}

/** A message, and the file that came with it; a file without words is an upload alone. */
function saidOf(
  { position, data }: Entry,
  made: (type: HappeningType, more: Partial<Happening>) => Happening,
): Happening[] {
  const { text, title, alert, file } = data as {
    text: string
    title: string | null
    alert: boolean
    file: RecordedFile | null
  }
  const said = { id: position!, content: text, ...(title ? { title } : {}), ...(alert ? { alert } : {}) }
  return [
    ...(file ? [made('FILEUPLOAD', { file, content: file.name })] : []),
    ...(!file || text !== '' ? [made('CHAT', said)] : []),
  ]
}

function readOf({ from, through, count }: Reading): Partial<Happening> {
  return { content: count === 0 ? 'no messages' : `messages ${from} to ${through} (${count})` }
}

function searchText(data: Record<string, unknown>, { read }: VisitedRoom): string {
  const words = typeof data.text === 'string' ? ` for "${data.text}"` : ''
  return `search${words}: ${read ? readOf(read).content : 'nothing found'}`
}

export type Conversation = { room: RecordedRoom; happenings: Happening[] }

/** By room, as the room was called last, in the order of first happening; within a room in the order of the archive. */
export function conversationsOf(happenings: readonly Happening[]): Conversation[] {
  const found = new Map<string, Conversation>()
  for (const one of happenings) {
    const known = found.get(one.room.id)
    if (known) {
      known.happenings.push(one)
      known.room = one.room
    } else found.set(one.room.id, { room: one.room, happenings: [one] })
  }
  return [...found.values()]
}
