import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LdapSource } from '../src/directory/ldap-config.ts'
import { type Authority, makeAuthority, type Pair } from './authority.ts'
import { makeFolder } from './folder.ts'
import { type Hand, openHand, type Program, startServer, writePair } from './ldap-server.ts'
import { readTools } from './tools.ts'

/** A real OpenLDAP on 127.0.0.1, which can be stopped and started again at the same address. */
export type OpenLdap = Hand & {
  base: string
  folder: string
  authority: Authority
  /** With TLS from the first byte, and for StartTLS. */
  url: string
  plainUrl: string
  port: number
  ldapi: string
  /** The configuration of a source that reads it, with ldaps://. */
  source: LdapSource
  addUnit(name: string, below?: string): Promise<string>
  addUser(uid: string, below?: string, more?: Record<string, string | string[]>): Promise<string>
  addGroup(cn: string, members: string[], below?: string): Promise<string>
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
  stop(): Promise<void>
  /** Perhaps with another certificate. */
  start(pair?: Pair): Promise<void>
}

export const userPassword = 'Correct-Horse-7'

/**
 * Its reading account may read all but passwords, and nobody else may read anything. `bare`: as an administrator has it who has
 * done nothing for us; who runs it may configure it over `ldapi`.
 */
export async function startOpenLdap({ bare = false } = {}): Promise<OpenLdap> {
  const tools = await readTools()
  const folder = await makeFolder('pchat-slapd')
  const base = 'dc=example,dc=com'
  const admin = { dn: `cn=admin,${base}`, password: 'admin-secret' }
  const authority = await makeAuthority()
  const port = 20_000 + Math.floor(Math.random() * 12_000)
  const [plainUrl, url] = [`ldap://127.0.0.1:${port}`, `ldaps://127.0.0.1:${port + 1}`]
  await mkdir(join(folder, 'data'))
  await writePair(folder, authority, await authority.issue(['127.0.0.1', 'localhost']))
  await writeFile(join(folder, 'reader.secret'), 'reader-secret\n')
  // Debian may confine the program in its own place to folders of its own.
  const program = tools.slapd.startsWith('/usr/') ? join(folder, 'slapd') : tools.slapd
  if (program !== tools.slapd) await copyFile(tools.slapd, program)
  const own = `database config
access to * by dn.exact=gidNumber=${process.getgid!()}+uidNumber=${process.getuid!()},cn=peercred,cn=external,cn=auth manage by * break`
  const forReader = `index entryUUID,modifyTimestamp eq
access to * by dn.exact="cn=reader,${base}" read by * none
limits dn.exact="cn=reader,${base}" size=unlimited`
  await writeFile(
    join(folder, 'slapd.conf'),
    `${['core', 'cosine', 'inetorgperson', 'nis'].map(name => `include ${tools.slapdSchema}/${name}.schema`).join('\n')}
modulepath ${tools.slapdModules}
moduleload back_mdb
moduleload ppolicy
TLSCACertificateFile ${folder}/ca.pem
TLSCertificateFile ${folder}/cert.pem
TLSCertificateKeyFile ${folder}/key.pem
pidfile ${folder}/pid
${bare ? own : ''}
database mdb
suffix "${base}"
rootdn "${admin.dn}"
rootpw ${admin.password}
directory ${folder}/data
maxsize 268435456
envflags nosync writemap
index objectClass,uid eq
overlay ppolicy
access to attrs=userPassword by self write by anonymous auth by * none
${bare ? 'access to * by self read by * none' : forReader}
`,
  )
  let running: Program | undefined
  const hand = openHand(url, authority.cert, admin.dn, admin.password)
  const server: OpenLdap = {
    ...hand,
    base,
    folder,
    authority,
    url,
    plainUrl,
    port,
    ldapi: `ldapi://${encodeURIComponent(join(folder, 'ldapi'))}`,
    source: {
      name: 'staff',
      kind: 'openldap',
      urls: [url],
      ca: join(folder, 'ca.pem'),
      bindDn: `cn=reader,${base}`,
      bindPassword: { file: join(folder, 'reader.secret') },
      base,
      domain: 'example.com',
    },
    async addUnit(name, below = base) {
      await hand.add(`ou=${name},${below}`, { objectClass: 'organizationalUnit', ou: name })
      return `ou=${name},${below}`
    },
    async addUser(uid, below = base, more = {}) {
      const classes = ['inetOrgPerson', ...(more.shadowExpire ? ['shadowAccount'] : [])]
      const values = { cn: uid, sn: uid, uid, userPassword, mail: `${uid}@example.com`, ...more }
      await hand.add(`uid=${uid},${below}`, { objectClass: classes, ...values })
      return `uid=${uid},${below}`
    },
    async addGroup(cn, members, below = base) {
      await hand.add(`cn=${cn},${below}`, { objectClass: 'groupOfNames', cn, member: members })
      return `cn=${cn},${below}`
    },
    signal: name => running?.signal(name),
    async stop() {
      await hand.close()
      await running?.kill()
      running = undefined
    },
    async start(pair) {
      if (pair) await writePair(folder, authority, pair)
      const args = ['-d', '0', '-h', `${plainUrl} ${url} ${server.ldapi}`, '-f', join(folder, 'slapd.conf')]
      running = await startServer(program, args, '127.0.0.1', [port, port + 1])
    },
    async close() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
  await server.start()
  await hand.add(base, { objectClass: ['dcObject', 'organization'], dc: 'example', o: 'Example' })
  if (bare) return server
  await hand.add(`cn=reader,${base}`, {
    objectClass: ['organizationalRole', 'simpleSecurityObject'],
    cn: 'reader',
    userPassword: 'reader-secret',
  })
  return server
}
