import { Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { resolvePerson } from '../store/principal.ts'
import { listSignIns } from '../store/sign-in-record.ts'
import { mayActFor, requireRole } from './access.ts'
import type { Caller, Chat } from './chat.ts'
import { writeSignIns } from './sign-in-record.ts'

const defaultPage = 100
const readers = ['administrator', 'complianceOfficer'] as const

/** session.record: one's own sign-ins and refused tries; full administrators and compliance officers see those of others, and all. Newest first. */
export async function listSignInRecord(
  chat: Chat,
  caller: Caller,
  input: Input<'session.record'>,
): Promise<Result<'session.record'>> {
  if (input.user !== undefined && input.all !== undefined)
    throw new Refusal('invalid_argument', 'Give user or all, not both.')
  if (input.all === true) await requireRole(chat, caller, readers)
  const owner = input.user === undefined ? caller.user.id : (await resolvePerson(chat.db, input.user)).id
  if (!(await mayActFor(chat, caller, owner, readers)))
    throw new Refusal('forbidden', 'Only administrators may see the sign-ins of others.')
  await writeSignIns(chat)
  const principal = input.all === true ? undefined : owner
  const rows = await listSignIns(chat.db, { principal, limit: input.limit ?? defaultPage, before: input.before })
  return {
    entries: rows.map(({ at, unknown, session, pool, ...row }) => ({
      ...row,
      at: at.toISOString(),
      ...(unknown === null ? {} : { unknown }),
      ...(session === null ? {} : { session }),
      ...(pool === null ? {} : { pool }),
    })),
  }
}
