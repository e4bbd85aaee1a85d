import Type, { type Static } from 'typebox'
import { Secret } from './secret.ts'

/** One provider that pushes users and groups by SCIM 2.0, as the configuration names it. */
export const ScimClient = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z][a-z0-9-]{0,31}$',
      description: 'What this source is called here; never changed later',
    }),
    token: Secret,
    domain: Type.String({
      minLength: 1,
      description: 'Domain of names that have none, and the only one that is taken',
    }),
    administrators: Type.Optional(
      Type.String({ minLength: 1, description: 'Group of this source whose members administer Persistent Chat' }),
    ),
  },
  { additionalProperties: false },
)
export type ScimClient = Static<typeof ScimClient>
