import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestMachine } from './machine.ts'
import type { Written } from './topology-document.ts'

/** An address of this machine that others could reach, which a server of a pool has. */
export function outerAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap(one => one ?? [])
  const found = all.find(({ family, internal }) => family === 'IPv4' && !internal)
  if (!found) throw new Error('This machine has no address but loopback: a server of a pool cannot be tried here.')
  return found.address
}

/** Standard Edition with its own database and a certificate of the internal authority. */
export function standardDocument(port: number): Written {
  const certificate = { from: 'authority', certFile: '/etc/pchat/tls/server.pem', keyFile: '/etc/pchat/tls/server.key' }
  return {
    version: 1,
    standardServers: [{ fqdn: 'localhost', address: '127.0.0.1', dataDir: '/srv/pchat', certificate }],
    persistentChatPools: [{ fqdn: 'localhost', port }],
  }
}

type Beside = { port: number; postgres: number; nats: number; database: string }

/** Enterprise Edition: one Persistent Chat Server of the pool is the machine; PostgreSQL and NATS are real ones of the test. */
export function poolDocument({ port, postgres, nats, database }: Beside): Written {
  const certificate = { from: 'authority', certFile: '/etc/pchat/tls/server.pem', keyFile: '/etc/pchat/tls/server.key' }
  const at = { hosts: [{ host: 'db1.example.com', port: postgres }], tls: false }
  const archive = `${database}_archive`
  return {
    version: 1,
    sites: [{ name: 'main' }],
    enterprisePools: [{ fqdn: 'fe.example.com', site: 'main', servers: [{ fqdn: 'fe1.example.com', certificate }] }],
    persistentChatPools: [
      {
        ...{ fqdn: 'chat.example.com', site: 'main', nextHop: 'fe.example.com', port, domain: 'example.com' },
        servers: [{ fqdn: 'chat1.example.com', address: outerAddress(), dataDir: '/srv/pchat', certificate }],
        store: { ...at, database, user: database, password: 'file:/etc/pchat/store.secret' },
        compliance: {
          enabled: true,
          store: { ...at, database: archive, user: archive, password: 'file:/etc/pchat/archive.secret' },
          fileStore: '/srv/archive',
        },
        nats: { servers: [{ host: 'nats1.example.com', port: nats }], tls: false },
        fileStore: { place: '/srv/files', shared: true },
        defaultFor: { allSites: true },
      },
    ],
  }
}

/** The names of the pool lead to this machine, as DNS would say. */
export async function enterNames(machine: TestMachine): Promise<void> {
  const names = 'chat1.example.com chat.example.com fe1.example.com fe.example.com'
  await writeFile(
    machine.path('etc/hosts'),
    `127.0.0.1 localhost\n127.0.0.1 db1.example.com nats1.example.com\n${outerAddress()} ${names}\n`,
  )
}

/** What differs between two machines by chance: keys and what is signed by them, and the numbers of processes. */
const byChance = /\/(authority\.(key|pem)|server\.(key|pem)|self-signed\.pem|[a-z]+\.secret)$/
/** What the server itself writes, from the first name below on. */
const ofServer = /^\/srv\/(pchat|files|archive)\/./

/** Names, kinds, modes, owners and contents of all below /etc and /srv; with `times` when each was changed, too. */
export async function snapshot(machine: TestMachine, times = false): Promise<Map<string, string>> {
  const seen = new Map<string, string>()
  const walk = async (path: string): Promise<void> => {
    const at = machine.path(path.slice(1))
    const { mode, uid, gid, mtimeMs, ctimeMs } = await lstat(at)
    const kind = (mode & 0o170000).toString(8)
    const content =
      kind === '100000' && (times || !byChance.test(path))
        ? createHash('sha256')
            .update(await readFile(at))
            .digest('hex')
            .slice(0, 16)
        : kind === '120000'
          ? await readlink(at)
          : ''
    // The server writes in its own folders whenever it likes.
    const when = times && !/^\/srv/.test(path) ? ` ${mtimeMs} ${ctimeMs}` : ''
    seen.set(path, `${kind} ${(mode & 0o7777).toString(8)} ${uid}:${gid} ${content}${when}`)
    if (kind !== '40000' && kind !== '040000') return
    for (const name of (await readdir(at)).sort()) {
      const below = join(path, name)
      if (!ofServer.test(below)) await walk(below)
    }
  }
  await walk('/etc')
  await walk('/srv')
  return seen
}

/** Roles, databases, members and grants of a pool, by the catalogue; names with the pool's own word taken out, tables of an hour left out. */
export async function catalogue(url: string, database: string): Promise<string> {
  const rows: unknown[] = []
  const ask = async (name: string, sql: string, values: unknown[] = []) => {
    const place = new URL(url)
    place.pathname = `/${name}`
    const client = new pg.Client({ connectionString: place.href })
    await client.connect()
    rows.push((await client.query(sql, values).finally(() => client.end())).rows)
  }
  const all = [database, `${database}_archive`, 'pchat_archive_owner']
  await ask(
    'postgres',
    `SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, rolpassword IS NOT NULL AS p
       FROM pg_authid WHERE rolname = ANY($1) ORDER BY 1`,
    [all],
  )
  await ask(
    'postgres',
    `SELECT datname, pg_get_userbyid(datdba) AS owner, encoding, (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(datacl) a) AS acl
       FROM pg_database WHERE datname LIKE $1 ORDER BY 1`,
    [`${database}%`],
  )
  await ask(
    'postgres',
    `SELECT r.rolname AS role, m.rolname AS member FROM pg_auth_members JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member
      WHERE r.rolname = ANY($1) ORDER BY 1, 2`,
    [all],
  )
  for (const name of [database, `${database}_archive`])
    await ask(
      name,
      `SELECT relname, relkind, pg_get_userbyid(relowner) AS owner, (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(relacl) a) AS acl
         FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'S', 'p')
            AND relname !~ '_[0-9]{12}$' ORDER BY 1`,
    )
  const named = JSON.parse(JSON.stringify(rows).replaceAll(database, 'POOL')) as { acl?: string[] | null }[][]
  for (const one of named.flat()) one.acl?.sort()
  return JSON.stringify(named, null, 1)
}

export type Event = { event: string; id?: string; state?: string; changed?: number; result?: string; found?: string }

export const eventsOf = (out: string): Event[] =>
  out
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line) as Event)
