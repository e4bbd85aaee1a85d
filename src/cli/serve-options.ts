import type { FastifyInstance } from 'fastify'
import type { Log } from '../base/log.ts'
import type { Counted } from '../base/metrics.ts'
import type { PoolsKnown } from '../chat/known-pools.ts'
import type { OidcProvider } from '../directory/oidc-config.ts'
import type { DiscoveryOptions } from '../directory/oidc-discovery.ts'
import type { ScimClient } from '../directory/scim-config.ts'
import type { FilesOptions } from '../files/http.ts'
import type { Bus } from '../pool/bus.ts'
import type { HubOptions } from '../server/hub.ts'
import type { StoreAddress } from '../store/address.ts'
import type { OpenSource } from './directory-sources.ts'

export type ServeRole = 'all' | 'front-end' | 'persistent-chat'
export type ServeOptions = {
  /** What runs here: everything, or the part of a Front End Server or of a Persistent Chat Server alone. */
  role?: ServeRole | undefined
  address: StoreAddress
  host: string
  port: number
  tls?: { cert: string; key: string } | undefined
  domain?: string | undefined
  site?: string | undefined
  /** The server's name in its pool; several processes may have the same. */
  server?: string | undefined
  /** What this pool's subjects on the bus begin with, where several share one. */
  pool?: string | undefined
  /** The pools beside it. */
  pools?: PoolsKnown | undefined
  natsUrl?: string | undefined
  /** Instead of NATS: the bus of the workers of one server, or a test's own. */
  bus?: Bus | undefined
  /** Of a worker: where its connections come from, in place of a port of its own. */
  door?: Door | undefined
  /** Of a worker: what all processes of the server counted. */
  countAll?: (() => Promise<Counted[]>) | undefined
  /** False where another process sees to the first administrator and makes the link for one. */
  setUp?: boolean | undefined
  /** Address that clients reach this server at, where it is not that of host and port. */
  publicUrl?: string | undefined
  /** Address that people open the pages at, where it is another one: a name that leads to all servers that have them. */
  pagesUrl?: string | undefined
  /** Addresses and networks, with commas: who connects from there says in X-Forwarded-For for whom. */
  trustedProxies?: string | undefined
  /** File that says where people come from; the same on every server. */
  directoryConfig?: string | undefined
  /** For tests: what opens the sources that it names. */
  openSource?: OpenSource
  /** For tests: providers in place of those of the file. */
  oidc?: OidcProvider[] | undefined
  scim?: ScimClient[] | undefined
  log: Log
  admin?: { user: string; password: string } | undefined
  webRoot: string
  /** What else is not as it should be, for /readyz. */
  notes?: (() => string[]) | undefined
  /** Who must have a second factor beside a password that is kept here; `optional` unless said. */
  secondFactor?: 'optional' | 'administrators' | 'everyone' | undefined
  /** Encrypts the secrets of authenticator apps: the first one; all decrypt. See readFactorKeys. */
  factorKeys?: Uint8Array[] | undefined
  /** What passkeys are made for, where the servers of a pool have hosts of their own: a domain that all of them are in. */
  passkeyDomain?: string | undefined
  /** Below it compliance adapters write that are set over the wire; without it they are set on the machine only. */
  adapterBase?: string | undefined
  /** The Central Management Store that the console publishes to; without it the console draws and checks only. */
  central?: StoreAddress | undefined
  /** The role files; without it this server takes none. */
  files?: FilesOptions | undefined
  /** For tests: how often the hub sweeps, how long a lost connection lingers. */
  sweepMs?: number
  lingerMs?: number
  /** How often it is written down who has left, and who died. */
  attendance?: HubOptions['attendance']
  /** How often each connection is asked for a sign of life. */
  pingMs?: number
  /** WebSocket connections at a time; by default as many as leave the process enough descriptors for itself. */
  maxSessions?: number
  /** How often it looks whether the store was restored. */
  epochMs?: number
  /** How often it looks for whom an OpenID provider is to be asked, and how it talks to providers. */
  oidcCheckMs?: number
  oidcOptions?: DiscoveryOptions
}
export type Door = { port: number; open(http: FastifyInstance): Promise<void> }
export type Serving = {
  url: string
  setupUrl?: string | undefined
  stop(): Promise<void>
}
export type ServingProcess = Serving & {
  /** Live sessions of this process. */
  sessions(): number
  /** What this process counted. */
  counted(): Promise<Counted>
}
