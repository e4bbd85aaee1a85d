import { Command, CommanderError } from 'commander'
import type { Io } from '../src/cli/shell/io.ts'
import { addTopology } from '../src/cli/topology.ts'

/** `pchat topology` in this process. */
export async function topology(args: string[], stdin = '') {
  const said = { code: 0, out: '', err: '' }
  const io: Io = {
    env: {},
    out: text => {
      said.out += text
    },
    err: text => {
      said.err += text
    },
    isAsked: false,
    showsProgress: false,
    ask: async () => '',
    read: async () => stdin,
    exit: code => {
      said.code = code
    },
  }
  const program = new Command('pchat').exitOverride().configureOutput({ writeOut: io.out, writeErr: io.err })
  addTopology(program, io)
  try {
    await program.parseAsync(['node', 'pchat', 'topology', ...args])
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    said.code = error.exitCode === 0 ? 0 : 2
  }
  const json = args.includes('--json') && said.out !== '' ? JSON.parse(said.out) : undefined
  return { ...said, json }
}
