import { type Command, InvalidArgumentError } from 'commander'
import type { DirectoryRun } from '../protocol/directory-verbs.ts'
import { roomUriPattern, uuidPattern } from '../protocol/ids.ts'
import type { Result } from '../protocol/request.ts'
import type { DirectoryOptions, DirectoryVerbs } from './directory-host.ts'
import type { OpenSource } from './directory-sources.ts'
import { explainedLines } from './explained.ts'
import { onStore, printTable, withStore } from './store-verb.ts'

const examples = `
Examples:
  $ pchat directory status
  $ pchat directory sync --dry-run --directory-config /etc/pchat/directory.yaml
  $ pchat directory check --source corp
  $ pchat directory explain alice@example.com --room 6f1c6b1e-55b0-4d5a-8a6a-1f3a6b0f8a11

Exit code: 0 done, 1 it could not be done, 2 wrong use, 3 a check found differences.`

const differs = 3
/** A run reads, writes and gives signs of life. */
const connections = 4

/** `pchat directory`: by way of the store, as its servers do; they hear of it within a second. */
export function addDirectory(program: Command, openSource?: OpenSource): void {
  const directory = program
    .command('directory')
    .description('people and groups from elsewhere: read them now, compare, explain')
    .addHelpText('after', examples)
  const verb =
    <T extends object>(
      ask: (verbs: DirectoryVerbs, options: DirectoryOptions) => Promise<T>,
      print: (answer: T) => void,
    ) =>
    (options: DirectoryOptions) =>
      onStore(
        options,
        async db => {
          const { withDirectory } = await import('./directory-host.ts')
          const answer = await withDirectory(db, options, openSource, verbs => ask(verbs, options))
          if (options.json) console.log(JSON.stringify(answer, null, 2))
          else print(answer)
        },
        connections,
      )

  withConfig(directory.command('sync').description('read what changed, or everything, and write it'))
    .option('--source <name>', 'this one only')
    .option('--full', 'everything, not what changed')
    .option('--dry-run', 'only say what would change')
    .option('--force', 'also where it disables many')
    .action(
      verb(
        (verbs, options) => verbs.sync(options),
        ({ runs }) => runs.forEach(printRun),
      ),
    )
  withConfig(directory.command('status').description('when each source was read last, and what it holds here')).action(
    verb(verbs => verbs.status(), printStatus),
  )
  withConfig(directory.command('check').description('compare all of a source with the store; changes nothing'))
    .option('--source <name>', 'this one only')
    .action(
      verb(
        async (verbs, options) => {
          const answer = await verbs.check(options)
          if (!answer.checks.every(check => check.sound)) process.exitCode = differs
          return answer
        },
        ({ checks }) => checks.forEach(printCheck),
      ),
    )
  withConfig(directory.command('resync').description('read one user, group or unit anew'))
    .argument('<principal>', 'its name or id')
    .action((principal: string, options: DirectoryOptions) =>
      verb(
        verbs => verbs.resync(principal),
        ({ run }) => printRun(run),
      )(options),
    )
  withStore(directory.command('explain').description('who somebody is and why he may enter a room, or not'))
    .argument('<principal>', 'name or id')
    .option('--room <id>', 'id or address of the room; pchat user explain takes its name, too', readRoom)
    .option('--site <name>', 'as seen by servers of this site', process.env.PCHAT_SITE)
    .action((user: string, options: DirectoryOptions) =>
      verb(
        verbs => verbs.explain(user, options),
        answer => console.log(explainedLines(answer).join('\n')),
      )(options),
    )
}

function readRoom(typed: string): string {
  const id = roomUriPattern.exec(typed)?.[2] ?? typed
  if (new RegExp(uuidPattern).test(id.toLowerCase())) return id.toLowerCase()
  throw new InvalidArgumentError(
    'Give its id or address, which pchat room get shows; pchat user explain takes its name.',
  )
}

function withConfig(command: Command): Command {
  return withStore(command).option(
    '--directory-config <file>',
    'where people come from, as the servers have it',
    process.env.PCHAT_DIRECTORY_CONFIG,
  )
}

function printRun({ source, whole, dryRun, objects, seconds, counts, samples, warning }: DirectoryRun): void {
  const what = whole ? 'all' : 'what changed'
  console.log(`${source}: ${dryRun ? 'would change, ' : ''}${what} read, ${objects} objects in ${seconds.toFixed(1)} s`)
  if (warning) console.log(`Warning: ${warning}`)
  const rows = Object.entries(counts)
  if (rows.length === 0) console.log('Nothing differs.')
  else printTable([['CHANGE', 'COUNT'], ...rows.map(([change, count]) => [change, `${count}`])])
  if (samples.length === 0) return
  console.log('')
  printTable([
    ['CHANGE', 'KIND', 'NAME', ''],
    ...samples.map(({ change, kind, name, detail }) => [change, kind, name, detail]),
  ])
}

function printStatus({ sources }: Result<'directory.status'>): void {
  if (sources.length === 0) console.log('No directory was ever read here.')
  const ago = (seconds: number | null) => (seconds === null ? 'never' : `${Math.round(seconds)} s ago`)
  printTable([
    ['SOURCE', 'LAST SUCCESS', 'RUNS ON', 'FAILURES', 'USERS', 'DISABLED', 'GROUPS', 'UNITS', 'GONE', 'LEFT OUT'],
    ...sources.map(one => [
      one.source,
      ago(one.lagSeconds),
      one.running ?? '-',
      ...[one.failures, one.users, one.disabled, one.groups, one.units, one.gone, one.leftOut].map(String),
    ]),
  ])
  for (const { source, lastError } of sources) if (lastError) console.log(`${source}: ${lastError}`)
}

function printCheck({ sound, run, flattening }: Result<'directory.check'>): void {
  printRun(run)
  const { principals, missing, vain, samples } = flattening
  console.log(`Flattening of ${principals} principals: ${missing} missing, ${vain} in vain.`)
  for (const { member, ancestor, missing } of samples)
    console.log(`  ${member} ${missing ? 'is not flattened to' : 'is flattened in vain to'} ${ancestor}`)
  console.log(sound ? 'Nothing differs.' : 'There are differences.')
}
