import type { ListChange } from '../protocol/verb.ts'
import type { Queryable } from '../store/db.ts'
import { resolvePrincipals } from '../store/principal.ts'

/** What a list of ids becomes: set whole, or what was there with `add` in and `remove` out. Refusal not_found. */
export async function listChange(q: Queryable, wanted: ListChange | undefined): Promise<(list: string[]) => string[]> {
  if (wanted === undefined) return list => list
  const ids = async (refs: string[]) => (await resolvePrincipals(q, refs)).map(principal => principal.id)
  if (Array.isArray(wanted)) {
    const whole = await ids(wanted)
    return () => whole
  }
  const remove = new Set(await ids(wanted.remove ?? []))
  const add = await ids(wanted.add ?? [])
  return list => [...new Set([...list, ...add])].filter(id => !remove.has(id))
}
