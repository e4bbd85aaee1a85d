import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Io } from '../src/cli/shell/io.ts'
import { addTopology } from '../src/cli/topology.ts'
import { adoptCentral, publishTopology } from '../src/topology/central.ts'
import { isCentral, migrateCentral } from '../src/topology/central-schema.ts'
import { exampleDocument } from '../src/topology/example.ts'
import { openEmptyDatabase, type TestDatabase } from './database.ts'
import { runVerb } from './run-verb.ts'

let central: TestDatabase
let folder: string
let file: string
let env: NodeJS.ProcessEnv
beforeEach(async () => {
  ;[central, folder] = await Promise.all([openEmptyDatabase(), mkdtemp(join(tmpdir(), 'pchat-publish-'))])
  file = join(folder, 'topology.yaml')
  const { host, user, database } = central.address
  const PCHAT_CMS = `postgres://${user}@${encodeURIComponent(host)}/${database}`
  env = { PCHAT_CMS }
  await migrateCentral(central.db)
})
afterEach(async () => {
  await central.drop()
  await rm(folder, { recursive: true, force: true })
})

type Ran = { code: number; out: string; err: string }
// biome-ignore lint/suspicious/noExplicitAny: what a program reads of --json, whatever it is
type Json = any

/** `pchat topology …` in this process. */
async function topology(args: string[], more: { env?: NodeJS.ProcessEnv; answer?: string; stdin?: string } = {}) {
  const ran: Ran = { code: 0, out: '', err: '' }
  const io: Io = {
    env: { ...env, ...more.env },
    out: text => {
      ran.out += text
    },
    err: text => {
      ran.err += text
    },
    isAsked: more.answer !== undefined,
    showsProgress: false,
    ask: async () => more.answer ?? '',
    read: async () => more.stdin ?? '',
    exit: code => {
      ran.code = code
    },
  }
  const program = new Command('pchat')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
  addTopology(program, io)
  try {
    await program.parseAsync(['node', 'pchat', 'topology', ...args])
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    ran.code = error.exitCode === 0 ? 0 : 2
  }
  return ran
}
async function json(args: string[], more = {}): Promise<Json> {
  const { code, out, err } = await topology([...args, '--json'], more)
  return JSON.parse(code === 0 ? out : err)
}

const first = exampleDocument('enterprise-edition')
const withName = (name: string) => first.replace('displayName: Main rooms', `displayName: ${name}`)
/** As another administrator does. */
const other = (document: string, version: number, note = '') =>
  publishTopology(central.db, { document, author: 'bob@desk', note }, { version }, { errors: [], advice: [] })
const write = (document: string) => writeFile(file, document)
/** As who exports what is published now, and changes it. */
async function edit(document: string): Promise<void> {
  const [line] = (await topology(['export'])).out.split('\n')
  await write(`${line}\n${document}`)
}

test('[CM20] a document is published, exported to the letter, shown, compared, and published again as an old version', async () => {
  await write(first)
  expect(await topology(['publish', file, '--note', 'the beginning'])).toMatchObject({
    code: 0,
    out: expect.stringContaining('Version 1 is published.'),
  })
  await edit(withName('All rooms'))
  const second = await json(['publish', file])
  expect(second).toMatchObject({ version: 2, changed: true })
  expect(second.differences.join('\n')).toMatch(/displayName.*changed.*Main rooms.*All rooms/)
  const exported = (await topology(['export'])).out
  expect(exported).toMatch(/^# based on version 2 \(mark [0-9a-f-]{36}\).*\n/)
  expect(exported.slice(exported.indexOf('\n') + 1)).toBe(withName('All rooms'))
  expect((await json(['export'])).document).toBe(withName('All rooms'))
  expect((await topology(['export', '--version', '1'])).out).toMatch(/^# based on version 1 /)
  expect((await json(['export', '--version', '1'])).document).toBe(first)
  expect(await json(['publish', '-'], { stdin: exported })).toMatchObject({ version: 2, changed: false })
  expect((await topology(['show'])).out).toMatch(/^Version 2, published by \S+@\S+ at 20[\s\S]*chat1\.example\.com/)
  expect((await topology(['show', '--version', '1'])).out).toMatch(/^Version 1/)
  expect(await topology(['diff', '--published', file])).toMatchObject({ code: 0, out: 'Nothing differs.\n' })
  await write(first)
  expect(await topology(['diff', '--published', file])).toMatchObject({
    code: 3,
    out: expect.stringContaining('All rooms'),
  })
  expect((await json(['rollback', '1', '--note', 'as it was'])).version).toBe(3)
  expect((await json(['export'])).document).toBe(first)
  const { publications } = await json(['history'])
  expect(publications.map((one: Json) => [one.version, one.basedOn, one.restores, one.note])).toEqual([
    [3, 2, 1, 'as it was'],
    [2, 1, null, ''],
    [1, 0, null, 'the beginning'],
  ])
  const { out } = await topology(['history', '--limit', '2'])
  expect(out).toMatch(/VERSION +PUBLISHED.*\n3 .*version 1 again +as it was\n2 .*\n$/)
})

test('[CM4] who publishes on what was exported before somebody else published is told who, when and what, and nothing is changed', async () => {
  await write(first)
  await topology(['publish', file])
  await edit(withName('Mine'))
  await other(withName('Hers'), 1, 'named')
  const refused = await topology(['publish', file])
  expect(refused).toMatchObject({ code: 1, out: '' })
  expect(refused.err).toMatch(
    /What changed since version 1:\n[\s\S]*Main rooms +Hers[\s\S]*bob@desk published version 2 at 20/,
  )
  expect(refused.err).toContain('(named). Take over what changed since, then publish yours with --based-on 2.')
  const { error } = await json(['publish', file])
  expect(error).toMatchObject({
    code: 'conflict',
    details: { basedOn: 1, since: [{ version: 2, author: 'bob@desk' }] },
  })
  expect(error.details.lines.join('\n')).toContain('Hers')
  expect((await topology(['publish', file, '--what-if'])).code).toBe(1)
  expect((await json(['history'])).publications).toHaveLength(2)
  expect((await topology(['publish', file, '--based-on', '2'])).code).toBe(0)
  await edit(withName('Mine too'))
  expect((await json(['publish', file])).version).toBe(4)
  expect((await json(['publish', file, '--based-on', '9'])).changed).toBe(false)
})

test('[CM21] who looks at what somebody else published has not taken it over: his file is based on what it was', async () => {
  await write(first)
  await topology(['publish', file])
  await edit(withName('Mine'))
  await other(withName('Hers'), 1)
  await topology(['show'])
  await topology(['export'])
  await topology(['diff', '--published', file])
  expect(await topology(['publish', file])).toMatchObject({ code: 1, err: expect.stringContaining('Hers') })
  expect((await json(['history'])).publications).toHaveLength(2)
})

test('[CM6] lines are told as they stand in the file that was exported', async () => {
  await write(first)
  await topology(['publish', file])
  await edit('nothing: 1\n')
  expect((await topology(['publish', file])).err).toMatch(/topology\.yaml:2:1: error/)
})

test('[CM21] where nothing says what it is based on that is asked; a version of another history is none, and is not compared', async () => {
  await write(first)
  await topology(['publish', file])
  await write(withName('Mine'))
  for (let tries = 0; tries < 2; tries += 1) {
    const asked = await topology(['publish', file])
    expect(asked).toMatchObject({ code: 2, err: expect.stringContaining('add --based-on 1') })
    expect((await topology(['diff', '--published', file])).code).toBe(3)
  }
  expect((await topology(['publish', file, '--based-on', '1'])).code).toBe(0)
  await edit(withName('Mine again'))
  const text = await readFile(file, 'utf8')
  // The same numbers, from before the store was restored; the newest one, and one that others followed.
  for (const version of [1, 2]) {
    const [line] = text.split('\n')
    const restored = `# based on version ${version} (mark ${crypto.randomUUID()})`
    await write(text.replace(line!, restored))
    const { code, err } = await topology(['publish', file])
    expect([code, err]).toEqual([1, expect.stringMatching(/^pchat: .*was it restored.*--based-on 2/)])
    expect((await topology(['publish', file, '--what-if'])).code).toBe(1)
  }
  await write(text)
  expect((await json(['publish', file])).version).toBe(3)
})

test('[CM6] errors are all told with their places, and neither published nor brought back; advice is shown', async () => {
  await write(first.replace('fqdn: chat2.example.com', 'fqdn: chat1.example.com'))
  const refused = await topology(['publish', file])
  expect(refused).toMatchObject({ code: 1, out: '' })
  expect(refused.err).toMatch(/topology\.yaml:\d+:\d+: error TR\d+: [\s\S]*The document has errors/)
  await write('persistentChatPools: 7\nnothing: 1\n')
  const { error } = await json(['publish', file])
  expect([error.code, error.details.errors.length > 1]).toEqual(['invalid_argument', true])
  await write(first)
  await topology(['publish', file])
  await other('was sound by other rules', 1)
  await other(withName('x'), 2)
  expect(await topology(['rollback', '2'])).toMatchObject({ code: 1, err: expect.stringContaining('version 2:1:') })
  expect((await json(['history'])).publications).toHaveLength(3)
  const standard = exampleDocument('standard-edition', 'chat.example.com')
  await write(standard)
  // By the rules of change: a pool with servers of its own does not become Standard Edition.
  const change = await topology(['publish', file, '--based-on', '3'])
  expect(change).toMatchObject({ code: 1, err: expect.stringMatching(/error TR\d+[\s\S]*Standard Edition/) })
  const advised = first.replace(/\n {4}users:[\s\S]*?(?=\n {4}\w|$)/, '')
  await write(advised)
  const published = await json(['publish', file, '--based-on', '3'])
  expect(published.changed).toBe(true)
  const verdict = JSON.parse((await topology(['validate', file, '--json'])).out)
  expect(published.advice).toHaveLength(verdict.findings.length)
})

test('[CM22] --what-if says what would be done and makes nothing', async () => {
  await write(first)
  expect(await json(['publish', file, '--what-if'])).toMatchObject({ whatIf: true, version: 1, changed: true })
  expect(await json(['history'])).toEqual({ publications: [], adoptions: [] })
  for (const verb of [['export'], ['show'], ['rollback', '1'], ['adopt', '--confirm'], ['diff', '--published', file]])
    expect(await topology(verb), verb.join(' ')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Nothing was published'),
    })
  await topology(['publish', file])
  await edit(withName('x'))
  const planned = await topology(['publish', file, '--what-if'])
  expect(planned.out).toMatch(/Main rooms[\s\S]*It would be version 2\.\n$/)
  expect((await topology(['rollback', '1', '--what-if'])).out).toContain(
    'Version 1 is that document. Nothing would change.',
  )
  expect((await topology(['adopt', '--what-if'])).out).toContain('Servers follow this store at version 1')
  expect(await json(['history'])).toMatchObject({ publications: [{ version: 1 }], adoptions: [] })
})

test('[CM3] the store is made by prepare alone: in a database without one every verb says so, and makes nothing', async () => {
  const empty = await openEmptyDatabase()
  try {
    const { host, user, database } = empty.address
    const cms = ['--cms', `postgres://${user}@${encodeURIComponent(host)}/${database}`]
    await write(first)
    for (const verb of [
      ['publish', file],
      ['publish', file, '--what-if'],
      ['history'],
      ['export'],
      ['adopt', '--confirm'],
    ])
      expect(await topology([...verb, ...cms]), verb.join(' ')).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringMatching(/no Central Management Store in this database.*pchat topology prepare/),
      })
    expect(await isCentral(empty.db)).toBe(false)
  } finally {
    await empty.drop()
  }
})

test('[CM3] prepare prints addresses for publisher and reader, and nothing of how the administrator signs in', async () => {
  const { host, user, database } = central.address
  const suffix = database.slice(5)
  const names = [`own_${suffix}`, `pub_${suffix}`, `read_${suffix}`]
  const admin = `postgres://nobody@${encodeURIComponent(host)}/postgres?user=${user}&password=sesame&sslmode=disable`
  const where = ['--admin-url', admin, '--database', `cms_${suffix}`]
  const roles = ['--owner', '--publisher', '--reader'].flatMap((option, i) => [option, names[i]!])
  try {
    const ran = await topology(['prepare', ...where, ...roles])
    expect([ran.code, ran.err]).toEqual([0, ''])
    const place = `${encodeURIComponent(host)}/cms_${suffix}?sslmode=disable`
    expect(ran.out).toContain(`Publish with --cms postgres://${names[1]}@${place}\n`)
    expect(ran.out).toContain(`Servers read it as postgres://${names[2]}@${place}\n`)
  } finally {
    await central.db.query(`DROP DATABASE IF EXISTS cms_${suffix} WITH (FORCE)`)
    for (const name of [names[1], names[2], names[0]]) await central.db.query(`DROP ROLE IF EXISTS ${name}`)
  }
})

test('[CM23] a store is adopted once that is confirmed, and the history says by whom', async () => {
  await write(first)
  await topology(['publish', file])
  expect(await topology(['adopt'])).toMatchObject({ code: 2, err: expect.stringContaining('add --confirm') })
  expect(await topology(['adopt'], { answer: 'n' })).toMatchObject({
    code: 1,
    err: expect.stringContaining('Nothing was changed'),
  })
  expect((await topology(['adopt', '--note', 'a\nb', '--confirm'])).code).toBe(1)
  expect((await json(['history'])).adoptions).toEqual([])
  expect((await topology(['adopt', '--note', 'the disk broke'], { answer: 'y' })).out).toBe('Adopted at version 1.\n')
  expect((await topology(['history'])).out).toMatch(/adopted, at version 1 +the disk broke\n1 /)
})

test('[CM24] what was typed wrong is 2, what is refused 1, a store that does not answer 4; each says what to do', async () => {
  await write(first)
  const at = (cms: string) => ['--cms', cms]
  const cases: [number, RegExp, string[]][] = [
    [2, /no address such as/, ['history', ...at('nonsense')]],
    [2, /cannot be read \(ENOENT\)/, ['publish', join(folder, 'none.yaml')]],
    [2, /whole number/, ['rollback', 'first']],
    [2, /two documents/, ['diff', file]],
    [2, /two documents/, ['diff', '--published', file, file]],
    [2, /--version is about what is published/, ['show', file, '--version', '1']],
    [2, /--cms is about what is published/, ['show', file, ...at(env.PCHAT_CMS!)]],
    [2, /--cms is about what is published/, ['diff', file, file, ...at(env.PCHAT_CMS!)]],
    [2, /--cms and --data-dir name two stores/, ['history', '--data-dir', folder, ...at(env.PCHAT_CMS!)]],
    [2, /whole number from 1/, ['history', '--limit', '0']],
    [
      1,
      /refuses the sign-in.*Mend the role in --cms .*PCHAT_CMS_SECRET/,
      ['history', ...at(env.PCHAT_CMS!.replace('//pchat@', '//nobody@'))],
    ],
    [4, /did not answer.*Try again/, ['history', ...at('postgres://pchat@127.0.0.1:1/x')]],
    [4, /did not answer/, ['publish', file, ...at('postgres://pchat@127.0.0.1:1/x')]],
    [1, /does not exist.*pchat topology prepare/, ['publish', file, ...at(`${env.PCHAT_CMS}_none`)]],
    [1, /does not exist/, ['history', ...at(`${env.PCHAT_CMS}_none`)]],
    [2, /No server with its own database runs/, ['history', '--data-dir', folder]],
  ]
  for (const [code, words, args] of cases) {
    const ran = await topology(args)
    expect([ran.code, ran.out], args.join(' ')).toEqual([code, ''])
    expect(ran.err).toMatch(words)
  }
  await writeFile(file, Buffer.from([0x61, 0xff]))
  expect(await topology(['publish', file])).toMatchObject({ code: 2, err: expect.stringContaining('UTF-8') })
  expect((await topology(['publish', '-'], { stdin: first })).code).toBe(0)
  await adoptCentral(central.db, 'x', '')
  expect((await topology(['export', '--version', '7'])).err).toContain('There is no version 7; the newest one is 1.')
})

test('[CM52] who may only read is told whom to sign in as, and how; the password stands where PCHAT_CMS_SECRET says', async () => {
  const role = `reads_${central.address.database.slice(5)}`
  await central.db.query(
    `CREATE ROLE ${role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}; REVOKE CREATE ON SCHEMA public FROM PUBLIC`,
  )
  try {
    await write(first)
    const as = ['--cms', env.PCHAT_CMS!.replace('//pchat@', `//${role}@`)]
    const ran = await topology(['publish', file, ...as])
    expect([ran.code, ran.err]).toEqual([
      1,
      expect.stringMatching(/permission denied.*publisher.* --cms \(PCHAT_CMS\).*PCHAT_CMS_SECRET/),
    ])
    const gone = join(folder, 'publisher.secret')
    const secret = { PCHAT_CMS_SECRET: `file:${gone}` }
    const without = await topology(['publish', file], { env: secret })
    expect([without.code, without.err]).toEqual([
      2,
      expect.stringContaining(`${gone}, which a password is to stand in`),
    ])
    await writeFile(gone, 'sesame\n')
    expect((await topology(['publish', file], { env: secret })).code).toBe(0)
    const known = await topology(['history', '--cms', env.PCHAT_CMS!.replace('//pchat@', '//pchat:known@')], {
      env: secret,
    })
    expect([known.code, known.err]).toEqual([2, expect.stringContaining('PCHAT_CMS_SECRET')])
    expect(known.err).not.toMatch(/known|sesame/)
  } finally {
    await central.db.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  }
})

test('[CM24] --version is that of the topology also in the whole program', async () => {
  await write(first)
  await topology(['publish', file])
  const ran = await runVerb(['topology', 'export', '--version', '1'], env)
  expect([ran.code, ran.out]).toEqual([0, expect.stringContaining(`\n${first}`)])
  for (const args of [['--version'], ['start', '--version'], ['topology', 'publish', '--version']])
    expect(await runVerb(args), args.join(' ')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+/) })
  expect((await topology(['rollback', '--help'])).out).toMatch(/based on; default: what is\s+published/)
}, 60_000)
