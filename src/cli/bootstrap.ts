import { type Command, InvalidArgumentError } from 'commander'
import type { BootstrapOptions } from './bootstrap-verbs.ts'
import { type Io, processIo } from './shell/io.ts'

const examples = `
Examples:
  $ pchat bootstrap --check --topology topology.yaml --server chat1.example.com
  $ pchat bootstrap --what-if --topology topology.yaml --server chat1.example.com
  $ pchat bootstrap --topology topology.yaml --server chat1.example.com
  $ pchat bootstrap --topology topology.yaml --server chat1.example.com --admin-url postgres://pchat_setup@db1.example.com/postgres --make-secrets
  $ pchat bootstrap --cms 'postgres://pchat_reader@db1.example.com/pchat_central?sslmode=verify-full'
  $ pchat bootstrap --units --topology topology.yaml --server chat1.example.com --out units
  $ pchat bootstrap --remove --what-if

Without --check, --units, --what-if or --remove the steps are carried out, as root: prerequisites first, of which an error stops it
while nothing was changed; then each step that is not done already. Run again, it changes nothing; killed, it is run again.
Passwords of the two databases are read from ~/.pgpass of root. docs/bootstrap.md explains it.

Exit code: 0 done, or no error found; 1 errors found, failed or refused; 2 wrong use; 3 something is left for the administrator of a
database; 4 the Central Management Store did not answer.`

/** `pchat bootstrap`: from a topology to a machine that serves. What each part does is loaded only when it is asked for. */
export function addBootstrap(program: Command, io: Io = processIo): void {
  program
    .command('bootstrap')
    .description('make this machine a server of a topology: prerequisites, steps, units; or undo it')
    .option('--topology <file>', 'the topology document, or - for standard input')
    .option(
      '--cms <url>',
      'the Central Management Store that the topology is published in (PCHAT_CMS; password: PCHAT_CMS_SECRET)',
    )
    .option('--server <fqdn>', 'the machine; not needed where there is one')
    .option('--check', 'look whether this machine has what it needs; changes nothing')
    .option('--units', 'print the units of systemd, or write them with --out')
    .option('--what-if', 'show the steps, and how each is seen to be done already; with --remove: what would go')
    .option('--remove', 'undo it: stop and remove what was made here; data, secrets and databases stay')
    .option(
      '--admin-url <url>',
      'of an administrator of a database, who makes roles and databases; may be given again; never kept (PCHAT_ADMIN_URL)',
      (url: string, before: string[] = []) => [...before, url],
    )
    .option('--make-secrets', 'make the password of a database role where its file is missing')
    .option('--authority <folder>', 'where the internal authority keeps its key; default: /etc/pchat/authority')
    .option('--ca-file <file>', 'certificate of whoever signed the one that was brought, PEM, to ask the server by')
    .option('--uid <number>', 'number of the account, the same on all machines that mount a file store', readUid)
    .option('--out <folder>', 'with --units: folder that they are written into, such as /etc/systemd/system')
    .option('--install-dir <folder>', 'where the program stands on the machine; default: where it stands here')
    .option('--json', 'print JSON, for programs')
    .addHelpText('after', examples)
    .action(async (options: BootstrapOptions) => (await import('./bootstrap-verbs.ts')).bootstrap(options, io))
}

function readUid(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Give a number from 1 on, such as 990.')
  return Number(text)
}
