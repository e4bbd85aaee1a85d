import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openAdministrator, openPeople } from '../../test/people.ts'
import { group, openScriptedDirectory, type ScriptedDirectory, unit, user } from '../../test/scripted-directory.ts'
import type { Caller, Chat } from './chat.ts'
import { checkDirectory } from './directory-check.ts'
import type { Report, RunOptions } from './directory-run.ts'
import { hostOf, resyncOne, syncNow } from './directory-sync.ts'
import { createPrincipal, getPrincipal } from './principal.ts'
import { updatePrincipal } from './principal-update.ts'
import type { SyncedSource } from './synced-source.ts'

let people: Awaited<ReturnType<typeof openPeople>>
let chat: Chat
let admin: Caller
let corp: ScriptedDirectory
let source: SyncedSource
let made = 0
beforeAll(async () => {
  people = await openPeople()
  chat = people.chat
  admin = await openAdministrator(chat)
})
afterAll(() => people.close())
// A directory of its own for each test, with names that no other test has taken: all share one store.
beforeEach(() => {
  made += 1
  corp = openScriptedDirectory(`corp${made}`)
  source = { directory: corp, everySeconds: 60, fullEveryMinutes: 1_440, maxDisabledShare: 0.05 }
  chat.directorySync = { sources: new Map([[corp.name, source]]), server: 'one' }
  people.heard.length = 0
})

const n = (name: string) => `${name}${made}`
const sync = (options: RunOptions = {}): Promise<Report> => syncNow(hostOf(chat), source, options)
const person = (id: string, name: string, more: Parameters<typeof user>[2] = {}) => user(id, n(name), more)
const team = (id: string, name: string, members: string[], more: Parameters<typeof group>[3] = {}) =>
  group(id, n(name), members, more)
const place = (id: string, name: string, inside?: string) => unit(id, n(name), inside)
const dn = (id: string) => corp.objects.get(id)!.dn

async function rowOf(id: string) {
  const { rows } = await chat.db.query<{
    id: string
    name: string
    display: string
    email: string | null
    disabled: boolean
    by: string | null
    gone: boolean
    administrator: boolean
    unit: string | null
  }>(
    `SELECT p.id, p.name, p.display_name AS display, p.email, p.disabled, p.disabled_by AS by, p.gone_at IS NOT NULL AS gone,
            p.administrator, u.name AS unit
       FROM principal p LEFT JOIN principal u ON u.id = p.parent WHERE p.source = $1 AND p.external_id = $2`,
    [corp.name, id],
  )
  return rows[0]!
}

/** Names of all that somebody is flattened to, apart from himself and his domain. */
async function above(id: string): Promise<string[]> {
  const { rows } = await chat.db.query<{ name: string }>(
    `SELECT p.name FROM principal m JOIN affiliation a ON a.member = m.id AND a.ancestor <> m.id JOIN principal p ON p.id = a.ancestor
      WHERE m.source = $1 AND m.external_id = $2 AND p.kind <> 'domain' ORDER BY p.name_key`,
    [corp.name, id],
  )
  return rows.map(row => row.name)
}

const soundly = async () => expect(await checkDirectory(hostOf(chat), source)).toMatchObject({ sound: true })

/** Ann and ben in a team in a unit. */
async function begin() {
  corp.put(place('u1', 'sales'))
  corp.put(person('1', 'ann', { in: dn('u1') }))
  corp.put(person('2', 'ben'))
  corp.put(team('g1', 'team', [dn('1'), dn('2')]))
  return sync()
}

test('[DS1] a first run takes users, groups, units and their domain; the next one reads what changed and finds nothing', async () => {
  const first = await begin()
  expect(first).toMatchObject({ whole: true, dryRun: false, objects: 4, counts: { added: 4, memberAdded: 2 } })
  expect(await rowOf('1')).toMatchObject({ name: `${n('ann')}@corp.example`, unit: n('sales'), disabled: false })
  expect(await above('1')).toEqual([n('sales'), n('team')])
  const { rows } = await chat.db.query(
    "SELECT implicit, source FROM principal WHERE kind = 'domain' AND name = 'corp.example'",
  )
  expect(rows).toEqual([{ implicit: true, source: '' }])
  const second = await sync()
  expect(second).toMatchObject({ whole: false, objects: 0, counts: {} })
  expect(corp.reads).toEqual(['whole', 'changes', 'ids'])
  await soundly()
  expect(people.heard, 'nobody who was there before lost or won anything').toEqual([])
})

test('[DS1] a domain that the source names is the one that is there, or is made', async () => {
  corp.put({ id: 'd', kind: 'domain', dn: 'dc=corp', name: 'example.com', displayName: 'x', disabled: false })
  corp.put({ id: 'd2', kind: 'domain', dn: 'dc=two', name: `two${made}.example`, displayName: 'Two', disabled: false })
  corp.put(user('1', 'x', { name: `x@two${made}.example` }))
  expect((await sync()).counts).toEqual({ added: 2 })
  expect((await getPrincipal(chat, admin, { principal: `two${made}.example` })).principal.displayName).toBe('Two')
  expect((await getPrincipal(chat, admin, { principal: 'example.com' })).principal.displayName).toBe('example.com')
  corp.remove('d2')
  await sync()
  expect((await sync()).counts).toEqual({})
  await soundly()
})

test('[DS2] groups nested and in circles are flattened, and members that come later are found in the lists that name them', async () => {
  corp.put(team('a', 'a', [`cn=${n('b')},dc=corp`, `cn=${n('late')},dc=corp`, 'cn=never,dc=elsewhere']))
  corp.put(team('b', 'b', [`cn=${n('c')},dc=corp`]))
  corp.put(team('c', 'c', [`cn=${n('a')},dc=corp`, `cn=${n('c')},dc=corp`, `cn=${n('kim')},dc=corp`]))
  corp.put(person('1', 'kim'))
  await sync()
  expect(await above('1')).toEqual([n('a'), n('b'), n('c')])
  expect(await above('a')).toEqual([n('b'), n('c')])
  await soundly()
  corp.put(person('2', 'late'))
  const later = await sync()
  expect(later).toMatchObject({ objects: 1, counts: { added: 1, memberAdded: 1 } })
  expect(await above('2')).toEqual([n('a'), n('b'), n('c')])
  corp.change('b', { members: [] })
  await sync()
  expect([await above('1'), await above('a')]).toEqual([[n('c')], [n('c')]])
  await soundly()
})

test('[DS3] one who leaves a group, and one who comes: only they are touched, and the log names them', async () => {
  await begin()
  corp.put(person('3', 'cid'))
  await sync()
  const [ann, cid] = [await rowOf('1'), await rowOf('3')]
  people.heard.length = 0
  corp.change('g1', { members: [dn('2'), dn('3')] })
  expect((await sync()).counts).toEqual({ memberAdded: 1, memberRemoved: 1 })
  expect(await above('1')).toEqual([n('sales')])
  expect(people.heard.map(head => head.kind)).toEqual(['directory'])
  const { rows } = await chat.db.query(
    'SELECT principal FROM directory_change WHERE version = (SELECT max(version) FROM directory_change) ORDER BY 1',
  )
  expect(rows.map(row => row.principal)).toEqual([ann.id, cid.id].sort())
  await soundly()
})

test('[DS4] renames, moves and new addresses follow the id, also of a unit with all that lies below it', async () => {
  await begin()
  corp.put(place('u2', 'lower', dn('u1')))
  corp.put(person('3', 'deep', { in: dn('u2') }))
  corp.put(team('g2', 'other', [dn('3'), `cn=${n('coming')},${dn('u2')}`]))
  await sync()
  const id = (await rowOf('3')).id
  corp.change('1', { name: `${n('anna')}@corp.example`, displayName: 'Anna', email: 'anna@mail.example' })
  corp.rename('u1', `ou=${n('market')},dc=corp`)
  corp.change('u1', { name: n('market') })
  expect((await sync()).counts).toEqual({ renamed: 2, changed: 1 })
  expect(await rowOf('1')).toMatchObject({
    name: `${n('anna')}@corp.example`,
    display: 'Anna',
    email: 'anna@mail.example',
  })
  expect(await above('3')).toEqual([n('lower'), n('market'), n('other')])
  // Who comes is found under the new name of the unit: in the list, and as what lies in it.
  corp.put(person('4', 'coming', { in: dn('u2') }))
  await sync()
  expect(await above('4')).toEqual([n('lower'), n('market'), n('other')])
  corp.rename('u2', `ou=${n('lower')},dc=corp`)
  expect((await sync()).counts).toEqual({ moved: 1 })
  expect(await above('3')).toEqual([n('lower'), n('other')])
  corp.rename('3', `cn=${n('deep')},dc=corp`)
  expect((await sync()).counts).toEqual({ moved: 1 })
  expect(await rowOf('3')).toMatchObject({ id, unit: null })
  await soundly()
})

test('[DS4] who lies in a unit that goes is in the one above it', async () => {
  corp.put(place('u1', 'top'))
  corp.put(place('u2', 'middle', dn('u1')))
  corp.put(person('1', 'kim', { in: dn('u2') }))
  await sync()
  corp.remove('u2')
  expect((await sync()).counts).toEqual({ gone: 1, moved: 1 })
  expect(await rowOf('1')).toMatchObject({ unit: n('top') })
  await soundly()
})

test('[DS5] whom the source disables is disabled with his sign-ins ended, and enabled by nobody but the source', async () => {
  await begin()
  const { id } = await rowOf('1')
  const { rows } = await chat.db.query<{ id: string }>(
    "INSERT INTO session (principal, token_hash, kind, address) VALUES ($1, $2, 'person', '::1') RETURNING id",
    [id, Buffer.from(n('token'))],
  )
  people.heard.length = 0
  corp.change('1', { disabled: true })
  expect((await sync()).counts).toEqual({ disabled: 1 })
  expect(await rowOf('1')).toMatchObject({ disabled: true, by: 'source', gone: false })
  expect(people.heard).toMatchObject([{ kind: 'directory' }, { kind: 'ended', sessions: [rows[0]!.id] }])
  const enable = () => updatePrincipal(chat, admin, { principal: id, disabled: false })
  await expect(enable()).rejects.toMatchObject({ code: 'forbidden', message: expect.stringMatching(corp.name) })
  corp.change('1', { disabled: false })
  expect((await sync()).counts).toEqual({ enabled: 1 })
  // Whom an administrator disabled stays so, whatever the source says.
  await updatePrincipal(chat, admin, { principal: id, disabled: true })
  corp.change('1', { disabled: true })
  await sync()
  await expect(enable()).rejects.toMatchObject({ code: 'forbidden' })
  corp.change('1', { disabled: false })
  expect((await sync()).counts).toEqual({})
  expect(await rowOf('1')).toMatchObject({ disabled: true, by: 'administrator' })
  await enable()
  expect(await rowOf('1')).toMatchObject({ disabled: false, by: null })
})

test('[DS6] who is deleted, with or without a trace, is disabled and out of his groups; who comes back is as before', async () => {
  await begin()
  const { id } = await rowOf('1')
  corp.forget('1')
  expect((await sync()).counts).toEqual({ gone: 1, memberRemoved: 1 })
  expect(await rowOf('1')).toMatchObject({ id, disabled: true, by: 'source', gone: true, unit: null })
  expect(await above('1')).toEqual([])
  // A newcomer under the same dn and name is somebody else: not a member, though the list names his dn.
  corp.put(person('9', 'ann', { in: dn('u1') }))
  expect((await sync()).counts).toEqual({ added: 1 })
  expect((await rowOf('9')).name).toBe(`${n('ann')}@corp.example`)
  expect((await rowOf('1')).name).toMatch(new RegExp(`^${n('ann')}~[0-9a-f]{12}@corp\\.example$`))
  expect(await above('9')).toEqual([n('sales')])
  corp.remove('9')
  await sync()
  corp.put(person('1', 'ann', { in: dn('u1') }))
  expect((await sync()).counts).toEqual({ returned: 1, renamed: 1, moved: 1, memberAdded: 1 })
  expect(await rowOf('1')).toMatchObject({ id, name: `${n('ann')}@corp.example`, disabled: false, gone: false })
  expect(await above('1')).toEqual([n('sales'), n('team')])
  corp.remove('g1')
  expect((await sync()).counts).toEqual({ gone: 1, memberRemoved: 2 })
  expect(await above('1')).toEqual([n('sales')])
  corp.put(team('g1', 'team', [dn('1')]))
  expect((await sync()).counts).toEqual({ returned: 1, memberAdded: 1 })
  await soundly()
})

test('[DS7] names are changed in one run, as in a circle; who has one that is taken is left out and told, and taken when it is free', async () => {
  await begin()
  const name = (who: string) => `${n(who)}@corp.example`
  corp.change('1', { name: name('ben') })
  corp.change('2', { name: name('ann') })
  expect((await sync()).counts).toEqual({ renamed: 2 })
  expect([(await rowOf('1')).name, (await rowOf('2')).name]).toEqual([name('ben'), name('ann')])
  const local = await createPrincipal(chat, admin, { kind: 'user', name: name('own'), displayName: 'Own' })
  corp.put(person('3', 'own'))
  corp.change('g1', { members: [dn('1'), dn('3')] })
  corp.change('2', { name: name('own') })
  const left = await sync()
  expect(left.counts).toEqual({ leftOut: 2, memberRemoved: 1 })
  expect(left.samples.filter(one => one.change === 'leftOut').map(one => one.detail)).toEqual([
    `The name ${name('own')} is that of one that was made here.`,
    `The name ${name('own')} is that of one that was made here.`,
  ])
  expect((await rowOf('2')).name).toBe(name('ann'))
  expect(await rowOf('3')).toBeUndefined()
  expect((await getPrincipal(chat, admin, { principal: name('own') })).principal).toEqual(local.principal)
  // Somebody else's change makes room: the one that waits gets the name, and is found in the group that was not read.
  corp.change('2', { name: name('bob') })
  corp.change('3', { name: name('ann') })
  expect((await sync()).counts).toEqual({ added: 1, renamed: 1, memberAdded: 1 })
  expect(await above('3')).toEqual([n('team')])
  await soundly()
})

test('[DS7] a left out one is looked at again in each run that has something to do', async () => {
  corp.put(person('1', 'first'))
  corp.put(person('2', 'second', { name: `${n('first')}@corp.example` }))
  corp.put(team('g', 'team', [dn('1'), dn('2')]))
  expect((await sync()).counts).toEqual({ added: 2, memberAdded: 1, leftOut: 1 })
  corp.change('1', { name: `${n('else')}@corp.example` })
  expect((await sync()).counts).toEqual({ renamed: 1, added: 1, memberAdded: 1 })
  await soundly()
})

test('[DS7] a source neither changes nor names what another one has, gone or not', async () => {
  await begin()
  const second = openScriptedDirectory(`second${made}`)
  const theirs: SyncedSource = { ...source, directory: second }
  chat.directorySync!.sources.set(second.name, theirs)
  second.put(user('1', 'x', { name: `${n('ann')}@corp.example` }))
  second.put(user('2', 'y', { name: `${n('yve')}@corp.example` }))
  second.put(group('g', n('team'), [dn('1'), 'cn=x,dc=corp', 'cn=y,dc=corp'], { dn: 'cn=own,dc=corp' }))
  const run = await syncNow(hostOf(chat), theirs)
  expect(run.counts).toEqual({ added: 2, leftOut: 1, memberAdded: 1 })
  expect(run.samples.find(one => one.change === 'leftOut')?.detail).toMatch(new RegExp(`one of ${corp.name}`))
  const { rows } = await chat.db.query('SELECT name FROM principal WHERE source = $1 ORDER BY name', [second.name])
  expect(rows.map(row => row.name)).toEqual([`${n('team')} (dc=corp)`, `${n('yve')}@corp.example`].toSorted())
  expect(await above('1')).toEqual([n('sales'), n('team')])
  corp.remove('1')
  await sync()
  second.change('2', { displayName: 'Y' })
  expect((await syncNow(hostOf(chat), theirs)).counts, 'the name of who is gone is for its own source').toEqual({
    changed: 1,
    leftOut: 1,
  })
  await soundly()
  expect(await checkDirectory(hostOf(chat), theirs)).toMatchObject({ sound: true })
})

test('[DS8] groups and units whose name is taken are called by their place too, and keep that', async () => {
  corp.put(place('u1', 'berlin'))
  corp.put(place('u2', 'paris'))
  corp.put(place('u3', 'users', dn('u1')))
  corp.put(place('u4', 'users', dn('u2')))
  corp.put(team('g1', 'berlin', [], { dn: 'cn=group,dc=corp' }))
  expect((await sync()).counts).toEqual({ added: 5 })
  const names = async () => Promise.all(['u1', 'u3', 'u4', 'g1'].map(async id => (await rowOf(id)).name))
  const before = await names()
  expect(before.toSorted()).toEqual(
    [
      n('berlin'),
      `${n('berlin')} (dc=corp)`,
      n('users'),
      `${n('users')} (${dn('u4')!.slice(dn('u4').indexOf(',') + 1)})`,
    ].toSorted(),
  )
  expect((await sync({ full: true })).counts).toEqual({})
  corp.remove('u3')
  await sync()
  await sync({ full: true })
  expect((await names())[2]).toBe(before[2])
  await soundly()
})

test('[DS9] what no principal can be called is left out, and breaks nothing else', async () => {
  corp.put(user('1', 'x', { name: 'no domain' }))
  corp.put(user('2', 'y', { name: `${n('nul')}\0@corp.example` }))
  corp.put(user('3', 'z', { name: `${'z'.repeat(300)}@corp.example` }))
  corp.put(person('4', 'long', { dn: `cn=${'x'.repeat(3_000)},dc=corp` }))
  corp.put(
    person('5', 'odd', { displayName: `\u202e${'d'.repeat(400)}`, email: 'no address', dn: 'cn=odd\\,x,dc=corp' }),
  )
  corp.put(person('6', 'empty', { displayName: ' ' }))
  corp.put({ ...person('', 'without id') })
  corp.put(team('g', 'odd ones', ['\ud800', 'cn=x'.repeat(1_000), 'cn=odd\\,x,dc=corp']))
  const run = await sync()
  expect(run.counts).toEqual({ added: 3, memberAdded: 1, leftOut: 4 })
  expect(await rowOf('5')).toMatchObject({ email: null, display: 'd'.repeat(255) })
  expect((await rowOf('6')).display).toBe(`${n('empty')}@corp.example`)
  expect((await sync()).counts, 'no longer read, no longer told').toEqual({})
  // A known one whose name becomes impossible keeps the one that he has.
  corp.change('6', { name: 'x y z', displayName: 'Empty' })
  expect((await sync()).counts).toEqual({ changed: 1, leftOut: 1 })
  expect(await rowOf('6')).toMatchObject({ name: `${n('empty')}@corp.example`, display: 'Empty' })
  await soundly()
})

test('[DS10] members of the named group at any depth administer, those who fall out no more, those made here stay', async () => {
  source.administrators = n('Admins').toUpperCase()
  await begin()
  corp.put(team('a', 'Admins', [dn('g1')]))
  expect((await sync()).counts).toMatchObject({ administratorAdded: 2 })
  expect(await rowOf('1')).toMatchObject({ administrator: true })
  await expect(
    updatePrincipal(chat, admin, { principal: (await rowOf('1')).id, administrator: false }),
  ).rejects.toMatchObject({ code: 'forbidden' })
  corp.put(person('3', 'hand'))
  await sync()
  await updatePrincipal(chat, admin, { principal: (await rowOf('3')).id, administrator: true })
  people.heard.length = 0
  corp.change('g1', { members: [dn('2')] })
  expect((await sync({ dryRun: true })).counts).toEqual({ memberRemoved: 1, administratorRemoved: 1 })
  expect((await sync()).counts).toEqual({ memberRemoved: 1, administratorRemoved: 1 })
  expect(await rowOf('1')).toMatchObject({ administrator: false })
  // Two groups of that name: whoever can make a group somewhere must not make administrators.
  corp.put(place('u9', 'elsewhere'))
  corp.put(team('b', 'Admins', [dn('1')], { in: dn('u9') }))
  const twice = await sync()
  expect(twice).toMatchObject({ warning: expect.stringMatching(/2 groups are called/) })
  expect([(await rowOf('1')).administrator, (await rowOf('2')).administrator]).toEqual([false, true])
  corp.remove('b')
  corp.remove('a')
  expect(await sync()).toMatchObject({
    counts: { administratorRemoved: 1 },
    warning: expect.stringMatching(/no group of the name/),
  })
  expect(await rowOf('3')).toMatchObject({ administrator: true })
  expect((await getPrincipal(chat, admin, { principal: admin.user.id })).administrator).toBe(true)
})

test('[DS10] another group in the configuration, or none, takes hold with the next run, also where nothing changed in the directory', async () => {
  await begin()
  corp.put(team('a', 'Admins', [dn('g1')]))
  corp.put(team('b', 'Bosses', [dn('1')]))
  const administrators = async () => [(await rowOf('1')).administrator, (await rowOf('2')).administrator]
  await sync()
  source.administrators = n('Admins')
  const run = await sync()
  expect(run).toMatchObject({ whole: false, objects: 0, counts: { administratorAdded: 2 } })
  expect(await administrators()).toEqual([true, true])
  people.heard.length = 0
  expect(await sync()).toMatchObject({ objects: 0, counts: {} })
  expect(people.heard).toEqual([])
  source.administrators = n('Bosses')
  expect((await sync()).counts).toEqual({ administratorRemoved: 1 })
  expect(await administrators()).toEqual([true, false])
  source.administrators = undefined
  expect((await sync()).counts).toEqual({ administratorRemoved: 1 })
  expect(await administrators()).toEqual([false, false])
  expect(people.heard.map(head => head.kind)).toEqual(['directory', 'directory'])
})

test('[DS11] a run that would shut out many stops and changes nothing, unless it is forced; so does one that leaves no administrator', async () => {
  for (let i = 0; i < 20; i += 1) corp.put(person(`${i}`, `many${i}-`))
  await sync()
  for (let i = 0; i < 11; i += 1) corp.remove(`${i}`)
  corp.put(person('new', 'new'))
  const stopped = sync()
  await expect(stopped).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/disable 11 of the 20/),
  })
  expect(await rowOf('0')).toMatchObject({ disabled: false })
  expect(await rowOf('new')).toBeUndefined()
  const dry = await sync({ dryRun: true })
  expect(dry).toMatchObject({ warning: expect.stringMatching(/disable 11/), counts: { gone: 11, added: 1 } })
  expect((await sync({ force: true })).counts).toEqual({ gone: 11, added: 1 })
  for (const id of [...corp.objects.keys()]) corp.remove(id)
  await expect(sync()).rejects.toThrow(/disable 10 of the 10/)

  source.administrators = n('Admins')
  corp.put(person('boss', 'boss'))
  corp.put(team('a', 'Admins', [dn('boss')]))
  await sync({ force: true })
  await chat.db.query(
    "UPDATE principal SET administrator = false WHERE source = '' OR administrator_by = 'administrator'",
  )
  corp.change('a', { members: [] })
  await expect(sync()).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/nobody could administer/),
  })
  // The same where one principal is read anew: only the share is not looked at then.
  for (const gone of [false, true]) {
    if (gone) corp.forget('boss')
    await expect(resyncOne(hostOf(chat), gone ? `${n('boss')}@corp.example` : n('Admins'))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/nobody could administer/),
    })
    expect(await rowOf('boss')).toMatchObject({ administrator: true, disabled: false })
  }
  await sync({ force: true })
  await chat.db.query('UPDATE principal SET administrator = true WHERE id = $1', [admin.user.id])
})

test('[DS12] a dry run says what would change, with names, and writes nothing', async () => {
  await begin()
  const tables = [
    'principal',
    'group_member',
    'affiliation',
    'directory_object',
    'directory_pending',
    'stamp',
    'session',
  ]
  const all = async () =>
    Promise.all(
      tables.map(
        async table =>
          (await chat.db.query(`SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM ${table} t`)).rows,
      ),
    )
  corp.put(person('3', 'new', { in: dn('u1') }))
  corp.change('g1', { members: [dn('1'), dn('3')], displayName: 'Crew' })
  corp.change('2', { name: `${n('bob')}@corp.example`, disabled: true })
  corp.rename('1', `cn=${n('ann')},dc=corp`)
  const before = await all()
  const dry = await sync({ dryRun: true })
  expect(dry.counts).toEqual({
    added: 1,
    changed: 1,
    renamed: 1,
    disabled: 1,
    moved: 1,
    memberAdded: 1,
    memberRemoved: 1,
  })
  expect(dry.samples).toContainEqual({
    change: 'memberAdded',
    kind: 'user',
    name: `${n('new')}@corp.example`,
    detail: `into ${n('team')}`,
  })
  expect(dry.samples).toContainEqual({
    change: 'renamed',
    kind: 'user',
    name: `${n('bob')}@corp.example`,
    detail: `was ${n('ben')}@corp.example`,
  })
  expect(await all()).toEqual(before)
  expect((await sync()).counts).toEqual(dry.counts)
  await soundly()
})

test('[DS13] one principal is read anew by his id, and nothing else', async () => {
  await begin()
  corp.change('1', { displayName: 'Annie' })
  corp.change('2', { displayName: 'Benny' })
  corp.put(team('g2', 'more', [dn('1')]))
  const run = await resyncOne(hostOf(chat), `${n('ann')}@corp.example`)
  expect(run).toMatchObject({ objects: 1, counts: { changed: 1 } })
  expect([(await rowOf('1')).display, (await rowOf('2')).display]).toEqual(['Annie', n('ben')])
  corp.forget('2')
  expect(await resyncOne(hostOf(chat), `${n('ben')}@corp.example`)).toMatchObject({ counts: { gone: 1 } })
  await expect(resyncOne(hostOf(chat), 'admin@example.com')).rejects.toMatchObject({ code: 'invalid_argument' })
  await expect(resyncOne(hostOf(chat), 'nobody@example.com')).rejects.toMatchObject({ code: 'not_found' })
  expect((await sync()).counts, 'what else changed is still to come').toEqual({ added: 1, memberAdded: 1 })
  await soundly()
})

test('[DS14] a check finds what differs from the source and from a fresh flattening, and mends nothing', async () => {
  await begin()
  await soundly()
  const { id } = await rowOf('1')
  await chat.db.query('UPDATE principal SET display_name = $2 WHERE id = $1', [id, 'Wrong'])
  await chat.db.query('DELETE FROM affiliation WHERE member = $1 AND ancestor <> $1', [id])
  await chat.db.query('INSERT INTO affiliation VALUES ($1, $2)', [id, admin.user.id])
  const found = await checkDirectory(hostOf(chat), source)
  expect(found).toMatchObject({ sound: false, run: { counts: { changed: 1 } }, flattening: { missing: 3, vain: 1 } })
  expect(found.flattening.samples).toContainEqual({
    member: `${n('ann')}@corp.example`,
    ancestor: 'admin@example.com',
    missing: false,
  })
  expect(await checkDirectory(hostOf(chat), source)).toMatchObject({ sound: false })
  await chat.db.query('DELETE FROM affiliation WHERE member = $1', [id])
  // A full run mends what the source owns; the flattening follows whoever it touches.
  expect((await sync({ full: true })).counts).toEqual({ changed: 1 })
})
