import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeToken } from '../src/chat/token.ts'
import { insertSessionOfEnabled } from '../src/store/oidc.ts'
import { type Live, openSite, personAt, type Site } from './harness.ts'

let site: Site
const tokens = { okta: 'the-token-of-okta-long-enough', other: 'the-token-of-the-other-one' }

beforeAll(async () => {
  process.env.PCHAT_TEST_SCIM_OKTA = tokens.okta
  process.env.PCHAT_TEST_SCIM_OTHER = tokens.other
  site = await openSite({
    scim: [
      { name: 'okta', token: { env: 'PCHAT_TEST_SCIM_OKTA' }, domain: 'example.com', administrators: 'Chat admins' },
      { name: 'other', token: { env: 'PCHAT_TEST_SCIM_OTHER' }, domain: 'other.com' },
      { name: 'unset', token: { env: 'PCHAT_TEST_SCIM_UNSET' }, domain: 'unset.com' },
    ],
  })
})
afterAll(() => site?.stop())

const core = 'urn:ietf:params:scim:schemas:core:2.0'
const patchId = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
type Answer = {
  status: number
  body: Record<string, never> & { id: string; Resources: { id: string }[] }
  type: string
}

async function ask(
  method: string,
  path: string,
  body?: unknown,
  { name = 'okta', token = tokens.okta, type = 'application/scim+json' } = {},
): Promise<Answer> {
  const answer = await fetch(`${site.url}/scim/v2/${name}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await answer.text()
  return {
    status: answer.status,
    body: text === '' ? {} : JSON.parse(text),
    type: answer.headers.get('content-type') ?? '',
  }
}

const asOther = { name: 'other', token: tokens.other }
const user = (userName: string, more: object = {}) => ({ schemas: [`${core}:User`], userName, ...more })
const group = (displayName: string, members: string[] = [], more: object = {}) => ({
  schemas: [`${core}:Group`],
  displayName,
  members: members.map(value => ({ value })),
  ...more,
})
const patch = (...Operations: object[]) => ({ schemas: [patchId], Operations })
const told = (id: string) => site.admin.call('principal.get', { principal: id })

/** In as by an OpenID provider: whoever is pushed has no password here. */
async function openAs(principal: string): Promise<Live> {
  const { token, hash } = makeToken()
  const { db } = site
  await insertSessionOfEnabled(db as never, { principal, tokenHash: hash, address: '127.0.0.1', days: 1 })
  return personAt(site.url, token, (await told(principal)).principal).open()
}

async function made(userName: string, more: object = {}): Promise<string> {
  const { status, body } = await ask('POST', '/Users', user(userName, more))
  expect(status, JSON.stringify(body)).toBe(201)
  return body.id
}

test('[SM1] a user who is pushed is a user here, reads back as he was written, and is found as providers look for him', async () => {
  const sent = user('ann', {
    externalId: 'x-ann',
    name: { givenName: 'Ann', familyName: 'Archer' },
    emails: [
      { value: 'home@example.com', type: 'home' },
      { value: 'ann@example.com', type: 'work', primary: true },
    ],
    active: true,
    password: 'never kept',
    [enterprise]: { department: 'Desks' },
  })
  const { status, body, type } = await ask('POST', '/Users', { ...sent, schemas: [`${core}:User`, enterprise] })
  expect(status).toBe(201)
  expect(type).toContain('application/scim+json')
  expect(body).toMatchObject({
    userName: 'ann@example.com',
    externalId: 'x-ann',
    name: { givenName: 'Ann', familyName: 'Archer' },
    active: true,
    groups: [],
    [enterprise]: { department: 'Desks' },
    meta: { resourceType: 'User', location: `${site.url}/scim/v2/okta/Users/${body.id}` },
  })
  expect(JSON.stringify(body)).not.toContain('never kept')
  expect((await site.db.query("SELECT FROM scim_resource WHERE body::text LIKE '%never kept%'")).rows).toEqual([])
  expect(await told(body.id)).toMatchObject({
    principal: { kind: 'user', name: 'ann@example.com', displayName: 'Ann Archer' },
    email: 'ann@example.com',
    disabled: false,
  })
  expect((await ask('GET', `/Users/${body.id}`)).body).toEqual(body)
  for (const [filter, total] of [
    ['userName eq "ann"', 1],
    ['userName eq "ANN@example.com"', 1],
    ['externalId eq "x-ann"', 1],
    [`id eq "${body.id}"`, 1],
    ['id eq "nobody"', 0],
    ['userName eq "ann" and active eq true', 1],
    ['userName eq "ann" and active eq false', 0],
    ['userName eq "admin@example.com"', 0],
  ] as const)
    expect((await ask('GET', `/Users?filter=${encodeURIComponent(filter)}`)).body, filter).toMatchObject({
      totalResults: total,
    })
  const odd = ['userName sw "a"', 'emails.value eq "a"', '(((', 'userName eq "a" or userName eq "b"', 'nope eq "a"', '']
  for (const filter of odd)
    expect((await ask('GET', `/Users?filter=${encodeURIComponent(filter)}`)).status, filter).toBe(400)
})

test('[SM1] lists come page by page, with the number of all', async () => {
  for (let n = 0; n < 5; n += 1) await made(`page-${n}`)
  const all = await ask('GET', '/Users?count=200')
  const ids: string[] = []
  for (let startIndex = 1; startIndex <= all.body.Resources.length; startIndex += 2) {
    const { body } = await ask('GET', `/Users?startIndex=${startIndex}&count=2`)
    expect(body).toMatchObject({ totalResults: all.body.Resources.length, startIndex })
    ids.push(...body.Resources.map(one => one.id))
  }
  expect(ids).toEqual(all.body.Resources.map(one => one.id))
  expect((await ask('GET', '/Users?count=0')).body).toMatchObject({ Resources: [], itemsPerPage: 0 })
  expect((await ask('GET', '/Users?startIndex=-5&count=1')).body).toMatchObject({ startIndex: 1 })
  for (const path of ['/ServiceProviderConfig', '/Schemas', '/ResourceTypes'])
    expect((await ask('GET', path)).status, path).toBe(200)
})

test('[SM2] who is set inactive is out at once, live sessions too, and only the source that disabled enables', async () => {
  const id = await made('bea')
  const bea = await openAs(id)
  // As one provider writes it, and another.
  expect(
    (await ask('PATCH', `/Users/${id}`, patch({ op: 'Replace', path: 'active', value: 'False' }))).body,
  ).toMatchObject({
    active: false,
  })
  expect((await bea.closed).code).toBe(4003)
  expect((await told(id)).disabled).toBe(true)
  expect((await ask('PATCH', `/Users/${id}`, patch({ op: 'replace', value: { active: true } }))).body.active).toBe(true)
  expect((await told(id)).disabled).toBe(false)
  await site.admin.call('principal.update', { principal: id, disabled: true })
  expect((await ask('PATCH', `/Users/${id}`, patch({ op: 'replace', value: { active: true } }))).body.active).toBe(
    false,
  )
  expect((await told(id)).disabled).toBe(true)
})

test('[SM3] a rename follows the id; a name or an id that somebody has is refused and never taken over', async () => {
  const id = await made('cat', { externalId: 'x-cat' })
  expect((await ask('PUT', `/Users/${id}`, user('cat.new', { displayName: 'Cat' }))).body).toMatchObject({
    id,
    userName: 'cat.new@example.com',
    displayName: 'Cat',
  })
  await site.addUser('local@example.com')
  // Who is away for a while keeps his name.
  await made('idle', { active: false })
  for (const [sent, status] of [
    [user('cat.new'), 409],
    [user('idle'), 409],
    [user('local'), 409],
    [user('admin@example.com'), 409],
    [user('dee', { externalId: 'x-ann' }), 409],
    [user('x@other.com'), 400],
    [user('a b'), 400],
  ] as const)
    expect((await ask('POST', '/Users', sent)).status, JSON.stringify(sent)).toBe(status)
  expect((await ask('PUT', `/Users/${id}`, user('local'))).status).toBe(409)
  expect((await ask('PUT', `/Users/${id}`, user('cat.new', { externalId: 'x-ann' }))).status).toBe(409)
  expect((await told(id)).principal.name).toBe('cat.new@example.com')
  expect((await ask('POST', '/Users', user('local'))).body).toMatchObject({ status: '409', scimType: 'uniqueness' })
})

test('[SM3] of several who push one name at once, one gets it', async () => {
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask('POST', '/Users', user('once'))))
  expect(answers.map(answer => answer.status).sort()).toEqual([201, 409, 409, 409, 409])
})

test('[SM4] who is deleted is disabled and gone for the provider, keeps his row, and frees his name', async () => {
  const id = await made('dan', { externalId: 'x-dan' })
  const crew = (await ask('POST', '/Groups', group('Crew', [id]))).body.id
  expect((await ask('DELETE', `/Users/${id}`)).status).toBe(204)
  expect((await ask('GET', `/Users/${id}`)).status).toBe(404)
  expect((await ask('DELETE', `/Users/${id}`)).status).toBe(404)
  expect((await ask('GET', '/Users?filter=userName%20eq%20%22dan%22')).body).toMatchObject({ totalResults: 0 })
  expect((await ask('GET', `/Groups/${crew}`)).body).toMatchObject({ members: [] })
  expect(await told(id)).toMatchObject({ disabled: true, groups: [] })
  const second = await made('dan', { externalId: 'x-dan-2' })
  expect(second).not.toBe(id)
  expect((await told(id)).principal.name).toMatch(/^dan\.former-/)
  // The first one comes back, under another name.
  expect(await made('dan.first', { externalId: 'x-dan' })).toBe(id)
  expect(await told(id)).toMatchObject({ disabled: false, groups: [] })
})

test('[SM5] groups and their members are kept in step; a scope that names one lets in whoever is in it', async () => {
  const [one, two, three] = [await made('g1'), await made('g2'), await made('g3')]
  const inner = await ask('POST', '/Groups', group('Inner', [one!]))
  expect(inner.status).toBe(201)
  const outer = (await ask('POST', '/Groups', group('Outer', [inner.body.id, two!]))).body.id
  const category = await site.addCategory({ allowedMembers: ['okta:Outer'] })
  const room = await site.addRoom({ category: category.id, privacy: 'open' })
  const live = await openAs(one!)
  await live.call('room.join', { room: room.id })
  const members = async (id: string) =>
    ((await ask('GET', `/Groups/${id}`)).body.members as unknown as { value: string }[]).map(one => one.value).sort()
  const modify = (id: string, ...operations: object[]) => ask('PATCH', `/Groups/${id}`, patch(...operations))
  await modify(outer, { op: 'Add', path: 'members', value: [{ value: three }] })
  expect(await members(outer)).toEqual([inner.body.id, two, three].sort())
  await modify(outer, { op: 'Remove', path: `members[value eq "${two}"]` })
  expect(await members(outer)).toEqual([inner.body.id, three].sort())
  await modify(inner.body.id, { op: 'remove', path: 'members', value: [{ value: one }] })
  expect((await live.hears('room.closed')).room).toBe(room.id)
  await live.close()
  await modify(outer, { op: 'replace', value: { id: outer, members: [{ value: two }] } })
  expect(await members(outer)).toEqual([two])
  await modify(outer, { op: 'replace', value: { id: outer, displayName: 'Outermost' } })
  expect((await told(outer)).principal).toMatchObject({ name: 'okta:Outermost', displayName: 'Outermost' })
  expect(await members(outer)).toEqual([two])
  expect((await ask('GET', `/Groups/${outer}?excludedAttributes=members`)).body.members).toBeUndefined()
  expect((await ask('GET', `/Users/${two}`)).body.groups).toEqual([{ value: outer, display: 'Outermost' }])
  // No circle, and nobody twice.
  await modify(inner.body.id, { op: 'add', path: 'members', value: [{ value: two }, { value: two }] })
  await modify(outer, { op: 'add', path: 'members', value: [{ value: inner.body.id }] })
  expect((await modify(inner.body.id, { op: 'add', path: 'members', value: [{ value: outer }] })).status).toBe(400)
  expect(await members(inner.body.id)).toEqual([two])
  expect((await ask('POST', '/Groups', group('outermost'))).status).toBe(409)
  expect((await ask('DELETE', `/Groups/${outer}`)).status).toBe(204)
  expect((await ask('GET', `/Groups/${outer}`)).status).toBe(404)
  const again = await ask('POST', '/Groups', group('Outermost', [three!]))
  expect(again.body.id).toBe(outer)
})

test('[SM6] a source reaches nothing of others: no user, no group, no member, no administrator', async () => {
  const mine = await made('eli')
  const foreign = (await ask('POST', '/Users', user('eli'), asOther)).body.id
  const board = (await site.admin.call('principal.create', { kind: 'group', name: 'board', displayName: 'board' }))
    .principal
  for (const id of [foreign, site.admin.me.id, board.id]) {
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE'])
      for (const kind of ['Users', 'Groups']) {
        const body = method === 'PATCH' ? patch({ op: 'replace', path: 'active', value: false }) : user('eli')
        const { status } = await ask(
          method,
          `/${kind}/${id}`,
          method === 'GET' || method === 'DELETE'
            ? undefined
            : kind === 'Groups' && method === 'PUT'
              ? group('g')
              : body,
        )
        expect(status, `${method} ${kind}`).toBe(404)
      }
    expect((await ask('POST', '/Groups', group(`grab ${id}`, [id]))).status).toBe(400)
  }
  expect((await ask('GET', '/Groups?filter=displayName%20eq%20%22board%22')).body).toMatchObject({ totalResults: 0 })
  await ask('POST', '/Groups', group('Chat admins', [foreign]), asOther)
  expect((await told(foreign)).administrator).toBe(false)
  const admins = (await ask('POST', '/Groups', group('Chat admins', [mine]))).body.id
  expect((await told(mine)).administrator).toBe(true)
  expect((await told(foreign)).administrator).toBe(false)
  await ask('PATCH', `/Groups/${admins}`, patch({ op: 'replace', path: 'members', value: [] }))
  expect((await told(mine)).administrator).toBe(false)
  expect((await told(site.admin.me.id)).administrator).toBe(true)
})

const admins = async () =>
  ((await ask('GET', '/Groups?filter=displayName%20eq%20%22Chat%20admins%22')).body.Resources[0]?.id ??
    (await ask('POST', '/Groups', group('Chat admins'))).body.id) as string
const isAdministrator = async (id: string) => (await told(id)).administrator

test('[SM5] a deleted group leaves the groups that held it: one of its name that comes later administers nothing', async () => {
  const [gus, hal] = [await made('gus'), await made('hal')]
  const inner = (await ask('POST', '/Groups', group('Leads', [gus]))).body.id
  const outer = (await ask('POST', '/Groups', group('Heads', [inner]))).body.id
  const top = await admins()
  await ask('PATCH', `/Groups/${top}`, patch({ op: 'add', path: 'members', value: [{ value: outer }] }))
  expect(await isAdministrator(gus)).toBe(true)
  expect((await ask('DELETE', `/Groups/${inner}`)).status).toBe(204)
  expect(await isAdministrator(gus)).toBe(false)
  expect((await told(inner)).groups).toEqual([])
  const again = await ask('POST', '/Groups', group('Leads', [hal]))
  expect(again.body.id).toBe(inner)
  expect((await told(inner)).groups).toEqual([])
  expect(await isAdministrator(hal)).toBe(false)
  // The group of the administrators itself.
  await ask('PATCH', `/Groups/${outer}`, patch({ op: 'add', path: 'members', value: [{ value: inner }] }))
  expect(await isAdministrator(hal)).toBe(true)
  expect((await ask('DELETE', `/Groups/${top}`)).status).toBe(204)
  expect(await isAdministrator(hal)).toBe(false)
  // A name that a user had is no group to come back.
  await site.db.query("UPDATE principal SET name = 'okta:odd', name_key = 'okta:odd', gone_at = now() WHERE id = $1", [
    gus,
  ])
  expect((await ask('POST', '/Groups', group('odd'))).status).toBe(409)
})

test('[SM6] the right is taken from those only whom the source gave it, and whom it made one is stripped there', async () => {
  const [ivy, jon] = [await made('ivy'), await made('jon')]
  await site.admin.call('principal.update', { principal: ivy, administrator: true })
  const top = await admins()
  await ask('PATCH', `/Groups/${top}`, patch({ op: 'add', path: 'members', value: [{ value: ivy }, { value: jon }] }))
  expect(await site.admin.code('principal.update', { principal: jon, administrator: false })).toBe('forbidden')
  await ask('PATCH', `/Groups/${top}`, patch({ op: 'replace', path: 'members', value: [] }))
  expect([await isAdministrator(ivy), await isAdministrator(jon)]).toEqual([true, false])
  await site.admin.call('principal.update', { principal: ivy, administrator: false })
  expect(await isAdministrator(ivy)).toBe(false)
})

test('[PR8] [SM6] the last administrator stays one, and in, whatever the source says of him; the next change goes through', async () => {
  const [kim, leo] = [await made('kim'), await made('leo')]
  const top = await admins()
  const members = (...ids: string[]) =>
    ask('PATCH', `/Groups/${top}`, patch({ op: 'replace', path: 'members', value: ids.map(value => ({ value })) }))
  await members(kim, leo)
  const own = "UPDATE principal SET disabled = $1 WHERE administrator AND administrator_by IS DISTINCT FROM 'source'"
  await site.db.query(own, [true])
  try {
    const count = async () =>
      (await site.db.query('SELECT FROM principal WHERE administrator AND NOT disabled AND NOT bot')).rows.length
    expect(await count()).toBe(2)
    expect((await members()).status).toBe(200)
    expect(await count()).toBe(1)
    await members(kim)
    expect(await count()).toBe(1)
    for (const answer of [
      await ask('PATCH', `/Users/${kim}`, patch({ op: 'replace', path: 'active', value: false })),
      await ask('PUT', `/Users/${kim}`, user('kim', { active: false })),
      await ask('DELETE', `/Users/${kim}`),
    ])
      expect(answer).toMatchObject({ status: 409, body: { detail: expect.stringContaining('last administrator') } })
    expect((await ask('GET', `/Users/${kim}`)).body).toMatchObject({ active: true })
    expect((await ask('DELETE', `/Groups/${top}`)).status).toBe(204)
    expect(await count()).toBe(1)
  } finally {
    await site.db.query(own, [false])
  }
  expect(await isAdministrator(kim)).toBe(true)
  // Once there is another one, the word of the source counts.
  await admins()
  expect(await isAdministrator(kim)).toBe(false)
  expect((await ask('DELETE', `/Users/${kim}`)).status).toBe(204)
})

test('[SM2] [DS5] whom the source has inactive nobody enables here, whoever disabled him first', async () => {
  const active = (id: string, value: boolean) =>
    ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'active', value }))
  const here = (principal: string, disabled: boolean) => site.admin.code('principal.update', { principal, disabled })
  const [mel, ned, oli] = [await made('mel'), await made('ned'), await made('oli')]
  await here(mel, true)
  await active(mel, false)
  await active(ned, false)
  await here(ned, true)
  for (const id of [mel, ned]) {
    expect(await here(id, false)).toBe('forbidden')
    expect((await site.admin.call('directory.explain', { user: id })).disabledThere).toBe(true)
    await active(id, true)
    // Both words are needed.
    expect((await told(id)).disabled).toBe(true)
    expect(await here(id, false)).toBe('ok')
    expect((await told(id)).disabled).toBe(false)
  }
  // A patch of something else is no word of the provider's on who may come in.
  await here(oli, true)
  const shown = await ask('PATCH', `/Users/${oli}`, patch({ op: 'replace', path: 'displayName', value: 'Oliver' }))
  expect(shown.body).toMatchObject({ displayName: 'Oliver', active: false })
  expect(await here(oli, false)).toBe('ok')
  await active(oli, false)
  await ask('PATCH', `/Users/${oli}`, patch({ op: 'replace', path: 'displayName', value: 'Olly' }))
  expect(await here(oli, false)).toBe('forbidden')
})

test('[SM5] a name that begins with that of a source is given to no group that is made here', async () => {
  const named = (name: string, kind: 'group' | 'organizationalUnit' = 'group') =>
    site.admin.code('principal.create', { kind, name, displayName: 'Traders' })
  // Configured ones, and one that is so no more.
  await site.db.query("UPDATE principal SET source = 'past', external_id = 'x' WHERE name = 'local@example.com'")
  for (const name of ['okta:Traders', 'OKTA:traders', 'unset:Traders', 'past:Traders'])
    expect(await named(name), name).toBe('name_taken')
  expect((await ask('POST', '/Groups', group('Traders'))).status).toBe(201)
  for (const name of ['oktas:Traders', ':Traders', 'Traders', 'desk: Traders'])
    expect(await named(name), name).toBe('ok')
})

test('[SM3] [PR2] [PR5] a rename into another domain brings that domain, and its grants count at once', async () => {
  const id = await made('pat')
  const live = await openAs(id)
  const category = await site.addCategory({ allowedMembers: ['example.com'] })
  const room = await site.addRoom({ category: category.id, privacy: 'open' })
  await live.call('room.join', { room: room.id })
  const moved = await site.another({
    scim: [{ name: 'okta', token: { env: 'PCHAT_TEST_SCIM_OKTA' }, domain: 'moved.com' }],
  })
  const answer = await fetch(`${moved.url}/scim/v2/okta/Users/${id}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${tokens.okta}`, 'content-type': 'application/scim+json' },
    body: JSON.stringify(user('pat')),
  })
  expect(((await answer.json()) as { userName: string }).userName).toBe('pat@moved.com')
  expect((await live.hears('room.closed')).room).toBe(room.id)
  expect((await told('moved.com')).principal.kind).toBe('domain')
  await moved.stop()
  await live.close()
})

test('[SM7] only the token of the very source is taken, and guesses count as failed sign-ins', async () => {
  for (const [name, token] of [
    ['okta', ''],
    ['okta', 'wrong'],
    ['okta', tokens.other],
    ['other', tokens.okta],
    ['nobody', tokens.okta],
    ['unset', ''],
    ['unset', 'undefined'],
    ['__proto__', tokens.okta],
    ['okta', site.admin.token],
  ] as const) {
    const { status, body } = await ask('GET', '/Users', undefined, { name, token })
    expect(status, `${name} ${token}`).toBe(401)
    expect(body).toMatchObject({ schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '401' })
  }
  const live = await site.admin.open()
  const { settings } = await live.call('settings.get', {})
  const { trustedNetworks, failedSignInsPerMinute } = settings
  await live.call('settings.update', { settings: { trustedNetworks: [], failedSignInsPerMinute: 3 } })
  const statuses = []
  for (let n = 0; n < 5; n += 1)
    statuses.push((await ask('GET', '/Users', undefined, { name: 'okta', token: 'guess' })).status)
  await live.call('settings.update', { settings: { trustedNetworks, failedSignInsPerMinute } })
  await live.close()
  expect(statuses).toEqual([401, 401, 401, 429, 429])
})

test('[SM8] bad input is an error in the shape of the standard, and changes nothing', async () => {
  const id = await made('fay')
  const before = (await ask('GET', `/Users/${id}`)).body
  for (const [method, path, body] of [
    ['POST', '/Users', '{'],
    ['POST', '/Users', 'null'],
    ['POST', '/Users', '[]'],
    ['POST', '/Users', '"x"'],
    ['POST', '/Users', {}],
    ['POST', '/Users', user('')],
    ['POST', '/Users', { ...user('x'), userName: 7 }],
    ['POST', '/Users', user('x', { active: 'perhaps' })],
    ['POST', '/Users', user('x\u0000y')],
    ['POST', '/Users', user('xy', { externalId: 'x'.repeat(300) })],
    ['POST', '/Users', user('xz', { nickName: 'a\u0000b' })],
    ['POST', '/Groups', group('')],
    ['POST', '/Groups', group('x', ['nobody'])],
    ['POST', '/Groups', group('x'.repeat(300))],
    ['POST', '/Groups', group('x', [], { members: 'all' })],
    ['PATCH', `/Users/${id}`, patch()],
    ['PATCH', `/Users/${id}`, {}],
    ['PATCH', `/Users/${id}`, { schemas: [patchId], Operations: [7] }],
    ['PATCH', `/Users/${id}`, patch({ op: 'explode', path: 'active' })],
    ['PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'nope', value: 1 })],
    ['PATCH', `/Users/${id}`, patch({ op: 'remove', path: 'userName' })],
    ['PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'userName', value: 'admin@example.com' })],
    ['PATCH', `/Users/${id}`, patch({ op: 'replace', path: '__proto__.x', value: 1 })],
    ['PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'emails[', value: 1 })],
    [
      'PATCH',
      `/Users/${id}`,
      patch(...Array.from({ length: 1_001 }, () => ({ op: 'replace', path: 'active', value: true }))),
    ],
  ] as const) {
    const { status, body: fault } = await ask(method, path, body)
    expect([400, 409], `${method} ${path} ${JSON.stringify(body).slice(0, 100)} ${JSON.stringify(fault)}`).toContain(
      status,
    )
    expect(fault).toMatchObject({ schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: String(status) })
  }
  expect((await ask('POST', '/Users', 'a=b', { name: 'okta', token: tokens.okta, type: 'text/plain' })).status).toBe(
    400,
  )
  const deep = `{"schemas":["${core}:User"],"userName":"deep","x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`
  expect((await ask('POST', '/Users', deep)).status).toBe(400)
  expect((await ask('GET', '/Users?filter=userName%20eq%20%22a%00%22')).status).toBe(400)
  expect((await ask('GET', '/Users?filter=a&filter=b')).status).toBe(400)
  expect((await ask('GET', '/Users/not-an-id')).status).toBe(404)
  expect((await ask('GET', `/Users/${id}`)).body).toEqual(before)
  // The same value again is no change.
  expect((await ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'active', value: true }))).body).toEqual(
    before,
  )
})
