import type { Command } from 'commander'
import type { BootstrapOptions } from './bootstrap-verbs.ts'
import { type Io, processIo } from './shell/io.ts'

const examples = `
Examples:
  $ pchat bootstrap --check --topology topology.yaml --server chat1.example.com
  $ pchat bootstrap --units --topology topology.yaml --server chat1.example.com --out /etc/systemd/system
  $ pchat bootstrap --what-if --topology topology.yaml --server chat1.example.com --json

--check looks at this machine as the one that it is to become, and changes nothing. Carrying the steps out is still to come: until then
they are shown, and an administrator does them. docs/bootstrap.md explains it.

Exit code: 0 done, or no error found; 1 errors found, or refused; 2 wrong use.`

/** `pchat bootstrap`: from a topology to a machine that serves. What each part does is loaded only when it is asked for. */
export function addBootstrap(program: Command, io: Io = processIo): void {
  program
    .command('bootstrap')
    .description('what a machine needs to become a server of a topology: prerequisites, units, steps')
    .requiredOption('--topology <file>', 'the topology document, or - for standard input')
    .option('--server <fqdn>', 'the machine; not needed where there is one')
    .option('--check', 'look whether this machine has what it needs; changes nothing')
    .option('--units', 'print the units of systemd, or write them with --out')
    .option('--what-if', 'show the steps, and how each is seen to be done already')
    .option('--out <folder>', 'with --units: folder that they are written into, such as /etc/systemd/system')
    .option(
      '--install-dir <folder>',
      'with --units: where the program stands on the machine; default: where it stands here',
    )
    .option('--json', 'print JSON, for programs')
    .addHelpText('after', examples)
    .action(async (options: BootstrapOptions) => (await import('./bootstrap-verbs.ts')).bootstrap(options, io))
}
