import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { idsOf, readAll } from '../../test/read-source.ts'
import { adminPassword, largeGroup, type Samba, startSamba, userPassword } from '../../test/samba.ts'
import type { LdapSource } from './ldap-config.ts'
import { type LdapOptions, openLdapSource } from './ldap-source.ts'
import type { DirectorySource } from './source.ts'

let server: Samba
let other: Samba
let people: string
let alice: string
let bob: string
const base = 'DC=example,DC=test'
const folded = base.toLowerCase()

beforeAll(async () => {
  server = await startSamba()
  other = await startSamba('two')
  people = await server.addUnit('People')
  await server.addUnit('Sales', people)
  alice = await server.addUser('alice', people, {
    userPrincipalName: 'alice.a@mail.example',
    displayName: 'Alice A.',
    mail: 'alice@mail.example',
  })
  bob = await server.addUser('bob', `OU=Sales,${people}`)
  const inner = await server.addGroup('Inner', [alice])
  const outer = await server.addGroup('Outer', [inner, bob])
  await server.addValues(inner, 'member', [outer])
  // The first time domains are made, which takes a while.
}, 180_000)

afterAll(async () => {
  await server?.close()
  await other?.close()
})

function open(more: Partial<LdapSource> = {}, options: LdapOptions = {}): DirectorySource {
  const source = openLdapSource({ ...server.source, ...more }, options)
  onTestFinished(() => source.close())
  return source
}

/** Who sees what was deleted. */
async function asAdministrator(): Promise<Partial<LdapSource>> {
  const file = join(server.folder, 'administrator.secret')
  await writeFile(file, adminPassword)
  return { bindDn: `CN=Administrator,CN=Users,${base}`, bindPassword: { file } }
}

describe('reading an Active Directory', () => {
  test('[LP1] everything is read; groups in circles are told as they stand', async () => {
    const read = await readAll(open())
    expect(read.whole).toBe(true)
    expect(read.get('example.test')).toMatchObject({ kind: 'domain', dn: folded })
    expect(read.get('Sales')).toMatchObject({ kind: 'organizationalUnit', dn: `ou=sales,ou=people,${folded}` })
    expect(read.get('alice.a@mail.example')).toMatchObject({
      kind: 'user',
      dn: `cn=alice,ou=people,${folded}`,
      displayName: 'Alice A.',
      email: 'alice@mail.example',
      disabled: false,
    })
    expect(read.get('bob@example.test')).toMatchObject({ displayName: 'bob', email: undefined })
    expect(read.get('Inner').members!.sort()).toEqual([`cn=alice,ou=people,${folded}`, `cn=outer,${folded}`])
    expect(read.get('Outer').members!.sort()).toEqual([`cn=bob,ou=sales,ou=people,${folded}`, `cn=inner,${folded}`])
    // Accounts of machines and of the system are nobody.
    for (const name of ['krbtgt@example.test', 'Guest@example.test', 'DC1$@example.test', 'Users'])
      expect(read.names).not.toContain(name)
    expect((await idsOf(open())).sort()).toEqual(read.objects.map(({ id }) => id).sort())
  })

  test('[LP1] the id is the objectGUID as others write it', async () => {
    const source = open()
    const { id } = (await readAll(source)).get('alice.a@mail.example')
    const client = await server.client()
    const { searchEntries } = await client.search(`<GUID=${id}>`, { scope: 'base', attributes: ['cn'] })
    expect(searchEntries).toEqual([expect.objectContaining({ cn: 'alice' })])
    expect(await source.readOne(id)).toMatchObject({ name: 'alice.a@mail.example' })
    expect(await source.readOne(crypto.randomUUID())).toBeUndefined()
  })

  test('[LP8] disabled and expired accounts', async () => {
    const gone = await server.addUser('disabled', people, { userAccountControl: '514' })
    const late = await server.addUser('expired', people, { accountExpires: '130000000000000000' })
    const staying = await server.addUser('staying', people, { accountExpires: '9223372036854775807' })
    const later = await server.addUser('later', people, { accountExpires: '150000000000000000' })
    onTestFinished(async () => {
      for (const dn of [gone, late, staying, later]) await server.remove(dn)
    })
    const source = open()
    const read = await readAll(source)
    const disabled = read.objects.filter(object => object.disabled).map(({ name }) => name)
    expect(disabled.sort()).toEqual(['disabled@example.test', 'expired@example.test'])
    expect(await source.authenticate(read.get('disabled@example.test').id, userPassword)).toBe(false)
    expect(await source.authenticate(read.get('expired@example.test').id, userPassword)).toBe(false)
    expect(await source.authenticate(read.get('later@example.test').id, userPassword)).toBe(true)
    await server.change(gone, { userAccountControl: '512' })
    const next = await readAll(source, read.cookie)
    expect(next.get('disabled@example.test').disabled).toBe(false)
    expect(await source.authenticate(read.get('disabled@example.test').id, userPassword)).toBe(true)
  })

  test('[LP9] members of a large group are read piece by piece, and whose primary group it is belongs to it', async () => {
    const source = open()
    const read = await readAll(source)
    expect(read.get('Large').members).toHaveLength(largeGroup.members)
    expect(new Set(read.get('Large').members).size).toBe(largeGroup.members)
    expect(read.get('Large').members).toContain(`cn=m1619,ou=many,${folded}`)
    expect((await source.readOne(read.get('Large').id))!.members).toHaveLength(largeGroup.members)
    const users = read.get('Domain Users').members!
    expect(users).toContain(`cn=alice,ou=people,${folded}`)
    expect(users).toContain(`cn=bob,ou=sales,ou=people,${folded}`)

    // A new one changes nothing of his primary group, which comes all the same.
    const newcomer = await server.addUser('newcomer', people)
    onTestFinished(() => server.remove(newcomer))
    let next = await readAll(source, read.cookie)
    expect(next.get('Domain Users').members).toContain(`cn=newcomer,ou=people,${folded}`)
    // Another primary group: he is in both, by different ways.
    const large = `CN=Large,OU=Many,${base}`
    await server.addValues(large, 'member', [newcomer])
    const client = await server.client()
    const { searchEntries } = await client.search(large, { scope: 'base', attributes: ['primaryGroupToken'] })
    await server.change(newcomer, { primaryGroupID: String(searchEntries[0]!.primaryGroupToken) })
    next = await readAll(source, next.cookie)
    expect(next.get('Large').members).toContain(`cn=newcomer,ou=people,${folded}`)
    expect(next.get('Large').members).toHaveLength(largeGroup.members + 1)
    expect(next.get('Domain Users').members).toContain(`cn=newcomer,ou=people,${folded}`)
    await server.change(newcomer, { primaryGroupID: '513' })
    await server.removeValues(large, 'member', [newcomer])
    next = await readAll(source, next.cookie)
    expect(next.get('Large').members).toHaveLength(largeGroup.members)
  })
})

describe('what changed in an Active Directory', () => {
  test('[LP4] [LP6] changes of every kind come with the next reading; deletions too, where the account may see them', async () => {
    const source = open(await asAdministrator())
    const reader = open()
    const dn = await server.addUser('carol', people)
    const group = await server.addGroup('Changing', [])
    const first = await readAll(source)
    const { id } = first.get('carol@example.test')
    const next = async (cookie: string) => {
      const read = await readAll(source, cookie)
      expect(read.whole).toBe(false)
      expect(read.tellsGone).toBe(true)
      return read
    }
    const quiet = await next(first.cookie)
    expect(quiet.names.filter(name => name !== 'example.test')).toEqual([])
    await server.change(dn, { displayName: 'Carol C.', mail: 'c@example.test' })
    let read = await next(quiet.cookie)
    expect(read.names).toEqual(['carol@example.test'])
    expect(read.get('carol@example.test')).toMatchObject({ id, displayName: 'Carol C.', email: 'c@example.test' })
    await server.move(dn, `CN=Carola,${people}`)
    await server.change(`CN=Carola,${people}`, { sAMAccountName: 'carola' })
    read = await next(read.cookie)
    expect(read.get('carola@example.test')).toMatchObject({ id, dn: `cn=carola,ou=people,${folded}` })
    await server.move(`CN=Carola,${people}`, `CN=Carola,OU=Sales,${people}`)
    read = await next(read.cookie)
    expect(read.get('carola@example.test')).toMatchObject({ id, dn: `cn=carola,ou=sales,ou=people,${folded}` })
    await server.addValues(group, 'member', [alice, `CN=Carola,OU=Sales,${people}`])
    read = await next(read.cookie)
    expect(read.get('Changing').members).toHaveLength(2)
    await server.removeValues(group, 'member', [alice])
    await server.move(group, `CN=Changed,${people}`)
    read = await next(read.cookie)
    expect(read.get('Changing')).toMatchObject({
      id: first.get('Changing').id,
      dn: `cn=changed,ou=people,${folded}`,
      members: [`cn=carola,ou=sales,ou=people,${folded}`],
    })
    await server.remove(`CN=Carola,OU=Sales,${people}`)
    await server.remove(`CN=Changed,${people}`)
    const blind = await readAll(reader, read.cookie)
    expect(blind).toMatchObject({ whole: false, tellsGone: false, gone: [] })
    expect(await idsOf(reader)).not.toContain(id)
    read = await next(read.cookie)
    expect(read.gone).toEqual(expect.arrayContaining([id, first.get('Changing').id]))
    expect(read.names.filter(name => name !== 'example.test')).toEqual([])
    expect(await idsOf(source)).not.toContain(id)
    expect(await source.readOne(id)).toBeUndefined()
  })

  test('[LP5] below a unit with a new name, or in a new place, everything comes again', async () => {
    const source = open()
    await server.addUser('dora', await server.addUnit('Deep', await server.addUnit('Old')))
    const first = await readAll(source)
    await server.move(`OU=Old,${base}`, `OU=New,${base}`)
    const renamed = await readAll(source, first.cookie)
    expect(renamed.get('dora@example.test')).toMatchObject({
      id: first.get('dora@example.test').id,
      dn: `cn=dora,ou=deep,ou=new,${folded}`,
    })
    expect(renamed.get('Deep').dn).toBe(`ou=deep,ou=new,${folded}`)
    await server.move(`OU=New,${base}`, `OU=New,OU=Sales,${people}`)
    const moved = await readAll(source, renamed.cookie)
    expect(moved.get('dora@example.test').dn).toBe(`cn=dora,ou=deep,ou=new,ou=sales,ou=people,${folded}`)
    expect(moved.gone).toEqual([])
  })

  test('[LP7] who leaves the filter or the base is gone with the next reading, also with a unit that is moved away', async () => {
    const source = open({ base: people, userFilter: '(&(objectCategory=person)(objectClass=user)(!(title=former)))' })
    const unit = await server.addUnit('Leaving', people)
    const [erin, fred] = [await server.addUser('erin', people), await server.addUser('fred', people)]
    await server.addUser('gina', unit)
    const first = await readAll(source)
    expect(first.get('example.test')).toMatchObject({ kind: 'domain', dn: `ou=people,${folded}` })
    await server.change(erin, { title: 'former' })
    await server.move(fred, `CN=fred,CN=Users,${base}`)
    await server.move(unit, `OU=Leaving,${base}`)
    const left = await readAll(source, first.cookie)
    const ids = ['erin@example.test', 'fred@example.test', 'gina@example.test', 'Leaving'].map(
      name => first.get(name).id,
    )
    expect(left.gone).toEqual(expect.arrayContaining(ids))
    expect(left.names.filter(name => name !== 'example.test')).toEqual([])
    await server.change(erin, { title: [] })
    await server.move(`CN=fred,CN=Users,${base}`, fred)
    await server.move(`OU=Leaving,${base}`, unit)
    const back = await readAll(source, left.cookie)
    expect(back.names).toEqual(expect.arrayContaining(['erin@example.test', 'fred@example.test', 'gina@example.test']))
    expect(back.gone.filter(id => ids.includes(id))).toEqual([])
  })

  test('[LP10] another server, or a cookie that is nonsense, makes a whole reading; back at the first one it goes on', async () => {
    const source = open({ urls: [server.url, other.url] })
    const first = await readAll(source)
    expect(first.whole).toBe(true)
    expect((await readAll(source, first.cookie)).whole).toBe(false)
    // The certificate of the other one is of an authority that this one does not know: so both are named.
    const both = open({ urls: [other.url], ca: `${other.folder}/ca.pem` })
    const second = await readAll(both, first.cookie)
    expect(second.whole).toBe(true)
    expect(second.names).not.toContain('Sales')
    expect((await readAll(both, second.cookie)).whole).toBe(false)
    expect((await readAll(source, second.cookie)).whole).toBe(false)
    for (const wrong of ['', 'x', '{}', '{"of":"","servers":[]}'])
      expect((await readAll(source, wrong)).whole).toBe(true)
    // Restored from a backup, a server counts less than it did.
    const said = JSON.parse(first.cookie) as { of: string; servers: { id: string; usn: string }[] }
    const ahead = { ...said, servers: said.servers.map(one => ({ ...one, usn: String(BigInt(one.usn) + 100_000n) })) }
    expect((await readAll(source, JSON.stringify(ahead))).whole).toBe(true)
    const old = { ...said, servers: said.servers.map(one => ({ ...one, atMs: Date.now() - 31 * 86_400_000 })) }
    expect((await readAll(source, JSON.stringify(old))).whole).toBe(true)
  })
})

describe('signing in against an Active Directory', () => {
  test('[LP13] the password is asked of whoever has that id now, wherever he is', async () => {
    const source = open()
    const dn = await server.addUser('frank', people)
    const { id } = (await readAll(source)).get('frank@example.test')
    expect(await source.authenticate(id, userPassword)).toBe(true)
    expect(await source.authenticate(id, 'wrong')).toBe(false)
    await server.move(dn, `CN=Frankie,OU=Sales,${people}`)
    expect(await source.authenticate(id, userPassword)).toBe(true)
    await server.setPassword(`CN=Frankie,OU=Sales,${people}`, 'Rotated-Horse-8')
    expect(await source.authenticate(id, 'Rotated-Horse-8')).toBe(true)
    await server.remove(`CN=Frankie,OU=Sales,${people}`)
    expect(await source.authenticate(id, 'Rotated-Horse-8')).toBe(false)
  })

  test('[LP14] [LP15] an empty password and ids that are none let nobody in', async () => {
    const source = open()
    const { id } = (await readAll(source)).get('alice.a@mail.example')
    expect(await source.authenticate(id, userPassword)).toBe(true)
    for (const password of ['', '\0', `${userPassword}\0`]) expect(await source.authenticate(id, password)).toBe(false)
    for (const wrong of ['*', '', `${id})(cn=*`, `${id.slice(0, -1)}*`])
      expect(await source.authenticate(wrong, userPassword), wrong).toBe(false)
  })

  test('[LP16] StartTLS works here too, and a certificate of nobody is refused', async () => {
    await open({ urls: [server.plainUrl] }).check()
    const { ca: _, ...unknown } = server.source
    for (const urls of [[server.plainUrl], [server.url]]) {
      const source = openLdapSource({ ...unknown, urls })
      await expect(source.check()).rejects.toThrow(/certificate of an authority that is not trusted/)
      await source.close()
    }
  })

  test('[LP17] kind active-directory needs one', async () => {
    const source = open({ bindDn: 'reader@example.test', base: 'DC=other,DC=test' })
    await expect(source.check()).rejects.toThrow(/DC=other,DC=test/)
  })
})
