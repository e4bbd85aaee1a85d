import { availableParallelism } from 'node:os'
import { Refusal } from '../protocol/error.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Directory } from './directory.ts'
import { hashOfNobody, hashWithArgon2, verifyArgon2 } from './password-hash.ts'

type Account = {
  principal: Principal & { administrator: boolean }
  passwordHash: string | null
  /** False for bots and for disabled users. */
  mayUse: boolean
}

/** What the store is asked for; the name is as typed. */
type LocalStore = { findAccount(name: string): Promise<Account | undefined> }

/**
 * One computation holds 19 MiB and one of libuv's four threads. Three at once leave a thread to file and name look-ups;
 * more than there are cores would only make each slower.
 */
const atOnce = Math.max(1, Math.min(3, availableParallelism()))
/** Some ten seconds of work: who stands further behind gives up before his turn. */
const maxWaiting = 500

function openQueue() {
  let running = 0
  const waiting: (() => void)[] = []
  return async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= atOnce) {
      if (waiting.length >= maxWaiting)
        throw new Refusal('unavailable', 'Too many people sign in at once. Try again.', { retryAfterMs: 2_000 })
      await new Promise<void>(resolve => waiting.push(resolve))
    } else running += 1
    try {
      return await work()
    } finally {
      // The place goes to the next one as it is, so that nobody slips in between.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}

/** Accounts of this system, with passwords as argon2id hashes in the store. */
export function openLocalDirectory(store: LocalStore): Directory {
  const inTurn = openQueue()
  // Unknown names are compared with this, so that they take as long as known ones.
  const nobody = hashOfNobody()
  return {
    async authenticate(name, password) {
      const account = await store.findAccount(name)
      return inTurn(async () => {
        const right = await verifyArgon2(password, account?.passwordHash ?? nobody)
        return right && account?.passwordHash && account.mayUse ? account.principal : undefined
      })
    },
    hashPassword: password => inTurn(() => hashWithArgon2(password)),
  }
}
