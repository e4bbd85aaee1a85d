import { Command, CommanderError } from 'commander'
import type { Io } from '../src/cli/shell/io.ts'
import { addShell } from '../src/cli/shell/shell.ts'
import type { Site } from './harness.ts'

export type Said = { code: number; out: string; err: string /** What --json printed. */; json: Json }
// biome-ignore lint/suspicious/noExplicitAny: what a program reads of --json, whatever it is
type Json = any

export type ShellOptions = {
  env?: NodeJS.ProcessEnv
  stdin?: string /** What somebody at the terminal answers. */
  answers?: string
}

/** The shell as the program has it, in this process: what it printed, and its exit code. */
export async function shell(args: string[], { env = {}, stdin = '', answers }: ShellOptions = {}): Promise<Said> {
  const said = { code: 0, out: '', err: '' }
  const io: Io = {
    env,
    out: text => {
      said.out += text
    },
    err: text => {
      said.err += text
    },
    isAsked: answers !== undefined,
    showsProgress: false,
    ask: async question => {
      said.err += question
      return answers ?? ''
    },
    read: async () => stdin,
    exit: code => {
      said.code = code
    },
  }
  const program = new Command('pchat')
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showHelpAfterError('Run the command with --help to see all options and examples.')
  addShell(program, io)
  try {
    await program.parseAsync(['node', 'pchat', ...args])
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    said.code = error.exitCode === 0 ? 0 : 2
  }
  const json = args.includes('--json') && said.out !== '' ? JSON.parse(said.out) : undefined
  return { ...said, json }
}

export type SiteShell = {
  /** As the administrator of the site, over HTTP. */
  (...args: string[]): Promise<Said>
  with(options: ShellOptions, ...args: string[]): Promise<Said>
  /** The answer of --json; throws where it was not done. */
  json(...args: string[]): Promise<Json>
  /** As the operator of the machine, on the store. */
  machine(...args: string[]): Promise<Said>
}

export function shellOf(site: Site, token = site.admin.token): SiteShell {
  const env = { PCHAT_TOKEN: token, PCHAT_URL: site.url, XDG_CONFIG_HOME: '/nonexistent' }
  const ask = (...args: string[]) => shell(args, { env })
  const { host, user, database } = site.database.address
  const url = `postgres://${user}@${encodeURIComponent(host)}/${database}`
  return Object.assign(ask, {
    with: (options: ShellOptions, ...args: string[]) => shell(args, { ...options, env: { ...env, ...options.env } }),
    machine: (...args: string[]) =>
      shell([...args, '--database-url', url], { env: { XDG_CONFIG_HOME: '/nonexistent' } }),
    async json(...args: string[]) {
      const said = await ask(...args, '--json')
      if (said.code !== 0) throw new Error(`pchat ${args.join(' ')}: ${said.code} ${said.err}`)
      return said.json
    },
  })
}
