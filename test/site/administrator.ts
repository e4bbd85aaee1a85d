import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { domain, files, hosts, mounts, pools } from './document.ts'
import { home, type Machine, type Said } from './machine.ts'
import type { TestSite } from './site.ts'

export const admin = { user: `admin@${domain}`, password: 'correct horse battery' }

const encrypted = `sslmode=verify-full&sslrootcert=${files.authority}`
const addressOf = (user: string, host: string, database: string, password?: string) =>
  `postgres://${user}${password === undefined ? '' : `:${password}`}@${host}/${database}?${encrypted}`
const readerUrl = addressOf('pchat_reader', hosts.store, 'pchat_central')
const publisherUrl = addressOf('pchat_publisher', hosts.store, 'pchat_central')

/** The Central Management Store, made from the desk. */
export async function prepareCentral(site: TestSite): Promise<void> {
  const { desk, secrets } = site
  await put(desk, files.authority, site.authority.cert)
  for (const name of ['publisher', 'reader'] as const) await put(desk, `${home}/${name}.secret`, `${secrets[name]}\n`)
  const passwords = [
    '--publisher-password-file',
    `${home}/publisher.secret`,
    '--reader-password-file',
    `${home}/reader.secret`,
  ]
  await desk.must([
    'pchat',
    'topology',
    'prepare',
    '--admin-url',
    addressOf('postgres', hosts.store, 'postgres'),
    ...passwords,
  ])
}

/** Publishes a document from the desk, on top of the one that is there. Answers what it said. */
export async function publish(site: TestSite, document: string, basedOn: number): Promise<string> {
  await put(site.desk, `${home}/topology.json`, document)
  const words = ['publish', `${home}/topology.json`, '--cms', publisherUrl, '--based-on', String(basedOn)]
  return site.desk.must(['pchat', 'topology', ...words])
}

/** What an administrator brings to a bare machine: certificate, passwords and keys, and the first administrator's name. */
export async function bring(site: TestSite, fqdn: string): Promise<Machine> {
  const machine = await site.addMachine(fqdn)
  const { cert, key } = await site.certificate(fqdn, `fe.${domain}`, ...Object.values(pools))
  const { secrets } = site
  const environment = [
    `PCHAT_ADMIN_USER=${admin.user}`,
    `PCHAT_ADMIN_PASSWORD=${admin.password}`,
    `NODE_EXTRA_CA_CERTS=${files.authority}`,
  ]
  const brought: [string, string][] = [
    [files.authority, site.authority.cert],
    ['/etc/pchat/tls/server.pem', cert],
    ['/etc/pchat/tls/server.key', key],
    [files.store, `${secrets.store}\n`],
    [files.archive, `${secrets.archive}\n`],
    [files.nats, `${secrets.nats}\n`],
    [files.key, secrets.key],
    [files.handOver, `${secrets.handOver}\n`],
    ['/etc/pchat/environment', `${environment.join('\n')}\n`],
    [`${home}/.pgpass`, `*:*:*:pchat_reader:${secrets.reader}\n`],
  ]
  for (const [place, text] of brought) await put(machine, place, text)
  await machine.must(['chmod', '0644', files.authority, '/etc/pchat/tls/server.pem'])
  return machine
}

/** Number of the account, the same on all machines: they mount one disk. */
const account = '990'

/** Makes of a machine what the published topology says of it. `first`: the databases of its pool are still to be made. */
export async function bootstrap(site: TestSite, fqdn: string, { first = false } = {}): Promise<string> {
  const { alone, administrator } = site
  const admins = [hosts.store, hosts.archive].map(host => addressOf('postgres', host, 'postgres', administrator))
  const words = [
    '--cms',
    readerUrl,
    '--server',
    fqdn,
    '--ca-file',
    files.authority,
    ...(alone ? [] : ['--uid', account]),
  ]
  return site.machine(fqdn).must(['pchat', 'bootstrap', ...words], {
    env: { NODE_EXTRA_CA_CERTS: files.authority, ...(first ? { PCHAT_ADMIN_URL: admins.join(' ') } : {}) },
    timeoutMs: 300_000,
  })
}

/** What the Bootstrapper would find fault with, as it stands. */
export async function faultsOf(site: TestSite, fqdn: string): Promise<string[]> {
  const words = ['--cms', readerUrl, '--server', fqdn, '--check', '--json']
  const { out, err } = await site.machine(fqdn).run(['pchat', 'bootstrap', ...words])
  if (out === '') throw new Error(`${fqdn}: pchat bootstrap --check: ${err}`)
  const { checks } = JSON.parse(out) as { checks: { area: string; check: string; state: string; found: string }[] }
  return checks
    .filter(({ state }) => state === 'error')
    .map(({ area, check, found }) => `${fqdn}: ${area}: ${check}: ${found}`)
}

export async function put(machine: Machine, place: string, text: string): Promise<void> {
  const file = machine.path(place)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text, { mode: 0o600 })
}

/** Nothing of the product runs there any more; its data stays. */
export async function remove(site: TestSite, fqdn: string): Promise<void> {
  await site.machine(fqdn).must(['pchat', 'bootstrap', '--remove'])
}

export type PoolSeen = {
  servers: { name: string; active: boolean; processes: { alive: boolean; sessions: number }[] }[]
}

/** `pchat pool` from the desk. */
export async function poolVerb(site: TestSite, ...words: string[]): Promise<string> {
  return site.desk.must(['pchat', 'pool', ...words, '--database-url', storeUrl(site)])
}

export const storeUrl = ({ secrets }: TestSite) => addressOf('pchat', hosts.store, 'pchat', secrets.store)

/** Sessions of each server of the main pool that runs, once so many of them have any; each tells of its own by and by. */
export async function sessions(site: TestSite, busy: number): Promise<Record<string, number>> {
  for (const deadline = Date.now() + 20_000; ; ) {
    const seen = await sessionsNow(site)
    if (Object.values(seen).filter(count => count > 0).length >= busy || Date.now() > deadline) return seen
  }
}

async function sessionsNow(site: TestSite): Promise<Record<string, number>> {
  const { servers } = JSON.parse(await poolVerb(site, 'state', '--json')) as PoolSeen
  const alive = servers.map(({ name, processes }) => [name, processes.filter(one => one.alive)] as const)
  return Object.fromEntries(
    alive
      .filter(([, all]) => all.length > 0)
      .map(([name, all]) => [name, all.reduce((sum, one) => sum + one.sessions, 0)]),
  )
}

/** `pchat compliance` from the desk, which has the key and mounts the folder of the anchors. */
export async function complianceVerb(site: TestSite, ...words: string[]): Promise<Said> {
  await put(site.desk, files.key, site.secrets.key)
  const archive = addressOf('pchat_archive', hosts.archive, 'pchat_compliance', site.secrets.archive)
  const env = {
    PCHAT_DATABASE_URL: storeUrl(site),
    PCHAT_COMPLIANCE_DATABASE_URL: archive,
    PCHAT_COMPLIANCE_KEY_FILE: files.key,
    PCHAT_COMPLIANCE_ANCHORS: `${mounts.compliance}/anchors.jsonl`,
  }
  return site.desk.run(['pchat', 'compliance', ...words], { env })
}
