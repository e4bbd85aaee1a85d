import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { password, signInAt } from './harness.ts'
import { openTestBrowser } from './oidc-browser.ts'
import { clientSecret, openTestProvider, type TestProvider } from './oidc-provider.ts'
import { type OpenLdap, startOpenLdap, userPassword } from './openldap.ts'
import { type Pchat, runPchat } from './pchat.ts'
import { root } from './source.ts'

/** The documents as a new administrator walks through them, with the places of this test for theirs. */
const blocksOf = (file: string) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(
    ([, kind, name, body]) => ({ kind, name, body: body!.trim() }),
  )
const guide = blocksOf('docs/directory.md')
const [oidcYaml] = blocksOf('docs/directory-oidc.md').filter(({ kind }) => kind === 'yaml')

let ldap: OpenLdap
let provider: TestProvider
let config: string
let dataDir: string
let server: Pchat | undefined

beforeAll(async () => {
  ;[ldap, provider] = await Promise.all([startOpenLdap(), openTestProvider({ name: 'corporate' })])
  const people = await ldap.addUnit('People')
  const alice = await ldap.addUser('alice', people)
  await ldap.addGroup('traders', [alice], people)
  config = join(ldap.folder, 'directory.yaml')
  dataDir = join(ldap.folder, 'pchat-data')
  await writeFile(join(ldap.folder, 'oidc-secret'), clientSecret)
  const ldapYaml = guide.find(({ kind, body }) => kind === 'yaml' && body.includes('kind: openldap'))!.body
  await writeFile(
    config,
    here(`${ldapYaml}\n${oidcYaml!.body}`, {
      'ldaps://ldap.example.com': ldap.url,
      '/etc/pchat/ca.pem': join(ldap.folder, 'ca.pem'),
      'cn=pchat,dc': 'cn=reader,dc',
      '/etc/pchat/ldap.secret': join(ldap.folder, 'reader.secret'),
      'https://login.example.com/realms/example': provider.issuer,
      'clientId: persistent-chat': 'clientId: pchat',
      '/etc/pchat/oidc-secret': join(ldap.folder, 'oidc-secret'),
    }),
  )
}, 60_000)

afterAll(async () => {
  server?.kill('SIGTERM')
  await server?.ended
  await provider?.close()
  await ldap?.close()
})

function here(text: string, places: Record<string, string>): string {
  return Object.entries(places).reduce((said, [there, place]) => {
    expect(said).toContain(there)
    return said.replaceAll(there, place)
  }, text)
}

/** A command of the document, from its first word of ours on. */
function wordsOf(name: string, lead: string): string[] {
  const { body } = guide.find(one => one.name === name)!
  expect(body.startsWith(lead)).toBe(true)
  return body.slice(lead.length).trim().replaceAll('/etc/pchat/directory.yaml', config).split(' ')
}

async function command(name: string, more: string[] = []) {
  const ran = runPchat([...wordsOf(name, 'npx pchat '), '--data-dir', dataDir, ...more])
  return { code: await ran.ended, said: ran.said() }
}

const env = { PCHAT_ADMIN_USER: 'admin@example.com', PCHAT_ADMIN_PASSWORD: password }

async function start(words: string[]): Promise<string> {
  server = runPchat(['start', '--port', '0', '--data-dir', dataDir, ...words], { env })
  return server.ready()
}

test('[DS32] a new administrator tries, starts, reads, compares and explains as docs/directory.md says, and people of LDAP and of a provider come in', async () => {
  await start([])
  const tried = await command('try')
  expect(tried.said).toMatch(/staff: would change, all read, \d+ objects/)
  expect(tried.said).toMatch(/added +user +alice@example.com/)
  expect(tried.code).toBe(0)
  server!.kill('SIGTERM')
  expect(await server!.ended).toBe(0)

  const url = await start(wordsOf('start', 'npm start -- '))
  provider.register(url)
  await expect
    .poll(() => signInAt(url, 'alice@example.com', userPassword).then(({ me }) => me.name, String), { timeout: 20_000 })
    .toBe('alice@example.com')
  expect((await command('status')).said).toMatch(/staff +\d+ s ago/)
  await ldap.addUser('bob', `ou=People,${ldap.base}`)
  expect((await command('check')).code).toBe(3)
  expect((await command('sync')).said).toMatch(/added +1/)
  const checked = await command('check')
  expect([checked.code, checked.said]).toEqual([0, expect.stringContaining('Nothing differs.')])
  expect((await command('resync')).code).toBe(0)
  expect((await command('explain')).said).toMatch(/Comes from +staff, uid=alice/)

  const browser = openTestBrowser()
  provider.users.set('s-dora', { preferred_username: 'dora', name: 'Dora', groups: ['chat-admins'] })
  provider.login = 's-dora'
  const done = await browser.go(`${url}/web/oidc/corporate/begin?next=/`)
  expect(done.response?.status, done.text).toBe(200)
  const session = await (await browser.ask(`${url}/web/session`)).json()
  expect(session).toMatchObject({ me: { name: 'dora@example.com', displayName: 'Dora', administrator: true } })
}, 120_000)

test('[DS32] the examples of docs/directory-scim.md and docs/directory-oidc.md are taken', async () => {
  const { readDirectoryConfig } = await import('../src/directory/config.ts')
  for (const file of ['docs/directory-scim.md', 'docs/directory-oidc.md'])
    for (const { body } of blocksOf(file).filter(({ kind }) => kind === 'yaml'))
      expect(readDirectoryConfig(body)).not.toHaveProperty('faults')
})
