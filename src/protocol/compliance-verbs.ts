import Type, { type Static } from 'typebox'
import { Instant, PrincipalRef, Uuid } from './ids.ts'
import { Principal } from './principal.ts'
import { Flag, optional, Text, verb } from './verb.ts'

/** Compliance is the officers' alone: who administers is among those whom it watches. */
const officer = { callers: ['complianceOfficer'] } as const

/** Adapters that every service has. A module of one's own is named on the machine only (`pchat compliance adapter set`). */
export const AdapterType = Type.Union([
  Type.Literal('xml'),
  Type.Literal('csv'),
  Type.Literal('json-lines'),
  Type.Literal('actiance'),
  Type.Literal('mail'),
])
export type AdapterType = Static<typeof AdapterType>

const AdapterName = Text({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
  description: 'letters, digits, point, hyphen and underscore; stands for its place in the archive',
})
const Path = Text({ minLength: 2, maxLength: 4_096 })
const RunInterval = Type.Integer({ minimum: 60, maximum: 2_592_000, description: 'a minute to 30 days' })
const Custom = Type.Array(
  Type.Object(
    { name: Text({ minLength: 1, maxLength: 200 }), value: Text({ maxLength: 10_000 }) },
    { additionalProperties: false },
  ),
  { maxItems: 100 },
)

const Adapter = Type.Object({
  name: Text(),
  type: Text({ description: 'one of the built-in ones, or the path of a module' }),
  outputDirectory: Text(),
  runIntervalSeconds: Type.Integer(),
  oneRoomPerFile: Flag(),
  roomDetails: Flag(),
  userDetails: Flag(),
  attachmentsManifest: Flag(),
  transformation: optional(Text({ description: 'path of an XSLT file' })),
  custom: Type.Array(Type.Object({ name: Text(), value: Text() })),
})

const view = {
  recording: Flag({ description: 'whether what happens is recorded' }),
  unheard: Type.Array(Text(), { description: 'servers that have not heard yet that it is on' }),
  maxRows: Type.Integer({ description: 'events that may wait; beyond it nothing is posted or read' }),
  maxAgeSeconds: Type.Integer({ description: 'age that a waiting event may have' }),
  adapters: Type.Array(Adapter),
  adapterBase: optional(
    Text({ description: 'folder below which adapters write that are set over the wire; without it none is set so' }),
  ),
  backlog: Type.Object({
    events: Type.Integer({ description: 'that wait for the compliance service, counted up to the bound' }),
    ageSeconds: Type.Number({ description: 'of the oldest one' }),
  }),
  service: optional(
    Type.Object(
      {
        at: Text({ description: 'when it said so; more than a minute ago, and none moves events' }),
        holder: Text({ description: 'server and process' }),
        entries: Type.Integer({ description: 'of the archive' }),
        batch: Type.Integer({ description: 'number of the last one' }),
        batchAt: optional(Text()),
        adapters: Type.Array(
          Type.Object({
            name: Text(),
            through: Type.Integer({ description: 'entry up to which it has written' }),
            at: optional(Text({ description: 'of its last output' })),
            failures: Type.Integer({ description: 'in a row' }),
            lastError: optional(Text()),
          }),
        ),
      },
      { description: 'what the service that moves events said last' },
    ),
  ),
  proof: optional(
    Type.Object(
      {
        at: Text(),
        by: Text({ description: 'account and machine' }),
        sound: Flag(),
        entries: Type.Integer({ description: 'up to which the archive was looked at' }),
        anchoredThrough: Type.Integer(),
        fault: optional(Text({ description: 'the first bad place' })),
      },
      { description: 'what `pchat compliance verify` found last' },
    ),
  ),
}

const Named = Type.Object({ id: Uuid, name: optional(Text({ description: 'as it is called now' })) })
export const Denial = Type.Object({
  id: Uuid,
  person: optional(Principal),
  room: optional(Named),
  category: optional(Named),
  from: optional(Text()),
  until: optional(Text({ description: 'without this instant' })),
  reason: Text(),
  by: Principal,
  at: Text(),
  lifted: optional(Type.Object({ by: Principal, at: Text(), reason: Text() })),
})
export type Denial = Static<typeof Denial>

const Reach = Type.Object(
  {
    messages: Type.Integer({ description: 'that stay' }),
    hidden: Type.Integer({ description: 'cleared, or of a deleted room: nobody reads them, and they stay too' }),
    files: Type.Integer({ description: 'whose bytes stay' }),
    gone: Type.Integer({ description: 'messages that were removed or replaced before' }),
    missing: optional(
      Type.Integer({
        description: 'places of the room or category whose messages are not here: collected before, or never kept',
      }),
    ),
  },
  { description: 'counted behind the denial; not there where that takes too long' },
)
export type Reach = Static<typeof Reach>
const Reason = Text({ minLength: 1, maxLength: 1_000 })

/** What is recorded, and where it goes. */
export const complianceVerbs = {
  'compliance.get': verb('How compliance is set, and how much waits for its service', {}, view, officer),
  'compliance.update': verb(
    'Switch recording on or off and set what may wait; where it goes on, the answer comes when every server records',
    {
      recording: optional(Flag()),
      maxRows: optional(Type.Integer({ minimum: 1_000, maximum: 100_000_000 })),
      maxAgeSeconds: optional(Type.Integer({ minimum: 60, maximum: 2_592_000 })),
    },
    view,
    officer,
  ),
  'compliance.setAdapter': verb(
    'Add an adapter, or set the one of that name anew: what is not named is as in a new one',
    {
      name: AdapterName,
      type: AdapterType,
      outputDirectory: Path,
      runIntervalSeconds: optional(RunInterval),
      oneRoomPerFile: optional(Flag()),
      roomDetails: optional(Flag()),
      userDetails: optional(Flag()),
      attachmentsManifest: optional(Flag()),
      transformation: optional(Path),
      custom: optional(Custom),
    },
    {},
    officer,
  ),
  'denial.add': verb(
    'Deny that something is deleted, by anybody or by itself, until it is lifted: what fits all that is given',
    {
      person: optional(PrincipalRef),
      room: optional(Text({ minLength: 1, maxLength: 300, description: 'id or name of a room' })),
      category: optional(Text({ minLength: 1, maxLength: 300, description: 'id or name of a category' })),
      from: optional(Instant),
      until: optional(Instant),
      reason: Reason,
      dryRun: optional(Type.Literal(true, { description: 'only counts; changes nothing' })),
    },
    { denial: optional(Denial), reach: optional(Reach) },
    officer,
  ),
  'denial.list': verb(
    'Denials that hold, or the newest of those that were lifted',
    { lifted: optional(Type.Literal(true)) },
    { denials: Type.Array(Denial) },
    officer,
  ),
  'denial.lift': verb(
    'Lift a denial: what it alone held may be deleted again',
    { denial: Uuid, reason: Reason, dryRun: optional(Type.Literal(true, { description: 'only shows it' })) },
    { denial: Denial, reach: optional(Reach) },
    officer,
  ),
  'compliance.removeAdapter': verb('Remove an adapter; what it wrote stays', { name: AdapterName }, {}, officer),
} as const
