import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import type { ServerPlan } from '../topology/plan.ts'
import type { Program } from '../topology/unit.ts'
import type { Owner } from './whole-file.ts'

/** How a step stands: looked at, and nothing changed. Left out is what cannot be done yet, and is not this machine's to do. */
export type Standing = { done: boolean; found: string; isLeft?: boolean }

/** How one step of the plan is carried out. Both throw with a sentence where somebody has to do something first. */
export type Doing = {
  /** Of the step that steps.ts names so. */
  id: string
  look(): Promise<Standing>
  /** May be killed anywhere, and is then begun again. */
  act(): Promise<void>
  /** There is no state to be in: it is tried each time. */
  isTrial?: boolean
}

/** What an administrator has to do before the rest can be done: sentences and statements. */
export class Waits extends Error {
  readonly lines: string[]
  constructor(message: string, lines: string[]) {
    super(message)
    this.lines = lines
  }
}

/** The machine, as far as programs of it are asked. */
export type Machine = {
  /** What it printed; throws with what it said where it fails. */
  run(program: string, args: string[]): Promise<string>
}

export type Site = {
  plan: ServerPlan
  machine: Machine
  program: Program
  /** Variables that the services get: of the file of the environment alone. */
  env: NodeJS.ProcessEnv
  /** Of administrators of databases; never kept. */
  adminUrls: string[]
  makeSecrets: boolean
  /** Of the account, where somebody wants a certain one. */
  uid?: number | undefined
  /** Folder of the internal authority. */
  authority: string
  /** Certificate of whoever signed those that were brought, PEM. */
  caFile?: string | undefined
}

/**
 * `lock`: the descriptor that says that a bootstrapper works here. Programs have it, too: one that is left over when this process is
 * killed ends before the next one begins.
 */
export function openMachine(lock: number | 'ignore' = 'ignore'): Machine {
  return {
    async run(program, args) {
      const child = spawn(program, args, {
        env: { ...process.env, LC_ALL: 'C', SYSTEMD_PAGER: '' },
        stdio: ['ignore', 'pipe', 'pipe', lock],
      })
      const ended = new Promise<number | null>((resolve, reject) => {
        child.once('error', error => reject(new Error(`${program} cannot be started: ${error.message}. Install it.`)))
        child.once('close', resolve)
      })
      const [out, said, code] = await Promise.all([text(child.stdout!), text(child.stderr!), ended])
      if (code === 0) return out
      throw Object.assign(new Error(`${[program, ...args].join(' ')}: ${said.trim() || `exit code ${code}`}`), { code })
    },
  }
}

/** The entry of a name in a table of the system (getent); undefined where there is none. */
export async function entryOf(
  machine: Machine,
  table: 'passwd' | 'group',
  name: string,
): Promise<string[] | undefined> {
  try {
    return (await machine.run('getent', [table, name])).trim().split(':')
  } catch (error) {
    if ((error as { code?: unknown }).code === 2) return undefined
    throw error
  }
}

/** By number, as files have it. */
export async function ownerOf(machine: Machine, account: string): Promise<Owner> {
  const entry = await entryOf(machine, 'passwd', account)
  if (!entry) throw new Error(`There is no account ${account}. Run the step before this one.`)
  return { uid: Number(entry[2]), gid: Number(entry[3]) }
}
