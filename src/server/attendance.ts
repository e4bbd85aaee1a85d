import { type Running, repeatEvery } from '../base/lifecycle.ts'
import type { Chat } from '../chat/chat.ts'
import { recordStaying } from '../chat/record.ts'
import { endAttendance, endDeadAttendance, leaveRooms, listAttendance } from '../store/attendance.ts'
import type { Session } from './session.ts'

/** Writes who leaves which room, while compliance is on: soon after it happened, and whatever could not be written then, later. */
export type Attendance = Running & {
  /** One room of a connection that goes on: left, or its right was taken. */
  leftRoom(live: string, room: string): void
  ended(live: string): void
  /** Version of the settings under which all that happens here is recorded, who is there included; 0 where it is not. */
  records(): number
}

export type AttendanceOptions = {
  lives: () => ReadonlyMap<string, Session>
  isHeard: (live: string, room: string) => boolean
  /** Rooms that it hears: whoever hears was recorded as coming before. */
  roomsOf: (session: Session) => string[]
  writeMs?: number
  sweepMs?: number
}

const writeMs = 500
const sweepMs = 15_000
/** Of those who are found at once, such as when recording begins. */
const stayingAtOnce = 500

export function openAttendance(chat: Chat, options: AttendanceOptions): Attendance {
  const rooms = new Map<string, { live: string; room: string }>()
  const lives = new Set<string>()
  let isComplete = false
  let sweeping: Promise<void> | undefined

  async function write() {
    if (chat.recording === 'off') isComplete = false
    // Recording has begun: who is there already is recorded now.
    else if (!isComplete) await sweep()
    const gone = [...lives]
    // Who came back meanwhile has not left.
    const left = [...rooms].filter(([, { live, room }]) => !lives.has(live) && !options.isHeard(live, room))
    const noted = [...rooms.keys()]
    if (left.length > 0)
      await leaveRooms(
        chat.db,
        left.map(([, one]) => one),
      )
    for (const key of noted) rooms.delete(key)
    if (gone.length > 0) await endAttendance(chat.db, gone, 'ended')
    for (const live of gone) lives.delete(live)
  }

  /**
   * What was missed: connections that ended while their coming was still being written, processes that died, and who is here
   * although others took this process for dead.
   */
  function sweep(): Promise<void> {
    // One at a time: two would both find who is missing.
    sweeping ??= sweepOnce().finally(() => {
      sweeping = undefined
    })
    return sweeping
  }

  async function sweepOnce() {
    if (chat.recording === 'off') return
    const before = heardNow()
    const noted = await listAttendance(chat.db, chat.member)
    const ended = [...noted.keys()].filter(live => !options.lives().has(live) && !lives.has(live))
    if (ended.length > 0) await endAttendance(chat.db, ended, 'ended')
    await endDeadAttendance(chat.db)
    const staying = stayingOf(before, noted)
    for (let i = 0; i < staying.length; i += stayingAtOnce)
      await recordStaying(chat, staying.slice(i, i + stayingAtOnce))
    isComplete = true
  }

  function heardNow(): Map<string, string[]> {
    return new Map([...options.lives()].map(([live, session]) => [live, options.roomsOf(session)]))
  }

  /** Heard before the record was read, and now, and not in it. */
  function stayingOf(before: Map<string, string[]>, noted: Map<string, Set<string>>) {
    return [...options.lives()].flatMap(([live, session]) => {
      const missing = (before.get(live) ?? []).filter(
        room => noted.get(live)?.has(room) !== true && options.isHeard(live, room),
      )
      return missing.length === 0 ? [] : [{ live, caller: session.caller, rooms: missing }]
    })
  }

  const failed = (error: unknown) => chat.log.warn({ err: error }, 'who has left is recorded later')
  const loops = [
    repeatEvery(options.writeMs ?? writeMs, write, failed),
    repeatEvery(options.sweepMs ?? sweepMs, sweep, failed),
  ]
  return {
    leftRoom(live, room) {
      if (chat.recording !== 'off') rooms.set(`${live} ${room}`, { live, room })
    },
    ended(live) {
      if (chat.recording !== 'off') lives.add(live)
    },
    records: () => (chat.recording !== 'off' && isComplete ? chat.settingsVersion : 0),
    async stop() {
      await Promise.all(loops.map(loop => loop.stop()))
      await write().catch(failed)
    },
  }
}
