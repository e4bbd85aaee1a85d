import { checkedPassword } from '../domain/principal.ts'
import { Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { audit } from '../store/audit.ts'
import { transaction } from '../store/db.ts'
import { changePrincipal, resolvePerson } from '../store/principal.ts'
import { deleteSessionsOf } from '../store/session.ts'
import { announce } from './announce.ts'
import type { Caller, Chat } from './chat.ts'
import { guarded } from './guess.ts'

/**
 * password.change: one's own, knowing the old one, and ends one's other sign-ins. Wrong guesses count as at sign-in: who
 * holds a stolen session must not try passwords at will. Refusals: forbidden, invalid_argument, rate_limited.
 */
export async function changePassword(
  chat: Chat,
  caller: Caller,
  input: Input<'password.change'>,
): Promise<Result<'password.change'>> {
  const { id, name } = caller.user
  checkedPassword('newPassword', input.newPassword)
  const { source } = await resolvePerson(chat.db, id)
  if (source !== '') throw new Refusal('forbidden', `Your password is kept by ${source}, not here. Change it there.`)
  const right = await guarded(chat, caller.address, name, () => chat.directory.authenticate(name, input.password))
  if (!right)
    throw new Refusal(
      'forbidden',
      'This is not your present password. Check it, or ask an administrator for a new one.',
    )
  const passwordHash = await chat.directory.hashPassword(input.newPassword)
  const ended = await transaction(chat.db, async tx => {
    await changePrincipal(tx, id, { passwordHash })
    await audit(tx, id, 'password.change', id)
    return deleteSessionsOf(tx, id, caller.session)
  })
  announce(chat, { ended })
  return {}
}
