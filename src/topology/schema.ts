import Type, { type Static } from 'typebox'
import { certificate, database, fileStore, nats } from './connection-schema.ts'
import { asSchema, byVerb, closed, hasOption, oneOf, part, restart, running } from './option.ts'
import { file, folder, hostName, port, shownName } from './text.ts'

/**
 * The topology document: sites, pools, servers, stores. Type, default and sentence of every option stand here and in
 * connection-schema.ts, and nowhere else: published schema, docs, example and help are made of them.
 */

const siteName = '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}$'
const several = { maxItems: 1_000 }
/** Far more than rules and capacity leave room for; what has more would only hold up whoever checks it. */
const pools = { maxItems: 250 }
const machines = { maxItems: 16 }

const site = part(running('One site'), {
  name: Type.String({ ...running('Name of the site; policies and options of a site go by it'), pattern: siteName }),
  displayName: Type.Optional(shownName(running('What people read instead of its name'))),
})

/** What every machine has. */
const machine = {
  fqdn: hostName(restart('Full name of the machine, in small letters')),
  address: Type.Optional(
    Type.String({
      ...restart('Its own IP address, where it listens on one alone; without it, what its name leads to'),
      pattern: '^[0-9a-fA-F:.]+$',
      maxLength: 45,
    }),
  ),
  dataDir: folder(restart('Folder of its own that the machine keeps its data in', '/var/lib/pchat')),
  certificate,
}
const belongsTo = (what: string) =>
  Type.Optional(Type.String({ ...restart(`Site that ${what} belongs to`), pattern: siteName }))

const frontEndServer = part(restart('One Front End Server'), machine)

const enterprisePool = part(running('One Enterprise Edition pool'), {
  fqdn: hostName(restart('Name of the Front End pool, which leads to all its servers; people open the pages there')),
  site: belongsTo('the pool'),
  displayName: Type.Optional(shownName(running('What people read instead of its name'))),
  servers: Type.Array(frontEndServer, {
    ...running('Front End Servers: sign-in and the two web services run on them', []),
    ...machines,
    'x-key': 'fqdn',
  }),
})

const standardServer = part(running('One Standard Edition server'), { ...machine, site: belongsTo('the server') })

const chatServer = part(restart('One Persistent Chat Server'), {
  ...machine,
  site: Type.Optional(
    Type.String({ ...restart("Site that the server stands in, where it is not its pool's"), pattern: siteName }),
  ),
  standby: Type.Boolean(
    byVerb(
      'pchat pool active-servers set',
      'On stand-by: it takes no new sessions until it is made active; it starts active while its pool has fewer than four',
      false,
    ),
  ),
})

const users = part(running('How many people the pool is for; rules and plans count with it', {}), {
  concurrent: Type.Optional(whole('Users that are signed in at one time', 10_000_000)),
  enabled: Type.Optional(whole('Users that a policy enables', 100_000_000)),
  endpoints: Type.Optional(whole('Devices that are signed in at one time; without it, 1.5 for each user', 100_000_000)),
})

function whole(sentence: string, maximum: number) {
  return Type.Integer({ ...running(sentence), minimum: 0, maximum })
}

const defaultFor = part(running('Where the pool is the one that rooms are created and managed in', {}), {
  allSites: Type.Boolean(running('In every site that has no pool of its own here', false)),
  sites: Type.Array(Type.String({ pattern: siteName }), { ...running('In these sites', []), ...several }),
})

const compliance = part(running('What is recorded', {}), {
  enabled: Type.Boolean(
    byVerb('pchat compliance enable or disable', 'Whether what happens in the pool is recorded', false),
  ),
  store: Type.Optional(
    database(
      restart('PersistentChatComplianceStore, a database of its own; without it, one beside the embedded database'),
      'pchat_compliance',
    ),
  ),
  fileStore: Type.Optional(
    file(restart('Folder for heads of the archive (anchors.jsonl), best on another machine; by default in dataDir')),
  ),
  output: Type.Optional(
    file(restart('Folder below which adapters write that officers set in the console; by default output in fileStore')),
  ),
  keyFile: Type.Optional(
    file(restart('Private key that signs the archive, the same on all servers; by default made in dataDir')),
  ),
})

const poolName = '^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*$'
const domainName = '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$'
const upTo65535 = '(\\d{1,4}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])'

const chatPool = part(running('One Persistent Chat pool'), {
  fqdn: hostName(running('Name of the pool; that of a Standard Edition server puts it on that machine')),
  name: Type.String({
    ...restart('What the pool is called on the bus and in options (pool:NAME)', 'pchat'),
    pattern: poolName,
    maxLength: 100,
  }),
  displayName: Type.Optional(shownName(running('What people tell pools apart by'))),
  site: belongsTo('the pool'),
  nextHop: Type.Optional(
    hostName(restart('Enterprise Edition pool or Standard Edition server that people sign in at')),
  ),
  port: port(restart('Where its servers listen', 443)),
  webPort: port(restart('Where the servers of its next hop listen for its sign-in and web services', 443)),
  servers: Type.Array(chatServer, {
    ...running('Persistent Chat Servers, 1 to 4 active, up to 8 with those on stand-by; none on Standard Edition', []),
    ...machines,
    'x-key': 'fqdn',
  }),
  workers: Type.Integer({ ...restart('Processes that serve together on each server', 1), minimum: 1, maximum: 64 }),
  store: Type.Optional(
    database(restart('PersistentChatStore; without it, the embedded one of a Standard Edition server'), 'pchat'),
  ),
  backupStore: Type.Optional(
    database(restart("Another site's copy of the store, used only while the pool is failed-over"), 'pchat'),
  ),
  compliance,
  nats: Type.Optional(nats),
  fileStore: Type.Optional(fileStore),
  fileKeyFile: Type.Optional(file(restart('Keys that files are encrypted with, the newest first'))),
  clamd: Type.Optional(
    Type.String({
      ...restart('clamd that looks through files: host:port, or the path of its socket'),
      pattern: `^(/[^\\s\\p{Cc}\\p{Cs}]+|(\\[[0-9a-f:.]+\\]|[A-Za-z0-9_.-]+):${upTo65535})$`,
      maxLength: 300,
    }),
  ),
  scannerAway: oneOf(restart('Files wait (closed) or pass (open) while clamd is away', 'closed'), ['closed', 'open']),
  downloadUrl: Type.Optional(
    Type.String({
      ...restart('Address of another host that leads to the pool, and that files alone are downloaded from'),
      pattern: `^https?://(\\[[0-9a-f:.]+\\]|[\\p{L}\\p{N}_.-]+)(:${upTo65535})?/?$`,
      maxLength: 300,
    }),
  ),
  trustedProxies: Type.Optional(
    Type.Array(Type.String({ pattern: '^[0-9a-f:.]{2,45}(/\\d{1,3})?$' }), {
      ...restart(
        'Addresses or networks of load balancers before its servers and its next hop that say for whom they ask',
      ),
      minItems: 1,
      maxItems: 64,
    }),
  ),
  domain: Type.Optional(
    Type.String({
      ...restart("Domain of room addresses; without it, the first administrator's"),
      pattern: domainName,
      maxLength: 253,
    }),
  ),
  passkeyDomain: Type.Optional(
    Type.String({
      ...restart('Domain that the names of all its servers are in; passkeys are made for it'),
      pattern: domainName,
      maxLength: 253,
    }),
  ),
  factorKeyFile: Type.Optional(
    file(restart('Keys that encrypt the secrets of authenticator apps, the same on all servers')),
  ),
  handOverKeyFile: Type.Optional(
    file(
      restart(
        'Keys that sign who is signed in for the other pools, the same on all servers of all pools; without it, people sign in at each',
      ),
    ),
  ),
  directoryConfig: Type.Optional(
    file(restart('Where people and groups come from, the same on all servers: docs/directory.md')),
  ),
  logLevel: oneOf(restart('How much is logged', 'info'), ['debug', 'info', 'warn', 'error', 'silent']),
  users,
  defaultFor,
})

export const Topology = Type.Object(
  {
    version: Type.Literal(1, running('Version of this form of document, always 1')),
    sites: Type.Array(site, { ...running('Sites; one machine needs none', []), ...several, 'x-key': 'name' }),
    enterprisePools: Type.Array(enterprisePool, {
      ...running('Enterprise Edition pools with their Front End Servers', []),
      ...pools,
      'x-key': 'fqdn',
    }),
    standardServers: Type.Array(standardServer, {
      ...running('Standard Edition servers: everything on one machine', []),
      ...pools,
      'x-key': 'fqdn',
    }),
    persistentChatPools: Type.Array(chatPool, {
      ...running('Persistent Chat pools; rooms never span them, nor move from one to another', []),
      ...pools,
      'x-key': 'fqdn',
    }),
  },
  { description: 'What runs where: the topology of Persistent Chat', ...closed },
)

export type Topology = Static<typeof Topology>
export type EnterprisePool = Topology['enterprisePools'][number]
export type FrontEndServer = EnterprisePool['servers'][number]
export type StandardServer = Topology['standardServers'][number]
export type ChatPool = Topology['persistentChatPools'][number]

/** The same as data. */
export const topologySchema = asSchema(Topology)

/** Whether an option anywhere in the document is called so. */
export function isOptionName(name: string): boolean {
  return hasOption(topologySchema, name)
}
