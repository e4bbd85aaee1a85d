import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pair } from '../authority.ts'
import { asNobodySpecial } from './account.ts'
import type { Machine } from './machine.ts'

export type DatabaseServer = {
  machine: Machine
  /** As its administrator, on the machine itself. */
  sql(database: string, statement: string): Promise<string>
  logTail(): Promise<string>
}

export type DatabaseOptions = { bin: string; network: string; password: string; tls: Pair; alone: boolean }

const home = '/var/lib/postgresql'
const data = `${home}/data`

const settings = {
  unix_socket_directories: `'${home}'`,
  max_connections: 200,
  shared_buffers: '64MB',
  dynamic_shared_memory_type: 'mmap',
  ssl: 'on',
  ssl_cert_file: `'${home}/server.pem'`,
  ssl_key_file: `'${home}/server.key'`,
  log_timezone: 'UTC',
  timezone: 'UTC',
  lc_messages: 'C',
}

/** PostgreSQL on a machine of its own: over the network with a password and encrypted, or not at all. */
export async function startPostgres(machine: Machine, options: DatabaseOptions): Promise<DatabaseServer> {
  const { bin, network, password, tls, alone } = options
  const as = asNobodySpecial(alone)
  await appendFile(machine.path('/etc/passwd'), `database:x:5432:5432::${home}:/usr/sbin/nologin\n`)
  await appendFile(machine.path('/etc/group'), 'database:x:5432:\n')
  await mkdir(machine.path(home), { recursive: true })
  const files = { 'server.pem': tls.cert, 'server.key': tls.key, 'first.secret': `${password}\n` }
  for (const [name, text] of Object.entries(files))
    await writeFile(machine.path(join(home, name)), text, { mode: 0o600 })
  if (!alone) await machine.must(['chown', '-R', '5432:5432', home])
  const init = ['--auth-local=trust', '--auth-host=scram-sha-256', `--pwfile=${home}/first.secret`, '--no-sync']
  await machine.must([
    ...as,
    join(bin, 'initdb'),
    '-D',
    data,
    '-U',
    'postgres',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
    ...init,
  ])
  const lines = Object.entries({ ...settings, listen_addresses: `'${machine.address}'` })
  await append(machine, 'postgresql.conf', lines.map(([name, value]) => `${name} = ${value}`).join('\n'))
  await writeFile(
    machine.path(`${data}/pg_hba.conf`),
    `local all all trust\nhostssl all all ${network} scram-sha-256\n`,
  )
  await machine.must([...as, join(bin, 'pg_ctl'), '-D', data, '-l', `${home}/log`, '-w', '-t', '60', 'start'])
  return {
    machine,
    sql: (database, statement) =>
      machine.must([
        join(bin, 'psql'),
        '-h',
        home,
        '-U',
        'postgres',
        '-d',
        database,
        '-v',
        'ON_ERROR_STOP=1',
        '-qAtc',
        statement,
      ]),
    logTail: async () => (await readFile(machine.path(`${home}/log`), 'utf8').catch(() => '')).slice(-2_000),
  }
}

async function append(machine: Machine, name: string, text: string): Promise<void> {
  const file = machine.path(`${data}/${name}`)
  await writeFile(file, `${await readFile(file, 'utf8')}\n${text}\n`)
}
