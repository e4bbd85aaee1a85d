import { tableLines } from './table.ts'
import type { Change, Plan } from './verb.ts'

/** What would change, as every verb says it. */
export function whatIfOf(plan: Pick<Plan, 'changes' | 'destroys'>): { value: object; lines: string[] } {
  const { changes, destroys } = plan
  return { value: { whatIf: true, changes, ...(destroys ? { destroys } : {}) }, lines: told(plan) }
}

function told({ changes, destroys }: Pick<Plan, 'changes' | 'destroys'>): string[] {
  if (changes.length === 0) return ['Nothing would change.']
  return [...changeLines(changes), ...(destroys === undefined ? [] : ['', destroys])]
}

export function changeLines(changes: Change[]): string[] {
  return tableLines([
    ['WHAT', 'CHANGE', 'NOW', 'AFTER'],
    ...changes.map(({ what, change, now, after }) => [what, change, now, after]),
  ])
}
