import { uuidOf } from '../world.ts'

/**
 * The capacity model of the original (F2.1, F2.4) at any scale: users, rooms, who is in which room and who else may read it,
 * all by arithmetic, so that every process knows it without asking.
 */
export type RoomKind = 'small' | 'medium' | 'large'
export const roomKinds: readonly RoomKind[] = ['small', 'medium', 'large']

export type ModelOptions = { scale: number; endpoints: number; seed: number }

export type Model = {
  users: number
  sessions: number
  rooms: number
  roomsOfKind: Record<RoomKind, number>
  kindOf(room: number): RoomKind
  /** The first room of a kind; the others of it follow. */
  firstRoom(kind: RoomKind): number
  /** Each is followed by its users and heard by their sessions. */
  roomsOf(user: number): number[]
  userOf(session: number): number
  /** Users in the room, each once. */
  membersOf(room: number): number[]
  /** Both stand at the end of the list of members. */
  managersOf(room: number): number[]
  presentersOf(room: number): number[]
  isAuditorium(room: number): boolean
  isOpen(room: number): boolean
  /** Stands in the category behind the wall, which rivals are denied. */
  isSecret(room: number): boolean
  isRival(user: number): boolean
  isIn(user: number, room: number): boolean
  /** In it, or free to come in: everybody where the room is open. */
  mayRead(user: number, room: number): boolean
  mayPost(user: number, room: number): boolean
  /** Whose list of members has groups and no users. */
  isByGroups(room: number): boolean
  /** Empty where its list has users, or where it needs none. */
  groupsOf(room: number): { group: number; members: number[] }[]
}

/** F2.1: rooms of a user, connected users of a room; a large one has a fifth of all users. */
const perUser: Record<RoomKind, number> = { large: 2, small: 12, medium: 2 }
const users80k = 80_000
const largeShare = 5
/** F2.4: groups in a list of members, managers, presenters. */
const groupCount: Record<RoomKind, number> = { small: 3, medium: 5, large: 10 }
const managerCount = 6
const presenterCount: Record<RoomKind, number> = { small: 6, medium: 6, large: 10 }
const rivalEvery = 40
const rivalPlace = 13
/** The smallest that has all kinds of rooms in the sizes of the model, but for the large ones. */
export const leastUsers = 600
const primes = [7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103]

/** A kind's rooms stand in a row of slots: place `n` of round `k` is user `n / stride` (modulo), so that rounds mix people anew. */
type Row = { first: number; size: number; rooms: number; strides: number[]; inverses: number[] }

export function usersAt(scale: number): number {
  // Divides into five large rooms a round.
  return Math.round((users80k * scale) / 10) * 10
}

export function openModel({ scale, endpoints, seed }: ModelOptions): Model {
  const users = usersAt(scale)
  const rows = openRows(users, seed)
  const sessions = Math.floor(users * endpoints)
  const rooms = rows.medium.first + rows.medium.rooms

  const kindOf = (room: number): RoomKind =>
    room < rows.small.first ? 'large' : room < rows.medium.first ? 'small' : 'medium'
  /** Where the room stands among those of its kind, turned by the seed: shares of a hundred are read off it. */
  const turnOf = (room: number) => (room - rows[kindOf(room)].first + seed * 37) % 100
  const isLargeTurn = (room: number, share: (turn: number) => boolean) =>
    kindOf(room) === 'large' && share((room + seed) % 10)
  const isAuditorium = (room: number) => isLargeTurn(room, turn => turn % 2 === 0) || isTurn(room, [50])
  const isOpen = (room: number) => isLargeTurn(room, turn => turn < 5) || isTurn(room, [10, 43, 76])
  const isSecret = (room: number) => isTurn(room, [20, 21])
  const isTurn = (room: number, turns: number[]) => kindOf(room) !== 'large' && turns.includes(turnOf(room))
  const isRival = (user: number) => user % rivalEvery === rivalPlace
  const shutsOut = (user: number, room: number) => isRival(user) && isSecret(room)

  function roomsOf(user: number): number[] {
    const found = new Set<number>()
    for (const kind of roomKinds)
      for (const [k, stride] of rows[kind].strides.entries()) {
        const slot = k * users + ((user * stride) % users)
        const room = rows[kind].first + Math.floor(slot / rows[kind].size)
        if (!shutsOut(user, room)) found.add(room)
      }
    return [...found]
  }

  function userAt({ inverses }: Row, slot: number): number {
    return ((slot % users) * inverses[Math.floor(slot / users)]!) % users
  }

  function slotsOf(room: number): { row: Row; from: number; to: number } {
    const row = rows[kindOf(room)]
    const from = (room - row.first) * row.size
    return { row, from, to: Math.min(from + row.size, row.strides.length * users) }
  }

  /** A part of the list of members, those behind the wall left out; a room between two rounds may have one twice. */
  function usersBetween(room: number, from: number, to: number): number[] {
    const { row } = slotsOf(room)
    const found = new Set<number>()
    for (let slot = from; slot < to; slot += 1) found.add(userAt(row, slot))
    return [...found].filter(user => !shutsOut(user, room))
  }

  function membersOf(room: number): number[] {
    const { from, to } = slotsOf(room)
    return usersBetween(room, from, to)
  }

  function lastMembers(room: number, count: number): number[] {
    const { from, to } = slotsOf(room)
    // More than wanted: some may be shut out, or stand there twice.
    return usersBetween(room, Math.max(from, to - 2 * count), to).slice(-count)
  }

  const presentersOf = (room: number) => (isAuditorium(room) ? lastMembers(room, presenterCount[kindOf(room)]) : [])
  const isIn = (user: number, room: number) => roomsOf(user).includes(room)

  /** Half of the small rooms, nine tenths of the medium ones, all large ones (F2.4). */
  function isByGroups(room: number): boolean {
    if (isOpen(room)) return false
    const kind = kindOf(room)
    if (kind === 'large') return true
    return kind === 'small' ? turnOf(room) % 2 === 1 : turnOf(room) % 10 !== 5
  }

  function groupsOf(room: number): { group: number; members: number[] }[] {
    if (!isByGroups(room)) return []
    const { row, from, to } = slotsOf(room)
    const count = groupCount[kindOf(room)]
    return Array.from({ length: count }, (_, part) => {
      const place = (share: number) => from + Math.floor(((to - from) * share) / count)
      const members = new Set<number>()
      for (let slot = place(part); slot < place(part + 1); slot += 1) members.add(userAt(row, slot))
      // Groups are of the directory, which knows nothing of walls: rivals among their members are denied by the category.
      return { group: room * groupCount.large + part, members: [...members] }
    })
  }

  return {
    ...{ users, sessions, rooms, kindOf, roomsOf, membersOf, presentersOf, isAuditorium, isOpen, isSecret, isRival },
    ...{ isIn, isByGroups, groupsOf },
    roomsOfKind: { small: rows.small.rooms, medium: rows.medium.rooms, large: rows.large.rooms },
    firstRoom: kind => rows[kind].first,
    userOf: session => (session < users ? session : Math.floor(((session - users) * users) / (sessions - users))),
    managersOf: room => lastMembers(room, managerCount),
    mayRead: (user, room) => isOpen(room) || isIn(user, room),
    mayPost: (user, room) => isIn(user, room) && (!isAuditorium(room) || presentersOf(room).includes(user)),
  }
}

/** Numbers of rooms: large ones first, then small ones, then medium ones. */
function openRows(users: number, seed: number): Record<RoomKind, Row> {
  const usable = primes.filter(prime => users % prime !== 0)
  let used = seed
  let first = 0
  const row = (kind: RoomKind, size: number): Row => {
    const strides = Array.from({ length: perUser[kind] }, () => usable[used++ % usable.length]!)
    const rooms = Math.ceil((perUser[kind] * users) / size)
    const made = { first, size, rooms, strides, inverses: strides.map(stride => inverseOf(stride, users)) }
    first += rooms
    return made
  }
  const large = row('large', users / largeShare)
  const small = row('small', 30)
  return { large, small, medium: row('medium', 150) }
}

/** What undoes multiplying by `stride` modulo `users`: Euclid's algorithm. */
function inverseOf(stride: number, users: number): number {
  let [a, b, x, y] = [stride, users, 1, 0]
  while (b !== 0) {
    const times = Math.floor(a / b)
    ;[a, b, x, y] = [b, a - times * b, y, x - times * y]
  }
  return ((x % users) + users) % users
}

export const userId = (user: number) => uuidOf('user', user)
export const roomId = (room: number) => uuidOf('room', room)
export const groupId = (group: number) => uuidOf('group', group)
export const userName = (user: number) => `user${user}@example.com`
/** Each session has a sign-in of its own. */
export const sessionToken = (session: number) => `load-token-${session}`
/** Everybody's. */
export const userPassword = 'load load load'
