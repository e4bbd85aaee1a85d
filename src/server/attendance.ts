import { type Running, repeatEvery } from '../base/lifecycle.ts'
import type { Chat } from '../chat/chat.ts'
import { endAttendance, endDeadAttendance, leaveRooms, listAttendance } from '../store/attendance.ts'

/** Writes who leaves which room, while compliance is on: soon after it happened, and whatever could not be written then, later. */
export type Attendance = Running & {
  /** One room of a connection that goes on: left, or its right was taken. */
  leftRoom(live: string, room: string): void
  ended(live: string): void
}

export type AttendanceOptions = {
  isLive: (live: string) => boolean
  isHeard: (live: string, room: string) => boolean
  writeMs?: number
  sweepMs?: number
}

const writeMs = 500
const sweepMs = 15_000

export function openAttendance(chat: Chat, options: AttendanceOptions): Attendance {
  const rooms = new Map<string, { live: string; room: string }>()
  const lives = new Set<string>()

  async function write() {
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

  /** What was missed: connections that ended while their coming was still being written, and processes that died. */
  async function sweep() {
    if (chat.recording === 'off') return
    const ended = (await listAttendance(chat.db, chat.member)).filter(live => !options.isLive(live) && !lives.has(live))
    if (ended.length > 0) await endAttendance(chat.db, ended, 'ended')
    await endDeadAttendance(chat.db)
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
    async stop() {
      await Promise.all(loops.map(loop => loop.stop()))
      await write().catch(failed)
    },
  }
}
