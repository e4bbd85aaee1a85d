#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addDemo } from './demo.ts'
import { dropEmptyVariables } from './options.ts'
import { addStart } from './start.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const program = new Command('pchat')
  .description('Persistent group chat that an organisation runs itself')
  .version(version)
  .showHelpAfterError('Run the command with --help to see all options and examples.')
  .exitOverride()

addStart(program)
addDemo(program)

dropEmptyVariables(process.env)
try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  // Commander has said what was wrong. Wrong use is 2, so that scripts tell it from a server that could not start.
  process.exitCode = error.exitCode === 0 ? 0 : 2
}
