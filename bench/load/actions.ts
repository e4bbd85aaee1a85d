import { isPassing, type PchatError } from '../../src/client/error.ts'
import { sleep } from '../../src/client/wait.ts'
import type { Input, Verb } from '../../src/protocol/request.ts'
import type { Chance } from './chance.ts'
import type { Hearing } from './hearing.ts'
import { describeRefusal, type Lines } from './lines.ts'
import type { Model, RoomKind } from './model.ts'
import { words } from './post-text.ts'
import type { Posting } from './posting.ts'
import type { Presence } from './presence.ts'
import { HISTORY } from './provision.ts'
import type { RoomTable } from './room-table.ts'
import type { Timings } from './timings.ts'

export type ActionOptions = {
  /** Of this process. */
  sessions: number
  model: Model
  chance: Chance
  lines: Lines
  presence: Presence
  hearing: Hearing
  posting: Posting
  timings: Timings
  rooms: RoomTable
  userOf(session: number): number
  /** Those of this process. */
  sessionsOfUser(user: number): number[]
  fault(text: string): void
}

const historyOnJoin = 30
const visitMs = 15_000
const tries = 40

/** What people do, each with one session of this process that is in. An action that finds nobody to do it does nothing. */
export type Actions = ReturnType<typeof openActions>

export function openActions(options: ActionOptions) {
  const { model, chance, lines, presence, hearing, posting, timings, rooms } = options
  const all = Array.from({ length: model.rooms }, (_, room) => room)
  const open = all.filter(model.isOpen)
  const secret = all.filter(model.isSecret)
  const presenters = openPresenters(options, all.filter(model.isAuditorium))
  let asked = 0
  let told = 0

  function anyone(): number | undefined {
    for (let count = 0; count < tries; count += 1) {
      const session = chance.below(options.sessions)
      if (presence.isIn(session)) return session
    }
    return undefined
  }

  const isHeard = (session: number) => (room: number) => !hearing.isOutside(session, room)
  const heardBy = (session: number) => hearing.ownRooms(session).filter(isHeard(session))

  /** One of its rooms; undefined where there is none of that sort. */
  function roomOf(session: number, sort: (room: number) => boolean = () => true): number | undefined {
    const some = heardBy(session).filter(sort)
    return some.length === 0 ? undefined : chance.pick(some)
  }

  /** In auditoriums their presenters post, as often as in other rooms. */
  async function post(kind: RoomKind, by = anyone()): Promise<void> {
    if (chance.next() < presenters.share[kind]) {
      const presenter = presenters.pick(kind)
      if (presenter) return void (await posting.post(presenter.session, presenter.room))
    }
    for (let session = by, count = 0; session !== undefined && count < tries; session = anyone(), count += 1) {
      const room = roomOf(session, one => model.kindOf(one) === kind && !model.isAuditorium(one))
      if (room !== undefined) return void (await posting.post(session, room))
    }
  }

  /** Asked by whom it is allowed: what is refused for good is a fault. */
  async function ask<V extends Verb>(
    kind: string,
    session: number,
    verb: V,
    input: Input<V>,
    apply?: Parameters<typeof lines.ask<V>>[3],
  ) {
    const beganAt = performance.now()
    try {
      const result = await lines.ask(session, verb, input, apply)
      timings.record(kind, performance.now() - beganAt)
      return result
    } catch (error) {
      if (!isPassing(error)) options.fault(`${kind}: ${describeRefusal(error)}`)
      return undefined
    }
  }

  /** Opens one of its rooms on the screen: history, and who is there. */
  async function openRoom(session = anyone()): Promise<void> {
    const room = session === undefined ? undefined : roomOf(session)
    if (session === undefined || room === undefined) return
    await join('open a room', session, room, false)
    await presence.fetchOwed(session)
  }

  function join(kind: string, session: number, room: number, visits: boolean) {
    return ask(kind, session, 'room.join', { room: rooms.idOf(room), history: historyOnJoin }, result =>
      hearing.joined(session, room, result, visits),
    )
  }

  /** Looks into a room that is open to everybody, and leaves it again. */
  async function visit(session = anyone()): Promise<void> {
    if (session === undefined || open.length === 0) return
    const room = chance.pick(open)
    if (!hearing.hasRoomToVisit(session, room)) return
    const connection = presence.connectionOf(session)
    if ((await join('join', session, room, true)) === undefined) return
    await sleep(visitMs * (0.5 + chance.next()), presence.stopped)
    if (presence.connectionOf(session) !== connection) return
    await ask('part', session, 'room.part', { room: rooms.idOf(room) }, () => hearing.parted(session, room))
  }

  async function read(kind: string, session: number | undefined, span: (end: number) => object): Promise<void> {
    const known = session === undefined ? [] : hearing.known(session)
    if (session === undefined || known.length === 0) return
    const { room, seq } = chance.pick(known)
    await ask(kind, session, 'message.list', { room: rooms.idOf(room), limit: 50, ...span(seq) })
  }

  async function markRead(session = anyone()): Promise<void> {
    const known = session === undefined ? [] : hearing.known(session)
    if (session === undefined || known.length === 0) return
    const { room, seq } = chance.pick(known)
    await ask('mark read', session, 'room.markRead', { room: rooms.idOf(room), seq })
  }

  async function search(session = anyone()): Promise<void> {
    if (session === undefined) return
    const text = `${chance.pick(words)} ${chance.pick(words)}`
    await ask('search', session, 'message.search', { text, match: 'all', limit: 20 })
  }

  async function checkUnread(session = anyone()): Promise<void> {
    if (session === undefined) return
    const beganAt = performance.now()
    await presence.sync(session).then(
      () => timings.record('check unread', performance.now() - beganAt),
      () => {},
    )
  }

  /** Tries what an outsider may try of a secret room; whatever it is told but "there is no such room" is a leak. */
  async function probe(session = anyone()): Promise<void> {
    if (session === undefined || secret.length === 0) return
    const room = chance.pick(secret)
    if (model.mayRead(options.userOf(session), room)) return
    const id = rooms.idOf(room)
    asked += 1
    await Promise.all([
      mustNotTell(session, 'room.join', { room: id, history: historyOnJoin }),
      mustNotTell(session, 'message.list', { room: id }),
      mustNotTell(session, 'room.get', { room: id }),
      mustNotTell(session, 'room.markRead', { room: id, seq: HISTORY }),
    ])
  }

  async function mustNotTell<V extends Verb>(session: number, verb: V, input: Input<V>): Promise<void> {
    try {
      await lines.ask(session, verb, input)
      told += 1
    } catch (error) {
      if (!isPassing(error) && (error as PchatError).code !== 'not_found') told += 1
    }
  }

  return {
    oneOf: (first: number, count: number) => {
      const session = first + chance.below(count)
      return presence.isIn(session) ? session : undefined
    },
    dice: chance.next,
    post,
    openRoom,
    visit,
    markRead,
    search,
    checkUnread,
    probe,
    scroll: (session = anyone()) => read('scroll', session, before => ({ before })),
    permalink: (session = anyone()) => read('permalink', session, seq => ({ after: Math.max(0, seq - 25) })),
    listRooms: async (session = anyone()) => {
      if (session !== undefined) await ask('list rooms', session, 'room.find', { mine: 'member', limit: 50 })
    },
    reconnect: (session = anyone()) => {
      if (session !== undefined) lines.end(session)
    },
    /** Somebody of this process who hears the room and may post there. */
    whoMayPost: (room: number) =>
      (model.isAuditorium(room) ? model.presentersOf(room) : model.membersOf(room))
        .flatMap(options.sessionsOfUser)
        .find(session => presence.isIn(session) && isHeard(session)(room)),
    probes: () => ({ asked, told }),
  }
}

type Presenter = { session: number; room: number }

/** Presenters that have a session in this process, and the share of posts that is theirs. */
function openPresenters({ model, chance, presence, sessionsOfUser }: ActionOptions, auditoriums: number[]) {
  const found: Record<RoomKind, Presenter[]> = { small: [], medium: [], large: [] }
  const share: Record<RoomKind, number> = { small: 0, medium: 0, large: 0 }
  for (const room of auditoriums) {
    const kind = model.kindOf(room)
    share[kind] += 1 / model.roomsOfKind[kind]
    for (const user of model.presentersOf(room))
      found[kind].push(...sessionsOfUser(user).map(session => ({ session, room })))
  }
  return {
    share,
    pick(kind: RoomKind): Presenter | undefined {
      const some = found[kind].filter(({ session }) => presence.isIn(session))
      return some.length === 0 ? undefined : chance.pick(some)
    },
  }
}
