import type { Principal } from '../protocol/principal.ts'

/**
 * Whoever works on the machine with the store itself, not signed in: the record calls him so. He stands in no table, has no token
 * and can enter no room; the verbs take him for an administrator. The largest UUID, which nobody is given.
 */
export const operator: Principal = {
  id: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
  kind: 'user',
  name: 'operator',
  displayName: 'Operator',
}
