import { checkedName } from '../domain/name.ts'
import { checkedPrincipalName } from '../domain/principal.ts'
import { Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { lockDirectory } from '../store/affiliation.ts'
import { audit } from '../store/audit.ts'
import { type Connection, transaction } from '../store/db.ts'
import { resolvePerson } from '../store/principal.ts'
import { deleteSessionsOf, insertSession } from '../store/session.ts'
import { raiseDirectory } from '../store/stamp.ts'
import { announce } from './announce.ts'
import type { Caller, Chat } from './chat.ts'
import { addPrincipal, resolveUnit } from './principal.ts'
import { recordSignIn } from './sign-in-record.ts'
import { makeToken } from './token.ts'

/** bot.create: a user without a password, and the one token that it signs in with. It does not expire. */
export async function createBot(chat: Chat, caller: Caller, input: Input<'bot.create'>): Promise<Result<'bot.create'>> {
  const name = checkedPrincipalName('user', input.name)
  const displayName = checkedName('displayName', input.displayName)
  const { principal, token, session } = await transaction(chat.db, async tx => {
    await lockDirectory(tx)
    const parent = input.in === undefined ? undefined : await resolveUnit(tx, input.in)
    const { principal } = await addPrincipal(tx, { kind: 'user', bot: true, name, displayName, parent })
    await audit(tx, caller.user.id, 'bot.create', principal.id, { name, displayName })
    return { principal, ...(await issue(tx, principal.id, caller.address)) }
  })
  note(chat, principal.id, caller, session)
  return { principal, token }
}

/** bot.issueToken: what held an old token is signed out. Refusals: not_found, invalid_argument, conflict (disabled). */
export async function issueBotToken(
  chat: Chat,
  caller: Caller,
  input: Input<'bot.issueToken'>,
): Promise<Result<'bot.issueToken'>> {
  const { bot, token, session, ...news } = await transaction(chat.db, async tx => {
    await lockDirectory(tx)
    const bot = await resolvePerson(tx, input.bot)
    if (!bot.bot) throw new Refusal('invalid_argument', `"${bot.name}" is no bot. Make one with bot.create.`)
    if (bot.disabled) throw new Refusal('conflict', 'This bot is disabled. Re-enable it first (principal.update).')
    const ended = await deleteSessionsOf(tx, bot.id)
    const issued = await issue(tx, bot.id, caller.address)
    await audit(tx, caller.user.id, 'bot.issueToken', bot.id, { ended: ended.length })
    return { bot: bot.id, ...issued, ended, directory: await raiseDirectory(tx, [bot.id]) }
  })
  announce(chat, news)
  note(chat, bot, caller, session)
  return { token }
}

async function issue(tx: Connection, principal: string, address: string) {
  const { token, hash } = makeToken()
  return { token, session: await insertSession(tx, { principal, tokenHash: hash, kind: 'bot', address, days: null }) }
}

function note(chat: Chat, principal: string, { address }: Caller, session: string): void {
  recordSignIn(chat, { principal, address, method: 'token', outcome: 'ok', session })
}
