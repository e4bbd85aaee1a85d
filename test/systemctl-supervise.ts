import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { killAll, nameProcess, type State, writeState } from './systemctl-state.ts'
import { commandOf, credentialsOf, environmentOf, type Unit } from './unit-file.ts'

type Place = {
  /** Where the state is told. */
  file: string
  /** Folder of the credentials. */
  credentials: string
}
type Account = { name: string; uid: number; gid: number; home: string }

/** Runs a service for as long as it is wanted: the process that this is called in is told SIGTERM to end it. */
export async function supervise(unit: Unit, { file, credentials }: Place): Promise<void> {
  const [last = ''] = unit.get('Restart').slice(-1)
  const never = unit.get('RestartPreventExitStatus').flatMap(value => value.split(/\s+/))
  const stopWithin = seconds(unit, 'TimeoutStopSec', 90)
  let child: ChildProcess | undefined
  let wanted = true
  let wake = () => {}
  process.on('SIGTERM', () => {
    wanted = false
    wake()
    child?.kill('SIGTERM')
    setTimeout(() => invocation && killAll(invocation), stopWithin * 1_000).unref()
  })
  let invocation = ''
  const watcher = nameProcess(process.pid)
  const tell = (state: State) => writeState(file, { watcher, ...state })
  for (let restarts = 0; ; restarts += 1) {
    invocation = randomUUID().replaceAll('-', '')
    let state: State = { active: 'activating', invocation, restarts }
    tell(state)
    const ended = await new Promise<number | string>(resolve => {
      try {
        child = begin(unit, credentials, invocation)
      } catch (error) {
        console.error((error as Error).message)
        return resolve(203)
      }
      child.on('spawn', () => {
        state = { ...state, active: 'active', main: child!.pid!, startedAt: Date.now() }
        tell(state)
      })
      child.on('error', error => {
        console.error(error.message)
        resolve(203)
      })
      child.on('exit', (code, signal) => resolve(code ?? signal ?? 0))
    })
    killAll(invocation)
    rmSync(credentials, { recursive: true, force: true })
    const well = ended === 0 || /^SIG(HUP|INT|TERM|PIPE)$/.test(String(ended))
    const code = typeof ended === 'number' ? ended : 0
    const again =
      wanted &&
      !never.includes(String(ended)) &&
      (last === 'always' || (last === 'on-failure' && !well && ended !== 203))
    if (!again)
      return tell({ active: well ? 'inactive' : 'failed', code, restarts, result: well ? 'success' : 'exit-code' })
    tell({ ...state, active: 'activating', main: 0, code })
    await new Promise<void>(resolve => {
      wake = resolve
      setTimeout(resolve, seconds(unit, 'RestartSec', 0.1) * 1_000)
    })
    if (!wanted) return tell({ active: 'inactive', code, restarts })
  }
}

function seconds(unit: Unit, name: string, fallback: number): number {
  const [, count, part] = /^([\d.]+)(ms|s|min)?$/.exec(unit.get(name).at(-1) ?? '') ?? []
  if (count === undefined) return fallback
  return Number(count) * (part === 'ms' ? 0.001 : part === 'min' ? 60 : 1)
}

/** Throws where the account, a credential or the file of the environment is missing. */
function begin(unit: Unit, credentials: string, invocation: string): ChildProcess {
  const [name] = unit.get('User').slice(-1)
  const account = name !== undefined && process.getuid?.() === 0 ? accountOf(name) : undefined
  keepCredentials(unit, credentials, account)
  const [program = '', ...words] = commandOf(unit, credentials)
  const env = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
    ...(account ? { HOME: account.home, USER: account.name, LOGNAME: account.name, SHELL: '/usr/sbin/nologin' } : {}),
    ...environmentOf(unit, credentials),
    ...environmentFiles(unit),
    INVOCATION_ID: invocation,
    CREDENTIALS_DIRECTORY: credentials,
  }
  process.umask(Number.parseInt(unit.get('UMask').at(-1) ?? '0022', 8))
  const options = {
    env,
    cwd: unit.get('WorkingDirectory').at(-1) ?? '/',
    stdio: ['ignore', 'inherit', 'inherit'] as const,
  }
  const powers = unit
    .get('AmbientCapabilities')
    .flatMap(value => value.toLowerCase().replaceAll('cap_', '').split(/\s+/))
  const raised = powers.filter(Boolean).map(one => `+${one}`)
  if (account && raised.length > 0) {
    const ids = [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups']
    const caps = [`--inh-caps=${raised.join(',')}`, `--ambient-caps=${raised.join(',')}`]
    return spawn('setpriv', [...ids, ...caps, '--', program, ...words], { ...options, stdio: [...options.stdio] })
  }
  const ids = account ? { uid: account.uid, gid: account.gid } : {}
  return spawn(program, words, { ...options, ...ids, stdio: [...options.stdio] })
}

function accountOf(name: string): Account {
  const [, , uid, gid, , home] = execFileSync('getent', ['passwd', name], { encoding: 'utf8' }).trim().split(':')
  return { name, uid: Number(uid), gid: Number(gid), home: home! }
}

/** Readable by the account alone, in a folder that nobody else enters. */
function keepCredentials(unit: Unit, folder: string, account: Account | undefined): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { mode: 0o700 })
  for (const { name, file } of credentialsOf(unit)) {
    copyFileSync(file, join(folder, name))
    chmodSync(join(folder, name), 0o400)
    if (account) chownSync(join(folder, name), account.uid, account.gid)
  }
  if (account) chownSync(folder, account.uid, account.gid)
}

function environmentFiles(unit: Unit): Record<string, string> {
  const lines = unit.get('EnvironmentFile').flatMap(value => {
    const optional = value.startsWith('-')
    try {
      return readFileSync(value.replace(/^-/, ''), 'utf8').split('\n')
    } catch (error) {
      if (optional) return []
      throw error
    }
  })
  const pairs = lines.flatMap(line => {
    const [, name, value] = /^\s*(\w+)=(.*)$/.exec(line) ?? []
    return name === undefined ? [] : [[name, value!.trim().replace(/^(["'])(.*)\1$/, '$2')] as const]
  })
  return Object.fromEntries(pairs)
}
