import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A program as it is really started. */
export type Launch = { file: string; args: string[]; uid?: number; gid?: number }

/**
 * Who PostgreSQL runs as. It refuses uid 0, so under root it runs as root without root's powers, in a user namespace of its
 * own where it goes by another number, or else under another uid.
 */
export type Account = {
  kind: 'self' | 'namespace' | 'other'
  /** Owner that its files must have, as seen by this process. */
  uid: number
  gid: number
  launch(program: string, args: string[]): Launch
  /** The same for initdb, which wants an account that /etc/passwd knows. */
  launchNamed(program: string, args: string[]): Launch
}

/** Neither given to anybody by Debian (below 65000 on demand, 61184 to 65519 by systemd for a while) nor by a person. */
const ownUid = 65_530

/** The first account under which the program runs and `folder` can be reached; none where it cannot be without moving things. */
export async function chooseAccount(program: string, folder: string): Promise<Account | undefined> {
  for (const account of await candidates(program, folder)) if (await works(account, program, folder)) return account
  return undefined
}

async function candidates(program: string, folder: string): Promise<Account[]> {
  const known = await knownUids()
  if (process.getuid?.() !== 0) return hasName() ? [self()] : [namespace(known), self()]
  const owners = [(await stat(folder)).uid, (await stat(program)).uid].filter(uid => uid !== 0)
  return [namespace(known), ...owners.map(uid => other(uid, known)), other(ownUid, known)]
}

/** Uids that /etc/passwd knows, those made for servers first. */
async function knownUids(): Promise<number[]> {
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n').map(line => line.split(':'))
  const wanted = ['nobody', 'daemon', 'postgres']
  const people = lines.filter(([, , uid]) => Number(uid) > 0)
  people.sort(([a = ''], [b = '']) => wanted.indexOf(b) - wanted.indexOf(a))
  return [...people.map(([, , uid]) => Number(uid)), 65_534]
}

function hasName(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

function self(): Account {
  const launch = (file: string, args: string[]) => ({ file, args })
  return { kind: 'self', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, launch, launchNamed: launch }
}

function namespace(known: number[]): Account {
  const maps = ['--user', `--map-user=${known[0]}`, `--map-group=${known[0]}`, '--']
  const launch = (program: string, args: string[]) => ({ file: 'unshare', args: [...maps, program, ...args] })
  return { kind: 'namespace', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, launch, launchNamed: launch }
}

function other(uid: number, known: number[]): Account {
  const as = (id: number) => (file: string, args: string[]) => ({ file, args, uid: id, gid: id })
  const named = known.includes(uid) ? uid : (known[0] ?? uid)
  return { kind: 'other', uid, gid: uid, launch: as(uid), launchNamed: as(named) }
}

// In a namespace root has no powers over files of others: the folder must be writable, not only reachable.
async function works(account: Account, program: string, folder: string): Promise<boolean> {
  const need = account.kind === 'other' ? '-x' : '-w'
  const { file, args, ...ids } = account.launch('/bin/sh', ['-c', `"$0" -V && test ${need} "$1"`, program, folder])
  return run(file, args, { ...ids, cwd: '/' }).then(
    () => true,
    () => false,
  )
}
