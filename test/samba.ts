import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { LdapSource } from '../src/directory/ldap-config.ts'
import { type Authority, makeAuthority } from './authority.ts'
import { makeFolder } from './folder.ts'
import { type Hand, openHand, type Program, startServer, type Values, writePair } from './ldap-server.ts'
import { root } from './source.ts'
import { readTools, type Tools } from './tools.ts'

const run = promisify(execFile)

/** A real Samba Active Directory domain controller on an address of its own, which can be stopped and started again. */
export type Samba = Hand & {
  base: string
  folder: string
  authority: Authority
  url: string
  plainUrl: string
  /** The configuration of a source that reads it, with ldaps://. */
  source: LdapSource
  addUnit(name: string, below?: string): Promise<string>
  addUser(account: string, below?: string, more?: Values): Promise<string>
  addGroup(name: string, members: string[], below?: string): Promise<string>
  setPassword(dn: string, password: string): Promise<void>
  stop(): Promise<void>
  start(): Promise<void>
}

export const userPassword = 'Correct-Horse-7'
export const adminPassword = 'Admin-Horse-7'
const base = 'DC=example,DC=test'

/** As many as are not told at once, in one group: making them takes longer than all else, so they are kept with the domain. */
export const largeGroup = { name: 'Large', members: 1_620 }

/** `which` are domains of the same name that know nothing of each other: each has its own ids and counts for itself. */
export async function startSamba(which: 'one' | 'two' = 'one'): Promise<Samba> {
  const tools = await readTools()
  const folder = await makeFolder('pchat-samba')
  try {
    await cp(await provisioned(tools, which), folder, { recursive: true })
    return await startIn(folder, tools.samba)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    if (process.getuid!() === 0) throw error
    throw new Error(
      'Samba does not run here without root: it needs user namespaces, which this machine may refuse to others. Run the tests as root.',
      { cause: error },
    )
  }
}

async function startIn(folder: string, program: string): Promise<Samba> {
  // Samba listens at 389 and 636 and nowhere else.
  const host = `127.${[1, 2, 3].map(() => 2 + Math.floor(Math.random() * 250)).join('.')}`
  const way = (await mayListen()) ? undefined : await openWay(folder)
  const [plainUrl, url] = way
    ? [`ldap://127.0.0.1:${way.plain}`, `ldaps://127.0.0.1:${way.secure}`]
    : [`ldap://${host}`, `ldaps://${host}`]
  const authority = await makeAuthority()
  await writePair(folder, authority, await authority.issue([host, '127.0.0.1']))
  await writeFile(join(folder, 'reader.secret'), userPassword)
  await writeFile(join(folder, 'run.conf'), configuration(folder, host))
  const hand = openHand(url, authority.cert, `CN=Administrator,CN=Users,${base}`, adminPassword)
  let running: Program | undefined
  const server: Samba = {
    ...hand,
    base,
    folder,
    authority,
    url,
    plainUrl,
    source: {
      name: 'corp',
      kind: 'active-directory',
      urls: [url],
      ca: join(folder, 'ca.pem'),
      bindDn: 'reader@example.test',
      bindPassword: { file: join(folder, 'reader.secret') },
      base,
      domain: 'example.test',
    },
    async addUnit(name, below = base) {
      await hand.add(`OU=${name},${below}`, { objectClass: 'organizationalUnit' })
      return `OU=${name},${below}`
    },
    async addUser(account, below = base, more = {}) {
      await hand.add(`CN=${account},${below}`, {
        objectClass: 'user',
        sAMAccountName: account,
        userAccountControl: '512',
        unicodePwd: quoted(userPassword),
        ...more,
      })
      return `CN=${account},${below}`
    },
    async addGroup(name, members, below = base) {
      const values = { objectClass: 'group', sAMAccountName: name, groupType: '-2147483646' }
      await hand.add(`CN=${name},${below}`, members.length > 0 ? { ...values, member: members } : values)
      return `CN=${name},${below}`
    },
    setPassword: (dn, password) => hand.change(dn, { unicodePwd: quoted(password) }),
    async stop() {
      await hand.close()
      await running?.kill()
      running = undefined
    },
    async start() {
      const args = [`--configfile=${folder}/run.conf`, '-i', '--no-process-group', '-M', 'single', '-d', '0']
      const command = [program, ...args, '--maximum-runtime=900']
      // With process numbers of its own too, so that all of it ends with the first one.
      const apart = ['--user', '--map-root-user', '--net', '--pid', '--fork', '--kill-child']
      const door = [...apart, process.execPath, join(root, 'test/samba-door.ts'), folder, host]
      running = way
        ? await startServer('unshare', [...door, ...command], '127.0.0.1', [way.plain, way.secure], 200)
        : await startServer(program, command.slice(1), host, [389, 636])
    },
    async close() {
      await server.stop()
      await way?.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
  await server.start()
  return server
}

/** Whether this process may open port 389: it is root, or the machine leaves such ports to everybody. */
async function mayListen(): Promise<boolean> {
  const server = createServer().listen(389, '127.77.77.77')
  try {
    await once(server, 'listening')
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
  } finally {
    server.close()
  }
}

/** Free ports that lead to Samba in a network of its own, by way of sockets in its folder (samba-door.ts). */
async function openWay(folder: string): Promise<{ plain: number; secure: number; close(): Promise<void> }> {
  const open = async (port: number) => {
    const server = createServer(near => {
      const far = connect(join(folder, `${port}.sock`))
      near.on('error', () => far.destroy()).on('close', () => far.destroy())
      far.on('error', () => near.destroy()).on('close', () => near.destroy())
      near.pipe(far).pipe(near)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  const [plain, secure] = [await open(389), await open(636)]
  return {
    plain: (plain.address() as AddressInfo).port,
    secure: (secure.address() as AddressInfo).port,
    async close() {
      for (const server of [plain, secure]) server.close()
    },
  }
}

function quoted(password: string): Buffer {
  return Buffer.from(`"${password}"`, 'utf16le')
}

/** Of all that a domain controller does, LDAP alone: it needs no other port and no other program. */
function configuration(folder: string, host: string): string {
  return `[global]
  netbios name = DC1
  realm = EXAMPLE.TEST
  workgroup = EXAMPLE
  server role = active directory domain controller
  server services = ldap
  private dir = ${folder}/private
  state directory = ${folder}/state
  cache directory = ${folder}/cache
  lock directory = ${folder}
  pid directory = ${folder}
  ncalrpc dir = ${folder}/ncalrpc
  binddns dir = ${folder}/bind-dns
  ntp signd socket directory = ${folder}/ntp
  winbindd socket directory = ${folder}/winbindd
  log file = ${folder}/log
  logging = file
  usershare path =
  interfaces = ${host}/8
  bind interfaces only = yes
  tls enabled = yes
  tls cafile = ${folder}/ca.pem
  tls certfile = ${folder}/cert.pem
  tls keyfile = ${folder}/key.pem
`
}

/**
 * As `samba-tool domain provision`, but for the rights of files in SYSVOL: only root can set them, and LDAP has no use for them. Then
 * the account that reads, and in one of the domains the large group; contacts are made quickest, and are members as good as any.
 */
const provision = `
import logging, sys
from samba.auth import system_session
from samba.dsdb import DS_DOMAIN_FUNCTION_2008_R2
from samba.param import LoadParm
from samba.provision import provision
folder, administrators, password, name, count = sys.argv[1:]
lp = LoadParm()
lp.set("realm", "EXAMPLE.TEST")
db = provision(logging.getLogger(), system_session(), targetdir=folder, lp=lp, realm="EXAMPLE.TEST", domain="EXAMPLE",
  hostname="dc1", hostip="127.0.0.1", serverrole="active directory domain controller", dns_backend="NONE",
  adminpass=administrators, backend_store="tdb", skip_sysvolacl=True, dom_for_fun_level=DS_DOMAIN_FUNCTION_2008_R2).samdb
db.newuser("reader", password)
if count == "0":
  sys.exit()
db.transaction_start()
many = "OU=Many," + str(db.domain_dn())
db.add({"dn": many, "objectClass": "organizationalUnit"})
names = ["CN=m%d,%s" % (i, many) for i in range(int(count))]
for dn in names:
  db.add({"dn": dn, "objectClass": "contact"})
db.add({"dn": "CN=%s,%s" % (name, many), "objectClass": "group", "sAMAccountName": name, "member": names})
db.transaction_commit()
`

/** Making a domain takes seconds, and a copy of it none: it is made once for each version of Samba. */
async function provisioned({ sambaTool, sambaPython }: Tools, which: 'one' | 'two'): Promise<string> {
  const { stdout } = await run(sambaTool, ['--version'])
  const kept = join(root, '.cache', `samba-${stdout.trim().replace(/[^\w.-]/g, '')}-${which}-5`)
  if (await stat(kept).catch(() => undefined)) return kept
  const made = await makeFolder('pchat-samba-new')
  try {
    const args = [
      made,
      adminPassword,
      userPassword,
      largeGroup.name,
      which === 'one' ? String(largeGroup.members) : '0',
    ]
    await run(sambaPython, ['-c', provision, ...args], { timeout: 150_000, maxBuffer: 1 << 26 })
    await mkdir(join(root, '.cache'), { recursive: true })
    const beside = `${kept}.${process.pid}`
    await cp(made, beside, { recursive: true }).catch(async error => {
      await rm(beside, { recursive: true, force: true })
      throw error
    })
    // Another run may have been quicker.
    await rename(beside, kept).catch(() => rm(beside, { recursive: true }))
  } finally {
    await rm(made, { recursive: true, force: true })
  }
  return kept
}
