import type { Policy } from '../../../src/protocol/policy.ts'

type PolicyKind = 'global' | 'site' | 'named'

export function policyKind({ name }: Pick<Policy, 'name'>): PolicyKind {
  if (name === 'global') return 'global'
  return name.startsWith('site:') ? 'site' : 'named'
}

export const policyKindWords: Record<PolicyKind, string> = {
  global: 'Everyone',
  site: 'Everyone at the servers of a site',
  named: 'Whom it is given to',
}

export function policyTitle({ name }: Pick<Policy, 'name'>): string {
  if (name === 'global') return 'Global policy'
  return name.startsWith('site:') ? `Site ${name.slice('site:'.length)}` : name
}
