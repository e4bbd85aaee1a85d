import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { StoreAddress } from '../store/address.ts'
import { centralBeside } from '../topology/central-place.ts'
import {
  readClamd,
  readDatabaseUrl,
  readDomain,
  readName,
  readNatsUrl,
  readOrigin,
  readPort,
  readProxies,
  readUrl,
  readWholePath,
  readWorkers,
} from './option-value.ts'
import type { ServeRole } from './serve-options.ts'

/** What can run by itself; see docs/roles.md. */
const startRoles = ['all', 'front-end', 'persistent-chat', 'compliance'] as const
export type StartRole = (typeof startRoles)[number]

export type StartOptions = {
  role?: StartRole
  port: number
  host: string
  dataDir: string
  databaseUrl?: string
  domain?: string
  tlsCert?: string
  tlsKey?: string
  tlsSelfSigned?: boolean
  site?: string
  server?: string
  pool: string
  natsUrl?: string
  backupDatabaseUrl?: string
  url?: string
  pagesUrl?: string
  trustedProxies?: string
  passkeyDomain?: string
  factorKeyFile?: string
  pools?: string
  handOverKeyFile?: string
  workers: number
  directoryConfig?: string
  fileStore?: string
  fileKeyFile?: string
  clamd?: string
  scannerAway?: 'closed' | 'open'
  complianceDatabaseUrl?: string
  complianceKeyFile?: string
  complianceAnchors?: string
  healthPort?: number
  complianceOutput?: string
  downloadUrl?: string
  logLevel: string
  /** Of a server that starts as the published topology says: the Central Management Store. */
  topology?: string
  /** The Central Management Store that the administration console publishes to. */
  cms?: string
}

/** The options of every verb that starts a server. Each can be given as an environment variable too. */
export function withStartOptions(command: Command): Command {
  return command
    .addOption(
      variable(
        '--role <role>',
        'PCHAT_ROLE',
        'what runs here: all; sign-in, web services and files (front-end); live sessions (persistent-chat); or the compliance service alone',
      )
        .default('all')
        .choices(startRoles),
    )
    .addOption(
      variable('--port <number>', 'PCHAT_PORT', 'where the server listens; 0 takes a free one')
        .default(8080)
        .argParser(readPort),
    )
    .addOption(
      variable(
        '--compliance-output <folder>',
        'PCHAT_COMPLIANCE_OUTPUT',
        'whole path of the folder below which adapters write that officers set in the console; default: none, or one in the data folder beside the embedded database',
      ).argParser(readWholePath),
    )
    .addOption(
      variable(
        '--health-port <number>',
        'PCHAT_HEALTH_PORT',
        'where the compliance service alone shows /readyz and /metrics; default: nowhere',
      ).argParser(readPort),
    )
    .addOption(variable('--host <name>', 'PCHAT_HOST', 'address that the server listens on').default('localhost'))
    .addOption(
      variable('--data-dir <folder>', 'PCHAT_DATA_DIR', 'where the database and its log are kept').default('./data'),
    )
    .addOption(
      variable(
        '--database-url <url>',
        'PCHAT_DATABASE_URL',
        'PostgreSQL 15 or later instead of the embedded one',
      ).argParser(readDatabaseUrl),
    )
    .addOption(
      variable(
        '--domain <name>',
        'PCHAT_DOMAIN',
        "domain of room addresses; default: the first administrator's",
      ).argParser(readDomain),
    )
    .addOption(variable('--site <name>', 'PCHAT_SITE', 'name of the site that the server belongs to'))
    .addOption(
      variable(
        '--nats-url <url>',
        'PCHAT_NATS_URL',
        'NATS, over which the servers of a pool hear of each other; several addresses with commas',
      ).argParser(readNatsUrl),
    )
    .addOption(
      variable('--pool <name>', 'PCHAT_POOL', 'name of the pool, the same on all its servers')
        .default('pchat')
        .argParser(readName),
    )
    .addOption(
      variable('--server <name>', 'PCHAT_SERVER', "this server's name in its pool; default: the machine's").argParser(
        readName,
      ),
    )
    .addOption(
      variable(
        '--url <url>',
        'PCHAT_URL',
        'address that clients reach this server at; default: from host and port',
      ).argParser(readUrl),
    )
    .addOption(
      variable(
        '--pages-url <url>',
        'PCHAT_PAGES_URL',
        'address that people open the pages at, the same on all servers of the pool: a name that leads to all of them. Default: that of --url',
      ).argParser(readUrl),
    )
    .addOption(
      variable(
        '--trusted-proxies <addresses>',
        'PCHAT_TRUSTED_PROXIES',
        'addresses or networks, with commas, of load balancers that say in X-Forwarded-For who asks',
      ).argParser(readProxies),
    )
    .addOption(
      variable(
        '--passkey-domain <name>',
        'PCHAT_PASSKEY_DOMAIN',
        'domain that the hosts of all servers of the pool are in; passkeys are made for it. Default: the host of --pages-url',
      ).argParser(readDomain),
    )
    .addOption(
      variable(
        '--factor-key-file <file>',
        'PCHAT_FACTOR_KEY_FILE',
        'keys that encrypt the secrets of authenticator apps in the store, the same on all servers',
      ),
    )
    .addOption(
      variable(
        '--pools <file>',
        'PCHAT_POOLS',
        'all pools of the organisation, YAML or JSON, looked at while the server runs; default: pools.json in the data folder',
      ),
    )
    .addOption(
      variable(
        '--hand-over-key-file <file>',
        'PCHAT_HAND_OVER_KEY_FILE',
        'keys that sign who is signed in for the other pools, the same on all servers of all pools, the newest first',
      ),
    )
    .addOption(
      variable('--workers <number>', 'PCHAT_WORKERS', 'processes that serve together on the port')
        .default(1)
        .argParser(readWorkers),
    )
    .addOption(
      variable(
        '--backup-database-url <url>',
        'PCHAT_BACKUP_DATABASE_URL',
        "another site's copy of the database, used only while the pool is failed-over",
      ).argParser(readDatabaseUrl),
    )
    .addOption(
      variable(
        '--directory-config <file>',
        'PCHAT_DIRECTORY_CONFIG',
        'where people and groups come from: LDAP directories, OpenID providers and SCIM, YAML or JSON',
      ),
    )
    .addOption(
      variable(
        '--file-store <place>',
        'PCHAT_FILE_STORE',
        'where files are kept, the same for all servers of a pool: a folder, or s3://bucket; default: files in the data folder',
      ),
    )
    .addOption(
      variable('--file-key-file <file>', 'PCHAT_FILE_KEY_FILE', 'keys that files are encrypted with, the newest first'),
    )
    .addOption(
      variable(
        '--clamd <address>',
        'PCHAT_CLAMD',
        'clamd that looks through files: host:port, or the path of its socket',
      ).argParser(readClamd),
    )
    .addOption(
      variable(
        '--scanner-away <what>',
        'PCHAT_SCANNER_AWAY',
        'files wait (closed, the default) or pass (open) while clamd is away',
      ).choices(['closed', 'open']),
    )
    .addOption(
      variable(
        '--compliance-database-url <url>',
        'PCHAT_COMPLIANCE_DATABASE_URL',
        'archive of compliance, PostgreSQL 15 or later; default: one beside the embedded database',
      ).argParser(readDatabaseUrl),
    )
    .addOption(
      variable(
        '--compliance-key-file <file>',
        'PCHAT_COMPLIANCE_KEY_FILE',
        'private key (Ed25519, PEM) that signs the archive; default: made in the data folder',
      ),
    )
    .addOption(
      variable(
        '--compliance-anchors <file>',
        'PCHAT_COMPLIANCE_ANCHORS',
        'file that heads of the archive are added to, best on another machine; default: in the data folder',
      ),
    )
    .addOption(
      variable(
        '--download-url <url>',
        'PCHAT_DOWNLOAD_URL',
        'address of another host that leads to this server, and that files alone are downloaded from',
      ).argParser(readOrigin),
    )
    .addOption(variable('--tls-cert <file>', 'PCHAT_TLS_CERT', 'certificate, PEM, with its chain'))
    .addOption(variable('--tls-key <file>', 'PCHAT_TLS_KEY', 'private key of the certificate, PEM'))
    .addOption(
      variable(
        '--cms <url>',
        'PCHAT_CMS',
        'Central Management Store that the administration console publishes topologies to; default: that of --topology, or the one beside the embedded database',
      ).argParser(readDatabaseUrl),
    )
    .addOption(
      variable('--tls-self-signed', 'PCHAT_TLS_SELF_SIGNED', 'make a certificate and keep it in the data folder'),
    )
    .addOption(
      variable('--log-level <level>', 'PCHAT_LOG_LEVEL', 'how much is logged on stderr')
        .default('info')
        .choices(['debug', 'info', 'warn', 'error', 'silent']),
    )
}

/** The first administrator as the environment names him. */
export function readAdministrator(
  env: NodeJS.ProcessEnv,
): { user: string; password: string } | undefined | { fault: string } {
  const { PCHAT_ADMIN_USER: user, PCHAT_ADMIN_PASSWORD: password } = env
  if (user === undefined && password === undefined) return undefined
  if (user === undefined)
    return {
      fault:
        'PCHAT_ADMIN_PASSWORD is set without PCHAT_ADMIN_USER. Set both, such as PCHAT_ADMIN_USER=alice@example.com.',
    }
  if (password === undefined) return { fault: 'PCHAT_ADMIN_USER is set without PCHAT_ADMIN_PASSWORD. Set both.' }
  return { user, password }
}

/** Compose files and unit files pass on variables that nobody set as empty ones. */
export function dropEmptyVariables(env: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(env)) if (name.startsWith('PCHAT_') && value === '') delete env[name]
  // Commander takes the variable of a switch as on whatever it says.
  if (/^(0|false|no|off)$/i.test(env.PCHAT_TLS_SELF_SIGNED ?? '')) delete env.PCHAT_TLS_SELF_SIGNED
}

export function variable(flags: string, name: string, description: string): Option {
  return new Option(flags, description).env(name)
}

/** Of a server; the compliance service is none, and is started in another way. */
export function serveRoleOf({ role }: StartOptions): ServeRole {
  return role === 'front-end' || role === 'persistent-chat' ? role : 'all'
}

/** Below it adapters write that are set over the wire; undefined: they are set on the machine only. */
export function adapterBaseOf({ complianceOutput, databaseUrl, dataDir }: StartOptions): string | undefined {
  return complianceOutput ?? (databaseUrl === undefined ? resolve(dataDir, 'compliance') : undefined)
}

/** The Central Management Store that a server asks for its console. One that it follows is often opened for reading only. */
export function centralOf({ cms, topology }: StartOptions, address: StoreAddress): StoreAddress | undefined {
  const connectionString = cms ?? topology
  if (connectionString !== undefined) return { connectionString }
  return 'connectionString' in address ? undefined : centralBeside(address)
}
