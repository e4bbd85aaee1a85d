import type { Principal } from '../../../src/protocol/principal.ts'
import type { Input } from '../../../src/protocol/request.ts'
import { dayInstant } from './time.ts'

/** What is asked of the audit record. */
export type AuditFilter = Omit<Input<'audit.list'>, 'limit' | 'before'>

/** As the fields of the form have it. */
export const noAuditWords = { action: '', subject: '', text: '', from: '', until: '' }

/** Only what was filled in: an empty word is not asked for. */
export function auditFilter(typed: typeof noAuditWords, actor: Principal | undefined): AuditFilter {
  const { action, subject, text, from, until } = typed
  const given = {
    action: action.trim(),
    subject: subject.trim(),
    text: text.trim(),
    actor: actor?.id,
    from: from === '' ? undefined : dayInstant(from, 'start'),
    until: until === '' ? undefined : dayInstant(until, 'end'),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value)) as AuditFilter
}
