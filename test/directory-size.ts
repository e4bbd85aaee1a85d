// npm run directory-size -- [--users 150000] [--groups 20000] [--memberships 146] [--large 100000] [--changes 1000] [--keep]
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { silentLog } from '../src/base/log.ts'
import { openMetrics } from '../src/base/metrics.ts'
import { checkDirectory } from '../src/chat/directory-check.ts'
import { type RunOptions, runSource, type SyncHost } from '../src/chat/directory-run.ts'
import type { SyncedSource } from '../src/chat/synced-source.ts'
import type { DirectorySource, SourceObject } from '../src/directory/source.ts'
import { openLocalBus } from '../src/pool/local.ts'
import { openDb } from '../src/store/db.ts'
import { startEmbedded } from '../src/store/embedded.ts'
import { migrate } from '../src/store/migrate.ts'

/**
 * What a sync costs at size, without a directory and its network: a generated one, read through the same door, into a durable
 * PostgreSQL of its own. Prints one line a step.
 */
const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '150000' },
    groups: { type: 'string', default: '20000' },
    memberships: { type: 'string', default: '146' },
    large: { type: 'string', default: '100000' },
    changes: { type: 'string', default: '1000' },
    check: { type: 'boolean', default: false },
  },
})
const users = Number(values.users)
const groups = Number(values.groups)
const memberships = Number(values.memberships)
const large = Math.min(users, Number(values.large))
const changes = Number(values.changes)
const units = 100
const batchSize = 1_000
const stride = 7
const step = 41

/** Its inverse finds the members of a group without going through everybody. */
function inverse(of: number, modulus: number): number {
  for (let i = 1; i < modulus; i += 1) if ((of * i) % modulus === 1) return i
  throw new Error(`--groups must not be a multiple of ${of}`)
}
const back = inverse(stride % groups, groups)

const base = { email: undefined, disabled: false }
const unitDn = (n: number) => `ou=unit ${n % units},ou=people,dc=corp,dc=example`
const userDn = (n: number) => `cn=user ${n},${unitDn(n)}`
const renamed = new Map<number, string>()
const disabled = new Set<number>()
const left = new Map<string, Set<number>>()

function unit(n: number): SourceObject {
  const dn = n < 0 ? 'ou=people,dc=corp,dc=example' : unitDn(n)
  const name = n < 0 ? 'people' : `unit ${n}`
  return { ...base, id: `unit-${n}`, kind: 'organizationalUnit', dn, name, displayName: name }
}

function user(n: number): SourceObject {
  return {
    ...base,
    id: `user-${n}`,
    kind: 'user',
    dn: userDn(n),
    name: `user${n}@corp.example`,
    displayName: renamed.get(n) ?? `User ${n}`,
    email: `user${n}@mail.corp.example`,
    disabled: disabled.has(n),
  }
}

function membersOf(n: number): number[] {
  if (n < 0) return Array.from({ length: large }, (_, i) => i)
  const members: number[] = []
  for (let g = 1; g <= memberships; g += 1) {
    const first = (((((n - step * g) % groups) + groups) % groups) * back) % groups
    for (let u = first; u < users; u += groups) members.push(u)
  }
  return members
}

function group(n: number): SourceObject {
  const id = `group-${n}`
  const name = n < 0 ? 'everybody' : `group ${n}`
  const gone = left.get(id)
  const members = membersOf(n)
    .filter(u => !gone?.has(u))
    .map(userDn)
  return { ...base, id, kind: 'group', dn: `cn=${name},ou=groups,dc=corp,dc=example`, name, displayName: name, members }
}

let changed: (() => SourceObject)[] = []

function* all(): Generator<SourceObject> {
  for (let n = -1; n < units; n += 1) yield unit(n)
  for (let n = 0; n < users; n += 1) yield user(n)
  for (let n = -1; n < groups; n += 1) yield group(n)
}

const source: DirectorySource = {
  name: 'corp',
  async read(cookie) {
    const objects = cookie === undefined ? all() : changed.map(make => make()).values()
    async function* batches() {
      let some: SourceObject[] = []
      let weight = 0
      for (const object of objects) {
        some.push(object)
        weight += 1 + (object.members?.length ?? 0) / 50
        if (weight < batchSize) continue
        yield { objects: some, gone: [] }
        some = []
        weight = 0
      }
      yield { objects: some, gone: [] }
    }
    return { whole: cookie === undefined, batches: batches(), cookie: () => 'next' }
  },
  async *ids() {
    let some: string[] = []
    const ids = [
      ...Array.from({ length: units + 1 }, (_, n) => `unit-${n - 1}`),
      ...Array.from({ length: users }, (_, n) => `user-${n}`),
      ...Array.from({ length: groups + 1 }, (_, n) => `group-${n - 1}`),
    ]
    for (const id of ids) {
      some.push(id)
      if (some.length < batchSize) continue
      yield some
      some = []
    }
    yield some
  },
  readOne: async id => (id.startsWith('user-') ? user(Number(id.slice(5))) : undefined),
  authenticate: async () => false,
  async check() {},
  async close() {},
}

const folder = await mkdtemp(join(tmpdir(), 'pchat-directory-size-'))
const settings = { max_connections: 40, shared_buffers: '512MB', max_wal_size: '8GB', maintenance_work_mem: '256MB' }
const postgres = await startEmbedded({ dataDir: folder, log: silentLog, settings })
const db = openDb(postgres.address, { max: 6 })
try {
  await migrate(db)
  const synced: SyncedSource = { directory: source, everySeconds: 60, fullEveryMinutes: 1e9, maxDisabledShare: 1 }
  const host: SyncHost = {
    db,
    bus: openLocalBus(),
    log: silentLog,
    metrics: openMetrics(),
    member: randomUUID(),
    directorySync: { sources: new Map([['corp', synced]]), server: 'size' },
  }
  const run = async (what: string, options: RunOptions = {}) => {
    let peak = 0
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 100)
    const beganAt = performance.now()
    const report = await runSource(host, synced, options)
    clearInterval(watch)
    const seconds = ((performance.now() - beganAt) / 1000).toFixed(1)
    console.log(
      `${what}: ${seconds} s, ${report!.objects} objects, process up to ${Math.round(peak / 2 ** 20)} MiB, ${JSON.stringify(report!.counts)}`,
    )
  }
  await run('first run')
  const { rows } = await db.query<{ table: string; mib: number; n: number }>(
    `SELECT relname AS table, pg_total_relation_size(oid) / 2^20 AS mib, reltuples AS n FROM pg_class
      WHERE relname IN ('affiliation', 'group_member', 'principal', 'directory_object') ORDER BY 1`,
  )
  for (const { table, mib } of rows) console.log(`  ${table}: ${Math.round(mib)} MiB`)
  const count = await db.query<{ n: number }>('SELECT count(*) AS n FROM affiliation')
  console.log(`  affiliation rows: ${count.rows[0]!.n}`)
  await db.query('VACUUM ANALYZE')
  await run('nothing changed')
  changed = []
  for (let i = 0; i < changes / 2; i += 1) {
    const u = (i * 131) % users
    renamed.set(u, `Renamed ${u}`)
    changed.push(() => user(u))
  }
  for (let i = 0; i < changes / 2; i += 1) {
    const g = (i * 17) % groups
    left.set(`group-${g}`, new Set([membersOf(g)[i % 50]!]))
    changed.push(() => group(g))
  }
  await run(`${changes} changes: half of them names, half one member less in a group`)
  left.set('group--1', new Set([5]))
  changed = [() => group(-1)]
  await run(`one of ${large} leaves a group`)
  disabled.add(7)
  changed = [() => user(7)]
  await run('one is disabled')
  await run('everything read again', { full: true })
  if (values.check) {
    const beganAt = performance.now()
    const { sound, flattening } = await checkDirectory(host, synced)
    console.log(
      `check: ${((performance.now() - beganAt) / 1000).toFixed(1)} s, sound ${sound}, ${flattening.principals} principals`,
    )
  }
} finally {
  await db.end()
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
}
