import { availableParallelism } from 'node:os'
import type { Principal } from '../protocol/principal.ts'
import type { Directory } from './directory.ts'
import { hashOfNobody, hashWithArgon2, verifyArgon2 } from './password-hash.ts'
import { openPasswordLine } from './password-line.ts'

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
/** Until the first one has been measured. */
const usualMs = 30

/** Accounts of this system, with passwords as argon2id hashes in the store. */
export function openLocalDirectory(store: LocalStore): Directory {
  const { inTurn, refuseCrowd, waiting } = openPasswordLine({ atOnce, usualMs })
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
