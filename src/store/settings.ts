import type { PoolSettings } from '../protocol/settings-verbs.ts'
import { type ScopedOptions, scopedOptions } from './configuration.ts'
import type { Connection, Queryable } from './db.ts'

/** The pool's options where nobody changed them. The first block are those of the original product. */
export const defaultSettings: PoolSettings = {
  /** Messages that a join brings. */
  defaultChatHistory: 30,
  /** Participants above which a room tells no more who comes and goes. */
  participantUpdateLimit: 75,
  /** 20,000 KB. */
  maxFileBytes: 20_000 * 1024,
  roomFileBytes: 0,
  userFileBytes: 0,
  fileGraceDays: 7,
  maxTextCodePoints: 8000,
  maxStoryBytes: 65_536,
  roomManagementUrl: '',

  /** A bot's burst, not a person's: nobody types 50 posts a second, and the store takes thousands. */
  postsPerSecond: 50,
  postBurst: 200,
  /** A client that comes back asks for its rooms' pages at once. */
  requestsPerSecond: 200,
  requestBurst: 1000,
  /** Many users come from one address (a proxy, a terminal server), so this only stops floods. */
  addressRequestsPerSecond: 1000,
  addressRequestBurst: 4000,
  /**
   * Coming back costs about 3 ms of CPU, most of it the store's: at this rate the process and the store keep half of two
   * cores for those who are in. 20,000 are back after a minute.
   */
  admissionsPerSecond: 300,
  admissionBurst: 600,
  failedSignInsPerMinute: 30,
  lockoutThreshold: 10,
  /** Of the first lock-out; each further failure doubles it, up to 15 minutes. */
  lockoutSeconds: 60,
  sessionDays: 30,
  signInRecordDays: 90,
  /** 4 MiB: some thousand messages, more than a reader on a slow line is behind, and 20,000 such readers are rare. */
  slowReaderBytes: 4 * 1024 * 1024,
  trustedNetworks: [],
  /** Empty until set-up: that of the first administrator. */
  domain: '',
}

const known = new Set(Object.keys(defaultSettings))

/** The global options in force and their version, from one snapshot. */
export async function readSettings(q: Queryable): Promise<{ settings: PoolSettings; version: number }> {
  const { rows } = await q.query<{ settings: Partial<PoolSettings>; version: number }>(
    `SELECT pool.settings, stamp.version FROM pool, stamp WHERE stamp.kind = 'settings'`,
  )
  const { settings, version } = rows[0]!
  return { settings: { ...defaultSettings, ...onlyKnown(settings) }, version }
}

/** The options of a server: those of its scopes over the global ones. `scopes`: the most specific one last. */
export async function resolveSettings(
  q: Queryable,
  scopes: string[],
): Promise<{ settings: PoolSettings; recording: boolean; version: number }> {
  const { rows } = await q.query<{
    settings: Partial<PoolSettings>
    recording: boolean
    version: number
    scoped: Record<string, ScopedOptions>
  }>(
    `SELECT pool.settings, pool.recording, stamp.version,
            (SELECT coalesce(json_object_agg(scope, options), '{}') FROM configuration WHERE scope = ANY ($1)) AS scoped
       FROM pool, stamp WHERE stamp.kind = 'settings'`,
    [scopes],
  )
  const { settings, recording, version, scoped } = rows[0]!
  const layers = scopes.map(scope => onlyScoped(scoped[scope] ?? {}))
  return { settings: Object.assign({}, defaultSettings, onlyKnown(settings), ...layers), recording, version }
}

/** The global options, and which of those that scopes may have are set rather than the default. */
export async function readOwnSettings(q: Queryable): Promise<{ settings: PoolSettings; own: ScopedOptions }> {
  const { rows } = await q.query<{ settings: Partial<PoolSettings> }>('SELECT settings FROM pool')
  const own = rows[0]!.settings
  return { settings: { ...defaultSettings, ...onlyKnown(own) }, own: onlyScoped(own) }
}

/** What a newer version of the program wrote is kept in the store and not read. */
function onlyKnown(settings: Partial<PoolSettings>): Partial<PoolSettings> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => known.has(name)))
}

function onlyScoped(options: Partial<PoolSettings>): ScopedOptions {
  return Object.fromEntries(scopedOptions.flatMap(name => (options[name] === undefined ? [] : [[name, options[name]]])))
}

/** Overrides some options. The caller raises the version, last. */
export async function changeSettings(tx: Connection, change: Partial<PoolSettings>): Promise<void> {
  await tx.query('UPDATE pool SET settings = settings || $1::jsonb', [JSON.stringify(change)])
}

/** These options are the defaults again. The caller raises the version, last. */
export async function resetSettings(tx: Connection, names: string[]): Promise<void> {
  await tx.query('UPDATE pool SET settings = settings - $1::text[]', [names])
}
