import type { Place, Places } from './place.ts'
import type { Level, Rule } from './rule.ts'
import { capacityRules } from './rules/capacity-rules.ts'
import { nameRules } from './rules/name-rules.ts'
import { roleRules } from './rules/role-rules.ts'
import { serviceRules } from './rules/service-rules.ts'
import { siteRules } from './rules/site-rules.ts'
import { storeRules } from './rules/store-rules.ts'
import type { Topology } from './schema.ts'
import { viewOf } from './view.ts'

/** What one rule has found at one place of a topology; `message` is the reason with the mend. */
export type Finding = {
  rule: string
  level: Level
  /** JSON pointer into the document. */
  path: string
  reason: string
  mend: string
  message: string
}

export const rules: Rule[] = [
  ...nameRules,
  ...siteRules,
  ...roleRules,
  ...storeRules,
  ...serviceRules,
  ...capacityRules,
]

/** Everything that the rules find, errors first; an error says that nothing can be made of it. Pure. */
export function checkTopology(topology: Topology): Finding[] {
  const view = viewOf(topology)
  const found = rules.flatMap(({ id, level, find }) =>
    find(view).map(one => ({ rule: id, level, ...one, message: `${one.reason} ${one.mend}` })),
  )
  return [...found.filter(one => one.level === 'error'), ...found.filter(one => one.level === 'advice')]
}

export function isSound(findings: Finding[]): boolean {
  return findings.every(({ level }) => level !== 'error')
}

/** With line and column of the document. */
export function locate(findings: Finding[], places: Places): (Finding & Place)[] {
  return findings.map(one => ({ ...one, ...places(one.path) }))
}
