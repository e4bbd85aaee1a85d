import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { appendFile, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setDefaultCACertificates } from 'node:tls'
import { type Authority, makeAuthority, type Pair } from '../authority.ts'
import { readTools } from '../tools.ts'
import { isAlone } from './account.ts'
import { domain, frontEnds, hosts, mounts, type Ports, pools } from './document.ts'
import { home, type Machine, openMachine, openSwitch, say } from './machine.ts'
import { type NatsServer, startNats } from './nats.ts'
import { type DatabaseServer, startPostgres } from './postgres.ts'

/** The ground that the pools stand on: machines, names, an authority, databases and NATS. Nothing of the product runs yet. */
export type TestSite = {
  folder: string
  alone: boolean
  /** Password of the administrator of the databases. */
  administrator: string
  ports: Ports
  authority: Authority
  secrets: {
    store: string
    archive: string
    nats: string
    publisher: string
    reader: string
    key: string
    handOver: string
  }
  /** Where an administrator sits. */
  desk: Machine
  store: DatabaseServer
  archive: DatabaseServer
  nats: NatsServer
  machines: Map<string, Machine>
  /** A bare machine of that name, which all others know from then on. */
  addMachine(fqdn: string): Promise<Machine>
  machine(fqdn: string): Machine
  certificate(...names: string[]): Promise<Pair>
}

const network = '10.77.0.0/24'
const addressOf = (n: number) => `10.77.0.${n}`
const validity = { from: -1, to: 60 }

export async function openTestSite(folder: string): Promise<TestSite> {
  const [tools, alone, authority] = await Promise.all([readTools(), isAlone(), makeAuthority()])
  const machines = new Map<string, Machine>()
  const names = new Map<string, string>()
  const secret = () => randomBytes(12).toString('hex')
  const administrator = secret()
  let last = 10
  await openSwitch(tools.ip, addressOf(254))
  await nameFile(folder)
  // What runs in here trusts the site as a browser does that an administrator has set up.
  setDefaultCACertificates([authority.cert])
  for (const place of Object.values(mounts)) await mkdir(sharedOf(folder, place), { recursive: true })

  async function addMachine(fqdn: string): Promise<Machine> {
    last += 1
    const address = addressOf(last)
    const shared = Object.fromEntries(Object.values(mounts).map(place => [place, sharedOf(folder, place)]))
    const machine = await openMachine({ folder, name: fqdn, address, ip: tools.ip, mounts: shared })
    if (alone) await ownAccount(machine)
    machines.set(fqdn, machine)
    names.set(fqdn, address)
    await tellNames()
    return machine
  }

  /** Every machine knows every other one, and each pool by its servers. One after the other, or an older list would be the last. */
  let naming = Promise.resolve()
  function tellNames(): Promise<void> {
    naming = naming.then(async () => {
      const lines = ['127.0.0.1 localhost', ...[...names].map(([name, address]) => `${address} ${name}`)]
      for (const address of frontEnds.map(name => names.get(name)))
        if (address) lines.push(`${address} fe.${domain} ${Object.values(pools).join(' ')}`)
      const text = `${lines.join('\n')}\n`
      await writeFile('/etc/hosts', text)
      for (const machine of machines.values()) if (machine.isUp()) await replaceHosts(machine, text)
    })
    return naming
  }

  const certificate = (...all: string[]) => authority.issue(all, validity)
  const desk = await addMachine(`desk.${domain}`)
  const secrets = {
    store: secret(),
    archive: secret(),
    nats: secret(),
    publisher: secret(),
    reader: secret(),
    key: archiveKey(),
    handOver: randomBytes(32).toString('base64'),
  }
  const database = async (fqdn: string) =>
    startPostgres(await addMachine(fqdn), {
      ...{ bin: tools.postgres15Bin, network, password: administrator, alone },
      tls: await certificate(fqdn),
    })
  const [store, archive] = [await database(hosts.store), await database(hosts.archive)]
  const nats = await startNats(
    await addMachine(hosts.nats),
    tools.natsServer,
    await certificate(hosts.nats),
    secrets.nats,
  )
  await writeFile(
    desk.path(`${home}/.pgpass`),
    `*:*:*:postgres:${administrator}\n*:*:*:pchat_publisher:${secrets.publisher}\n`,
    { mode: 0o600 },
  )
  return {
    ...{
      folder,
      alone,
      administrator,
      authority,
      secrets,
      desk,
      store,
      archive,
      nats,
      machines,
      addMachine,
      certificate,
    },
    // Below 1024 a service needs a power of root, which a world of root alone cannot hand on.
    ports: alone ? { main: 8443, west: 8444 } : { main: 443, west: 8443 },
    machine(fqdn) {
      const found = machines.get(fqdn)
      if (!found) throw new Error(`There is no machine ${fqdn}.`)
      return found
    },
  }
}

/** As a whole: somebody may be reading it. */
async function replaceHosts(machine: Machine, text: string): Promise<void> {
  const file = machine.path('/etc/hosts')
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}

const sharedOf = (folder: string, place: string) => join(folder, 'shared', place)

/** /etc/hosts of this world, without touching that of the machine. */
async function nameFile(folder: string): Promise<void> {
  const file = join(folder, 'hosts')
  await writeFile(file, '127.0.0.1 localhost\n')
  const { code, err } = await say('mount', ['--bind', file, '/etc/hosts'], { env: process.env })
  if (code !== 0) throw new Error(`mount: ${err}`)
}

/** Where files can be given to nobody else, the service's account is root by another name. */
async function ownAccount(machine: Machine): Promise<void> {
  await appendFile(machine.path('/etc/passwd'), 'pchat:x:0:0::/nonexistent:/usr/sbin/nologin\n')
  await appendFile(machine.path('/etc/group'), 'pchat:x:0:\n')
}

function archiveKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
}
