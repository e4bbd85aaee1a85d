import Type, { type Static } from 'typebox'
import { Secret } from './secret.ts'

const some = (description: string, more: object = {}) =>
  Type.Optional(Type.String({ minLength: 1, description, ...more }))
const closed = { additionalProperties: false }

/** One LDAP directory or Active Directory domain, as the configuration names it. */
export const LdapSource = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z][a-z0-9-]{0,31}$',
      description: 'What this source is called here; never changed later',
    }),
    kind: Type.Union([Type.Literal('active-directory'), Type.Literal('openldap')]),
    urls: Type.Array(Type.String({ pattern: '^ldaps?://' }), {
      minItems: 1,
      description: 'Servers, tried in order: ldaps://dc1.example.com, or ldap:// with startTls',
    }),
    startTls: Type.Optional(
      Type.Boolean({
        description: 'Begin TLS on an ldap:// connection; default true, and false only to servers on this machine',
      }),
    ),
    ca: some('File with the certificate authorities that are trusted, PEM; default: those of the system'),
    bindDn: Type.String({ minLength: 1, description: 'Account that reads the directory' }),
    bindPassword: Secret,
    base: Type.String({ minLength: 1, description: 'Where the search begins, such as DC=example,DC=com' }),
    domain: Type.String({ minLength: 1, description: 'Domain of names that have none, such as example.com' }),
    userFilter: some('Which users are taken'),
    groupFilter: some('Which groups are taken'),
    unitFilter: some('Which organisational units are taken'),
    disabledFilter: some('Which of the users may not sign in, beside those that the directory itself calls disabled'),
    attributes: Type.Optional(
      Type.Object(
        {
          userName: some('Sign-in name'),
          displayName: some('Name that is shown'),
          email: some('Address'),
          groupName: some('Name of a group'),
          member: some('Members of a group, as distinguished names'),
        },
        closed,
      ),
    ),
    timeoutSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 600,
        description: 'How long one answer of the directory may take; default 30',
      }),
    ),
    administrators: some('Name of the group whose members administer Persistent Chat'),
    everySeconds: Type.Optional(Type.Integer({ minimum: 1, description: 'Between two incremental runs; default 60' })),
    fullEveryMinutes: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Between two full comparisons; default 1440' }),
    ),
    maxDisabledShare: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: 'A run that would disable more of its users than this stops; default 0.05',
      }),
    ),
  },
  closed,
)
export type LdapSource = Static<typeof LdapSource>
