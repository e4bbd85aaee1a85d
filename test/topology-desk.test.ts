import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openChecker } from '../src/cli/topology-checker.ts'
import { Refusal } from '../src/protocol/error.ts'
import { maxTopologyBytes } from '../src/protocol/topology-limits.ts'
import { listPublications } from '../src/topology/central.ts'
import { centralBeside } from '../src/topology/central-place.ts'
import { exampleDocument } from '../src/topology/example.ts'
import { openCutAtCommit } from './cut-at-commit.ts'
import { openEmptyDatabase, type TestDatabase } from './database.ts'
import { openSite, type Person, type Site, signInAt } from './harness.ts'
import { chats, twoPools } from './topology-document.ts'

let site: Site
let central: TestDatabase
let other: Person
beforeAll(async () => {
  central = await openEmptyDatabase()
  site = await openSite({ central: central.address })
  other = await site.addUser('bob@example.com', { administrator: true })
}, 60_000)
afterAll(async () => {
  await site.stop()
  await central.drop()
})

const first = exampleDocument('enterprise-edition')
const named = (name: string) => first.replace('displayName: Main rooms', `displayName: ${name}`)
const newest = async () => (await site.admin.call('topology.history', { limit: 1 })).publications[0]?.version ?? 0
const audited = async () => {
  const { entries } = await site.admin.call('audit.list', { action: 'topology.' })
  return entries.map(({ action, actor, subject, detail }) => ({ action, actor: actor?.name, subject, detail }))
}

test('[TB1] beside an embedded store the first publication makes the Central Management Store, and nothing before it', async () => {
  const address = centralBeside(site.database.address)
  const isMade = async () =>
    (await site.db.query('SELECT FROM pg_database WHERE datname = $1', [address.database])).rowCount === 1
  const embedded = await site.another({ central: address })
  try {
    const admin = embedded.at(site.admin)
    expect(await admin.call('topology.check', { text: first })).toMatchObject({ store: 'empty', differences: null })
    expect(await isMade()).toBe(false)
    expect(await admin.call('topology.publish', { text: first, basedOn: 0 })).toMatchObject({ version: 1 })
    expect(await isMade()).toBe(true)
  } finally {
    await embedded.stop()
    await site.db.query(`DROP DATABASE IF EXISTS ${address.database} WITH (FORCE)`)
  }
})

test('[TB1] nothing is published at first; what is published is read to the letter, and recorded', async () => {
  expect(await site.admin.call('topology.get', {})).toEqual({ store: 'empty', publication: null })
  expect(await site.admin.call('topology.history', {})).toEqual({ store: 'empty', publications: [], adoptions: [] })
  const { text } = await site.admin.call('topology.example', { edition: 'enterprise-edition' })
  expect(text).toBe(first)
  const done = await site.admin.call('topology.publish', { text, basedOn: 0, note: 'the beginning' })
  expect(done).toMatchObject({ version: 1, changed: true })
  const { store, publication } = await site.admin.call('topology.get', {})
  expect(store).toBe('there')
  expect(publication).toMatchObject({ version: 1, author: 'admin@example.com', role: 'pchat', note: 'the beginning' })
  expect(publication!.text).toBe(first)
  expect((await audited())[0]).toEqual({
    ...{ action: 'topology.publish', actor: 'admin@example.com', subject: 'topology' },
    detail: { version: 1, mark: done.mark, basedOn: 0, note: 'the beginning' },
  })
})

test('[TB2] the same document once more changes nothing and is not recorded; so whoever got no answer asks again', async () => {
  const before = await audited()
  expect(await site.admin.call('topology.publish', { text: first, basedOn: 0 })).toMatchObject({
    version: 1,
    changed: false,
  })
  expect(await audited()).toEqual(before)
})

test('[TB3] of two who publish at the same moment one wins, and the other is told who, when and what', async () => {
  const basedOn = await newest()
  const answers = await Promise.all([
    site.admin.ask('topology.publish', { text: named('Hers'), basedOn, note: 'hers' }),
    other.ask('topology.publish', { text: named('His'), basedOn, note: 'his' }),
  ])
  const won = answers.filter(({ error }) => !error)
  const lost = answers.find(({ error }) => error)!.error!
  expect(won).toHaveLength(1)
  const winner = answers[0]!.error ? 'bob@example.com' : 'admin@example.com'
  expect(lost.code).toBe('conflict')
  expect(lost.message).toContain(`${winner} published version ${basedOn + 1} at `)
  expect(lost.message).not.toContain('--')
  expect(lost.details).toMatchObject({ basedOn, since: [{ version: basedOn + 1, author: winner }] })
  expect(await newest()).toBe(basedOn + 1)
  expect((await audited()).filter(({ detail }) => (detail as { basedOn: number }).basedOn === basedOn)).toHaveLength(1)
})

test('[TB4] a document with errors, of another history or with a bad note is refused, and nothing is changed or recorded', async () => {
  const basedOn = await newest()
  const recorded = await audited()
  const refused = async (input: object) =>
    (await site.admin.ask('topology.publish', { text: named('Other'), basedOn, ...input })).error!
  const wrong = await refused({ text: first.replace('fqdn: chat2.', 'fqdn: fe1.') })
  expect(wrong.code).toBe('invalid_argument')
  expect(JSON.stringify(wrong.details)).toContain('TR17')
  expect((await refused({ text: 'version: [' })).code).toBe('invalid_argument')
  expect((await refused({ mark: '00000000-0000-4000-8000-000000000000' })).message).toMatch(/^Yours is based on .*not/)
  expect((await refused({ note: 'two\nlines' })).code).toBe('invalid_argument')
  expect((await refused({ text: `# ${'x'.repeat(maxTopologyBytes)}` })).code).toBe('too_large')
  expect(await site.admin.code('topology.publish', { text: first } as never)).toBe('invalid_argument')
  expect(await newest()).toBe(basedOn)
  expect(await audited()).toEqual(recorded)
})

test('[TB5] a check answers faults, findings, the picture and what each change asks of which server', async () => {
  const { version } = await site.admin.call('topology.publish', { text: first, basedOn: await newest() })
  const next = first
    .replace('displayName: Main rooms', 'displayName: Other rooms\n    logLevel: debug')
    .replace('- fqdn: chat2.example.com', '- fqdn: chat4.example.com')
  const checked = await site.admin.call('topology.check', { text: next })
  expect(checked).toMatchObject({ store: 'there', version, faults: [], more: 0, moreDifferences: 0 })
  const node = (id: string) => checked.picture!.nodes.find(one => one.id === id)
  expect(node('chatServer:chat4.example.com')).toMatchObject({
    ...{ change: 'added', inside: 'chatPool:chat.example.com', path: '/persistentChatPools/0/servers/1' },
  })
  expect(node('chatServer:chat2.example.com')).toMatchObject({ change: 'removed', path: '' })
  expect(node('chatPool:chat.example.com')).toMatchObject({ change: 'changed', inside: 'site:main' })
  expect(node('enterprisePool:fe.example.com')).toMatchObject({ change: 'none' })
  expect(checked.picture!.links).toEqual([
    { from: 'enterprisePool:fe.example.com', to: 'chatPool:chat.example.com', what: 'next hop' },
  ])
  expect(checked.differences).toContainEqual({
    ...{ where: 'persistentChatPools[chat.example.com].displayName', change: 'changed' },
    ...{ before: 'Main rooms', after: 'Other rooms', effect: 'running', asks: [] },
  })
  expect(checked.differences!.find(({ where }) => where.endsWith('servers[chat4.example.com]'))!.asks).toEqual([
    { doing: 'start', server: 'chat4.example.com' },
  ])
  const wrong = await site.admin.call('topology.check', { text: next.replace('chat4.', 'fe1.') })
  expect(wrong.findings[0]).toMatchObject({ rule: 'TR17', level: 'error', path: expect.stringMatching(/servers\/1/) })
  expect(wrong.picture!.nodes.find(({ errors }) => errors > 0)).toMatchObject({ kind: 'chatServer' })
  const torn = await site.admin.call('topology.check', { text: `${first}  port: [` })
  expect(torn).toMatchObject({ picture: null, differences: null, faults: [{ line: expect.any(Number) }] })
  expect(await site.admin.code('topology.check', { text: first, against: 9_999 })).toBe('not_found')
  expect((await site.admin.call('topology.check', { text: first, against: 1 })).differences).toEqual([])
})

test('[TB52] a check compares with a document as well, whatever is published; with both it is refused', async () => {
  const before = named('Before')
  const checked = await site.admin.call('topology.check', { text: named('After'), before })
  expect(checked).toMatchObject({ store: 'there', version: null, asks: { servers: [], verbs: [], more: 0 } })
  expect(checked.differences).toMatchObject([{ before: 'Before', after: 'After' }])
  expect(await site.admin.code('topology.check', { text: first, before, against: 1 })).toBe('invalid_argument')
  const large = { text: first, before: 'x'.repeat(maxTopologyBytes + 1) }
  expect(await site.admin.code('topology.check', large)).toBe('too_large')
})

test('[TB6] a rollback publishes an old text anew, on what its author saw; the history is read page by page', async () => {
  const basedOn = await newest()
  expect(await other.code('topology.rollback', { version: 2, basedOn: basedOn - 1 })).toBe('conflict')
  expect(await other.code('topology.rollback', { version: 9_999, basedOn })).toBe('not_found')
  const { version } = await other.call('topology.rollback', { version: 2, basedOn, note: 'as it was' })
  expect(version).toBe(basedOn + 1)
  const { publications } = await site.admin.call('topology.history', { limit: 2 })
  expect(publications[0]).toMatchObject({ version, restores: 2, author: 'bob@example.com', note: 'as it was' })
  const { publications: older } = await site.admin.call('topology.history', { before: publications[1]!.version })
  expect(older.map(one => one.version)).toEqual(
    Array.from({ length: older.length }, (_, i) => publications[1]!.version - 1 - i),
  )
  const [second, now] = await Promise.all([2, version].map(one => site.admin.call('topology.get', { version: one })))
  expect(now!.publication!.text).toBe(second!.publication!.text)
  expect((await audited())[0]).toMatchObject({ action: 'topology.rollback', detail: { version, restores: 2 } })
})

test('[TB7] who manages Persistent Chat reads and checks, and only the full administrator publishes', async () => {
  await site.addUser('carl@example.com')
  const person = await site.addUser('dora@example.com')
  await site.admin.call('role.grant', { principal: 'carl@example.com', role: 'chatAdministrator', granted: true })
  const manager = await signInAt(site.url, 'carl@example.com')
  expect((await manager.call('topology.get', {})).publication!.version).toBe(await newest())
  expect(await manager.code('topology.check', { text: first })).toBe('ok')
  expect(await manager.code('topology.publish', { text: first, basedOn: 0 })).toBe('forbidden')
  expect(await manager.code('topology.rollback', { version: 1, basedOn: 0 })).toBe('forbidden')
  expect(await person.code('topology.get', {})).toBe('forbidden')
  expect(await person.code('topology.publish', { text: first, basedOn: 0 })).toBe('forbidden')
})

test('[TB8] without a store, and with one that is away, documents are drawn and checked; what wants the store says so', async () => {
  const alone = await site.another({ central: undefined })
  const away = await site.another({ central: { connectionString: 'postgres://pchat@127.0.0.1:9/none' } })
  try {
    const [admin, lost] = [alone.at(site.admin), away.at(site.admin)]
    const { store, hint } = await admin.call('topology.get', {})
    expect([store, hint]).toEqual(['none', expect.stringContaining('--cms')])
    expect(await admin.call('topology.check', { text: first })).toMatchObject({ store: 'none', differences: null })
    expect((await admin.call('topology.check', { text: first })).picture!.nodes.length).toBeGreaterThan(8)
    expect(await admin.code('topology.publish', { text: first, basedOn: 0 })).toBe('not_found')
    const recorded = await audited()
    for (const [verb, input] of [
      ['topology.get', {}],
      ['topology.history', {}],
      ['topology.publish', { text: first, basedOn: 0 }],
      ['topology.rollback', { version: 1, basedOn: 1 }],
    ] as const) {
      const { error } = await lost.ask(verb, input)
      expect(error?.code, verb).toBe('unavailable')
      expect(error?.message, verb).toContain('Central Management Store')
    }
    expect(await lost.call('topology.check', { text: first })).toMatchObject({ store: 'away', differences: null })
    expect(await audited()).toEqual(recorded)
  } finally {
    await alone.stop()
    await away.stop()
  }
})

test('[TB9] hostile texts are refused in bounded time, and the server serves on', async () => {
  const bombs = [
    `a: &a [x]\n${Array.from({ length: 40 }, (_, i) => `b${i}: [*a, *a, *a]`).join('\n')}`,
    ['a: &a0 [x]', ...Array.from({ length: 30 }, (_, i) => `b${i}: &a${i + 1} [*a${i}, *a${i}]`)].join('\n'),
    '['.repeat(150_000),
    `${'- '.repeat(70_000)}x`,
    '{'.repeat(100_000) + '}'.repeat(100_000),
    `version: 1\nsites: [${'{name: x},'.repeat(15_000)}]`,
    Array.from({ length: 2_000 }, (_, i) => `${' '.repeat(Math.min(i, 99))}k${i}:`).join('\n'),
    '\u{FEFF}%YAML 9.9\n--- !!js/function "x"\n',
    `x: ${'a'.repeat(190_000)}`,
    '"'.repeat(100_000),
    `? ${'? '.repeat(10_000)}`,
  ]
  for (const text of bombs) {
    const began = performance.now()
    const { result, error } = await site.admin.ask('topology.check', { text })
    expect(performance.now() - began, text.slice(0, 40)).toBeLessThan(10_000)
    if (error) expect(error.code, text.slice(0, 40)).toBe('too_large')
    else expect(result!.faults.length + result!.findings.length, text.slice(0, 40)).toBeGreaterThan(0)
  }
  expect(await site.admin.code('topology.check', { text: 'x'.repeat(1_000_000) })).toBe('too_large')
  expect(await site.admin.code('topology.check', { text: first })).toBe('ok')
}, 120_000)

/** The most pools that a document may have, each with servers, in small letters and few. */
function many(): string {
  const document = twoPools()
  const pool = document.persistentChatPools[0]
  document.persistentChatPools = Array.from({ length: 250 }, (_, i) => ({
    ...{ fqdn: `p${i}.example.com`, name: `p${i}`, displayName: `P ${i}`, site: 'main', nextHop: pool.nextHop },
    ...{ webPort: 1_000 + i, servers: chats(4 * i, 4 * i + 1), store: { hosts: [{ host: `db${i}.example.com` }] } },
    ...{ nats: { servers: [{ host: `nats${i}.example.com` }] }, fileStore: { place: `/mnt/p${i}`, shared: true } },
  }))
  return JSON.stringify(document)
}

test('[TB10] 250 pools are checked beside the loop that serves', async () => {
  const text = many()
  expect(text.length).toBeLessThan(maxTopologyBytes)
  const delay = monitorEventLoopDelay({ resolution: 5 })
  await site.admin.call('topology.check', { text: first })
  delay.enable()
  const checked = await site.admin.call('topology.check', { text })
  delay.disable()
  expect(checked.faults).toEqual([])
  expect(checked.picture!.nodes.length + checked.picture!.more).toBeGreaterThan(1_250)
  // Taking the answer apart in this process is part of it; a check on the loop takes whole seconds.
  expect(delay.max / 1e6).toBeLessThan(400)
}, 60_000)

test('[TB10] a check that takes too long is ended and told, and the next one runs', async () => {
  const checker = openChecker({ patienceMs: 1 })
  const refused = await checker.check(many()).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(Refusal)
  expect((refused as Refusal).code).toBe('too_large')
  await checker.stop()
  const patient = openChecker({ idleMs: 50 })
  expect((await patient.check(first)).faults).toEqual([])
  // The thread has ended meanwhile.
  await new Promise(resolve => setTimeout(resolve, 300))
  expect((await patient.check(first)).faults).toEqual([])
  await patient.stop()
})

test('[TB11] JSON Schema and examples come over the wire; a name that is none is refused', async () => {
  const { schema } = await site.admin.call('topology.schema', {})
  expect(schema).toMatchObject({ properties: { persistentChatPools: { type: 'array', 'x-key': 'fqdn' } } })
  const { text } = await site.admin.call('topology.example', { edition: 'standard-edition', fqdn: 'one.example.com' })
  expect(text).toContain('fqdn: one.example.com')
  for (const fqdn of ['No Name', '10.0.0.1\nversion: 2', 'x'.repeat(253)])
    expect(await site.admin.code('topology.example', { edition: 'standard-edition', fqdn })).toBe('invalid_argument')
})

test('[TB12] what cannot be recorded is not published', async () => {
  const { db } = site
  const basedOn = await newest()
  await db.query(`CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room'; END $$;
    CREATE TRIGGER refuse_row BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION refuse_row()`)
  try {
    expect(await site.admin.code('topology.publish', { text: named('Unrecorded'), basedOn })).toBe('internal')
  } finally {
    await db.query('DROP FUNCTION refuse_row CASCADE')
  }
  expect((await listPublications(central.db, 1))[0]!.version).toBe(basedOn)
})

test('[TB48] a publication whose answer is lost is recorded once: at once where it can be asked again, else as its author repeats it', async () => {
  const broken = await openCutAtCommit(central.address.host)
  const server = await site.another({ central: { ...central.address, host: broken.host } })
  try {
    const [admin, bob] = [server.at(site.admin), server.at(other)]
    const recorded = async (mark: string) =>
      (await audited()).filter(({ detail }) => (detail as { mark?: string }).mark === mark)
    const mark = async () => (await listPublications(central.db, 1))[0]!.mark
    const basedOn = await newest()
    broken.cut('once')
    const input = { text: named('Answer lost'), basedOn, note: 'lost' }
    expect(await admin.call('topology.publish', input)).toMatchObject({ version: basedOn + 1 })
    expect(await recorded(await mark())).toMatchObject([
      { actor: 'admin@example.com', detail: { basedOn, note: 'lost' } },
    ])
    broken.cut('for good')
    const next = { text: named('Lost for good'), basedOn: basedOn + 1, note: 'lost again' }
    expect(await admin.code('topology.publish', next)).toBe('unavailable')
    expect(await newest()).toBe(basedOn + 2)
    expect(await recorded(await mark())).toEqual([])
    broken.heal()
    // What another one repeats is not his.
    expect(await bob.call('topology.publish', next)).toMatchObject({ version: basedOn + 2, changed: false })
    expect(await recorded(await mark())).toEqual([])
    for (let i = 0; i < 2; i += 1)
      expect(await admin.call('topology.publish', next)).toMatchObject({ version: basedOn + 2, changed: false })
    expect(await recorded(await mark())).toEqual([
      {
        ...{ action: 'topology.publish', actor: 'admin@example.com', subject: 'topology' },
        detail: { version: basedOn + 2, mark: await mark(), basedOn: basedOn + 1, note: 'lost again' },
      },
    ])
    // Another one was sooner than his second try.
    broken.cut('for good')
    const third = { text: named('Overtaken'), basedOn: basedOn + 2, note: 'third' }
    expect(await admin.code('topology.publish', third)).toBe('unavailable')
    broken.heal()
    const overtaken = await mark()
    await bob.call('topology.publish', { text: named('Fourth'), basedOn: basedOn + 3 })
    expect(await recorded(overtaken)).toEqual([])
    for (let i = 0; i < 2; i += 1) expect(await admin.code('topology.publish', third)).toBe('conflict')
    expect(await recorded(overtaken)).toMatchObject([{ actor: 'admin@example.com', detail: { note: 'third' } }])
  } finally {
    await server.stop()
    await broken.close()
  }
})
