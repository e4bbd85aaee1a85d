import { spawn } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isAlive, isRunning, killAll, readState, type State, writeState } from './systemctl-state.ts'
import { supervise } from './systemctl-supervise.ts'
import { readUnit, type Unit } from './unit-file.ts'

/**
 * What a machine without systemd is tried with: it stands in PATH as `systemctl` (see installSystemctl), reads the same unit files and
 * runs their services, each under a process that watches it. A "machine" is two folders: SYSTEMCTL_UNITS, where its units are
 * (default /etc/systemd/system), and SYSTEMCTL_STATE, where it remembers what runs, what is loaded, and what services wrote (log/<unit>).
 *
 * As systemd does: a unit that changed counts after daemon-reload; %d holds credentials for as long as the service runs; User=
 * where root asks; a service is started again by Restart= and RestartSec=; stop tells the main process, then kills what is left.
 * Not: sandboxing, cgroups, drop-ins, order between units.
 *
 * `systemctl poweroff --force --force` is a power cut: all of the machine is killed at once. `systemctl start multi-user.target`
 * is what a boot does: all that is enabled starts.
 */
export function installSystemctl(folder: string): string {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'systemctl')
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${fileURLToPath(import.meta.url)}' "$@"\n`)
  chmodSync(file, 0o755)
  return file
}

const boot = 'multi-user.target'
type Machine = { units: string; state: string }

const runFile = ({ state }: Machine, unit: string) => join(state, 'run', `${unit}.json`)
const loadedFile = ({ state }: Machine, unit: string) => join(state, 'loaded', unit)
const stateOf = (machine: Machine, unit: string) => readState(runFile(machine, unit))

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** As it was loaded; it is loaded now where it was not. */
function load(machine: Machine, unit: string): Unit | undefined {
  if (unit === boot) return readUnit('')
  const loaded = textOf(loadedFile(machine, unit))
  const text = loaded ?? textOf(join(machine.units, unit))
  if (text === undefined) return undefined
  if (loaded === undefined) writeFileSync(loadedFile(machine, unit), text)
  return readUnit(text)
}

function needsReload(machine: Machine, unit: string): boolean {
  const loaded = textOf(loadedFile(machine, unit))
  return loaded !== undefined && loaded !== textOf(join(machine.units, unit))
}

function reload(machine: Machine): void {
  for (const unit of readdirSync(join(machine.state, 'loaded'))) {
    const text = textOf(join(machine.units, unit))
    if (text !== undefined) writeFileSync(loadedFile(machine, unit), text)
    else if (!isRunning(stateOf(machine, unit))) rmSync(loadedFile(machine, unit))
  }
}

const wordsIn = (unit: Unit, name: string) => unit.get(name).flatMap(value => value.split(/\s+/).filter(Boolean))
const list = (folder: string) => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function known(machine: Machine): string[] {
  const all = [...list(machine.units), ...list(join(machine.state, 'loaded'))]
  return [...new Set(all.filter(name => /\.(service|target)$/.test(name)))]
}

const wantsFolders = ({ units }: Machine) => list(units).filter(name => name.endsWith('.wants'))

function isEnabled(machine: Machine, unit: string): boolean {
  return wantsFolders(machine).some(folder => list(join(machine.units, folder)).includes(unit))
}

function enable(machine: Machine, unit: string): void {
  const text = textOf(join(machine.units, unit))
  if (text === undefined) throw new Error(`Failed to enable unit: Unit file ${unit} does not exist.`)
  for (const target of wordsIn(readUnit(text), 'WantedBy')) {
    const folder = join(machine.units, `${target}.wants`)
    mkdirSync(folder, { recursive: true })
    if (list(folder).includes(unit)) continue
    symlinkSync(join(machine.units, unit), join(folder, unit))
    console.error(`Created symlink ${join(folder, unit)} → ${join(machine.units, unit)}.`)
  }
}

function disable(machine: Machine, unit: string): void {
  if (!isEnabled(machine, unit) && textOf(join(machine.units, unit)) === undefined)
    throw new Error(`Failed to disable unit: Unit file ${unit} does not exist.`)
  for (const folder of wantsFolders(machine)) {
    if (!list(join(machine.units, folder)).includes(unit)) continue
    rmSync(join(machine.units, folder, unit))
    if (list(join(machine.units, folder)).length === 0) rmdirSync(join(machine.units, folder))
    console.error(`Removed "${join(machine.units, folder, unit)}".`)
  }
}

async function start(machine: Machine, unit: string): Promise<void> {
  if (isRunning(stateOf(machine, unit))) return
  const loaded = load(machine, unit)
  if (!loaded) throw new Error(`Failed to start ${unit}: Unit ${unit} not found.`)
  if (unit.endsWith('.target')) {
    writeState(runFile(machine, unit), { active: 'active', startedAt: Date.now() })
    const wanted = [...wordsIn(loaded, 'Wants'), ...list(join(machine.units, `${unit}.wants`))]
    await Promise.all([...new Set(wanted)].map(one => start(machine, one).catch(error => console.error(error.message))))
    return
  }
  const log = openSync(join(machine.state, 'log', unit), 'a')
  writeState(runFile(machine, unit), { active: 'activating' })
  const watcher = spawn(process.execPath, [fileURLToPath(import.meta.url), '--supervise', unit], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
  })
  watcher.unref()
  for (;;) {
    const { active } = stateOf(machine, unit)
    if (active === 'active') return
    if (active === 'failed' || watcher.exitCode !== null)
      throw new Error(`Job for ${unit} failed because the control process exited with error code.`)
    await pause()
  }
}

const pause = () => new Promise(resolve => setTimeout(resolve, 20))

async function stop(machine: Machine, unit: string): Promise<void> {
  const partners = known(machine).filter(one => wordsIn(load(machine, one)!, 'PartOf').includes(unit))
  await Promise.all(partners.map(one => stop(machine, one)))
  const state = stateOf(machine, unit)
  if (!isRunning(state)) return
  if (unit.endsWith('.target')) return writeState(runFile(machine, unit), { active: 'inactive' })
  if (isAlive(state.watcher)) process.kill(state.watcher!.pid, 'SIGTERM')
  while (isAlive(state.watcher)) await pause()
  const after = stateOf(machine, unit)
  if (isRunning(after)) writeState(runFile(machine, unit), { ...after, active: 'inactive', main: 0 })
}

async function restart(machine: Machine, unit: string): Promise<void> {
  const partners = known(machine).filter(
    one => wordsIn(load(machine, one)!, 'PartOf').includes(unit) && isRunning(stateOf(machine, one)),
  )
  await stop(machine, unit)
  await start(machine, unit)
  for (const one of partners) await start(machine, one)
}

function stamp(at: number | undefined, form: string | undefined): string {
  if (at === undefined) return ''
  if (form === 'unix') return `@${Math.floor(at / 1_000)}`
  const [day = '', time = ''] = new Date(at).toISOString().split('T')
  const name = new Date(at).toUTCString().slice(0, 3)
  const clock = form?.startsWith('us') ? time.replace('Z', '000') : time.slice(0, 8)
  return `${name} ${day} ${clock} UTC`
}

function properties(machine: Machine, unit: string, form: string | undefined): Record<string, string> {
  const state = stateOf(machine, unit)
  const there = textOf(join(machine.units, unit)) !== undefined
  const running = isRunning(state)
  return {
    Id: unit,
    LoadState: there ? 'loaded' : 'not-found',
    ActiveState: state.active === 'failed' ? 'failed' : running ? state.active : 'inactive',
    SubState: running
      ? unit.endsWith('.target')
        ? 'active'
        : 'running'
      : state.active === 'failed'
        ? 'failed'
        : 'dead',
    UnitFileState: there ? (isEnabled(machine, unit) ? 'enabled' : 'disabled') : '',
    FragmentPath: there ? join(machine.units, unit) : '',
    NeedDaemonReload: needsReload(machine, unit) ? 'yes' : 'no',
    MainPID: String(running ? (state.main ?? 0) : 0),
    ExecMainStartTimestamp: unit.endsWith('.target') ? '' : stamp(state.startedAt, form),
    ActiveEnterTimestamp: stamp(state.startedAt, form),
    ExecMainStatus: String(state.code ?? 0),
    NRestarts: String(state.restarts ?? 0),
    Result: state.result ?? 'success',
  }
}

function powerCut(machine: Machine): void {
  const states = known(machine).map((unit): [string, State] => [unit, stateOf(machine, unit)])
  for (const [, { watcher }] of states) if (isAlive(watcher)) process.kill(watcher!.pid, 'SIGKILL')
  for (const [, { invocation }] of states) if (invocation !== undefined) killAll(invocation)
  for (const folder of ['run', 'loaded', 'credentials'])
    rmSync(join(machine.state, folder), { recursive: true, force: true })
}

async function main(): Promise<number> {
  const env = process.env
  const machine = { units: env.SYSTEMCTL_UNITS ?? '/etc/systemd/system', state: env.SYSTEMCTL_STATE ?? '' }
  if (machine.state === '') throw new Error('SYSTEMCTL_STATE names no folder.')
  for (const folder of ['run', 'loaded', 'log', 'credentials'])
    mkdirSync(join(machine.state, folder), { recursive: true })
  if (process.argv[2] === '--supervise') {
    const unit = process.argv[3]!
    await supervise(load(machine, unit)!, {
      file: runFile(machine, unit),
      credentials: join(machine.state, 'credentials', unit),
    })
    return 0
  }
  const words = process.argv
    .slice(2)
    .join('\0')
    .replaceAll(/(^|\0)-p\0/g, '$1--property=')
    .replaceAll(/(^|\0)-s\0/g, '$1--signal=')
    .split('\0')
  const options = words.filter(word => word.startsWith('-'))
  const [verb = '', ...rest] = words.filter(word => !word.startsWith('-'))
  const option = (name: string) => options.find(one => one.startsWith(`--${name}=`))?.slice(name.length + 3)
  const unitsNamed = rest.map(name => (/\.(service|target)$/.test(name) ? name : `${name}.service`))
  if (options.includes('--version')) {
    console.log('systemd 252 (test runner)')
    return 0
  }
  const each = async (work: (unit: string) => unknown) => {
    for (const unit of unitsNamed) await work(unit)
    return 0
  }
  const tell = (asked: (unit: string) => string, good: string[], bad: number) => {
    const said = unitsNamed.map(asked)
    if (!options.includes('--quiet') && !options.includes('-q')) for (const one of said) console.log(one)
    return said.some(one => good.includes(one)) ? 0 : bad
  }
  const now = options.includes('--now')
  switch (verb) {
    case 'daemon-reload':
      reload(machine)
      return 0
    case 'enable':
      await each(unit => enable(machine, unit))
      return now ? each(unit => start(machine, unit)) : 0
    case 'disable':
      await each(unit => disable(machine, unit))
      return now ? each(unit => stop(machine, unit)) : 0
    case 'start':
      return each(unit => start(machine, unit))
    case 'stop':
      return each(unit => stop(machine, unit))
    case 'restart':
      return each(unit => restart(machine, unit))
    case 'reset-failed':
      return each(unit => {
        if (stateOf(machine, unit).active === 'failed') writeState(runFile(machine, unit), { active: 'inactive' })
      })
    case 'is-active':
      return tell(unit => properties(machine, unit, undefined).ActiveState!, ['active'], 3)
    case 'is-enabled':
      return tell(unit => properties(machine, unit, undefined).UnitFileState || 'not-found', ['enabled'], 1)
    case 'is-system-running':
      console.log('running')
      return 0
    case 'kill': {
      const signal = (option('signal') ?? 'SIGTERM').replace(/^(SIG)?/, 'SIG') as NodeJS.Signals
      return each(unit => {
        const { main: pid } = stateOf(machine, unit)
        if (pid) process.kill(pid, signal)
      })
    }
    case 'poweroff':
      if (options.filter(one => one === '--force' || one === '-f').length > 1) powerCut(machine)
      else for (const unit of known(machine)) await stop(machine, unit)
      return 0
    case 'show': {
      const wanted = (option('property') ?? '').split(',').filter(Boolean)
      for (const [i, unit] of unitsNamed.entries()) {
        const all = properties(machine, unit, option('timestamp'))
        if (i > 0) console.log('')
        for (const [name, value] of Object.entries(all))
          if (wanted.length === 0 || wanted.includes(name))
            console.log(options.includes('--value') ? value : `${name}=${value}`)
      }
      return 0
    }
    default:
      throw new Error(`Unknown command verb ${verb}.`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().then(
    code => {
      process.exitCode = code
    },
    error => {
      console.error((error as Error).message)
      process.exitCode = 1
    },
  )
}
