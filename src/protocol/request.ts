import type { Static } from 'typebox'
import { addinVerbs } from './addin-verbs.ts'
import { auditVerbs } from './audit-verbs.ts'
import { categoryVerbs } from './category-verbs.ts'
import { complianceVerbs } from './compliance-verbs.ts'
import { configurationVerbs } from './configuration-verbs.ts'
import { directoryVerbs } from './directory-verbs.ts'
import { factorVerbs } from './factor-verbs.ts'
import { fileVerbs } from './file-verbs.ts'
import { messageVerbs } from './message-verbs.ts'
import { policyVerbs } from './policy-verbs.ts'
import { poolVerbs } from './pool-verbs.ts'
import { principalVerbs } from './principal-verbs.ts'
import { roleVerbs } from './role-verbs.ts'
import { roomVerbs } from './room-verbs.ts'
import { sessionVerbs } from './session-verbs.ts'
import { settingsVerbs } from './settings-verbs.ts'
import { topologyVerbs } from './topology-verbs.ts'
import { usageVerbs } from './usage-verbs.ts'

/** Every verb: what it takes, what it answers, on which doors, for whom. Both doors, OpenAPI and the client read this. */
export const verbs = {
  ...sessionVerbs,
  ...principalVerbs,
  ...factorVerbs,
  ...policyVerbs,
  ...settingsVerbs,
  ...configurationVerbs,
  ...poolVerbs,
  ...auditVerbs,
  ...roleVerbs,
  ...complianceVerbs,
  ...directoryVerbs,
  ...categoryVerbs,
  ...addinVerbs,
  ...roomVerbs,
  ...messageVerbs,
  ...fileVerbs,
  ...usageVerbs,
  ...topologyVerbs,
} as const

export type Verb = keyof typeof verbs
export type Input<V extends Verb> = Static<(typeof verbs)[V]['input']>
export type Result<V extends Verb> = Static<(typeof verbs)[V]['result']>
