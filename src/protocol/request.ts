import Type, { type Static, type TSchema } from 'typebox'
import { Category } from './category.ts'
import { FactorKind, NewTotp, Passkey, PasskeyAssertion, PasskeyAttestation, SignInEntry } from './factor.ts'
import { FileInfo, FileUsage, ListedFile } from './file.ts'
import { CategoryId, ClientId, Instant, PrincipalRef, RoomId, Seq, Uuid } from './ids.ts'
import { Message, MessageFormat, PostedMessage } from './message.ts'
import { Me, Principal, PrincipalKind } from './principal.ts'
import { Invitation, InvitationSetting, Privacy, Rights, Room, RoomRole, RoomType } from './room.ts'

/** Which doors carry a verb: the WebSocket-only ones bind a live session. */
export type Doors = 'both' | 'websocket'
/** Who may call at all; what he may do there is for domain/access. */
export type Callers = 'anyone' | 'user' | 'administrator'

function verb<Input extends Record<string, TSchema>, Result extends Record<string, TSchema>>(
  summary: string,
  input: Input,
  result: Result,
  more: { doors?: Doors; callers?: Callers } = {},
) {
  return {
    summary,
    input: Type.Object(input, { additionalProperties: false }),
    result: Type.Object(result),
    doors: more.doors ?? ('both' as Doors),
    callers: more.callers ?? ('user' as Callers),
  }
}

const optional = Type.Optional
const Text = Type.String
const Flag = Type.Boolean
const Limit = Type.Integer({ minimum: 1, maximum: 1000 })
const administrator = { callers: 'administrator' } as const
const websocket = { doors: 'websocket' } as const

const Refs = Type.Array(PrincipalRef, { maxItems: 10_000 })
/** A list is set whole, or changed by what to add and what to remove. */
const ListChange = Type.Union([
  Refs,
  Type.Object({ add: optional(Refs), remove: optional(Refs) }, { additionalProperties: false }),
])
export type ListChange = Static<typeof ListChange>
/** `null`: everyone in the category's scope. */
const MemberListChange = Type.Union([Type.Null(), ...ListChange.anyOf])
const MemberList = Type.Union([Type.Null(), Refs])

export const Match = Type.Union([Type.Literal('any'), Type.Literal('all'), Type.Literal('exact')])
export type Match = Static<typeof Match>

const MessageFilter = Type.Object(
  {
    authors: optional(Refs),
    from: optional(Instant),
    until: optional(Instant),
    text: optional(Text()),
    match: optional(Match),
    matchCase: optional(Flag()),
  },
  { additionalProperties: false },
)
export type MessageFilter = Static<typeof MessageFilter>

const categoryMembers = {
  description: optional(Text()),
  fileUpload: optional(Flag()),
  invitations: optional(Flag()),
  chatHistory: optional(Flag()),
}
const roomMembers = {
  description: optional(Text()),
  type: optional(RoomType),
  privacy: optional(Privacy),
  invitations: optional(InvitationSetting),
}

export const Limits = Type.Object({
  textCodePoints: Type.Integer(),
  storyBytes: Type.Integer(),
  historyOnJoin: Type.Integer(),
  frameBytes: Type.Integer(),
  participantUpdateLimit: Type.Integer(),
  fileBytes: Type.Integer(),
})
export type Limits = Static<typeof Limits>

/** Pool options, read and set by administrators. */
export const PoolSettings = Type.Object({
  domain: Text({ description: 'domain of room URIs' }),
  defaultChatHistory: Type.Integer({ minimum: 1, maximum: 500 }),
  participantUpdateLimit: Type.Integer({ minimum: 2, maximum: 100_000 }),
  maxFileBytes: Type.Integer({ minimum: 1, maximum: 2 ** 40 }),
  roomFileBytes: Type.Integer({ minimum: 0, maximum: 2 ** 50, description: 'of all files of a room; 0: no limit' }),
  userFileBytes: Type.Integer({ minimum: 0, maximum: 2 ** 50, description: 'of all files of a user; 0: no limit' }),
  fileGraceDays: Type.Integer({
    minimum: 0,
    maximum: 3650,
    description: 'how long the bytes of a file stay after its message has gone',
  }),
  maxTextCodePoints: Type.Integer({ minimum: 1, maximum: 65_536 }),
  maxStoryBytes: Type.Integer({ minimum: 1, maximum: 131_072 }),
  roomManagementUrl: Text({ description: 'empty: the built-in pages' }),
  postsPerSecond: Type.Number({ exclusiveMinimum: 0, description: 'per session' }),
  postBurst: Type.Integer({ minimum: 1, description: 'per session' }),
  requestsPerSecond: Type.Number({ exclusiveMinimum: 0, description: 'per session, posts among them' }),
  requestBurst: Type.Integer({ minimum: 1 }),
  addressRequestsPerSecond: Type.Number({ exclusiveMinimum: 0, description: 'per address' }),
  addressRequestBurst: Type.Integer({ minimum: 1 }),
  admissionsPerSecond: Type.Number({ exclusiveMinimum: 0, description: 'sessions that a process lets in' }),
  admissionBurst: Type.Integer({ minimum: 1, description: 'sessions that a process lets in at once' }),
  failedSignInsPerMinute: Type.Integer({ minimum: 1, description: 'per address' }),
  lockoutThreshold: Type.Integer({ minimum: 1, description: 'failed sign-ins in a row that lock an account' }),
  lockoutSeconds: Type.Integer({ minimum: 1 }),
  sessionDays: Type.Integer({ minimum: 1, maximum: 3650 }),
  signInRecordDays: Type.Integer({ minimum: 1, maximum: 3650, description: 'how long sign-ins stay in the record' }),
  slowReaderBytes: Type.Integer({ minimum: 65_536, description: 'bytes that may wait for one session' }),
  trustedNetworks: Type.Array(Text(), { description: 'addresses or CIDR ranges without rate limits' }),
})
export type PoolSettings = Static<typeof PoolSettings>

export const PoolState = Type.Union([Type.Literal('normal'), Type.Literal('failed-over')])

export const PoolView = Type.Object({
  state: PoolState,
  servers: Type.Array(
    Type.Object({
      name: Text(),
      active: Flag({ description: 'takes new sessions' }),
      alive: Flag(),
      sessions: Type.Integer(),
      processes: Type.Array(
        Type.Object({
          id: Uuid,
          url: Text({ description: 'WebSocket address' }),
          program: Text({ description: 'version of the program' }),
          sessions: Type.Integer(),
          draining: Flag(),
          startedAt: Instant,
        }),
      ),
    }),
  ),
})
export type PoolView = Static<typeof PoolView>

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
})

/** What a run of a source of people did, or would do; a kind of change that did not happen is missing from the counts. */
export const DirectoryRun = Type.Object({
  source: Text(),
  whole: Flag({ description: 'all was read, not what changed' }),
  dryRun: Flag({ description: 'nothing was written' }),
  objects: Type.Integer({ description: 'that were read' }),
  seconds: Type.Number(),
  counts: Type.Record(Text(), Type.Integer(), { description: 'by kind of change; leftOut: who cannot be taken' }),
  samples: Type.Array(Type.Object({ change: Text(), kind: Text(), name: Text(), detail: Text() })),
  warning: optional(Text()),
})
export type DirectoryRun = Static<typeof DirectoryRun>

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const Blamed = Nullable(Type.Union([Type.Literal('administrator'), Type.Literal('source')]))

/** Every verb: what it takes, what it answers, on which doors, for whom. Both doors, OpenAPI and the client read this. */
export const verbs = {
  'session.signIn': verb(
    'Sign in: user and password; then, where refused with second_factor_required, ticket and code, recoveryCode or passkey; or a passkey alone',
    {
      user: optional(Text({ minLength: 1 })),
      password: optional(Text()),
      ticket: optional(Text()),
      code: optional(Text()),
      recoveryCode: optional(Text()),
      passkey: optional(PasskeyAssertion),
    },
    { token: Text(), me: Me, servers: Type.Array(Text()) },
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
    { token: optional(Text()) },
    { me: Me, version: Type.Integer(), servers: Type.Array(Text()), epoch: Text(), limits: Limits },
    { ...websocket, callers: 'anyone' },
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

  'principal.create': verb(
    'Add a user, group, organisational unit or domain',
    {
      kind: PrincipalKind,
      name: Text(),
      displayName: Text(),
      password: optional(Text()),
      email: optional(Text()),
      in: optional(PrincipalRef),
      administrator: optional(Flag()),
    },
    { principal: Principal },
    administrator,
  ),
  'principal.update': verb(
    'Change, disable or re-enable a principal',
    {
      principal: PrincipalRef,
      displayName: optional(Text()),
      email: optional(Text()),
      in: optional(Type.Union([PrincipalRef, Type.Null()])),
      password: optional(Text()),
      administrator: optional(Flag()),
      disabled: optional(Flag()),
    },
    { principal: Principal },
    administrator,
  ),
  'principal.get': verb(
    'One principal, with what administrators may know of it',
    { principal: PrincipalRef },
    {
      principal: Principal,
      email: optional(Type.Union([Text(), Type.Null()])),
      administrator: optional(Flag()),
      disabled: optional(Flag()),
      enabled: optional(Flag()),
      in: optional(Type.Union([Principal, Type.Null()])),
      groups: optional(Type.Array(Principal)),
      source: optional(Text({ description: 'directory that it comes from; absent where it was made here' })),
    },
  ),
  'principal.find': verb(
    'People and groups by name',
    { text: Text(), category: optional(CategoryId), kind: optional(PrincipalKind), limit: optional(Limit) },
    { principals: Type.Array(Principal) },
  ),
  'password.change': verb('Change the own password', { password: Text(), newPassword: Text() }, {}),
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
    administrator,
  ),
  'bot.create': verb(
    'Add a bot: a user who signs in by token only',
    { name: Text(), displayName: Text(), in: optional(PrincipalRef) },
    { principal: Principal, token: Text() },
    administrator,
  ),
  'bot.issueToken': verb(
    'A new token for a bot; the old ones end',
    { bot: PrincipalRef },
    { token: Text() },
    administrator,
  ),
  'group.update': verb(
    'Add members to a group, or remove some',
    { group: PrincipalRef, add: optional(Refs), remove: optional(Refs) },
    { group: Principal },
    administrator,
  ),
  'group.members': verb(
    'Direct members of a group or organisational unit',
    { group: PrincipalRef, limit: optional(Limit), after: optional(Text()) },
    { principals: Type.Array(Principal), next: optional(Text()) },
    administrator,
  ),
  'policy.grant': verb(
    'Switch Persistent Chat on or off for all, a site or a principal; null takes the grant back',
    { scope: Text({ minLength: 1 }), enabled: Type.Union([Flag(), Type.Null()]) },
    {},
    administrator,
  ),
  'policy.list': verb(
    'All grants',
    {},
    { policies: Type.Array(Type.Object({ scope: Text(), principal: optional(Principal), enabled: Flag() })) },
    administrator,
  ),
  'settings.get': verb('The pool options', {}, { settings: PoolSettings }, administrator),
  'settings.update': verb(
    'Change pool options',
    { settings: Type.Partial(PoolSettings, { additionalProperties: false }) },
    { settings: PoolSettings },
    administrator,
  ),
  'pool.get': verb('Servers of the pool and who of them is active', {}, { pool: PoolView }, administrator),
  'pool.update': verb(
    'Set which servers take new sessions, or swap them with those on stand-by; set the state of the pool',
    {
      activeServers: optional(Type.Array(Text(), { maxItems: 8 })),
      swap: optional(Type.Literal(true)),
      state: optional(PoolState),
    },
    { pool: PoolView },
    administrator,
  ),
  'audit.list': verb(
    "Administrators' actions and refused names, newest first",
    { limit: optional(Limit), before: optional(Seq) },
    {
      entries: Type.Array(
        Type.Object({
          id: Seq,
          at: Text(),
          actor: Type.Union([Principal, Type.Null()]),
          action: Text(),
          subject: Text(),
          detail: Type.Unknown(),
        }),
      ),
    },
    administrator,
  ),

  'directory.status': verb(
    'Sources of people: last run, lag, what they hold here',
    {},
    {
      sources: Type.Array(
        Type.Object({
          source: Text(),
          configured: Flag({ description: 'this server knows it' }),
          running: Nullable(Text({ description: 'the server that runs it now' })),
          lastRunAt: Nullable(Text()),
          lastSuccessAt: Nullable(Text()),
          lastFullAt: Nullable(Text()),
          nextAt: Nullable(Text()),
          lagSeconds: Nullable(Type.Number({ description: 'since the last success' })),
          failures: Type.Integer({ description: 'in a row' }),
          lastError: Nullable(Text()),
          users: Type.Integer(),
          disabled: Type.Integer(),
          groups: Type.Integer(),
          units: Type.Integer(),
          gone: Type.Integer(),
          leftOut: Type.Integer(),
          runs: Type.Array(
            Type.Object({
              startedAt: Text(),
              endedAt: Text(),
              whole: Flag(),
              objects: Type.Integer(),
              counts: Type.Record(Text(), Type.Integer()),
              error: Nullable(Text()),
            }),
            { description: 'newest first: those that changed something, failed or were asked for' },
          ),
        }),
      ),
    },
    administrator,
  ),
  'directory.sync': verb(
    'Read a source of people now, or all of them; answers when that is done',
    {
      source: optional(Text({ minLength: 1 })),
      full: optional(Flag({ description: 'all there is, not what changed' })),
      dryRun: optional(Flag({ description: 'only says what would change' })),
      force: optional(Flag({ description: 'also where it disables many' })),
    },
    { runs: Type.Array(DirectoryRun) },
    administrator,
  ),
  'directory.check': verb(
    'Compare a source with the store, and the flattening of groups with a fresh one; changes nothing',
    { source: Text({ minLength: 1 }) },
    {
      sound: Flag({ description: 'nothing differs' }),
      run: DirectoryRun,
      flattening: Type.Object({
        principals: Type.Integer({ description: 'that were looked at' }),
        missing: Type.Integer(),
        vain: Type.Integer(),
        samples: Type.Array(Type.Object({ member: Text(), ancestor: Text(), missing: Flag() })),
      }),
    },
    administrator,
  ),
  'directory.resync': verb(
    'Read one principal anew from its source',
    { principal: PrincipalRef },
    { run: DirectoryRun },
    administrator,
  ),
  'directory.explain': verb(
    'Who a principal is, where from, in which groups; with a room why he may enter it, or not',
    { user: PrincipalRef, room: optional(RoomId) },
    {
      principal: Principal,
      source: Text({ description: 'empty: made here' }),
      externalId: Nullable(Text()),
      dn: Nullable(Text()),
      disabled: Flag(),
      disabledBy: Blamed,
      disabledThere: Flag({ description: 'disabled or deleted in its source' }),
      goneAt: Nullable(Text()),
      administrator: Flag(),
      administratorBy: Blamed,
      conflict: Nullable(Text({ description: 'why it is not called as its source calls it' })),
      units: Type.Array(Principal, { description: 'that it lies in, the nearest first' }),
      groups: Type.Array(Type.Object({ group: Principal, path: Type.Array(Principal), sentence: Text() })),
      domain: Nullable(Principal),
      room: optional(
        Type.Object({
          id: RoomId,
          name: Text(),
          mayRead: Flag(),
          rights: Rights,
          sentences: Type.Array(Text()),
          reasons: Type.Array(
            Type.Object({ list: Text(), entry: Principal, path: Type.Array(Principal), sentence: Text() }),
          ),
        }),
      ),
    },
    administrator,
  ),

  'category.create': verb(
    'Add a category',
    {
      name: Text(),
      ...categoryMembers,
      allowedMembers: optional(Refs),
      deniedMembers: optional(Refs),
      creators: optional(Refs),
    },
    { category: Category },
  ),
  'category.update': verb(
    'Change a category, its scope or its creators',
    {
      category: CategoryId,
      ifVersion: optional(Type.Integer()),
      name: optional(Text()),
      ...categoryMembers,
      allowedMembers: optional(ListChange),
      deniedMembers: optional(ListChange),
      creators: optional(ListChange),
    },
    { category: Category },
  ),
  'category.list': verb('Categories that the caller may see', {}, { categories: Type.Array(Category) }),
  'category.delete': verb('Delete an empty category', { category: CategoryId }, {}),

  'room.create': verb(
    'Create a room; its creator becomes a manager',
    {
      category: CategoryId,
      name: Text(),
      ...roomMembers,
      members: optional(MemberList),
      managers: optional(Refs),
      presenters: optional(Refs),
    },
    { room: Room },
  ),
  'room.update': verb(
    'Change, move, disable or re-enable a room',
    {
      room: RoomId,
      ifVersion: optional(Type.Integer()),
      category: optional(CategoryId),
      name: optional(Text()),
      ...roomMembers,
      members: optional(MemberListChange),
      managers: optional(ListChange),
      presenters: optional(ListChange),
      disabled: optional(Flag()),
    },
    { room: Room },
  ),
  'room.get': verb(
    'A room with the first 100 of each list and their counts, where the caller may see them; members null: everyone in scope',
    { room: RoomId },
    {
      room: Room,
      rights: Rights,
      followed: Flag(),
      counts: optional(Type.Object({ members: Type.Integer(), managers: Type.Integer(), presenters: Type.Integer() })),
      members: optional(Type.Union([Type.Array(Principal), Type.Null()])),
      managers: optional(Type.Array(Principal)),
      presenters: optional(Type.Array(Principal)),
    },
  ),
  'room.members': verb(
    'One list of a room, page by page',
    { room: RoomId, role: RoomRole, limit: optional(Limit), after: optional(Text()) },
    { principals: Type.Array(Principal), next: optional(Text()) },
  ),
  'room.find': verb(
    'The room directory',
    {
      text: optional(Text()),
      searchDescription: optional(Flag()),
      category: optional(CategoryId),
      mine: optional(Type.Union([Type.Literal('member'), Type.Literal('manager')])),
      limit: optional(Limit),
      after: optional(Text()),
    },
    { rooms: Type.Array(Room), next: optional(Text()) },
  ),
  'room.join': verb(
    'Hear a room: history, then live',
    { room: RoomId, history: optional(Type.Integer({ minimum: 0, maximum: 500 })) },
    {
      room: Room,
      rights: Rights,
      epoch: Text(),
      lastSeq: Seq,
      firstSeq: Seq,
      revision: Type.Integer(),
      readSeq: Seq,
      followed: Flag(),
      messages: Type.Array(Message),
      participants: optional(Type.Array(Principal)),
    },
    websocket,
  ),
  'room.part': verb('Stop hearing a room', { room: RoomId }, {}, websocket),
  'room.follow': verb('Keep a room in the own list, read up to now', { room: RoomId }, {}),
  'room.unfollow': verb('Take a room off the own list', { room: RoomId }, {}),
  'room.markRead': verb('Read up to this message', { room: RoomId, seq: Seq }, {}),
  'room.clear': verb('Clear what was posted up to an instant', { room: RoomId, until: Instant }, { firstSeq: Seq }),
  'room.delete': verb('Delete a room and its messages', { room: RoomId }, {}),
  'invitation.dismiss': verb('Take an invitation off the list', { room: RoomId }, {}),

  'participant.list': verb('Who is in the room now', { room: RoomId }, { participants: Type.Array(Principal) }),

  'message.post': verb(
    'Post into a room',
    {
      room: RoomId,
      clientId: ClientId,
      text: Text(),
      format: optional(MessageFormat),
      alert: optional(Flag()),
      title: optional(Text()),
    },
    { seq: Seq, at: Text(), repeated: Flag() },
  ),
  'message.list': verb(
    'History by sequence',
    {
      room: RoomId,
      before: optional(Seq),
      after: optional(Seq),
      limit: optional(Limit),
    },
    { messages: Type.Array(Message), firstSeq: Seq, lastSeq: Seq, revision: Type.Integer() },
  ),
  'message.search': verb(
    'Search the rooms that the caller may read',
    {
      text: optional(Text()),
      match: optional(Match),
      matchCase: optional(Flag()),
      rooms: optional(Type.Array(RoomId, { maxItems: 1000 })),
      authors: optional(Refs),
      from: optional(Instant),
      until: optional(Instant),
      limit: optional(Limit),
      after: optional(Text()),
    },
    {
      matches: Type.Array(Type.Object({ room: RoomId, revision: Type.Integer(), message: PostedMessage })),
      next: optional(Text()),
    },
  ),
  'message.remove': verb(
    'Remove or replace messages',
    { room: RoomId, seq: optional(Seq), filter: optional(MessageFilter), replaceWith: optional(Text()) },
    { removed: Type.Integer() },
  ),

  'file.begin': verb(
    'Announce a file for a room; its bytes follow by tus 1.0',
    { room: RoomId, name: Text(), size: Type.Integer({ minimum: 0, maximum: 2 ** 40 }) },
    { file: Uuid, upload: Text({ description: 'address that speaks tus 1.0, under the same authorisation' }) },
  ),
  'file.get': verb('State of a file that the caller has uploaded', { file: Uuid }, { file: FileInfo }),
  'file.post': verb(
    'Post an uploaded file into the room that it was announced for',
    { room: RoomId, file: Uuid, clientId: ClientId, text: optional(Text()) },
    { seq: Seq, at: Text(), repeated: Flag() },
  ),
  'file.list': verb(
    'Files of a room, newest first; what they take is told to managers',
    {
      room: RoomId,
      text: optional(Text({ description: 'part of the name' })),
      type: optional(Text({ description: 'media type, or the first part of one, such as image/' })),
      authors: optional(Refs),
      limit: optional(Limit),
      after: optional(Text()),
    },
    { files: Type.Array(ListedFile), usage: optional(FileUsage), next: optional(Text()) },
  ),
} as const

export type Verb = keyof typeof verbs
export type Input<V extends Verb> = Static<(typeof verbs)[V]['input']>
export type Result<V extends Verb> = Static<(typeof verbs)[V]['result']>
