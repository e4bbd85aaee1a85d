import Type, { type Static } from 'typebox'
import { Uuid } from './ids.ts'
import { administrator, Flag, fullAdministrator, Nullable, optional, Text, verb } from './verb.ts'

const Version = Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: 'of a publication' })

/** What was published, without its text. */
const card = {
  version: Type.Integer(),
  basedOn: Type.Integer({ description: '0: nothing was published before' }),
  restores: Nullable(Type.Integer({ description: 'the version whose text it brings back' })),
  author: Text({ description: 'who, as the program says' }),
  role: Text({ description: 'who, as the database knows' }),
  note: Text(),
  at: Text({ description: 'ISO 8601' }),
  mark: Text({ description: 'tells two publications of one version apart, where the store was restored' }),
}
export const PublicationCard = Type.Object(card)
export type PublicationCard = Static<typeof PublicationCard>

/** `none`: this server was told of no Central Management Store, `hint` says how; `empty`: nothing was published yet. */
const Store = Type.Union([Type.Literal('none'), Type.Literal('away'), Type.Literal('empty'), Type.Literal('there')])
const Level = Type.Union([Type.Literal('error'), Type.Literal('advice')])
const place = {
  line: Type.Integer(),
  column: Type.Integer(),
  path: Text({ description: 'JSON pointer into the document' }),
}

export const TopologyFinding = Type.Object({ ...place, rule: Text(), level: Level, reason: Text(), mend: Text() })
export type TopologyFinding = Static<typeof TopologyFinding>
export const TopologyFault = Type.Object({ ...place, message: Text() })
export type TopologyFault = Static<typeof TopologyFault>

export const TopologyNode = Type.Object({
  id: Text({ description: 'the same for the same part of two documents' }),
  kind: Text(),
  name: Text(),
  lines: Type.Array(Text()),
  path: Text({ description: 'JSON pointer; empty where the part is gone' }),
  inside: optional(Text({ description: 'id of the part that it is drawn in, or at' })),
  standby: Flag(),
  change: Type.Union([Type.Literal('none'), Type.Literal('added'), Type.Literal('changed'), Type.Literal('removed')]),
  errors: Type.Integer(),
  advice: Type.Integer(),
})
export type TopologyNode = Static<typeof TopologyNode>

export const TopologyPicture = Type.Object({
  nodes: Type.Array(TopologyNode),
  links: Type.Array(Type.Object({ from: Text(), to: Text(), what: Text() })),
  more: Type.Integer({ description: 'parts that are not among them' }),
})
export type TopologyPicture = Static<typeof TopologyPicture>

const Ask = Type.Object({ doing: Text(), server: Text(), process: optional(Text()) })
export const TopologyDifference = Type.Object({
  where: Text(),
  change: Type.Union([Type.Literal('added'), Type.Literal('removed'), Type.Literal('changed')]),
  before: optional(Text()),
  after: optional(Text()),
  effect: Text({ description: 'running, verb, start, restart or stop' }),
  verb: optional(Text({ description: 'the command that says it to servers which run' })),
  asks: Type.Array(Ask),
})
export type TopologyDifference = Static<typeof TopologyDifference>

export const TopologyAsks = Type.Object({
  servers: Type.Array(Ask, { description: 'of all differences, each once' }),
  more: Type.Integer({ description: 'of servers, that are not among them' }),
  verbs: Type.Array(Text({ description: 'the commands that say it to servers which run' })),
})
export type TopologyAsks = Static<typeof TopologyAsks>

const basis = {
  basedOn: Type.Integer({ minimum: 0, maximum: 2_147_483_647, description: 'what the author had; 0: nothing' }),
  mark: optional(Uuid),
  note: optional(Text({ description: 'why, in one line' })),
}
const published = {
  version: Type.Integer(),
  mark: Text(),
  changed: Flag({ description: 'false: that document stands there already' }),
}

/** What runs where, and what of it is published. */
export const topologyVerbs = {
  'topology.get': verb(
    'What is published of the topology: the newest, or a version of before',
    { version: optional(Version) },
    {
      store: Store,
      hint: optional(Text({ description: 'what to do where there is no store' })),
      publication: Nullable(Type.Object({ ...card, text: Text() })),
    },
    administrator,
  ),
  'topology.schema': verb(
    'JSON Schema of the topology document',
    {},
    { schema: Type.Unknown({ description: 'JSON Schema, with what a change of each option asks of servers' }) },
    administrator,
  ),
  'topology.example': verb(
    'A topology document to begin with',
    {
      edition: Type.Union([Type.Literal('standard-edition'), Type.Literal('enterprise-edition')]),
      fqdn: optional(Text({ minLength: 1, maxLength: 253, description: 'of the one machine, or of the pool' })),
    },
    { text: Text() },
    administrator,
  ),
  'topology.check': verb(
    'What is wrong with a topology document, what is drawn of it, and what it changes of what is published',
    {
      text: Text(),
      against: optional(Version),
      before: optional(Text({ description: 'a document that it is compared with, in place of a version' })),
    },
    {
      store: Store,
      faults: Type.Array(TopologyFault, { description: 'why it cannot be read' }),
      findings: Type.Array(TopologyFinding, { description: 'of the rules, errors first' }),
      more: Type.Integer({ description: 'findings that are not among them' }),
      picture: Nullable(TopologyPicture),
      version: Nullable(Type.Integer({ description: 'that it is compared with' })),
      differences: Nullable(Type.Array(TopologyDifference)),
      moreDifferences: Type.Integer(),
      asks: Nullable(TopologyAsks),
    },
    administrator,
  ),
  'topology.publish': verb(
    'Publish a topology document, if what it is based on is what stands there',
    { text: Text(), ...basis },
    published,
    fullAdministrator,
  ),
  'topology.history': verb(
    'Who published what and when, newest first; and who said that a restored store counts',
    { limit: optional(Type.Integer({ minimum: 1, maximum: 200 })), before: optional(Version) },
    {
      store: Store,
      publications: Type.Array(PublicationCard),
      adoptions: Type.Array(
        Type.Object({ version: Type.Integer(), author: Text(), role: Text(), note: Text(), at: Text(), mark: Text() }),
      ),
    },
    administrator,
  ),
  'topology.rollback': verb(
    'Publish an earlier version anew',
    { version: Version, ...basis },
    published,
    fullAdministrator,
  ),
} as const
