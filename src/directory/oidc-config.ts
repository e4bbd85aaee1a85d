import Type, { type Static } from 'typebox'
import { Secret } from './secret.ts'

const some = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))
const closed = { additionalProperties: false }

/** One OpenID provider, as the configuration names it. */
export const OidcProvider = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z][a-z0-9-]{0,31}$',
      description: 'What this provider is called here; never changed later',
    }),
    title: Type.String({ minLength: 1, description: 'What its button on the sign-in page says' }),
    issuer: Type.String({ pattern: '^https?://', description: 'Issuer; its discovery document is read from there' }),
    clientId: Type.String({ minLength: 1 }),
    clientSecret: Type.Optional(Secret),
    scopes: some('Scopes that are asked for; default: openid profile email'),
    claims: Type.Optional(
      Type.Object(
        {
          userName: some('Claim with the sign-in name; default preferred_username. Dots lead into nested claims'),
          displayName: some('Claim with the name that is shown; default name'),
          email: some('Claim with the address; default email'),
          groups: some('Claim with the names of groups; none are taken without it'),
        },
        closed,
      ),
    ),
    people: Type.Optional(
      Type.Union([Type.Literal('create'), Type.Literal('match')], {
        description:
          'create (the default): who signs in first becomes a user here; match: only who is in the directory, by userName, signs in',
      }),
    ),
    matchSource: some('With match: the source whose users these are'),
    domain: Type.String({
      minLength: 1,
      description: 'Domain of names that have none; with create, the only one that is taken',
    }),
    administrators: some('Group of this provider whose members administer Persistent Chat'),
    recheckMinutes: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1440,
        description: 'How often the provider is asked whether who is signed in still may be; default 15',
      }),
    ),
    clockSkewSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 300, description: 'Default 30' })),
    graceHours: Type.Optional(
      Type.Number({
        minimum: 0,
        description: 'How long who is in stays in while the provider cannot be asked; default 8',
      }),
    ),
  },
  closed,
)
export type OidcProvider = Static<typeof OidcProvider>
