import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'

// A program that is started, not a part of this one.
const generator = join(import.meta.dirname, '..', '..', 'bench', 'load', 'main.ts')

/** `pchat load`: the load generator is a program of its own, which has the options and their help. */
export function addLoad(program: Command, file = generator): void {
  program
    .command('load')
    .description('measure what this machine can serve: starts a pool and thousands of users, and reports')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (_options: unknown, command: Command) => {
      if (!existsSync(file))
        command.error(
          `error: The load generator is not installed beside this program (${file} is missing). Run pchat load from a whole copy of the repository.`,
        )
      process.exitCode = await run(file, command.args)
    })
}

const signals = ['SIGINT', 'SIGTERM'] as const

/** Its exit code. Signals are passed on: it ends what it started. The terminal's Ctrl-C may reach it twice. */
async function run(file: string, args: string[]): Promise<number> {
  const child = spawn(process.execPath, [file, ...args], { stdio: 'inherit' })
  const passOn = (signal: NodeJS.Signals) => void child.kill(signal)
  for (const signal of signals) process.on(signal, passOn)
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  for (const each of signals) process.off(each, passOn)
  return code ?? 128 + (signal ? constants.signals[signal] : 0)
}
