import Type from 'typebox'
import { FactorKind, NewTotp, Passkey, PasskeyAssertion, PasskeyAttestation } from './factor.ts'
import { PrincipalRef } from './ids.ts'
import { Flag, fullAdministrator, optional, Text, verb } from './verb.ts'

/** What a sign-in needs beside the password. */
export const factorVerbs = {
  'factor.list': verb(
    "One's second factors; for administrators those of another",
    { user: optional(PrincipalRef) },
    {
      mayHave: Flag({ description: 'signs in here by password' }),
      required: Flag(),
      kinds: Type.Array(FactorKind, { description: 'what can be enrolled at this address' }),
      totpSince: Type.Union([Text(), Type.Null()]),
      passkeys: Type.Array(Passkey),
      recoveryCodes: Type.Integer({ description: 'how many are left' }),
    },
  ),
  'factor.challenge': verb('What navigator.credentials.get takes, for factor.prove', {}, { options: Type.Unknown() }),
  'factor.prove': verb(
    'Prove again who you are, for the next ten minutes: password, code or passkey',
    { password: optional(Text()), code: optional(Text()), passkey: optional(PasskeyAssertion) },
    {},
  ),
  'factor.begin': verb(
    'Begin to set up an authenticator app or a passkey; it counts once confirmed',
    { kind: FactorKind },
    { totp: optional(NewTotp), options: optional(Type.Unknown()) },
  ),
  'factor.confirm': verb(
    'Confirm what was begun: a code of the app, or what navigator.credentials.create made',
    { code: optional(Text()), passkey: optional(PasskeyAttestation), name: optional(Text()) },
    { recoveryCodes: optional(Type.Array(Text())) },
  ),
  'factor.rename': verb('Rename a passkey', { passkey: Text(), name: Text() }, {}),
  'factor.remove': verb(
    "Remove a passkey or the authenticator app; one's other sign-ins end",
    { passkey: optional(Text()), totp: optional(Type.Literal(true)) },
    {},
  ),
  'factor.recoveryCodes': verb('New recovery codes; the old ones end', {}, { recoveryCodes: Type.Array(Text()) }),
  'factor.reset': verb(
    'Take all second factors from a user; his sign-ins end',
    { user: PrincipalRef },
    {},
    fullAdministrator,
  ),
} as const
