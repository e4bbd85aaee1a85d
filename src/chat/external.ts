import { checkedName } from '../domain/name.ts'
import { checkedPrincipalName } from '../domain/principal.ts'
import type { Connection } from '../store/db.ts'
import { type ExternalGroup, holderOfName, renameUser } from '../store/external.ts'

/** What sources of people have in common that tell of one principal at a time. */

/** A value as ours, or undefined where it is none that we take. */
export function taken<T>(check: () => T): T | undefined {
  try {
    return check()
  } catch {
    return undefined
  }
}

/**
 * A group's name begins with its source's: it never is the one of a local group or of another source, whichever came first, and
 * whoever picks it for a scope sees whose word it is. Undefined where the name is none that we take.
 */
export function externalGroup(source: string, group: string): ExternalGroup | undefined {
  const displayName = taken(() => checkedName('group', group))
  const name = taken(() => checkedPrincipalName('group', `${source}:${group}`))
  return name === undefined || displayName === undefined ? undefined : { externalId: displayName, name, displayName }
}

/**
 * Whether a source may give this name to a user: an account here is never taken over. Only one of the same source that is `left`
 * gives its name up, as when somebody leaves and another one gets his name there. The caller holds lockDirectory.
 */
export async function freeName(
  tx: Connection,
  source: string,
  name: string,
  left: 'disabled' | 'gone',
): Promise<boolean> {
  const holder = await holderOfName(tx, name)
  if (!holder) return true
  if (holder.kind !== 'user' || holder.source !== source || !holder[left]) return false
  const at = name.lastIndexOf('@')
  await renameUser(
    tx,
    holder.id,
    `${name.slice(0, Math.min(at, 200))}.former-${holder.id.slice(0, 8)}${name.slice(at)}`,
  )
  return true
}
