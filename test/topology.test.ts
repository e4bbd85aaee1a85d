import { spawn } from 'node:child_process'
import { open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { optionLines } from '../src/topology/option-list.ts'
import { makeFolder } from './folder.ts'
import { root } from './source.ts'
import { topology } from './topology-command.ts'
import { exampleOf, textOf, type Written } from './topology-document.ts'

let folder: string
beforeAll(async () => {
  folder = await makeFolder('pchat-topology')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function kept(name: string, change: (document: Written) => void = () => {}): Promise<string> {
  const document = exampleOf('enterprise-edition')
  change(document)
  const file = join(folder, name)
  await writeFile(file, textOf(document))
  return file
}

test('[TR72] new writes what validate finds sound, of each edition and under each name', async () => {
  for (const args of [
    [],
    ['standard-edition'],
    ['enterprise-edition'],
    ['standard-edition', '--fqdn', 'a.example.org'],
    ['enterprise-edition', '--fqdn', 'rooms.example.org'],
    ...['fe', 'fe1', 'chat1', 'db1', 'nats2'].map(name => ['enterprise-edition', '--fqdn', `${name}.example.org`]),
    ...['null', 'true', 'no'].map(name => ['enterprise-edition', '--fqdn', name]),
    ...['null', 'true', 'no'].map(name => ['standard-edition', '--fqdn', name]),
  ]) {
    const written = await topology(['new', ...args])
    expect(written).toMatchObject({ code: 0, err: '' })
    expect(await topology(['validate', '-'], written.out)).toEqual({
      code: 0,
      out: 'It is sound. Nothing to remark.\n',
      err: '',
      json: undefined,
    })
    const { json } = await topology(['new', ...args, '--json'])
    expect((await topology(['validate', '-', '--json'], JSON.stringify(json))).json).toEqual({
      file: '-',
      sound: true,
      faults: [],
      findings: [],
    })
  }
  expect((await topology(['new', 'enterprise-edition', '--fqdn', 'rooms.example.org'])).out).toContain(
    'host: db1.example.org',
  )
})

test('[TR72] validate: 0 with advice, 1 with errors or faults, and the same for programs', async () => {
  const advised = await kept('advised.yaml', document => document.persistentChatPools[0].store.hosts.pop())
  expect(await topology(['validate', advised])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/:\d+:\d+: advice TR35: .*\nIt is sound\. 0 errors, 1 advice\.\n$/),
  })
  const wrong = await kept('wrong.yaml', document => {
    delete document.persistentChatPools[0].nats
    document.sites = []
  })
  const found = await topology(['validate', wrong, '--json'])
  expect(found).toMatchObject({ code: 1, err: '' })
  expect(found.json).toMatchObject({ file: wrong, sound: false, faults: [] })
  expect(found.json.findings.map(({ rule }: { rule: string }) => rule)).toEqual(['TR9', 'TR9', 'TR44'])
  expect(found.json.findings[2]).toEqual({
    rule: 'TR44',
    level: 'error',
    path: '/persistentChatPools/0',
    reason: expect.any(String),
    mend: expect.any(String),
    message: expect.any(String),
    line: expect.any(Number),
    column: 5,
  })
  const faulty = await topology(['validate', '-', '--json'], 'version: 1\nsites: 7\n')
  expect(faulty.code).toBe(1)
  expect(faulty.json).toMatchObject({ sound: false, faults: [{ line: 2, column: 1, path: '/sites' }], findings: [] })
})

test('[TR72] show, diff and plan for people and programs, with their exit codes', async () => {
  const before = await kept('before.yaml')
  const after = await kept('after.yaml', document => {
    document.persistentChatPools[0].port = 8443
  })
  const shown = await topology(['show', before, '--json'])
  expect(shown.json).toMatchObject({ sound: true, topology: { version: 1 } })
  expect(shown.json.servers).toHaveLength(5)
  expect((await topology(['show', before])).out).toMatch(
    /\nOnce chat\.example\.com runs:\n {2}pchat pool active-servers set chat1\.\S+ chat2\.\S+\n {2}pchat compliance enable\n$/,
  )
  expect(await topology(['diff', before, before])).toMatchObject({ code: 0, out: 'Nothing differs.\n' })
  const differs = await topology(['diff', before, after, '--json'])
  expect(differs).toMatchObject({
    code: 3,
    json: { sound: true, findings: [], differences: [{ effect: 'restart', before: 443, after: 8443 }] },
  })
  expect((await topology(['diff', '-', before], '{"version": 1}')).code).toBe(3)
  const standard = (await topology(['new', 'standard-edition', '--fqdn', 'chat.example.com'])).out
  expect(await topology(['diff', before, '-'], standard)).toMatchObject({
    code: 1,
    out: expect.stringContaining('error TR57'),
  })
  const planned = await topology(['plan', after, '--server', 'chat2.example.com', '--json'])
  expect(planned.json.server).toMatchObject({
    fqdn: 'chat2.example.com',
    processes: [{ arguments: expect.arrayContaining(['--port', '8443']) }],
  })
  expect(planned.out).not.toMatch(/pchat:[^/]*@/)
  const schema = await topology(['schema'])
  expect(JSON.parse(schema.out)).toEqual((await topology(['schema', '--json'])).json)
})

test('[TR72] what cannot be done is told in a sentence on stderr: 1 failed, 2 wrong use', async () => {
  const file = await kept('some.yaml')
  const unsound = await kept('unsound.yaml', document => document.sites.push({ name: 'main' }))
  const cases: [args: string[], code: number, said: RegExp][] = [
    [['validate', join(folder, 'none.yaml')], 1, /none\.yaml cannot be read \(ENOENT\)\. \(failed\)/],
    [['validate', folder], 1, /cannot be read \(EISDIR\)/],
    [['show', '-'], 1, /It cannot be read: -:1:1: error: the document: version is missing/],
    [
      ['plan', unsound, '--server', 'chat1.example.com'],
      1,
      /Nothing is planned: \S+:\d+:\d+: error TR1: sites\[1\]\.name: Two sites/,
    ],
    [['plan', file], 2, /Name the machine with --server: fe1\.example\.com, fe2/],
    [['plan', file, '--server', 'nobody'], 2, /There is no nobody in it\. Its machines are fe1/],
    [['diff', '-', '-'], 2, /Only one of the two/],
    [['new', 'premium'], 2, /Give one of standard-edition, enterprise-edition/],
    [['new', '--fqdn', 'Chat'], 2, /Give a name in small letters/],
    [['validate'], 2, /missing required argument 'file'/],
    [['paint'], 2, /unknown command 'paint'/],
  ]
  for (const [args, code, said] of cases) {
    const { err, ...rest } = await topology(args)
    expect(err, args.join(' ')).toMatch(said)
    expect(rest, args.join(' ')).toMatchObject({ code, out: '' })
  }
  const json = await topology(['plan', file, '--json'])
  expect(JSON.parse(json.err)).toMatchObject({ error: { code: 'wrong_use' } })
  await writeFile(join(folder, 'large.yaml'), '#'.repeat(1_000_001))
  expect(await topology(['validate', join(folder, 'large.yaml')])).toMatchObject({
    code: 1,
    out: expect.stringContaining('more than 1,000,000 bytes'),
  })
})

test('[TR77] a file without end is read no further than a document may go, nor is standard input', async () => {
  expect(await topology(['validate', '/dev/zero'])).toMatchObject({
    code: 1,
    out: expect.stringContaining('more than 1,000,000 bytes'),
  })
  const zeros = await open('/dev/zero')
  const program = spawn(process.execPath, [join(root, 'src/cli/main.ts'), 'topology', 'validate', '-'], {
    stdio: [zeros.fd, 'pipe', 'inherit'],
  })
  expect(await text(program.stdout!)).toContain('more than 1,000,000 bytes')
  await zeros.close()
}, 30_000)

test('[TR77] lists end, findings are cut and counted, and nothing is planned of what is not sound', async () => {
  const many = (count: number, of: (i: number) => object) => Array.from({ length: count }, (_, i) => of(i))
  const document = (pools: number, servers: number) => ({
    version: 1,
    enterprisePools: [{ fqdn: 'fe.example.com', servers: many(servers, i => ({ fqdn: `fe${i}.example.com` })) }],
    persistentChatPools: many(pools, i => ({
      ...{ fqdn: `p${i}.example.com`, name: `p${i}`, nextHop: 'fe.example.com', webPort: 1_000 + i },
      servers: many(servers, j => ({ fqdn: `chat${i}-${j}.example.com` })),
    })),
  })
  const started = performance.now()
  const most = JSON.stringify(document(250, 16))
  const { json } = await topology(['validate', '-', '--json'], most)
  expect(json.findings).toHaveLength(300)
  expect(json.more).toBeGreaterThan(1_000)
  expect((await topology(['validate', '-'], most)).out).toMatch(/\nThere are [\d,]+ more\.\n\d+ errors/)
  const shown = await topology(['show', '-', '--json'], most)
  expect(shown.json).toMatchObject({ sound: false, servers: [] })
  expect((await topology(['show', '-'], most)).out).not.toMatch(/^SERVER /m)
  expect((await topology(['diff', '-', await kept('one.yaml')], most)).code).toBe(3)
  expect(performance.now() - started).toBeLessThan(20_000)
  for (const [pools, servers] of [
    [251, 1],
    [1, 17],
  ] as const)
    expect((await topology(['validate', '-'], JSON.stringify(document(pools, servers)))).out).toMatch(/Give at most/)
}, 30_000)

test('[TR73] commands to the terminal and turned directions in a document are shown harmless', async () => {
  const evil = 'x\u001b[2J\u202egnp'
  const faulty = await topology(
    ['validate', '-'],
    JSON.stringify({ version: 1, [evil]: evil, sites: [{ name: evil }] }),
  )
  const named = await kept('named.yaml', document => {
    document.persistentChatPools[0].displayName = 'x\u202egnp'
  })
  const shown = await topology(['show', named])
  const differs = await topology(['diff', named, await kept('plain.yaml')])
  for (const { out } of [shown, differs]) expect(out).toContain('\ufffd')
  for (const { out } of [faulty, shown, differs]) {
    for (const char of ['\u001b', '\u202e']) expect(out).not.toContain(char)
  }
})

test('[TR64] --help has every option of the document, from the schema', async () => {
  const { out, code } = await topology(['--help'])
  expect(code).toBe(0)
  for (const { name, sentence } of optionLines()) {
    expect(out).toContain(`  ${name} `)
    expect(out).toContain(sentence)
  }
})

test('[TR78] new takes only names that its own document is sound with', async () => {
  for (const name of ['10.0.0.5', 'chat.5', '0x7f', '1', 'chat.0x1'])
    for (const edition of ['standard-edition', 'enterprise-edition'])
      expect(await topology(['new', edition, '--fqdn', name]), name).toMatchObject({
        code: 2,
        out: '',
        err: expect.stringMatching(/ends in a number[\s\S]*Give the name in DNS, such as chat\.example\.com/),
      })
  for (const name of ['5.example.com', 'fe.example.com', 'fe1.example.com', 'db1', '1a'])
    for (const edition of ['standard-edition', 'enterprise-edition']) {
      const { out } = await topology(['new', edition, '--fqdn', name])
      expect((await topology(['validate', '-'], out)).out, name).toBe('It is sound. Nothing to remark.\n')
    }
})
