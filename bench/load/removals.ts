import type { Agents } from './agents.ts'
import { openChance } from './chance.ts'
import { type Model, roomId, userId } from './model.ts'
import { nowUs } from './post-text.ts'
import type { Site } from './site.ts'
import type { Removal } from './verdict.ts'

type Where = { site: Site; model: Model; agents: Agents }

export type Removals = {
  /** No further one begins; resolves when whoever is out is in again. */
  stop(): Promise<Removal[]>
}

const everyMs = 3_000
const outMs = 500
const trySeconds = 120

/**
 * Every few seconds an administrator takes somebody off the list of a closed room, people go on posting there, and he is let
 * in again: nothing that has a place in between may reach him.
 */
export function startRemovals({ site, model, agents }: Where, seed: number): Removals {
  const chance = openChance(seed + 99)
  const rooms = closedRooms(model)
  const done: Removal[] = []
  let stopping = rooms.length === 0
  const running = run()

  async function run(): Promise<void> {
    while (!stopping) {
      await removeOne(chance.pick(rooms))
      if (!stopping) await pause(everyMs)
    }
  }

  async function removeOne(room: number): Promise<void> {
    const user = chance.pick(model.membersOf(room))
    const sessions = (await agents.all('watch', { user, room, on: true })).flatMap(answer => answer.sessions)
    // Heard, and so seen to be watched.
    await agents.all('postInto', { room })
    await change(room, { remove: [userId(user)] })
    const removedUs = nowUs()
    await agents.all('postInto', { room })
    await pause(outMs)
    await agents.all('postInto', { room })
    const againUs = nowUs()
    await change(room, { add: [userId(user)] })
    for (const session of sessions) done.push({ session, room, removedUs, againUs })
    await pause(outMs)
    await agents.all('postInto', { room })
    await pause(outMs)
    await agents.all('watch', { user, room, on: false })
  }

  /** A server may be killed under it; to repeat it is harmless. */
  async function change(room: number, members: { add?: string[]; remove?: string[] }): Promise<void> {
    const deadline = performance.now() + trySeconds * 1000
    for (;;)
      try {
        await site.asAdmin('room.update', { room: roomId(room), members })
        return
      } catch (error) {
        if (performance.now() > deadline) throw error
        await pause(200)
      }
  }

  return {
    async stop() {
      stopping = true
      await running
      return done
    },
  }
}

/** Whose members stand on the list one by one. */
function closedRooms(model: Model): number[] {
  const first = model.firstRoom('small')
  return Array.from({ length: model.roomsOfKind.small }, (_, index) => first + index).filter(
    room => !model.isOpen(room) && !model.isByGroups(room) && !model.isAuditorium(room),
  )
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
