import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { domain, files, hosts, mounts, pools } from './document.ts'
import type { Machine, Said } from './machine.ts'
import type { TestSite } from './site.ts'

export const admin = { user: `admin@${domain}`, password: 'correct horse battery' }

const encrypted = `sslmode=verify-full&sslrootcert=${files.authority}`
const addressOf = (user: string, host: string, database: string, password?: string) =>
  `postgres://${user}${password === undefined ? '' : `:${password}`}@${host}/${database}?${encrypted}`
/** As the administrator of the databases, whose password is kept at the desk. */
const adminUrl = (host: string) => addressOf('postgres', host, 'postgres')
const publisherUrl = addressOf('pchat_publisher', hosts.store, 'pchat_central')

/** Databases and roles with the least rights, made from the desk, as the steps of the Bootstrapper say. */
export async function prepareDatabases(site: TestSite): Promise<void> {
  const { desk, secrets } = site
  await put(desk, files.authority, site.authority.cert)
  for (const name of ['publisher', 'reader', 'archive'] as const)
    await put(desk, `/root/${name}.secret`, `${secrets[name]}\n`)
  const passwords = [
    '--publisher-password-file',
    '/root/publisher.secret',
    '--reader-password-file',
    '/root/reader.secret',
  ]
  await desk.must(['pchat', 'topology', 'prepare', '--admin-url', adminUrl(hosts.store), ...passwords])
  const archive = [
    '--database',
    'pchat_compliance',
    '--service',
    'pchat_archive',
    '--password-file',
    '/root/archive.secret',
  ]
  await desk.must(['pchat', 'compliance', 'prepare', '--admin-url', adminUrl(hosts.archive), ...archive])
  await makeStore(site.store, 'pchat', 'pchat', secrets.store)
  await makeStore(site.archive, 'pchat_west', 'pchat_west', secrets.store)
}

async function makeStore({ sql }: TestSite['store'], user: string, database: string, password: string): Promise<void> {
  await sql('postgres', `CREATE ROLE "${user}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '${password}'`)
  await sql('postgres', `CREATE DATABASE "${database}" OWNER "${user}" ENCODING 'UTF8' TEMPLATE template0`)
  await sql('postgres', `REVOKE ALL ON DATABASE "${database}" FROM PUBLIC`)
}

/** Publishes a document from the desk, on top of the one that is there. Answers what it said. */
export async function publish(site: TestSite, document: string, basedOn: number): Promise<string> {
  await put(site.desk, '/root/topology.json', document)
  const words = ['publish', '/root/topology.json', '--cms', publisherUrl, '--based-on', String(basedOn)]
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
    ['/etc/pchat/environment', `${environment.join('\n')}\n`],
    ['/root/.pgpass', `*:*:*:pchat_reader:${secrets.reader}\n`],
  ]
  for (const [place, text] of brought) await put(machine, place, text)
  await machine.must(['chmod', '0644', files.authority, '/etc/pchat/tls/server.pem'])
  return machine
}

/** Makes of a machine what the published topology says of it. */
export async function bootstrap(site: TestSite, fqdn: string): Promise<Said> {
  const machine = site.machine(fqdn)
  const cms = addressOf('pchat_reader', hosts.store, 'pchat_central')
  await machine.must(['bash', '-c', `pchat topology export --cms '${cms}' > /root/topology.json`])
  const document = ['--topology', '/root/topology.json', '--server', fqdn]
  if (!site.alone)
    await machine.must([
      'adduser',
      '--quiet',
      '--system',
      '--group',
      '--no-create-home',
      '--home',
      '/nonexistent',
      'pchat',
    ])
  for (const folder of ['/var/lib/pchat', ...Object.values(mounts)])
    await machine.must(['install', '-d', '-m', '0750', '-o', 'pchat', '-g', 'pchat', folder])
  await machine.must(['pchat', 'bootstrap', '--units', ...document, '--out', '/etc/systemd/system'])
  await machine.must(['systemctl', 'daemon-reload'])
  await machine.must(['systemctl', 'enable', 'pchat.target'])
  return machine.run(['systemctl', 'start', 'pchat.target'])
}

export async function put(machine: Machine, place: string, text: string): Promise<void> {
  const file = machine.path(place)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text, { mode: 0o600 })
}

/** Nothing of the product runs there any more; its data stays. */
export async function remove(site: TestSite, fqdn: string): Promise<void> {
  await site.machine(fqdn).must(['systemctl', 'disable', '--now', 'pchat.target'])
  await site.machine(fqdn).must(['systemctl', 'stop', 'pchat.target'])
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
