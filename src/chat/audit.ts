import type { Input, Result } from '../protocol/request.ts'
import { listAudit as readAudit } from '../store/audit.ts'
import type { Caller, Chat } from './chat.ts'

const defaultPage = 100

/** audit.list: newest first; `before` is the id of the last entry seen. */
export async function listAudit(
  chat: Chat,
  _caller: Caller,
  input: Input<'audit.list'>,
): Promise<Result<'audit.list'>> {
  const rows = await readAudit(chat.db, { limit: input.limit ?? defaultPage, before: input.before })
  return { entries: rows.map(row => ({ ...row, at: row.at.toISOString() })) }
}
