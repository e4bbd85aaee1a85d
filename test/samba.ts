import { execFile } from 'node:child_process'
import { cp, lstat, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { LdapSource } from '../src/directory/ldap-config.ts'
import { type Authority, makeAuthority } from './authority.ts'
import { makeFolder } from './folder.ts'
import { type Hand, openHand, type Program, startServer, type Values, writePair } from './ldap-server.ts'
import { root } from './source.ts'
import { readTools } from './tools.ts'

const run = promisify(execFile)

/** A real Samba Active Directory domain controller on an address of its own, which can be stopped and started again. */
export type Samba = Hand & {
  base: string
  folder: string
  authority: Authority
  host: string
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
  await cp(await provisioned(tools.sambaTool, which), folder, { recursive: true })
  return startIn(folder, tools.samba)
}

async function startIn(folder: string, program: string): Promise<Samba> {
  // Samba listens at 389 and 636 and nowhere else.
  const host = `127.${[1, 2, 3].map(() => 2 + Math.floor(Math.random() * 250)).join('.')}`
  const authority = await makeAuthority()
  await writePair(folder, authority, await authority.issue([host]))
  await writeFile(join(folder, 'reader.secret'), userPassword)
  await writeFile(join(folder, 'run.conf'), configuration(folder, host))
  const hand = openHand(`ldaps://${host}`, authority.cert, `CN=Administrator,CN=Users,${base}`, adminPassword)
  let running: Program | undefined
  const server: Samba = {
    ...hand,
    base,
    folder,
    authority,
    host,
    url: `ldaps://${host}`,
    plainUrl: `ldap://${host}`,
    source: {
      name: 'corp',
      kind: 'active-directory',
      urls: [`ldaps://${host}`],
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
      running = await startServer(program, [...args, '--maximum-runtime=900'], host, [389, 636])
    },
    async close() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
  await server.start()
  return server
}

/** The account that reads, and in one of the domains the large group. */
async function populate(server: Samba, withMany: boolean): Promise<void> {
  await server.addUser('reader', `CN=Users,${base}`, { userPrincipalName: 'reader@example.test' })
  if (!withMany) return
  const many = await server.addUnit('Many')
  const names = Array.from({ length: largeGroup.members }, (_, i) => `CN=m${i},${many}`)
  // Contacts are made quickest, and are members as good as any.
  for (const dn of names) await server.add(dn, { objectClass: 'contact' })
  await server.addGroup(largeGroup.name, names, many)
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

/** Making a domain takes seconds, and a copy of it none: it is made once for each version of Samba. */
async function provisioned(sambaTool: string, which: string): Promise<string> {
  const { stdout } = await run(sambaTool, ['--version'])
  const kept = join(root, '.cache', `samba-${stdout.trim().replace(/[^\w.-]/g, '')}-${which}-2`)
  if (await stat(kept).catch(() => undefined)) return kept
  const made = await makeFolder('pchat-samba-new')
  const names = ['--realm=EXAMPLE.TEST', '--domain=EXAMPLE', '--host-name=dc1', '--host-ip=127.0.0.1']
  const kind = ['--server-role=dc', '--dns-backend=NONE', '--backend-store=tdb', `--adminpass=${adminPassword}`]
  // Access rights of files are kept in a file: not every file system has room for them.
  const rights = [
    '--option=vfs objects=dfs_samba4 acl_xattr xattr_tdb',
    `--option=posix:eadb=${made}/eadb.tdb`,
    `--option=xattr_tdb:file=${made}/xattr.tdb`,
  ]
  try {
    await run(sambaTool, ['domain', 'provision', `--targetdir=${made}`, ...names, ...kind, ...rights], {
      timeout: 120_000,
      maxBuffer: 1 << 26,
    })
    const server = await startIn(made, (await readTools()).samba)
    await populate(server, which === 'one').finally(() => server.stop())
    await mkdir(join(root, '.cache'), { recursive: true })
    const beside = `${kept}.${process.pid}`
    const isFile = async (path: string) => !(await lstat(path)).isSocket()
    await cp(made, beside, { recursive: true, filter: isFile }).catch(async error => {
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
