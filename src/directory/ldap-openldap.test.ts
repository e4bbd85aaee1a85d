import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type OpenLdap, startOpenLdap, userPassword } from '../../test/openldap.ts'
import { idsOf, readAll } from '../../test/read-source.ts'
import type { LdapSource } from './ldap-config.ts'
import { type LdapOptions, openLdapSource } from './ldap-source.ts'
import type { DirectorySource } from './source.ts'

let server: OpenLdap
let people: string
let alice: string
const base = 'dc=example,dc=com'

beforeAll(async () => {
  server = await startOpenLdap()
  people = await server.addUnit('People')
  await server.addUnit('Sales', people)
  alice = await server.addUser('alice', people, { displayName: 'Alice A.', mail: 'alice@mail.example' })
  await server.addUser('bob', `ou=Sales,${people}`)
  await server.addGroup('Inner', [alice])
  await server.addGroup('Outer', [
    `CN=inner, ${base.toUpperCase()}`,
    `uid=bob,ou=Sales,${people}`,
    `uid=nobody,${base}`,
  ])
})

afterAll(() => server?.close())

function open(more: Partial<LdapSource> = {}, options: LdapOptions = {}): DirectorySource {
  const source = openLdapSource({ ...server.source, ...more }, options)
  onTestFinished(() => source.close())
  return source
}

describe('reading an OpenLDAP', () => {
  test('[LP1] everything is read: the domain, units, users and groups with their members', async () => {
    const read = await readAll(open())
    expect(read.whole).toBe(true)
    expect(read.names).toEqual([
      'Inner',
      'Outer',
      'People',
      'Sales',
      'alice@example.com',
      'bob@example.com',
      'example.com',
    ])
    expect(read.objects.map(({ kind }) => kind).join()).toMatch(/^domain,(organizationalUnit,?)+(user,?)+(group,?)+$/)
    expect(read.get('example.com')).toMatchObject({ kind: 'domain', dn: base })
    expect(read.get('Sales')).toMatchObject({ kind: 'organizationalUnit', dn: `ou=sales,ou=people,${base}` })
    expect(read.get('alice@example.com')).toMatchObject({
      kind: 'user',
      dn: `uid=alice,ou=people,${base}`,
      displayName: 'Alice A.',
      email: 'alice@mail.example',
      disabled: false,
    })
    expect(read.get('bob@example.com').displayName).toBe('bob')
    expect(read.get('Outer').members).toEqual([
      `cn=inner,${base}`,
      `uid=bob,ou=sales,ou=people,${base}`,
      `uid=nobody,${base}`,
    ])
    for (const { id } of read.objects) expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect((await idsOf(open())).sort()).toEqual(read.objects.map(({ id }) => id).sort())
  })

  test('[LP1] attributes and filters are those of the configuration; names with a domain keep it', async () => {
    const source = open({
      userFilter: '(&(objectClass=inetOrgPerson)(!(uid=bob)))',
      groupFilter: '(cn=Outer)',
      unitFilter: '(ou=Sales)',
      attributes: { userName: 'mail', displayName: 'sn', email: 'nothing', groupName: 'objectClass', member: 'member' },
    })
    const read = await readAll(source)
    expect(read.names).toEqual(['Sales', 'alice@mail.example', 'example.com', 'groupOfNames'])
    expect(read.get('alice@mail.example')).toMatchObject({ displayName: 'alice', email: undefined })
    expect(await source.readOne(read.get('Sales').id)).toEqual(read.get('Sales'))
    expect(await source.readOne(read.get('example.com').id)).toEqual(read.get('example.com'))
    expect(await source.readOne((await readAll(open())).get('bob@example.com').id)).toBeUndefined()
  })

  test('[LP1] a filter that is too wide takes nothing as what it is not', async () => {
    const all = '(objectClass=*)'
    const read = await readAll(open({ userFilter: all, groupFilter: all, unitFilter: all }))
    expect(read.objects.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(
      [...(await readAll(open())).objects.map(({ kind, name }) => `${kind} ${name}`), 'group reader'].sort(),
    )
  })

  test('[LP1] groupOfUniqueNames counts, with or without the identifiers of its members', async () => {
    const dn = `cn=Unique,${base}`
    await server.add(dn, {
      objectClass: 'groupOfUniqueNames',
      cn: 'Unique',
      uniqueMember: [alice, `${people}#'0101'B`],
    })
    onTestFinished(() => server.remove(dn))
    expect((await readAll(open())).get('Unique').members!.sort()).toEqual([
      `ou=people,${base}`,
      `uid=alice,ou=people,${base}`,
    ])
  })

  test('[LP3] what cannot be named here is left out and told, and the reading goes on', async () => {
    const odd = ['odd one', 'l'.repeat(300), '@example.com', ' ', 'two\nlines'].map((uid, i) => ({
      dn: `cn=odd${i},${people}`,
      uid,
    }))
    for (const { dn, uid } of odd) await server.add(dn, { objectClass: 'inetOrgPerson', cn: 'odd', sn: 'odd', uid })
    const ou = await server.addUnit('8f14e45f-ceea-467f-a0e6-8dc2c3a1b111')
    const plain = await server.addUser('plain', people, { displayName: 'x\u202ey', mail: 'not an address' })
    onTestFinished(async () => {
      for (const dn of [...odd.map(one => one.dn), ou, plain]) await server.remove(dn)
    })
    const left: [string, string][] = []
    const source = open({}, { onLeftOut: (dn, reason) => left.push([dn, reason]) })
    const read = await readAll(source)
    expect(left.map(([dn]) => dn).sort()).toEqual([...odd.map(one => one.dn), ou].sort())
    expect(left.find(([dn]) => dn === ou)![1]).toMatch(/reads like an id/)
    expect(left.find(([dn]) => dn === odd[0]!.dn)![1]).toMatch(/"odd one" cannot be a name here: .*without spaces/)
    expect(read.names).toContain('alice@example.com')
    // What is only shown is no reason to lose somebody.
    expect(read.get('plain@example.com')).toMatchObject({ displayName: 'plain', email: undefined })
  })

  test('[LP8] locked for good, expired, or named by disabledFilter: disabled', async () => {
    const locked = await server.addUser('locked', people)
    await server.change(locked, { pwdAccountLockedTime: '000001010000Z' })
    const late = await server.addUser('late', people)
    // Too many wrong passwords: that passes.
    await server.change(late, { pwdAccountLockedTime: '20200101000000Z' })
    const expired = await server.addUser('expired', people, { shadowExpire: '19000' })
    const staying = await server.addUser('staying', people, { shadowExpire: '99999' })
    const filtered = await server.addUser('filtered', people, { employeeType: 'former' })
    onTestFinished(async () => {
      for (const dn of [locked, late, expired, staying, filtered]) await server.remove(dn)
    })
    const source = open({ disabledFilter: '(employeeType=former)' })
    const read = await readAll(source)
    const disabled = read.objects.filter(object => object.disabled).map(({ name }) => name)
    expect(disabled.sort()).toEqual(['expired@example.com', 'filtered@example.com', 'locked@example.com'])
    expect((await source.readOne(read.get('filtered@example.com').id))!.disabled).toBe(true)
    for (const name of ['expired', 'filtered', 'locked'])
      expect(await source.authenticate(read.get(`${name}@example.com`).id, userPassword), name).toBe(false)
    expect(await source.authenticate(read.get('staying@example.com').id, userPassword)).toBe(true)
    // A filter by what the server does not know matches nobody, and loses nobody.
    expect((await readAll(open({ disabledFilter: '(noSuchThing=x)' }))).names).toEqual(read.names)
  })

  test('[LP12] pages and batches: more than fit one page, each once', async () => {
    const many = await server.addUnit('Many')
    const client = await server.client()
    const names = Array.from({ length: 1_203 }, (_, i) => `many${i}`)
    for (const uid of names)
      await client.add(`uid=${uid},${many}`, { objectClass: 'inetOrgPerson', cn: uid, sn: uid, uid })
    await server.addGroup(
      'All',
      names.map(uid => `uid=${uid},${many}`),
      many,
    )
    onTestFinished(async () => {
      await server.remove(`cn=All,${many}`)
      for (const uid of names) await client.del(`uid=${uid},${many}`)
      await server.remove(many)
    })
    const source = open({ disabledFilter: '(uid=many7)' })
    const read = await readAll(source)
    expect(read.objects.filter(({ name }) => name.startsWith('many'))).toHaveLength(1_203)
    expect(read.get('many7@example.com').disabled).toBe(true)
    expect(read.get('All').members).toHaveLength(1_203)
    expect(read.batches).toBeGreaterThan(4)
    expect(new Set(await idsOf(source)).size).toBe(read.objects.length)
  })
})

describe('what changed in an OpenLDAP', () => {
  test('[LP4] changes of every kind come with the next reading', async () => {
    const source = open()
    const dn = await server.addUser('carol', people)
    const group = await server.addGroup('Changing', [dn])
    onTestFinished(() => server.remove(`cn=Changed,${people}`))
    const first = await readAll(source)
    const { id } = first.get('carol@example.com')
    const next = async (cookie: string) => {
      const read = await readAll(source, cookie)
      expect(read.whole).toBe(false)
      expect(read.tellsGone).toBe(false)
      return read
    }
    await server.change(dn, { displayName: 'Carol C.', mail: 'c@example.com' })
    let read = await next(first.cookie)
    expect(read.get('carol@example.com')).toMatchObject({ id, displayName: 'Carol C.', email: 'c@example.com' })
    await server.move(dn, `uid=carola,${people}`)
    read = await next(read.cookie)
    expect(read.get('carola@example.com')).toMatchObject({ id, dn: `uid=carola,ou=people,${base}` })
    await server.move(`uid=carola,${people}`, `uid=carola,ou=Sales,${people}`)
    read = await next(read.cookie)
    expect(read.get('carola@example.com')).toMatchObject({ id, dn: `uid=carola,ou=sales,ou=people,${base}` })
    await server.addValues(group, 'member', [alice])
    await server.move(group, `cn=Changed,${people}`)
    read = await next(read.cookie)
    expect(read.get('Changed')).toMatchObject({ id: first.get('Changing').id, dn: `cn=changed,ou=people,${base}` })
    expect(read.get('Changed').members).toContain(`uid=alice,ou=people,${base}`)
    await server.change(`uid=carola,ou=Sales,${people}`, { pwdAccountLockedTime: '000001010000Z' })
    read = await next(read.cookie)
    expect(read.get('carola@example.com').disabled).toBe(true)
    // A deletion leaves no trace but in what is there.
    await server.remove(`uid=carola,ou=Sales,${people}`)
    read = await next(read.cookie)
    expect(read.names).not.toContain('carola@example.com')
    expect(await idsOf(source)).not.toContain(id)
    expect(await source.readOne(id)).toBeUndefined()
  })

  test('[LP5] below a unit with a new name, or in a new place, everything comes again', async () => {
    const source = open()
    const deep = await server.addUnit('Deep', await server.addUnit('Old'))
    await server.addUser('dora', deep)
    // So that those below are older than what is read again.
    await sleep(1_100)
    await server.change(alice, { title: 'Prof.' })
    const first = await settle(source)
    expect((await readAll(source, first.cookie)).names).not.toContain('dora@example.com')
    await server.move(`ou=Old,${base}`, `ou=New,${base}`)
    const renamed = await readAll(source, first.cookie)
    expect(renamed.get('dora@example.com').dn).toBe(`uid=dora,ou=deep,ou=new,${base}`)
    expect(renamed.get('Deep')).toMatchObject({ id: first.get('Deep').id, dn: `ou=deep,ou=new,${base}` })
    await server.move(`ou=New,${base}`, `ou=New,ou=Sales,${people}`)
    const moved = await readAll(source, renamed.cookie)
    expect(moved.get('dora@example.com').dn).toBe(`uid=dora,ou=deep,ou=new,ou=sales,ou=people,${base}`)
    onTestFinished(async () => {
      const below = `ou=New,ou=Sales,${people}`
      for (const dn of [`uid=dora,ou=Deep,${below}`, `ou=Deep,${below}`, below]) await server.remove(dn)
    })
  })

  test('[LP7] who leaves the filter is gone with the next reading, and comes back', async () => {
    const source = open({ userFilter: '(&(objectClass=inetOrgPerson)(!(employeeType=former)))' })
    const dn = await server.addUser('erin', people)
    onTestFinished(() => server.remove(dn))
    const first = await readAll(source)
    const { id } = first.get('erin@example.com')
    await server.change(dn, { employeeType: 'former' })
    const left = await readAll(source, first.cookie)
    expect(left.gone).toContain(id)
    expect(left.names).not.toContain('erin@example.com')
    await server.change(dn, { employeeType: [] })
    const back = await readAll(source, left.cookie)
    expect(back.get('erin@example.com').id).toBe(id)
    expect(back.gone).not.toContain(id)
  })

  test('[LP11] what happened within the last 30 seconds before the latest change is read again, and once that is long ago only its second', async () => {
    const source = open()
    const first = await readAll(source)
    const said = JSON.parse(first.cookie) as { newest: number; from: number; seenMs: number }
    expect(said.newest - said.from).toBeGreaterThanOrEqual(30)
    expect((await readAll(source, first.cookie)).names).toContain('alice@example.com')
    const settled = await readAll(source, JSON.stringify({ ...said, seenMs: said.seenMs - 31_000 }))
    expect(JSON.parse(settled.cookie)).toMatchObject({ newest: said.newest, from: said.newest })
    await sleep(1_100)
    await server.change(alice, { title: 'Dr.' })
    const last = await readAll(source, settled.cookie)
    expect(last.names).toContain('alice@example.com')
    expect(JSON.parse(last.cookie).newest - JSON.parse(last.cookie).from).toBeGreaterThanOrEqual(30)
  })

  test('[LP10] a cookie that is nonsense, of another directory or of another configuration makes a whole reading', async () => {
    const source = open()
    const { cookie } = await readAll(source)
    expect((await readAll(source, cookie)).whole).toBe(false)
    const said = JSON.parse(cookie) as Record<string, unknown>
    const other = JSON.stringify({ ...said, directory: crypto.randomUUID() })
    for (const wrong of ['', 'x', '{}', 'null', '[]', JSON.stringify({ ...said, from: 'x' }), other])
      expect((await readAll(source, wrong)).whole, wrong).toBe(true)
    expect((await readAll(open({ userFilter: '(uid=alice)' }), cookie)).whole).toBe(true)
    expect((await readAll(open({ attributes: { userName: 'mail' } }), cookie)).whole).toBe(true)
    // How often it is read is no matter.
    expect((await readAll(open({ everySeconds: 5 }), cookie)).whole).toBe(false)
    // Another server of the same directory may be behind.
    const elsewhere = await readAll(open({ urls: [server.plainUrl] }), cookie)
    expect(elsewhere.whole).toBe(false)
    expect(elsewhere.names).toContain('example.com')
  })

  test('[LP10] the cookie of a reading that was not read to its end is refused', async () => {
    const reading = await open().read(undefined)
    for await (const _ of reading.batches) break
    expect(() => reading.cookie()).toThrow(/before its last batch/)
  })

  /** As if the latest change were long ago. */
  async function settle(source: DirectorySource) {
    const first = await readAll(source)
    const said = JSON.parse(first.cookie) as { newest: number }
    return { ...first, cookie: JSON.stringify({ ...said, from: said.newest }) }
  }
})

describe('signing in against an OpenLDAP', () => {
  test('[LP13] the password is asked of whoever has that id now, wherever he is', async () => {
    const source = open()
    const dn = await server.addUser('frank', people)
    const { id } = (await readAll(source)).get('frank@example.com')
    expect(await source.authenticate(id, userPassword)).toBe(true)
    expect(await source.authenticate(id, 'wrong')).toBe(false)
    await server.move(dn, `uid=frankie,ou=Sales,${people}`)
    // Another one under the old name gets nothing by it.
    await server.addUser('frank', people, { userPassword: 'another-one-8' })
    onTestFinished(() => server.remove(dn))
    expect(await source.authenticate(id, userPassword)).toBe(true)
    expect(await source.authenticate(id, 'another-one-8')).toBe(false)
    await server.change(`uid=frankie,ou=Sales,${people}`, { userPassword: 'rotated-one-9' })
    expect(await source.authenticate(id, userPassword)).toBe(false)
    expect(await source.authenticate(id, 'rotated-one-9')).toBe(true)
    await server.remove(`uid=frankie,ou=Sales,${people}`)
    expect(await source.authenticate(id, 'rotated-one-9')).toBe(false)
  })

  test('[LP13] no way in for who is not taken, is a group, or has no password', async () => {
    const all = await readAll(open())
    const bob = all.get('bob@example.com').id
    expect(await open().authenticate(bob, userPassword)).toBe(true)
    expect(await open({ userFilter: '(uid=alice)' }).authenticate(bob, userPassword)).toBe(false)
    expect(await open().authenticate(all.get('Outer').id, userPassword)).toBe(false)
    const dn = await server.addUser('bare', people)
    await server.change(dn, { userPassword: [] })
    onTestFinished(() => server.remove(dn))
    expect(await open().authenticate((await readAll(open())).get('bare@example.com').id, userPassword)).toBe(false)
  })

  test('[LP15] names that are full of signs are read and sign in; ids that are none are asked of nobody', async () => {
    const uid = 'a*)(uid=*))(|(uid=*\\2a,+"<>;=#'
    const dn = `uid=${uid.replace(/[,+"\\<>;=#]/g, one => `\\${one}`)},${people}`
    await server.add(dn, { objectClass: 'inetOrgPerson', cn: uid, sn: '*', uid, userPassword })
    onTestFinished(() => server.remove(dn))
    const source = open()
    const odd = (await readAll(source)).get(`${uid}@example.com`)
    expect(await source.readOne(odd.id)).toEqual(odd)
    expect(await source.authenticate(odd.id, userPassword)).toBe(true)
    for (const id of [
      '*',
      `${odd.id})(uid=*`,
      `*)(objectClass=*`,
      `${odd.id.slice(0, -1)}*`,
      '',
      '\0',
      `${odd.id}\n`,
    ]) {
      expect(await source.authenticate(id, userPassword), id).toBe(false)
      expect(await source.readOne(id), id).toBeUndefined()
    }
    for (const password of ['*', `${userPassword}\0`, `${userPassword} `, userPassword.toLowerCase(), '\ud800'])
      expect(await source.authenticate(odd.id, password), password).toBe(false)
  })
})
