import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ERRORS, type Lock, type Locker, type RequestRelease } from '@tus/server'
import type { Db } from '../store/db.ts'
import { endLease, keepLease, takeLease } from '../store/file-lease.ts'

const keepMs = 1_000
const waitMs = 20_000
const stepMs = 100

/**
 * Locks of uploads, in the store: two requests for one upload may come to two servers, as when a client comes back before its cut
 * connection is noticed. The second one asks, the first lets go. Should a holder be killed, its lease runs out.
 */
export function openLeases(db: Db): Locker {
  /** Of this process: asked without a way round by the store. */
  const held = new Map<string, RequestRelease>()
  return { newLock: id => openLease(db, held, id) }
}

function openLease(db: Db, held: Map<string, RequestRelease>, id: string): Lock {
  const holder = randomUUID()
  let kept: NodeJS.Timeout | undefined
  return {
    async lock(signal, release) {
      const deadline = Date.now() + waitMs
      while (!(await takeLease(db, id, holder))) {
        if (signal.aborted || Date.now() > deadline) throw ERRORS.ERR_LOCK_TIMEOUT
        await held.get(id)?.()
        await sleep(stepMs)
      }
      held.set(id, release)
      kept = setInterval(() => {
        keepLease(db, id, holder).then(
          state => state === 'kept' || release(),
          // It runs out by itself.
          () => {},
        )
      }, keepMs)
    },
    async unlock() {
      clearInterval(kept)
      held.delete(id)
      await endLease(db, id, holder)
    },
  }
}
