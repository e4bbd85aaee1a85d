import { execFile } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { arch, availableParallelism, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { descriptorLimit } from '../base/descriptors.ts'
import type { Needs } from '../topology/needs.ts'
import { openFiles } from '../topology/unit.ts'
import { bytes, type Check, fault, look, ok, type Seen, warning } from './doctor-check.ts'

const run = promisify(execFile)
const area = 'machine'

/** Operating system, processor, memory, Node.js, open files, rights and updates of this machine. */
export function checkThisMachine(needs: Needs): Promise<Check[]> {
  const see = (check: string, wanted: string, work: () => Promise<Seen>, withinMs?: number) =>
    look(area, check, wanted, 'See the message.', work, withinMs)
  return Promise.all([
    see('operating system', systemWanted, async () =>
      seeSystem(await readFile('/etc/os-release', 'utf8').catch(() => undefined), process.platform, release()),
    ),
    see('systemd', systemdWanted, seeSystemd),
    see('processor', '', async () => seeProcessor(arch(), availableParallelism(), needs)),
    see('memory', '', async () => seeMemory(memoryOfMachine(), needs)),
    see('Node.js', nodeWanted, async () => seeNode(process.versions.node)),
    see('open files', '', async () =>
      seeOpenFiles(await readFile('/proc/sys/fs/nr_open', 'utf8').catch(() => ''), descriptorLimit()),
    ),
    see('rights', '', async () => seeRights(process.getuid?.())),
    see('updates', updatesWanted, seeUpdates, 30_000),
  ])
}

const systemWanted = 'Debian 12 or later'

/** `text`: /etc/os-release. */
export function seeSystem(text: string | undefined, platform: string, kernel: string): Seen {
  const mend = 'Take a machine with Debian 12 or later.'
  if (platform !== 'linux') return fault(platform, systemWanted, mend)
  const said = Object.fromEntries(
    [...(text ?? '').matchAll(/^(\w+)="?([^"\n]*)"?$/gm)].map(([, name, value]) => [name, value]),
  ) as Record<string, string>
  const found = `${said.PRETTY_NAME ?? 'a Linux that does not say which'}, kernel ${kernel}`
  // Testing has no number, and is later than any that has.
  const version = Number(said.VERSION_ID ?? Number.POSITIVE_INFINITY)
  if (said.ID === 'debian') return version >= 12 ? ok(found, systemWanted) : fault(found, systemWanted, mend)
  return warning(
    found,
    systemWanted,
    'Nobody has tried this one. Take Debian 12 or later, or try before people use it.',
  )
}

const systemdWanted = 'systemd 252 or later, which runs the machine'

async function seeSystemd(): Promise<Seen> {
  const said = await run('systemctl', ['--version']).catch(() => undefined)
  const version = Number(/^systemd (\d+)/.exec(said?.stdout ?? '')?.[1] ?? 0)
  const runs = await stat('/run/systemd/system').then(
    () => true,
    () => false,
  )
  const found = version === 0 ? 'none' : `systemd ${version}${runs ? '' : ', which does not run the machine'}`
  if (version >= 252 && runs) return ok(found, systemdWanted)
  return warning(
    found,
    systemdWanted,
    'Start the servers by other means (pchat topology plan says how), or take a machine with it.',
  )
}

export function seeProcessor(architecture: string, cores: number, needs: Needs): Seen {
  const found = `${architecture}, ${cores} cores`
  const wanted = `x64 or arm64, ${needs.cores} cores`
  if (!/^(x64|arm64)$/.test(architecture)) {
    const mend = 'Take a machine with one of these processors.'
    return needs.embedded ? fault(found, wanted, mend) : warning(found, wanted, mend)
  }
  if (cores >= needs.cores) return ok(found, wanted)
  return warning(found, wanted, 'Give the machine more cores, or the pool fewer workers.')
}

function memoryOfMachine(): number {
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

export function seeMemory(found: number, { memoryBytes, devices }: Needs): Seen {
  const wanted = `${bytes(memoryBytes)}${devices > 0 ? ` for ${devices.toLocaleString('en')} devices` : ''}`
  const mend = 'Give the machine more memory, or spread its users over more servers.'
  if (found < memoryBytes / 2) return fault(bytes(found), wanted, mend)
  // What the firmware and the kernel keep for themselves is not missed.
  return found < memoryBytes * 0.9 ? warning(bytes(found), wanted, mend) : ok(bytes(found), wanted)
}

const nodeWanted = '24 or later'

export function seeNode(version: string): Seen {
  return Number.parseInt(version, 10) >= 24
    ? ok(version, nodeWanted)
    : fault(version, nodeWanted, 'Run npm ci with its optional packages, which bring one.')
}

/** `kernel`: the most that any limit can allow. */
export function seeOpenFiles(kernel: string, session: number | undefined): Seen {
  const most = Number(kernel.trim() || 0)
  const wanted = `${openFiles} for a process, as its unit sets it`
  const found = `the kernel allows ${most || 'an unknown number'}; this session has ${session ?? 'no limit'}`
  if (most === 0) return warning(found, wanted, 'Mount /proc, which says how many there may be.')
  return most < openFiles
    ? fault(found, wanted, `sysctl -w fs.nr_open=${16 * openFiles}, and the same in /etc/sysctl.d.`)
    : ok(found, wanted)
}

export function seeRights(uid: number | undefined): Seen {
  if (uid === 0) return ok('root', 'root')
  return warning(
    `user ${uid ?? 'unknown'}: could not make account and folders, nor write and start units; may not see the keys of others`,
    'root',
    'Run it as root (sudo -i).',
  )
}

const updatesWanted = 'none pending, by lists of the last 7 days'
const lists = '/var/lib/apt/lists'

/** Of what apt knows without asking anybody. */
async function seeUpdates(): Promise<Seen> {
  const at = await listsWrittenAt()
  // In memory alone: as root it would write its caches.
  const still = ['-o', 'Debug::NoLocking=1', '-o', 'Dir::Cache::pkgcache=', '-o', 'Dir::Cache::srcpkgcache=']
  const env = { ...process.env, LC_ALL: 'C' }
  const options = { env, timeout: 25_000, maxBuffer: 16 * 1024 ** 2 }
  const said = await run('apt-get', ['-s', '-qq', ...still, 'dist-upgrade'], options).catch(() => undefined)
  const needsRestart = await stat('/run/reboot-required').then(
    () => true,
    () => false,
  )
  return judgeUpdates(said?.stdout, at === undefined ? undefined : (Date.now() - at) / 86_400_000, needsRestart)
}

async function listsWrittenAt(): Promise<number | undefined> {
  const names = await readdir(lists).catch(() => [])
  const files = names.filter(name => /_(InRelease|Release|Packages)/.test(name))
  const times = await Promise.all(
    files.map(name =>
      stat(join(lists, name)).then(
        one => one.mtimeMs,
        () => 0,
      ),
    ),
  )
  return times.length > 0 ? Math.max(...times) : undefined
}

/** `text`: what `apt-get -s dist-upgrade` said; `days`: age of its lists. */
export function judgeUpdates(text: string | undefined, days: number | undefined, needsRestart: boolean): Seen {
  if (text === undefined)
    return warning(
      'apt-get does not say',
      updatesWanted,
      'Look by the means of this system, and install what is pending.',
    )
  if (days === undefined)
    return warning('there are no lists of packages', updatesWanted, 'apt-get update, then look again.')
  const pending = text.split('\n').filter(line => /^Inst \S+ \[/.test(line))
  const security = pending.filter(line => /-security/i.test(line))
  const age = `lists of ${days < 1 ? 'today' : `${Math.floor(days)} days ago`}`
  const found = `${pending.length} pending, ${security.length} of them for security; ${age}${needsRestart ? '; a restart is due' : ''}`
  if (pending.length > 0) return warning(found, updatesWanted, 'apt-get update && apt-get dist-upgrade')
  if (needsRestart) return warning(found, updatesWanted, 'Restart the machine, before people use it.')
  return days > 7 ? warning(found, updatesWanted, 'apt-get update, then look again.') : ok(found, updatesWanted)
}
