import type { StoredMessage, StoredRoom } from '../store/outbox.ts'
import type { Finding } from './finding.ts'
import type { Reasons } from './reasons.ts'

/** A post as the archive, or the outbox, has it. */
export type RecordedPost = {
  event: string
  at: Date
  room: string
  seq: number
  said: {
    actor: { id: string } | null
    text: string
    title: string | null
    format: string
    alert: boolean
    clientId: string
    kept: boolean
    file: { id: string } | null
  }
}

export type RoomCheck = {
  begin(room: string, stored: StoredRoom | undefined): void
  /** One number, in rising order. `beyond`: recorded, and behind the end of what the store had then; `imported`: posted elsewhere. */
  look(seq: number, stored: StoredMessage | undefined, recorded: RecordedPost[]): 'beyond' | 'imported' | undefined
  end(): void
}

/** Looks at one room after the other. A number that nobody knows is as much a finding as a message that is not recorded. */
export function openRoomCheck(reasons: Reasons, find: (finding: Finding) => void): RoomCheck {
  let room = ''
  let stored: StoredRoom | undefined
  /** The last number that was seen, and when. */
  let before = { seq: 0, atMs: 0 }
  /** When the first recorded post was: what is due where no switch of recording is known. */
  let since: number | undefined
  /** Told once a room. */
  let isHidden = false

  const tell = (what: Finding['what'], seq: number, sentence: string) => find({ what, room, seq, sentence })

  /** Numbers between two that are known: due where everything between their times was recorded. */
  function lookBetween(next: number, nextMs: number) {
    const from = (reasons.importedThrough(room, before.seq + 1) ?? before.seq) + 1
    if (from >= next || !reasons.wasRecorded(before.atMs, nextMs, since)) return
    const many = next - from
    tell(
      'missing',
      from,
      many === 1
        ? `Message ${from} is neither in the store nor in the archive.`
        : `Messages ${from} to ${next - 1} are neither in the store nor in the archive.`,
    )
  }

  function lookAtOne(seq: number, message: StoredMessage | undefined, post: RecordedPost) {
    if (!message) {
      const isGone = stored === undefined || stored.deleted ? reasons.isDeleted(room) : false
      // What is not kept is known to the store for a month only.
      if (post.said.kept && !isGone && !(seq < reasons.clearedBelow(room)))
        tell('lost', seq, `Message ${seq} is in the archive; the store has lost it, and no removal is recorded.`)
      return
    }
    const { actor, clientId } = post.said
    if ((actor && actor.id !== message.author) || clientId !== message.clientId)
      return tell('differs', seq, `Message ${seq} is by another author, or another post, in the store.`)
    if (message.place === 'repeat') {
      const isGone = seq < reasons.clearedBelow(room) || reasons.isDeleted(room)
      if (post.said.kept && !isGone)
        tell('lost', seq, `Message ${seq} is in the archive; the store has lost it, and no removal is recorded.`)
      return
    }
    if (stored && seq < stored.firstSeq && seq >= reasons.clearedBelow(room) && !isHidden) {
      isHidden = true
      tell('lost', seq, `Messages from ${seq} to ${stored.firstSeq - 1} were cleared away, and no clear is recorded.`)
    }
    if (!isSame(message, post) && !reasons.isRemoved(room, seq))
      tell(
        'differs',
        seq,
        `Message ${seq} says something else in the store, and no removal or replacement is recorded.`,
      )
  }

  return {
    begin(id, found) {
      room = id
      stored = found
      before = { seq: 0, atMs: found ? found.createdAt.getTime() : Number.NEGATIVE_INFINITY }
      since = undefined
      isHidden = false
    },
    look(seq, message, recorded) {
      const posts = [...new Map(recorded.map(post => [post.event, post])).values()]
      const [post] = posts
      const atMs = (post ?? message)!.at.getTime()
      if (post) since ??= atMs
      lookBetween(seq, atMs)
      before = { seq, atMs }
      if (posts.length > 1)
        tell(
          'doubled',
          seq,
          `Message ${seq} is recorded ${posts.length} times: ${posts.map(one => one.event).join(', ')}.`,
        )
      if (!post) {
        if (reasons.importedThrough(room, seq) !== undefined) return 'imported'
        if (reasons.wasRecorded(atMs, atMs, since))
          tell('missing', seq, `Message ${seq} was posted while recording was on, and is not in the archive.`)
        return undefined
      }
      if (!message && (stored === undefined ? !reasons.isDeleted(room) : seq > stored.lastSeq)) return 'beyond'
      lookAtOne(seq, message, post)
      return undefined
    },
    end() {
      if (stored) lookBetween(stored.lastSeq + 1, stored.lastAt.getTime())
    },
  }
}

function isSame(message: StoredMessage, { said }: RecordedPost): boolean {
  const { text, title, format, alert, file } = message
  return (
    text === said.text &&
    (title ?? null) === (said.title ?? null) &&
    format === said.format &&
    alert === said.alert &&
    (file ?? null) === (said.file?.id ?? null)
  )
}
