import type { PrincipalKind } from '../../../src/protocol/principal.ts'

export const kindWords: Record<PrincipalKind, string> = {
  user: 'User',
  group: 'Group',
  organizationalUnit: 'Organisational unit',
  domain: 'Domain',
}
