import { isManager, mayRead } from '../domain/access.ts'
import type { Stamp } from '../domain/stamp.ts'
import { eventFrame } from '../pool/frame.ts'
import type { ClosedReason } from '../protocol/event.ts'
import { readAccess, readVersions, type Versions } from '../store/access.ts'
import { fullAdministratorsAmong } from '../store/administration.ts'
import { lastSeqs } from '../store/change.ts'
import { changedSince, readRange } from '../store/message.ts'
import { findRoom, findRooms, type RoomRow, toRoom } from '../store/room.ts'
import { followedAmong, followersAmong } from '../store/room-user.ts'
import { readScopeHearing } from '../store/scope-hearing.ts'
import { affectedUsers, directoryChangesSince } from '../store/stamp.ts'
import type { Chat, Shown } from './chat.ts'

/** Who of some users may hear a room, and under which stamp that was decided. */
export type Hearing = {
  stamp: Stamp | undefined
  readers: Set<string>
  reason: ClosedReason
  category: string | undefined
}

export async function decideHearing(chat: Chat, room: string, users: string[]): Promise<Hearing> {
  const found = await readAccess(
    chat.db,
    users.map(user => ({ user, room })),
    chat.site,
  )
  const readers = new Set<string>()
  let any: { stamp: Stamp; category: string; disabled: boolean } | undefined
  for (const access of found.values()) {
    any = { stamp: access.stamp, category: access.category, disabled: access.facts.disabled }
    if (!access.facts.disabled && mayRead(access.person, access.scope, access.facts)) readers.add(access.user)
  }
  return {
    stamp: any?.stamp,
    readers,
    category: any?.category,
    reason: any ? (any.disabled ? 'disabled' : 'removed') : 'deleted',
  }
}

/** Where a room stands now, for a hub that was told that something changed. */
export async function readRoomVersions(chat: Chat, room: string): Promise<Versions | undefined> {
  return (await readVersions(chat.db, [room])).get(room)
}

/** For a hub that was told that a category changed: those of the rooms that are in it, and those of the users who are out of scope. */
export function readScopeNews(chat: Chat, category: string, rooms: string[], users: string[]) {
  return readScopeHearing(chat.db, category, rooms, users)
}

/** Where the room ends in the store; 0 where it is gone. */
export async function readLastSeq(chat: Chat, room: string): Promise<number> {
  return (await lastSeqs(chat.db, [room])).get(room) ?? 0
}

export type Piece = { fromSeq: number; throughSeq: number; frame: Buffer; messages: number }

/**
 * A range of a room as frames without a hole: messages, and history.changed for what is no longer there to deliver (removed,
 * cleared, or of a category without history and older than a minute).
 */
export async function readPieces(chat: Chat, room: string, fromSeq: number, throughSeq: number): Promise<Piece[]> {
  const [messages, row] = await Promise.all([readRange(chat.db, room, fromSeq, throughSeq), findRoom(chat.db, room)])
  const pieces: Piece[] = []
  const gone = (from: number, through: number) => {
    if (from > through) return
    const frame = eventFrame({
      event: 'history.changed',
      room,
      fromSeq: from,
      throughSeq: through,
      firstSeq: row?.first_seq ?? 1,
      revision: row?.revision ?? 0,
    })
    pieces.push({ fromSeq: from, throughSeq: through, frame, messages: 0 })
  }
  let next = fromSeq
  for (const message of messages) {
    gone(next, message.seq - 1)
    pieces.push({
      fromSeq: message.seq,
      throughSeq: message.seq,
      frame: eventFrame({ event: 'message.posted', room, message }),
      messages: 1,
    })
    next = message.seq + 1
  }
  gone(next, throughSeq)
  return pieces
}

const maxRemovedEvents = 20

/** Frames that tell of removals since a revision, for a hub that missed them; with the revision that they lead to. */
export async function readRemovals(
  chat: Chat,
  room: string,
  revision: number,
): Promise<{ revision: number; frames: Buffer[] }> {
  const row = await findRoom(chat.db, room)
  if (!row || row.revision <= revision) return { revision, frames: [] }
  const changed = await changedSince(chat.db, room, revision, row.first_seq, maxRemovedEvents)
  const range = { event: 'history.changed', room, firstSeq: row.first_seq, revision: row.revision } as const
  // A clear leaves no rows behind: the range below firstSeq says it.
  const cleared = row.first_seq > 1 ? [eventFrame({ ...range, fromSeq: 1, throughSeq: row.first_seq - 1 })] : []
  if (changed.length > maxRemovedEvents)
    return { revision: row.revision, frames: [eventFrame({ ...range, fromSeq: 1, throughSeq: row.last_seq })] }
  return {
    revision: row.revision,
    frames: [
      ...cleared,
      ...changed.map(one => eventFrame({ event: 'message.removed', room, revision: row.revision, ...one })),
    ],
  }
}

/** Rooms that somebody is let in again to by no change of the room: who follows it and may read it, and room.opened as it stands now. */
export async function readBack(
  chat: Chat,
  pairs: { user: string; room: string }[],
): Promise<{ room: string; users: string[]; frame: Buffer }[]> {
  const followed = await followedAmong(chat.db, pairs)
  if (followed.length === 0) return []
  const users = new Map<string, string[]>()
  for (const { user, room, person, scope, facts } of (await readAccess(chat.db, followed, chat.site)).values())
    if (!facts.disabled && mayRead(person, scope, facts)) users.set(room, [...(users.get(room) ?? []), user])
  return (await findRooms(chat.db, [...users.keys()])).map(row => ({
    room: row.id,
    users: users.get(row.id)!,
    frame: eventFrame({ event: 'room.opened', room: toRoom(row, chat.settings.domain, true) }),
  }))
}

/** room.changed as it stands now, for hubs that missed it or were told of a category's change. */
export async function readRoomChanged(chat: Chat, room: string): Promise<{ frame: Buffer; shown: Shown } | undefined> {
  const row = await findRoom(chat.db, room)
  return row && changedFrame(chat, row)
}

export function changedFrame(chat: Chat, row: RoomRow): { frame: Buffer; shown: Shown } {
  return {
    frame: eventFrame({ event: 'room.changed', room: toRoom(row, chat.settings.domain, true) }),
    shown: { room: row.version, category: row.category_version },
  }
}

/**
 * Local users whose rights a directory change may have touched since a version, and the version that this leads to. `users` is
 * asked after the change was read: who comes later was decided under it.
 */
export async function readDirectoryChange(
  chat: Chat,
  since: number,
  users: () => string[],
): Promise<{ version: number; affected: string[] }> {
  const { version, principals } = await directoryChangesSince(chat.db, since)
  return { version, affected: version > since ? await affectedUsers(chat.db, principals, users()) : [] }
}

/** Of local users, those for whom `principals` stand (all where absent), who may read the room; with `followers`, who follow it. */
export async function concernedUsers(
  chat: Chat,
  room: string,
  users: string[],
  principals: string[] | undefined,
  followers: boolean,
): Promise<string[]> {
  const meant = principals ? await affectedUsers(chat.db, principals, users) : users
  const some = followers ? await followersAmong(chat.db, room, meant) : meant
  if (some.length === 0) return []
  const { readers } = await decideHearing(chat, room, some)
  return [...readers]
}

/** Of local users, those who are told that somebody reads the room without being a member: its managers, and full administrators. */
export async function glassWitnesses(chat: Chat, room: string, users: string[]): Promise<string[]> {
  const [full, found] = await Promise.all([
    fullAdministratorsAmong(chat.db, users),
    readAccess(
      chat.db,
      users.map(user => ({ user, room })),
      chat.site,
    ),
  ])
  const managers = [...found.values()].filter(
    ({ person, scope, facts }) => person.enabled && !person.disabled && isManager(scope, facts),
  )
  return [...new Set([...full, ...managers.map(access => access.user)])]
}
