import { Command, CommanderError } from 'commander'
import { expect, test } from 'vitest'
import {
  adapterBaseOf,
  centralOf,
  dropEmptyVariables,
  readAdministrator,
  type StartOptions,
  withStartOptions,
} from './options.ts'
import { withSecrets } from './secret-reference.ts'
import { findFault } from './start-fault.ts'

function parse(...args: string[]): StartOptions {
  const command = withStartOptions(new Command('start'))
    .exitOverride()
    .configureOutput({ writeErr() {} })
  return command.parse(args, { from: 'user' }).opts<StartOptions>()
}

test('[ST8] every option has a default or is left out', () => {
  expect(parse()).toEqual({
    role: 'all',
    port: 8080,
    host: 'localhost',
    dataDir: './data',
    pool: 'pchat',
    workers: 1,
    logLevel: 'info',
  })
})

test.each([
  [['--role', 'some'], /--role <role>.*Allowed choices are all, front-end, persistent-chat, compliance/],
  [['--port', 'abc'], /--port <number>.*whole number from 0 to 65535/],
  [['--port', '65536'], /--port <number>.*whole number/],
  [['--port', '1e3'], /--port <number>.*whole number/],
  [['--database-url', 'mysql://db/chat'], /--database-url <url>.*postgres:\/\//],
  [['--database-url', 'postgres://db1:5432,:5433/chat'], /--database-url <url>.*several hosts with commas/],
  [['--nats-url', 'http://nats'], /--nats-url <url>.*nats:\/\//],
  [['--pool', 'a pool'], /--pool <name>.*letters, digits/],
  [['--server', '.a'], /--server <name>.*letters, digits/],
  [['--url', 'chat.example.com'], /--url <url>.*https:\/\//],
  [['--workers', '0'], /--workers <number>.*1 to 64/],
  [['--backup-database-url', 'db'], /--backup-database-url <url>.*postgres:\/\//],
  [['--domain', 'no domain'], /--domain <name>.*example\.com/],
  [['--log-level', 'loud'], /--log-level <level>.*debug, info, warn, error, silent/],
  [['--data-dir'], /--data-dir <folder>.*missing/],
  [['--compliance-output', 'books'], /--compliance-output <folder>.*whole path/],
  [['--compliance-output', '/srv/../etc'], /--compliance-output <folder>.*whole path/],
  [['--compliance-output', '/'], /--compliance-output <folder>.*whole path/],
  [['--health-port', '70000'], /--health-port <number>.*whole number/],
  [['--nonsense'], /unknown option '--nonsense'/],
] as const)('[ST8] %j is refused with the option and the mend', (args, message) => {
  expect(() => parse(...args)).toThrow(message)
  expect(() => parse(...args)).toThrow(CommanderError)
})

test('[ST8] the environment gives options too, the command line wins, empty and switched-off variables do not count', () => {
  const before = { ...process.env }
  try {
    Object.assign(process.env, {
      PCHAT_PORT: '9000',
      PCHAT_HOST: '',
      PCHAT_TLS_SELF_SIGNED: 'false',
      PCHAT_DOMAIN: 'Example.COM',
    })
    dropEmptyVariables(process.env)
    expect(parse()).toMatchObject({ port: 9000, host: 'localhost', domain: 'example.com' })
    expect(parse()).not.toHaveProperty('tlsSelfSigned')
    expect(parse('--port', '9001').port).toBe(9001)
    process.env.PCHAT_PORT = 'x'
    expect(() => parse()).toThrow(/from env 'PCHAT_PORT' is invalid/)
  } finally {
    process.env = before
  }
})

test.each([
  ['files.example.net', /nothing behind its host/],
  ['https://files.example.net/x', /nothing behind its host/],
  ['https://a:b@files.example.net', /nothing behind its host/],
  ['https://files.example.net?x', /nothing behind its host/],
] as const)('[FI64] --download-url %s is refused with the mend', (url, message) => {
  expect(() => parse('--download-url', url)).toThrow(message)
})

test('[FI64] the host for downloads is another one than people sign in at, and encrypted where that is', () => {
  const { downloadUrl } = parse('--download-url', 'https://Files.example.net:443/')
  expect(downloadUrl).toBe('https://files.example.net')
  const at = (url: string | undefined, more = {}) =>
    findFault({ ...parse(), downloadUrl: downloadUrl!, ...(url ? { url } : {}), ...more })
  expect(at('https://chat.example.com')).toBeUndefined()
  expect(at(undefined)).toBeUndefined()
  expect(at('https://files.example.net:8443')).toMatch(/a name of its own/)
  expect(at(undefined, { host: 'files.example.net', tlsSelfSigned: true })).toMatch(/a name of its own/)
  expect(at('https://chat.example.com', { downloadUrl: 'http://files.example.net' })).toMatch(/begins with https/)
  expect(at(undefined, { tlsSelfSigned: true, downloadUrl: 'http://files.example.net' })).toMatch(/begins with https/)
  expect(at(undefined, { host: '::1', downloadUrl: 'http://[::1]:9000' })).toMatch(/a name of its own/)
})

test.each(['0.0.0.0', '::', '192.168.1.5', 'chat.example.com', '127.evil.example'])(
  '[ST9] --host %s without a certificate is refused',
  host => {
    expect(findFault({ ...parse(), host })).toMatch(/--tls-cert <file> and --tls-key <file>, or --tls-self-signed/)
    expect(findFault({ ...parse(), host, tlsSelfSigned: true })).toBeUndefined()
    expect(findFault({ ...parse(), host, tlsCert: 'c', tlsKey: 'k' })).toBeUndefined()
  },
)

test.each(['localhost', '127.0.0.1', '127.1.2.3', '::1'])('[ST9] --host %s needs no certificate', host => {
  expect(findFault({ ...parse(), host })).toBeUndefined()
})

test('[CP94] with the embedded database adapters have a folder of their own; with another one only where it is named', () => {
  expect(adapterBaseOf(parse('--data-dir', '/srv/pchat'))).toBe('/srv/pchat/compliance')
  expect(adapterBaseOf(parse('--database-url', 'postgres://db/pchat'))).toBeUndefined()
  expect(adapterBaseOf(parse('--database-url', 'postgres://db/pchat', '--compliance-output', '/srv/books/'))).toBe(
    '/srv/books',
  )
})

test('[ST8] options that need or exclude each other', () => {
  const pooled = { ...parse(), databaseUrl: 'postgres://db/pchat', tlsSelfSigned: true }
  expect(findFault({ ...pooled, host: '0.0.0.0' })).toMatch(/Add --url <url>/)
  expect(findFault({ ...pooled, host: '0.0.0.0', url: 'https://chat1.example.com' })).toBeUndefined()
  expect(findFault({ ...parse(), natsUrl: 'nats://nats' })).toMatch(/Add --database-url/)
  expect(findFault({ ...parse(), backupDatabaseUrl: 'postgres://db/pchat' })).toMatch(/Add --database-url/)
  const passkeys = { passkeyDomain: 'example.com', host: '127.0.0.1' }
  const at = (pagesUrl: string) => findFault({ ...parse(), ...passkeys, pagesUrl })
  expect(at('https://chat.example.net')).toMatch(/--pages-url is not in example.com/)
  expect([at('https://chat.example.com'), at('https://example.com')]).toEqual([undefined, undefined])
  expect(findFault({ ...parse(), tlsCert: 'c' })).toMatch(/Add --tls-key/)
  expect(findFault({ ...parse(), tlsKey: 'k' })).toMatch(/Add --tls-cert/)
  expect(findFault({ ...parse(), tlsCert: 'c', tlsKey: 'k', tlsSelfSigned: true })).toMatch(/exclude each other/)
  expect(readAdministrator({ PCHAT_ADMIN_USER: 'a' })).toEqual({
    fault: expect.stringContaining('PCHAT_ADMIN_PASSWORD'),
  })
  expect(readAdministrator({ PCHAT_ADMIN_PASSWORD: 'a' })).toEqual({
    fault: expect.stringContaining('PCHAT_ADMIN_USER'),
  })
  expect(readAdministrator({})).toBeUndefined()
})

test('[FR5] a role alone needs what the parts of a pool share', () => {
  const pool = { ...parse(), databaseUrl: 'postgres://db/pchat', natsUrl: 'nats://nats' }
  const frontEnd = { ...pool, role: 'front-end', fileStore: '/mnt/files' } as const
  for (const role of ['front-end', 'persistent-chat'] as const) {
    expect(findFault(parse('--role', role))).toMatch(/^--role .* Add --database-url/)
    expect(findFault({ ...parse('--role', role), databaseUrl: pool.databaseUrl })).toMatch(/^--role .* Add --nats-url/)
  }
  expect(findFault(frontEnd)).toBeUndefined()
  expect(findFault({ ...pool, role: 'persistent-chat' })).toBeUndefined()
  expect(findFault({ ...pool, role: 'persistent-chat', complianceDatabaseUrl: 'postgres://db9/a' })).toBeUndefined()
  expect(findFault({ ...frontEnd, complianceDatabaseUrl: 'postgres://db9/a' })).toMatch(/has no compliance service/)
  expect(findFault({ ...pool, role: 'front-end' })).toMatch(/Add --file-store/)
})

test('[TB13] the console publishes to the store that is named, else to the one that is followed, else beside the embedded one', () => {
  const embedded = { host: '/tmp', user: 'pchat', database: 'pchat' }
  const own = { connectionString: 'postgres://db1/pchat' }
  const options = (more: Partial<StartOptions>) => more as StartOptions
  const url = (name: string) => `postgres://${name}@db1/pchat_central`
  expect(centralOf(options({ cms: url('publisher'), topology: url('reader') }), own)).toEqual({
    connectionString: url('publisher'),
  })
  expect(centralOf(options({ topology: url('reader') }), own)).toEqual({ connectionString: url('reader') })
  expect(centralOf(options({}), embedded)).toEqual({ ...embedded, database: 'pchat_central' })
  expect(centralOf(options({}), own)).toBeUndefined()
})

test('[CM51] the password of --topology stands where PCHAT_TOPOLOGY_SECRET says, and is put in before all others', async () => {
  const options = { topology: 'postgres://pchat_reader@db1/pchat_central', natsUrl: 'nats://bus' } as StartOptions
  const env = { PCHAT_TOPOLOGY_SECRET: 'env:WORD', WORD: 'p@ss', PCHAT_NATS_SECRET: 'env:NOWHERE' }
  const filled = await withSecrets(options, env, ['topology'])
  expect(filled).toEqual({ ...options, topology: 'postgres://pchat_reader:p%40ss@db1/pchat_central' })
  // Not a second time, into an address that has it.
  expect(await withSecrets(filled, { ...env, NOWHERE: 'token' })).toMatchObject({ topology: filled.topology })
  await expect(withSecrets({} as StartOptions, env, ['topology'])).rejects.toThrow('PCHAT_TOPOLOGY_SECRET')
  await expect(withSecrets(filled, env, ['topology'])).rejects.toThrow(/PCHAT_TOPOLOGY_SECRET .* no password/)
})

test('[TB13] the password of --cms stands where PCHAT_CMS_SECRET says', async () => {
  const options = { cms: 'postgres://pchat_publisher@db1/pchat_central' } as StartOptions
  const env = { PCHAT_CMS_SECRET: 'env:WORD', WORD: 'p@ss' }
  expect((await withSecrets(options, env)).cms).toBe('postgres://pchat_publisher:p%40ss@db1/pchat_central')
  await expect(withSecrets({} as StartOptions, env)).rejects.toThrow('PCHAT_CMS_SECRET')
})
