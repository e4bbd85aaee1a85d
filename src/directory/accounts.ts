import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '../protocol/error.ts'
import type { Principal } from '../protocol/principal.ts'
import type { Directory } from './directory.ts'
import { openPasswordLine, type PasswordLine } from './password-line.ts'
import { type DirectorySource, SourceAway } from './source.ts'

/** Whose password is kept where. */
type Account = {
  principal: Principal & { administrator: boolean }
  /** Empty: here. */
  source: string
  externalId: string | null
  /** False for bots and for disabled users. */
  mayUse: boolean
}

export type AccountsOptions = {
  /** Passwords that are kept here. */
  local: Directory
  /** The name is as typed. */
  findAccount(name: string): Promise<Account | undefined>
  sources: Map<string, DirectorySource>
  /** How long a source may think about one password. */
  timeoutMs?: number
}

/** Longer than a directory takes that is well; a person still waits for it. */
const defaultTimeoutMs = 10_000
/** Connections that a source holds for sign-ins; each waits mostly for the network. */
const atOnce = 16
const usualMs = 50
const weightOfLast = 0.2
/** A source that is slow today must not make every wrong password of everybody take so long. */
const longestFailureMs = 1_000

/**
 * People of several places: a password is looked at where it is kept. What fails takes about equally long wherever that is and whether
 * or not there is such a name: as long as the slowest of the places does lately.
 */
export function openAccounts({
  local,
  findAccount,
  sources,
  timeoutMs = defaultTimeoutMs,
}: AccountsOptions): Directory {
  const lines = new Map<string, PasswordLine>(
    [...sources.keys()].map(name => [name, openPasswordLine({ atOnce, usualMs })]),
  )
  const failureMs = new Map<string, number>()

  function noteFailure(place: string, tookMs: number): void {
    const before = failureMs.get(place) ?? tookMs
    failureMs.set(place, before + weightOfLast * (tookMs - before))
  }

  async function askSource(source: DirectorySource, id: string, password: string): Promise<boolean> {
    const asked = source.authenticate(id, password)
    // Who gave up listening must not leave an error that nobody hears.
    asked.catch(() => {})
    const late = new AbortController()
    try {
      const answer = await Promise.race([asked, sleep(timeoutMs, 'late' as const, { signal: late.signal, ref: false })])
      if (answer === 'late') throw new SourceAway(`${source.name} did not answer within ${timeoutMs / 1000} seconds.`)
      return answer
    } catch (error) {
      if (!(error instanceof SourceAway)) throw error
      // Strangers need not know which directory, nor why: that stands in the log.
      throw new Refusal('unavailable', 'The directory that keeps this password cannot be asked now. Try again later.', {
        retryAfterMs: 5_000,
        cause: error,
      })
    } finally {
      late.abort()
    }
  }

  async function look(name: string, password: string, account: Account | undefined) {
    const source = account && account.source !== '' ? sources.get(account.source) : undefined
    // Of another kind of source, or of one that this server was not told of: nobody can say that the password is right.
    if (account && account.source !== '' && !source) return local.authenticate('', password)
    if (!account || !source) return local.authenticate(name, password)
    const { externalId, mayUse, principal } = account
    if (!mayUse || externalId === null || password === '') return local.authenticate('', password)
    const right = await lines.get(source.name)!.inTurn(() => askSource(source, externalId, password))
    return right ? principal : undefined
  }

  return {
    async authenticate(name, password) {
      const account = await findAccount(name)
      const beganAt = performance.now()
      const found = await look(name, password, account)
      if (found) return found
      const tookMs = performance.now() - beganAt
      noteFailure(account?.source ?? '', tookMs)
      const restMs = Math.min(longestFailureMs, Math.max(...failureMs.values())) - tookMs
      if (restMs > 0) await sleep(restMs)
      return undefined
    },
    hashPassword: password => local.hashPassword(password),
    refuseCrowd: () => local.refuseCrowd?.(),
    waiting: () => (local.waiting?.() ?? 0) + [...lines.values()].reduce((sum, line) => sum + line.waiting(), 0),
  }
}
