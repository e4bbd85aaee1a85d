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
 * One computation holds 19 MiB, one of libuv's four threads and a whole core for its time. Half of the cores are left to posts and
 * the store, which wait for nobody's password; one thread is left to file and name look-ups.
 */
const atOnce = Math.max(1, Math.min(3, Math.floor(availableParallelism() / 2)))
/** Who would wait longer gives up before his turn. */
const maxWaitMs = 5_000
/** Until the first one has been measured. */
const usualMs = 30
const weightOfLast = 0.1
const spread = 0.2

/** Work at so many a time, in order, as long as the line is short enough. */
function openQueue() {
  let running = 0
  let eachMs = usualMs
  const waiting: (() => void)[] = []
  const waitMs = () => ((waiting.length + 1) * eachMs) / atOnce

  function refuseCrowd() {
    if (running < atOnce || waitMs() <= maxWaitMs) return
    // Spread, so that they do not come back as the crowd that they are.
    throw new Refusal('unavailable', 'Too many people sign in at once. Try again after retryAfterMs.', {
      retryAfterMs: Math.ceil(maxWaitMs * (1 + spread * Math.random())),
    })
  }

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    refuseCrowd()
    if (running >= atOnce) await new Promise<void>(resolve => waiting.push(resolve))
    else running += 1
    const beganAt = performance.now()
    try {
      return await work()
    } finally {
      eachMs += weightOfLast * (performance.now() - beganAt - eachMs)
      // The place goes to the next one as it is, so that nobody slips in between.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
  return { inTurn, refuseCrowd, waiting: () => waiting.length }
}

/** Accounts of this system, with passwords as argon2id hashes in the store. */
export function openLocalDirectory(store: LocalStore): Directory {
  const { inTurn, refuseCrowd, waiting } = openQueue()
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
    refuseCrowd,
    waiting,
  }
}
