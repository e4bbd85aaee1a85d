import { checkedInstant } from '../domain/instant.ts'
import type { Input, Result } from '../protocol/request.ts'
import { listAudit as readAudit, subjectsOf } from '../store/audit.ts'
import { resolvePerson } from '../store/principal.ts'
import type { Caller, Chat } from './chat.ts'

const defaultPage = 100

/** audit.list: newest first; `before` is the id of the last entry seen. Refusals: not_found (the actor), invalid_argument. */
export async function listAudit(
  chat: Chat,
  _caller: Caller,
  input: Input<'audit.list'>,
): Promise<Result<'audit.list'>> {
  const { action, text, limit = defaultPage, before } = input
  const filter = {
    action,
    text,
    actor: input.actor === undefined ? undefined : (await resolvePerson(chat.db, input.actor)).id,
    subjects: input.subject === undefined ? undefined : await subjectsOf(chat.db, input.subject),
    from: checkedInstant('from', input.from),
    until: checkedInstant('until', input.until),
  }
  const rows = await readAudit(chat.db, filter, { limit, before })
  return { entries: rows.map(row => ({ ...row, at: row.at.toISOString() })) }
}
