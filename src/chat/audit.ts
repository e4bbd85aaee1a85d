import { checkedInstant } from '../domain/instant.ts'
import { operator } from '../domain/operator.ts'
import type { Input, Result } from '../protocol/request.ts'
import { listAudit as readAudit, subjectsOf } from '../store/audit.ts'
import { resolvePerson } from '../store/principal.ts'
import { holdsRole } from './access.ts'
import type { Caller, Chat } from './chat.ts'

const defaultPage = 100

/** audit.list: newest first; `before` is the id of the last entry seen. Refusals: not_found (the actor), invalid_argument. */
export async function listAudit(chat: Chat, caller: Caller, input: Input<'audit.list'>): Promise<Result<'audit.list'>> {
  const { action, text, limit = defaultPage, before } = input
  const filter = {
    action,
    text,
    actor: input.actor === undefined ? undefined : await actorOf(chat, input.actor),
    subjects: input.subject === undefined ? undefined : await subjectsOf(chat.db, input.subject),
    from: checkedInstant('from', input.from),
    until: checkedInstant('until', input.until),
    withoutDenials: !(await seesDenials(chat, caller)),
  }
  const rows = await readAudit(chat.db, filter, { limit, before })
  return { entries: rows.map(row => ({ ...row, at: row.at.toISOString() })) }
}

/** Those who set them, and who is on the machine, where they are listed too. */
async function seesDenials(chat: Chat, caller: Caller): Promise<boolean> {
  return caller.user.id === operator.id || (await holdsRole(chat, caller, ['complianceOfficer']))
}

/** Users are named account@domain: none of them is called like the operator of the machine. */
async function actorOf(chat: Chat, name: string): Promise<string> {
  return name === operator.name ? operator.id : (await resolvePerson(chat.db, name)).id
}
