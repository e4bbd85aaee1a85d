#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { addBootstrap } from './bootstrap.ts'
import { addCompliance } from './compliance.ts'
import { addDemo } from './demo.ts'
import { addDirectory } from './directory.ts'
import { addDoctor } from './doctor.ts'
import { addFile } from './file.ts'
import { addLoad } from './load.ts'
import { dropEmptyVariables } from './options.ts'
import { addPool } from './pool.ts'
import { answerVersion, programVersion } from './program.ts'
import { addSecondFactor } from './second-factor.ts'
import { addShell } from './shell/shell.ts'
import { addSignInCommands } from './sign-in.ts'
import { addStart } from './start.ts'
import { addTest } from './test-message.ts'
import { addTopology } from './topology.ts'

// Warnings for who writes programs, such as the driver's at each password that it finds in ~/.pgpass.
process.noDeprecation = true

const program = new Command('pchat')
  .description('Persistent group chat that an organisation runs itself')
  .version(programVersion)
  .showHelpAfterError('Run the command with --help to see all options and examples.')
  // Else `--version 7` of a verb would be our own --version.
  .enablePositionalOptions()
  .exitOverride()

addStart(program)
addDemo(program)
addPool(program)
addDirectory(program)
addSecondFactor(program)
addLoad(program)
addSignInCommands(program)
addFile(program)
addCompliance(program)
addTest(program)
addDoctor(program)
addTopology(program)
addBootstrap(program)
// The last one: its help and completion know what was added before.
addShell(program)
// Only then: completion and help would list it everywhere.
if (process.argv.some(word => /^(--version|-V)$/.test(word))) answerVersion(program)

dropEmptyVariables(process.env)
try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  // Commander has said what was wrong. Wrong use is 2, so that scripts tell it from a server that could not start.
  process.exitCode = error.exitCode === 0 ? 0 : 2
}
