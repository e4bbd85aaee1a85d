import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { chmod, cp, lstat, mkdir, readdir, readFile, readlink, realpath, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export type Said = { code: number; out: string; err: string }
export type RunOptions = { env?: NodeJS.ProcessEnv; input?: string; timeoutMs?: number }

/** One machine: its own network, processes, names and files; only programs and what is mounted on several are shared. */
export type Machine = {
  name: string
  address: string
  /** Where a path of the machine stands for who is outside of it. */
  path(inside: string): string
  /** As root of the machine. Never rejects for an exit code. */
  run(command: string[], options?: RunOptions): Promise<Said>
  /** The same, and throws with what it said where it failed. Answers its standard output. */
  must(command: string[], options?: RunOptions): Promise<string>
  /** Pulls its plug out of the switch, or puts it back. */
  plug(into: boolean): Promise<void>
  /** Everything on it ends at once, and its network is gone. */
  kill(): Promise<void>
  isUp(): boolean
}

export type MachineOptions = {
  /** Folder of the run. */
  folder: string
  name: string
  address: string
  /** The program of iproute2. */
  ip: string
  /** Folders that several machines mount: place on the machine, and outside. */
  mounts?: Record<string, string>
}

const project = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '')
/** The program and its Node.js, as an administrator would have put them there. */
export const programFolder = '/opt/pchat'
/** Where an administrator of a machine is who signs in there. */
export const home = '/root'
const nodeFolder = '/opt/node'
/** What an administrator types comes from here first: the program, and what stands in for systemd. */
const ownFolder = '/opt/bin'
const path = `${ownFolder}:${nodeFolder}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`
/** What a fresh machine has; the rest is no part of a server. */
const settings = ['passwd', 'group', 'shadow', 'gshadow', 'nsswitch.conf', 'ld.so.conf', 'ld.so.cache', 'ld.so.conf.d']
const more = [
  'alternatives',
  'adduser.conf',
  'debian_version',
  'os-release',
  'ssl',
  'localtime',
  'login.defs',
  'subuid',
  'subgid',
]

/** Starts a machine on the switch of this network namespace. */
export async function openMachine({
  folder,
  name,
  address,
  ip: program,
  mounts = {},
}: MachineOptions): Promise<Machine> {
  const place = join(folder, 'machines', name)
  const root = join(place, 'root')
  await makeFiles(root, name)
  const script = join(place, 'boot.sh')
  await writeFile(script, await bootScript(root, mounts))
  const words = ['--net', '--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child=KILL', 'bash', script]
  const holder = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'pipe'] })
  let up = true
  const ended = new Promise<void>(resolve =>
    holder.once('close', () => {
      up = false
      resolve()
    }),
  )
  await booted(holder, name)
  const first = await childOf(holder.pid!)
  const port = `p${address.split('.').slice(2).join('-')}`
  const enter = ['--target', String(first), '--mount', '--net', '--pid', '--uts', '--ipc', '--root', `--wdns=${home}`]

  const run: Machine['run'] = async (command, options = {}) =>
    say('nsenter', [...enter, '--', ...command], {
      ...options,
      env: { PATH: path, HOME: home, LANG: 'C.UTF-8', ...options.env },
    })
  const must: Machine['must'] = async (command, options) => {
    const said = await run(command, options)
    if (said.code === 0) return said.out
    throw new Error(`${name}: ${command.join(' ')} ended with ${said.code}: ${tail(said.err)} ${tail(said.out)}`)
  }
  await ip(program, `link add ${port} type veth peer name eth0 netns ${first}`, `link set ${port} master switch up`)
  await must([program, '-batch', '-'], {
    input: `link set lo up\naddress add ${address}/24 dev eth0\nlink set eth0 up\n`,
  })
  return {
    ...{ name, address, run, must },
    path: within => join(root, within),
    plug: into => ip(program, `link set ${port} ${into ? 'up' : 'down'}`),
    async kill() {
      process.kill(first, 'SIGKILL')
      await ended
    },
    isUp: () => up,
  }
}

/** The switch that all machines of the run hang on; it leads nowhere else. */
export async function openSwitch(program: string, address: string): Promise<void> {
  await ip(
    program,
    'link set lo up',
    'link add switch type bridge',
    `address add ${address}/24 dev switch`,
    'link set switch up',
  )
}

async function ip(program: string, ...commands: string[]): Promise<void> {
  const { code, err } = await say(program, ['-batch', '-'], { input: `${commands.join('\n')}\n`, env: process.env })
  if (code !== 0) throw new Error(`ip: ${err}`)
}

/** The files of a bare machine. */
async function makeFiles(root: string, name: string): Promise<void> {
  const folders = [
    'etc',
    'var/lib',
    'var/log',
    'var/tmp',
    'var/cache',
    'run/systemd/system',
    'tmp',
    'root',
    'mnt',
    'opt/bin',
  ]
  for (const one of [...folders, 'usr', 'dev', 'proc', 'sys', 'old', 'home'])
    await mkdir(join(root, one), { recursive: true })
  await chmod(join(root, 'tmp'), 0o1777)
  // What is not there, or not to be read by who runs this, is not needed.
  for (const one of [...settings, ...more])
    await cp(join('/etc', one), join(root, 'etc', one), {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
    }).catch(() => {})
  await mkdir(join(root, 'etc/systemd/system'), { recursive: true })
  await writeFile(join(root, 'etc/hostname'), `${name}\n`)
  await writeFile(join(root, 'etc/resolv.conf'), '')
  const node = `${nodeFolder}/bin/node`
  await command(root, 'pchat', `exec ${node} ${programFolder}/src/cli/main.ts "$@"`)
  await command(
    root,
    'systemctl',
    `SYSTEMCTL_STATE=/run/systemctl exec ${node} ${programFolder}/test/systemctl.ts "$@"`,
  )
}

async function command(root: string, name: string, line: string): Promise<void> {
  await writeFile(join(root, ownFolder, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 })
}

/** Puts the machine's root together from its own files and, not to be written, the programs of this one. */
async function bootScript(root: string, mounts: Record<string, string>): Promise<string> {
  const shared: [string, string][] = [['/usr', '/usr']]
  const links: string[] = []
  for (const one of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']) {
    const found = await lstat(`/${one}`).catch(() => undefined)
    if (found?.isSymbolicLink()) links.push(one)
    else if (found) shared.push([`/${one}`, `/${one}`])
  }
  for (const one of links) await symlink(await readlink(`/${one}`), join(root, one))
  shared.push([await realpath(process.execPath), `${nodeFolder}/bin/node`])
  for (const one of await readdir(project))
    if (!one.startsWith('.git')) shared.push([await realpath(join(project, one)), `${programFolder}/${one}`])
  // Programs that bin/setup unpacked know where they stand.
  const cache = await realpath(join(project, '.cache'))
  for (const one of new Set([join(project, '.cache'), cache])) shared.push([cache, one])
  return `set -e
cd '${root}'
mount --bind . .
cd '${root}'
bind() {
  mkdir -p ".$(dirname "$2")"
  if [ -d "$1" ]; then mkdir -p ".$2"; else : > ".$2"; fi
  mount --rbind "$1" ".$2"
}
${shared.map(([from, to]) => `bind '${from}' '${to}'\nmount -o remount,bind,ro '.${to}' 2> /dev/null || :`).join('\n')}
${Object.entries(mounts)
  .map(([to, from]) => `bind '${from}' '${to}'`)
  .join('\n')}
mount --rbind /dev dev
mount --rbind /sys sys
mount -t proc proc proc
hostname "$(cat etc/hostname)"
pivot_root . old
cd /
umount -l old
echo up
exec 1>&2
# Whoever loses its parent comes to this one, which sees to it that it does not stay.
while :; do sleep 3600 & wait $! || :; done
`
}

async function booted(holder: ChildProcessByStdio<null, Readable, Readable>, name: string): Promise<void> {
  let text = ''
  holder.stderr.setEncoding('utf8').on('data', chunk => {
    text += chunk
  })
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once('data', () => resolve())
    holder.once('close', () => reject(new Error(`The machine ${name} did not start: ${text.trim()}`)))
  })
}

async function childOf(pid: number): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
    if (text.trim() !== '') return Number(text.trim().split(' ')[0])
    await sleep(10)
  }
  throw new Error(`Process ${pid} has no child.`)
}

const tail = (text: string) => text.trim().slice(-1_500)

/** Runs a program to its end. */
export function say(file: string, args: string[], { env, input = '', timeoutMs = 180_000 }: RunOptions): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: 'pipe', timeout: timeoutMs, killSignal: 'SIGKILL' })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', chunk => {
      out += chunk
    })
    child.stderr.setEncoding('utf8').on('data', chunk => {
      err += chunk
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code: code ?? (signal === null ? 0 : 124), out, err }))
    quiet(child.stdin).end(input)
  })
}

/** Who does not read what it is given ends all the same. */
function quiet(stream: Writable): Writable {
  return stream.on('error', () => {})
}
