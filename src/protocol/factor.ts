import Type, { type Static } from 'typebox'

const base64url = (description: string) => Type.String({ pattern: '^[A-Za-z0-9_-]+$', description })

/** What navigator.credentials.create made, as base64url. */
export const PasskeyAttestation = Type.Object(
  {
    id: base64url('id of the credential'),
    clientDataJSON: base64url('response.clientDataJSON'),
    attestationObject: base64url('response.attestationObject'),
    transports: Type.Optional(Type.Array(Type.String(), { maxItems: 10 })),
  },
  { additionalProperties: false },
)
export type PasskeyAttestation = Static<typeof PasskeyAttestation>

/** What navigator.credentials.get made, as base64url. */
export const PasskeyAssertion = Type.Object(
  {
    id: base64url('id of the credential'),
    clientDataJSON: base64url('response.clientDataJSON'),
    authenticatorData: base64url('response.authenticatorData'),
    signature: base64url('response.signature'),
    userHandle: Type.Optional(base64url('response.userHandle')),
  },
  { additionalProperties: false },
)
export type PasskeyAssertion = Static<typeof PasskeyAssertion>

export const Passkey = Type.Object({
  id: Type.String(),
  name: Type.String(),
  createdAt: Type.String(),
  lastUsedAt: Type.Union([Type.String(), Type.Null()]),
})
export type Passkey = Static<typeof Passkey>

export const FactorKind = Type.Union([Type.Literal('totp'), Type.Literal('passkey')])
export type FactorKind = Static<typeof FactorKind>

/** What an authenticator app is given, once. */
export const NewTotp = Type.Object({
  secret: Type.String({ description: 'base32' }),
  uri: Type.String({ description: 'otpauth:// address, to be drawn as a QR code' }),
})
export type NewTotp = Static<typeof NewTotp>

/** Members of `details` of a refusal with second_factor_required. */
export const SecondStep = Type.Object({
  ticket: Type.String({ description: 'stands for the right password, for ten minutes' }),
  methods: Type.Array(Type.Union([Type.Literal('totp'), Type.Literal('passkey'), Type.Literal('recovery')])),
  enrol: Type.Boolean({
    description: 'a second factor is obligatory and there is none: session.enrol with the ticket',
  }),
  kinds: Type.Array(FactorKind, { description: 'what can be enrolled at this address' }),
})
export type SecondStep = Static<typeof SecondStep>

export const SignInEntry = Type.Object({
  id: Type.Integer(),
  at: Type.String(),
  user: Type.Union([Type.Object({ id: Type.String(), name: Type.String(), displayName: Type.String() }), Type.Null()]),
  unknown: Type.Optional(Type.String({ description: 'eight digits that stand for a typed name without an account' })),
  address: Type.String(),
  method: Type.String({
    description:
      'password, totp, recovery, passkey, enrolment, set-up, token, hand-over, or the kind of another source',
  }),
  outcome: Type.String({
    description: 'ok, wrong, locked, factor required, enrolment required, or given: to another pool',
  }),
  session: Type.Optional(Type.String()),
  pool: Type.Optional(Type.String({ description: 'display name of the pool that it came from, or was given to' })),
})
export type SignInEntry = Static<typeof SignInEntry>
