import type { Log } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'
import type { Directory } from '../directory/directory.ts'
import type { Stamp } from '../domain/stamp.ts'
import type { Bus } from '../pool/bus.ts'
import type { Roster } from '../pool/roster.ts'
import type { Principal } from '../protocol/principal.ts'
import type { PoolSettings } from '../protocol/settings-verbs.ts'
import type { Db } from '../store/db.ts'
import type { PoolsKnown } from './known-pools.ts'
import type { PostQueue } from './post-queue.ts'
import type { DirectorySync } from './synced-source.ts'
import type { TopologyDesk } from './topology-desk.ts'

/** Who needs a second factor, and how it is kept and shown. */
export type SecondFactorSetting = {
  need: 'optional' | 'administrators' | 'everyone'
  /** The first one encrypts the secrets of authenticator apps, all of them decrypt. Without any they are kept as they are. */
  keys: Uint8Array[]
  /** Where people open the pages: links lead there, and passkeys are made for it. Empty where there are none now. */
  pagesUrl: () => string
  /** Where the same pages are as well: each server has a name of its own. */
  otherPages: () => string[]
  /** What passkeys are made for: a domain that the hosts of all servers are in. Undefined: the host of `pagesUrl`. */
  passkeyDomain: string | undefined
}

/** Of a server that does not run all roles: which it is, and where its pool's Front End Servers are. */
export type Apart = {
  role: 'front-end' | 'persistent-chat'
  /** Addresses that people sign in at; none while no such server lives. */
  webServices: () => string[]
}

/** What the verbs share. */
export type Chat = {
  /** This process among those of the pool (UUID, new at each start). */
  member: string
  db: Db
  bus: Bus
  directory: Directory
  /** Sources that people come from, where this server was told of some. */
  directorySync?: DirectorySync | undefined
  /** Providers that this server was told of: groups whose names begin with theirs are their own. */
  groupSources?: string[] | undefined
  secondFactor: SecondFactorSetting
  roster: Roster
  posts: PostQueue
  /** The pool's options as last read, with what this server's site and pool have of their own; replaced as a whole when they change. */
  settings: PoolSettings
  settingsVersion: number
  /** Whether compliance records what happens, or would and cannot: then nothing that it records may happen. */
  recording: 'off' | 'on' | 'full'
  /** More than half of what may wait for the compliance service waits. */
  recordingBehind?: boolean | undefined
  /** Folder below which adapters write that are set over the wire; undefined: none is set so. */
  adapterBase?: string | undefined
  /** Raised once where the store turns out to be older than what was seen of it. */
  epoch: string
  site: string | undefined
  /** Name of the pool that this server is told to be of. */
  pool?: string | undefined
  /** The pools beside it, where this server was told of some. */
  pools?: PoolsKnown | undefined
  /** WebSocket addresses of the pool's servers that take sessions. */
  servers: () => string[]
  /** False where this server is not among the active ones: then it keeps the sessions that it has, and no more. */
  takesSessions: () => boolean
  /** Undefined where this server runs all roles. */
  apart?: Apart | undefined
  /** What runs where, and what of it is published; undefined where verbs are run on the store itself. */
  topology?: TopologyDesk | undefined
  /** Address that files are put at, without the id; undefined where nobody serves them. */
  uploads?: () => string | undefined
  log: Log
  metrics: Metrics
}

/** A signed-in user at one of the doors. */
export type Caller = {
  user: Principal
  administrator: boolean
  /** The sign-in behind the token. */
  session: string
  /** One open connection; absent on HTTP. */
  live?: Live
  address: string
}

/** Versions of what room.changed tells: the room's own, and its category's. */
export type Shown = { room: number; category: number }

/** Where a session stands in a room when it begins to hear it: decided under `stamp`, read up to `lastSeq`, shown `shown`. */
export type Standing = { lastSeq: number; revision: number; stamp: Stamp; shown: Shown }

/** What a verb may ask of the live session that it came over. Implemented by the hub; one object a request. */
export type Live = {
  id: string
  /** Events of the room are held from now on, before the decision and the reading. */
  begin(room: string): Pending
  /** Heard from here on, without having held: for session.sync, which does not know its rooms before it reads. */
  enter(room: string, standing: Standing): void
  part(room: string): void
}

export type Pending = {
  /** Goes live once the answer is written: held events after `lastSeq` follow it. */
  settle(standing: Standing): void
  abandon(): void
}
