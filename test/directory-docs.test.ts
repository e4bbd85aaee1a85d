import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { readDirectoryConfig } from '../src/directory/config.ts'
import { LdapSource } from '../src/directory/ldap-config.ts'
import { openLdapSource } from '../src/directory/ldap-source.ts'
import { startOpenLdap, userPassword } from './openldap.ts'
import { idsOf, readAll } from './read-source.ts'
import { startSamba } from './samba.ts'
import { root } from './source.ts'
import { readTools } from './tools.ts'

const run = promisify(execFile)
const text = readFileSync(join(root, 'docs/directory.md'), 'utf8')
const blocks = [...text.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(([, kind, name, body]) => ({
  kind,
  name,
  body: body!,
}))
const block = (name: string) => blocks.find(one => one.name === name)!.body
const examples = blocks.filter(({ kind }) => kind === 'yaml').map(({ body }) => body)

/** With the places of this test for those of the document. */
function here(body: string, places: Record<string, string>): string {
  return Object.entries(places).reduce((said, [there, place]) => {
    expect(said).toContain(there)
    return said.replaceAll(there, place)
  }, body)
}

function sourceOf(yaml: string): LdapSource {
  const config = readDirectoryConfig(yaml)
  if ('faults' in config) throw new Error(config.faults.join(' '))
  return config.ldap![0]!
}

test('[LP25] the examples of docs/directory.md are taken, and its table has every option', () => {
  expect(examples.length).toBeGreaterThanOrEqual(2)
  for (const yaml of examples) {
    const config = readDirectoryConfig(yaml)
    if ('faults' in config) throw new Error(config.faults.join(' '))
    for (const source of config.ldap ?? []) openLdapSource(source)
  }
  const { attributes, ...options } = LdapSource.properties
  const names = [...Object.keys(options), ...Object.keys(attributes.properties).map(name => `attributes.${name}`)]
  const table = text.slice(text.indexOf('## Options of an LDAP source'))
  expect(names.filter(name => !table.includes(`\`${name}\``))).toEqual([])
})

test('[LP25] an OpenLDAP that is prepared as docs/directory.md says can be read, without its passwords', async () => {
  const { ldapUtils } = await readTools()
  const server = await startOpenLdap({ bare: true })
  onTestFinished(() => server.close())
  for (let i = 0; i < 510; i += 1) await server.addUser(`user${i}`)
  const file = (name: string) => join(server.folder, name)
  await writeFile(file('ldap.secret'), 'a-long-password')
  await writeFile(file('admin.secret'), 'admin-secret')
  await writeFile(
    file('pchat.ldif'),
    here(block('openldap-account'), { '{SSHA}what-slappasswd-printed': 'a-long-password' }),
  )
  await writeFile(file('access.ldif'), block('openldap-access'))
  const shell = (command: string) =>
    run('bash', ['-ec', command], { env: { PATH: `${ldapUtils}:${process.env.PATH}`, LDAPTLS_CACERT: file('ca.pem') } })
  const places = { 'ldaps://ldap.example.com': server.url }
  await shell(
    here(block('openldap-add'), { ...places, '-W': `-y ${file('admin.secret')}`, 'pchat.ldif': file('pchat.ldif') }),
  )
  const yaml = here(examples.find(one => one.includes('kind: openldap'))!, {
    ...places,
    '/etc/pchat/ca.pem': file('ca.pem'),
    '/etc/pchat/ldap.secret': file('ldap.secret'),
  })
  const source = openLdapSource(sourceOf(yaml))
  onTestFinished(() => source.close())
  await expect(source.check()).rejects.toThrow(/has no dc=example,dc=com that the reading account may see/)
  await shell(here(block('openldap-configure'), { 'ldapi:///': server.ldapi, 'access.ldif': file('access.ldif') }))
  const tried = await shell(
    here(block('openldap-try'), {
      ...places,
      '/etc/pchat/ca.pem': file('ca.pem'),
      '/etc/pchat/ldap.secret': file('ldap.secret'),
    }),
  )
  expect(tried.stdout.match(/^uid: user\d+$/gm)).toHaveLength(510)
  const read = await readAll(source)
  expect(read.objects).toHaveLength(511)
  expect((await readAll(source, read.cookie)).whole).toBe(false)
  expect(await source.authenticate(read.get('user7@example.com').id, userPassword)).toBe(true)
  const secret =
    "ldapsearch -LLL -x -H URL -D cn=pchat,dc=example,dc=com -y SECRET -b dc=example,dc=com '(uid=user7)' '*'"
  const seen = await shell(here(secret, { URL: server.url, SECRET: file('ldap.secret') }))
  expect(seen.stdout).toContain('mail: user7@example.com')
  expect(seen.stdout).not.toContain('userPassword')
})

test('[LP25] a Samba that is prepared as docs/directory.md says can be read', async () => {
  const { ldapUtils, sambaTool } = await readTools()
  const server = await startSamba()
  onTestFinished(() => server.close())
  const people = await server.addUnit('People')
  await server.addUser('alice', people)
  const file = (name: string) => join(server.folder, name)
  await writeFile(file('ad.secret'), 'Long-Password-7')
  const [, ...words] = block('samba-account').trim().split(' ')
  await run(sambaTool, [...words, 'Long-Password-7', `--configfile=${file('run.conf')}`])
  const places = {
    'ldaps://dc1.example.com': server.url,
    'pchat-reader@example.com': 'pchat-reader@example.test',
    '/etc/pchat/ca.pem': file('ca.pem'),
    '/etc/pchat/ad.secret': file('ad.secret'),
    'DC=example,DC=com': server.base,
  }
  const { stdout } = await run('bash', ['-ec', here(block('ad-try'), places)], {
    env: { PATH: `${ldapUtils}:${process.env.PATH}` },
  })
  expect(stdout).toContain('sAMAccountName: alice')
  const yaml = here(examples.find(one => one.includes('kind: active-directory'))!, {
    ...places,
    'domain: example.com': 'domain: example.test',
    ', ldaps://dc2.example.com': '',
  })
  const source = openLdapSource(sourceOf(yaml))
  onTestFinished(() => source.close())
  const read = await readAll(source)
  expect(read.get('alice@example.test').kind).toBe('user')
  expect(read.names).not.toContain('Administrator@example.test')
  expect(await idsOf(source)).toHaveLength(read.objects.length)
}, 180_000)
