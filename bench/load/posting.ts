import { setTimeout as sleep } from 'node:timers/promises'
import { isPassing } from '../../src/client/error.ts'
import { backOffMs } from '../../src/client/wait.ts'
import type { Hearing } from './hearing.ts'
import { describeRefusal, type Lines } from './lines.ts'
import { clientIdOf, contentHash, nowUs, postText } from './post-text.ts'
import type { Presence } from './presence.ts'
import type { PostCounts } from './report.ts'
import type { RoomTable } from './room-table.ts'
import type { Timings } from './timings.ts'
import type { Acknowledged } from './verdict.ts'

export type PostingOptions = {
  /** Place of this process among all, and what tells this run apart. */
  process: number
  run: number
  lines: Lines
  presence: Presence
  hearing: Hearing
  timings: Timings
  rooms: RoomTable
  fault(text: string): void
}

/** Posts that this process may send before its numbers meet those of the next one. */
const numbersEach = 2 ** 32
const LOOK_MS = 100

/** Posts, and tries each again under its client id until it is answered for good. */
export type Posting = ReturnType<typeof openPosting>

export function openPosting({ process, run, lines, presence, hearing, timings, rooms, fault }: PostingOptions) {
  const counts: PostCounts = { sent: 0, acknowledged: 0, refused: 0, retried: 0 }
  const acknowledged: Acknowledged[] = []

  async function post(session: number, room: number): Promise<Acknowledged | undefined> {
    const number = process * numbersEach + counts.sent
    counts.sent += 1
    const sentUs = Math.floor(nowUs())
    const text = postText(sentUs, number)
    const clientId = clientIdOf(run, number)
    for (let attempt = 0; !presence.stopped.aborted; attempt += 1)
      try {
        const { seq } = await lines.ask(session, 'message.post', { room: rooms.idOf(room), clientId, text })
        const ackUs = nowUs()
        const known = { room, seq, number, hash: contentHash(text, clientId), sentUs, ackUs }
        acknowledged.push(known)
        counts.acknowledged += 1
        timings.record('acknowledgement', (ackUs - sentUs) / 1000)
        return known
      } catch (error) {
        if (!isPassing(error)) return refused(error, session, room)
        counts.retried += 1
        await sleep(error.retryAfterMs ?? backOffMs(attempt, Math.random))
        while (!presence.isIn(session) && !presence.stopped.aborted) await sleep(LOOK_MS)
      }
    return undefined
  }

  function refused(error: unknown, session: number, room: number): undefined {
    counts.refused += 1
    // Who was removed while he wrote is rightly refused.
    if (!hearing.isWatched(session, room)) fault(`a post was refused: ${describeRefusal(error)}`)
    return undefined
  }

  return { counts, acknowledged, post, unsettled: () => counts.sent - counts.acknowledged - counts.refused }
}
