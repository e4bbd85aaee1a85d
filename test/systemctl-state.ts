import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** A process by its number and its beginning: numbers come again. */
type Named = { pid: number; since: string }

/** What systemctl.ts remembers of a unit. */
export type State = {
  active: 'inactive' | 'activating' | 'active' | 'deactivating' | 'failed'
  /** Of a service: who watches it. */
  watcher?: Named
  main?: number
  /** Of the run, in the environment of all its processes. */
  invocation?: string
  startedAt?: number
  code?: number
  restarts?: number
  result?: string
}

export function readState(file: string): State {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as State
  } catch {
    return { active: 'inactive' }
  }
}

export function writeState(file: string, state: State): void {
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(state))
  renameSync(`${file}.${process.pid}`, file)
}

/** A service whose watcher was killed does not run, whatever the file says; a target has none. */
export function isRunning({ active, watcher }: State): boolean {
  return (
    /^(active|activating|deactivating)$/.test(active) &&
    (watcher === undefined ? active === 'active' : isAlive(watcher))
  )
}

export function nameProcess(pid: number): Named {
  return { pid, since: sinceOf(pid) ?? '' }
}

export function isAlive(one: Named | undefined): boolean {
  return one !== undefined && sinceOf(one.pid) === one.since
}

/** When it began, by the kernel's count; undefined: gone, or dead and not yet fetched. */
function sinceOf(pid: number): string | undefined {
  const fields = statOf(String(pid))
  return fields === undefined || fields[0] === 'Z' ? undefined : fields[19]
}

function statOf(pid: string): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .trim()
      .split(' ')
  } catch {
    return undefined
  }
}

/** Kills all processes of a run, with what they started. */
export function killAll(invocation: string): void {
  const all = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  const parents = new Map(all.map(pid => [pid, statOf(pid)?.[1]]))
  const isOurs = (pid: string | undefined): boolean =>
    pid !== undefined && pid !== '1' && (isMarked(pid, invocation) || isOurs(parents.get(pid)))
  for (const pid of all.filter(isOurs)) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has gone meanwhile.
    }
  }
}

function isMarked(pid: string, invocation: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`INVOCATION_ID=${invocation}`)
  } catch {
    return false
  }
}
