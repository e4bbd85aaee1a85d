import { appendFile, cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Machine } from '../site/machine.ts'
import { readTools } from '../tools.ts'

/**
 * What a page has machines fetch from elsewhere. Packages are there already; apt-get and npm only say what they were asked for. scp
 * copies into the folders of the other machine.
 */
export async function putStandIns(machine: Machine, machines: string): Promise<void> {
  // What runuser and sessions read.
  for (const one of ['pam.d', 'security', 'login.defs'])
    await cp(join('/etc', one), machine.path(join('/etc', one)), { recursive: true }).catch(() => {})
  await command(machine, 'apt-get', 'case "$*" in update|"install --yes "*) ;; *) exit 100 ;; esac')
  await command(
    machine,
    'npm',
    'case "$*" in "install --global npm@10") ;; ci) test -f package-lock.json ;; *) exit 1 ;; esac',
  )
  await command(machine, 'journalctl', 'cat /run/systemctl/log/*')
  const places = `for word; do case "$word" in -r) set -- "$@" -r ;; root@*:*) place=\${word#root@}; to=\${place#*:}
  case "$to" in /*) ;; *) to=/root/$to ;; esac; set -- "$@" "${machines}/\${place%%:*}/root$to" ;; *) set -- "$@" "$word" ;; esac; shift; done`
  await command(machine, 'scp', `${places}\nexec cp "$@"`)
}

async function command(machine: Machine, name: string, lines: string): Promise<void> {
  await writeFile(machine.path(join('/opt/bin', name)), `#!/bin/sh\n${lines}\n`, { mode: 0o755 })
}

/** As the package of Debian leaves it: a cluster that its own machine reaches, and a unit. */
export async function installPostgres(machine: Machine): Promise<void> {
  const { postgres15Bin } = await readTools()
  await account(machine, 'postgres', 5432, '/var/lib/postgresql')
  const [data, settings] = ['/var/lib/postgresql/15/main', '/etc/postgresql/15/main']
  for (const folder of [data, settings, '/run/postgresql', '/var/backups'])
    await mkdir(machine.path(folder), { recursive: true })
  await machine.must(['chown', '-R', 'postgres:postgres', '/var/lib/postgresql', '/run/postgresql'])
  const as = ['setpriv', '--reuid=5432', '--regid=5432', '--clear-groups', '--']
  const init = [
    '-U',
    'postgres',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
    '--auth-local=peer',
    '--auth-host=scram-sha-256',
    '--no-sync',
  ]
  await machine.must([...as, join(postgres15Bin, 'initdb'), '-D', data, ...init])
  for (const name of ['postgresql.conf', 'pg_hba.conf', 'pg_ident.conf'])
    await machine.must(['mv', `${data}/${name}`, settings])
  await mkdir(machine.path(`${settings}/conf.d`))
  await appendFile(
    machine.path(`${settings}/postgresql.conf`),
    [
      `data_directory = '${data}'`,
      `hba_file = '${settings}/pg_hba.conf'`,
      `ident_file = '${settings}/pg_ident.conf'`,
      "unix_socket_directories = '/run/postgresql'",
      'dynamic_shared_memory_type = mmap',
      "shared_buffers = '32MB'",
      "include_dir = 'conf.d'",
      '',
    ].join('\n'),
  )
  await machine.must(['chown', '-R', 'postgres:postgres', '/etc/postgresql'])
  const start = `${join(postgres15Bin, 'postgres')} -D ${data} -c config_file=${settings}/postgresql.conf`
  await unit(machine, 'postgresql', start, 'postgres')
  // Debian's unit has started when the server answers.
  const answers = 'for n in $(seq 100); do pg_isready -q && break; sleep 0.1; done'
  await command(machine, 'psql', `${answers}\nexec /usr/bin/psql "$@"`)
}

export async function installNats(machine: Machine): Promise<void> {
  const { natsServer } = await readTools()
  await account(machine, 'nats', 5433, '/nonexistent')
  await writeFile(machine.path('/etc/nats-server.conf'), 'listen: 127.0.0.1:4222\n')
  await unit(machine, 'nats-server', `${natsServer} -c /etc/nats-server.conf`, 'nats')
}

async function account(machine: Machine, name: string, id: number, home: string): Promise<void> {
  await machine.run(['userdel', name])
  await machine.run(['groupdel', name])
  await machine.must(['groupadd', '--system', '--gid', `${id}`, name])
  await machine.must(['useradd', '--system', '--uid', `${id}`, '--gid', name, '--home-dir', home, name])
}

async function unit(machine: Machine, name: string, start: string, user: string): Promise<void> {
  const text = `[Service]\nExecStart=${start}\nUser=${user}\nGroup=${user}\nTimeoutStopSec=10\n\n[Install]\nWantedBy=multi-user.target\n`
  await writeFile(machine.path(`/etc/systemd/system/${name}.service`), text)
  await machine.must(['systemctl', 'start', name])
}
