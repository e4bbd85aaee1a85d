import Type, { type Static } from 'typebox'
import { FactorKind, NewTotp, PasskeyAssertion, PasskeyAttestation, SignInEntry } from './factor.ts'
import { PrincipalRef, RoomId, Seq, Uuid } from './ids.ts'
import { Message } from './message.ts'
import { PoolEntry } from './pool-verbs.ts'
import { Me, Principal } from './principal.ts'
import { Invitation, Room } from './room.ts'
import { Flag, Limit, optional, Text, verb, websocket } from './verb.ts'

export const Limits = Type.Object({
  textCodePoints: Type.Integer(),
  storyBytes: Type.Integer(),
  historyOnJoin: Type.Integer(),
  frameBytes: Type.Integer(),
  participantUpdateLimit: Type.Integer(),
  fileBytes: Type.Integer(),
})
export type Limits = Static<typeof Limits>

const SyncRoom = Type.Object({
  room: RoomId,
  lastSeq: Seq,
  firstSeq: Seq,
  revision: Type.Integer(),
  readSeq: Seq,
  followed: Flag(),
  unread: Type.Integer(),
  messages: Type.Array(Message),
  gap: Flag(),
  reset: optional(Flag()),
  changed: optional(
    Type.Union([Type.Literal('reload'), Type.Array(Type.Object({ seq: Seq, text: optional(Text()) }))]),
  ),
  info: optional(Room),
})
export type SyncRoom = Static<typeof SyncRoom>

const SessionEntry = Type.Object({
  id: Uuid,
  principal: Principal,
  kind: Type.Union([Type.Literal('person'), Type.Literal('bot')]),
  createdAt: Text(),
  lastUsedAt: Text(),
  expiresAt: Type.Union([Text(), Type.Null()]),
  address: Text(),
  current: Flag(),
  handedOverFrom: optional(Text({ description: 'display name of the pool that it came from' })),
})

/** Where they are there, `servers` alone take live sessions, and whoever signs in, asks over HTTP or puts files goes to one of these. */
const webServices = optional(
  Type.Array(Text(), { description: 'addresses of the Front End Servers, where the pool has some' }),
)

/** Signing in and out, and coming back. */
export const sessionVerbs = {
  'session.signIn': verb(
    'Sign in: user and password; then, where refused with second_factor_required, ticket and code, recoveryCode or passkey; or a passkey alone',
    {
      user: optional(Text({ minLength: 1 })),
      password: optional(Text()),
      ticket: optional(Text()),
      code: optional(Text()),
      recoveryCode: optional(Text()),
      passkey: optional(PasskeyAssertion),
      handOver: optional(Text({ description: 'ticket of session.handOver at another pool, with verifier' })),
      verifier: optional(Text({ description: 'what challenge was the hash of' })),
    },
    { token: Text(), me: Me, servers: Type.Array(Text()), webServices, pools: optional(Type.Array(PoolEntry)) },
    { callers: 'anyone' },
  ),
  'session.challenge': verb(
    'What navigator.credentials.get takes: for a passkey after the password (ticket), or alone',
    { ticket: optional(Text()) },
    { options: Type.Unknown() },
    { callers: 'anyone' },
  ),
  'session.enrol': verb(
    'Set up the obligatory second factor with the ticket of a sign-in: begin, then code or passkey; session.signIn with the ticket follows',
    {
      ticket: Text(),
      begin: optional(FactorKind),
      code: optional(Text()),
      passkey: optional(PasskeyAttestation),
      name: optional(Text()),
    },
    { totp: optional(NewTotp), options: optional(Type.Unknown()), recoveryCodes: optional(Type.Array(Text())) },
    { callers: 'anyone' },
  ),
  'session.open': verb(
    'Bind this connection to a signed-in user; always the first frame',
    {
      token: optional(Text()),
      ticket: optional(
        Text({ description: 'in place of a token: of a page of a Front End Server, from POST /web/ticket' }),
      ),
    },
    {
      me: Me,
      version: Type.Integer(),
      servers: Type.Array(Text()),
      webServices,
      epoch: Text(),
      limits: Limits,
      pools: optional(Type.Array(PoolEntry)),
      roomManagementUrl: optional(
        Text({ description: 'rooms are created and managed there, not in the built-in pages' }),
      ),
    },
    { ...websocket, callers: 'anyone' },
  ),
  'session.handOver': verb(
    'A ticket of half a minute that signs the caller in at another pool (session.signIn there), once',
    {
      pool: Text({ minLength: 1, maxLength: 253, description: 'name of the pool' }),
      challenge: Type.String({
        pattern: '^[A-Za-z0-9_-]{43}$',
        description: 'SHA-256 of a secret text (verifier), base64url; whoever shows that is the one that asked',
      }),
    },
    { ticket: Text(), url: Text({ description: 'where the pool is reached' }) },
  ),
  'session.servers': verb(
    'Where live sessions are opened, and where the web services are',
    {},
    { servers: Type.Array(Text()), webServices },
  ),
  'session.end': verb(
    'Sign out, or end the sessions of another',
    { session: optional(Uuid), user: optional(PrincipalRef) },
    {},
  ),
  'session.list': verb(
    'Sign-ins of the caller, or of another user',
    { user: optional(PrincipalRef) },
    { sessions: Type.Array(SessionEntry) },
  ),
  'session.record': verb(
    "Sign-ins and refused tries, newest first: one's own; for administrators those of another, or all",
    { user: optional(PrincipalRef), all: optional(Flag()), limit: optional(Limit), before: optional(Seq) },
    { entries: Type.Array(SignInEntry) },
  ),
  'session.sync': verb(
    'Join all followed rooms at once and learn what was missed',
    {
      epoch: optional(Text()),
      rooms: optional(
        Type.Array(
          Type.Object(
            { room: RoomId, seq: optional(Seq), revision: optional(Seq), version: optional(Seq) },
            { additionalProperties: false },
          ),
          { maxItems: 1000 },
        ),
      ),
    },
    {
      epoch: Text(),
      rooms: Type.Array(SyncRoom),
      refused: Type.Array(Type.Object({ room: RoomId, code: Text() })),
      invitations: Type.Array(Invitation),
    },
    websocket,
  ),
} as const
