import { nameKey } from '../domain/name.ts'
import { Refusal } from '../protocol/error.ts'
import { clearAttempts, countAttempt, giveBackAttempt } from '../store/sign-in-failure.ts'
import type { Chat } from './chat.ts'
import { takeFailure } from './rate-limit.ts'

type Guarding = {
  /** What failures are counted under, where it is not the name. */
  key?: string
  /** Whether there is such an account, as far as it was found out. Else the log has no name: it may be a slip of the password. */
  isKnown?: () => boolean
  onLocked?: () => void
  /** It says nothing of the password: what was guessed of that before stays counted. */
  isOtherWay?: boolean
}

/** Codes are counted apart: a right password, which clears its own failures, must not begin the count of codes anew. */
export function codeKey(principal: string): string {
  // No typed name begins with a space.
  return ` code of ${principal}`
}

/**
 * Runs a check of a password or code under the limits against guessing: per name, whether or not there is such an account, and per
 * address. `check` answers undefined where it is wrong; that counts. Refusal rate_limited over either limit.
 */
export async function guarded<T>(
  chat: Chat,
  address: string,
  name: string,
  check: () => Promise<T | undefined>,
  { key = nameKey(name), isKnown = () => true, onLocked, isOtherWay = false }: Guarding = {},
): Promise<T | undefined> {
  const giveBack = takeFailure(chat, address)
  const lockedMs = await countAttempt(chat.db, key, chat.settings)
  if (lockedMs > 0) {
    chat.log.warn({ name: isKnown() ? key : undefined, address }, 'sign-in to a locked name')
    onLocked?.()
    throw new Refusal('rate_limited', 'Too many sign-ins under this name failed. Wait, then try again.', {
      retryAfterMs: lockedMs,
    })
  }
  let right: T | undefined
  try {
    right = await check()
  } catch (error) {
    // Nobody guessed: the store or the queue could not say.
    giveBack()
    await giveBackAttempt(chat.db, key, chat.settings).catch(() => {})
    throw error
  }
  if (right === undefined) {
    chat.log.info({ name: isKnown() ? key : undefined, address }, 'sign-in failed')
    return undefined
  }
  giveBack()
  if (isOtherWay) await giveBackAttempt(chat.db, key, chat.settings)
  else await clearAttempts(chat.db, key)
  return right
}
