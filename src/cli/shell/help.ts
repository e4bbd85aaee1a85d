import type { Command } from 'commander'
import { connectionText } from './connection.ts'
import type { Io } from './io.ts'
import type { ShellVerb } from './verb.ts'

const exitText = `
Exit code: 0 done, 1 refused or failed, 2 wrong use, 4 nobody answered (it may be done or not; asking again does no harm).`

export function helpOf(verb: ShellVerb): string {
  const { about, cmdlet, examples } = verb
  return [
    ...(about ? ['', about] : []),
    ...(cmdlet ? ['', `In the original product: ${cmdlet}. docs/cmdlets.md maps each of its parameters.`] : []),
    '',
    'Examples:',
    ...examples.map(example => `  $ ${example}`),
    connectionText,
    exitText,
  ].join('\n')
}

/** `pchat help room set`: what `pchat room set --help` says; without words all nouns with their verbs. */
export function addHelp(program: Command, io: Io): void {
  program.helpCommand(false)
  program
    .command('help')
    .description('explain a verb, or list all of them')
    .argument('[words...]', 'such as room set')
    .option('--all', 'the whole manual: every verb with its options')
    .addHelpText('after', '\nExamples:\n  $ pchat help room set\n  $ pchat help --all | less')
    .action((words: string[], { all }: { all?: boolean }) => {
      let command = program
      for (const word of words) {
        const next = command.commands.find(one => one.name() === word || one.aliases().includes(word))
        if (!next) return program.error(`error: There is no ${[...words].join(' ')}. pchat help lists all verbs.`)
        command = next
      }
      if (all) for (const leaf of leaves(command)) io.out(`${heading(leaf)}\n${textOf(leaf)}\n`)
      else if (command.commands.length > 0) io.out(`${overview(command)}\n`)
      else command.outputHelp()
    })
}

/** Every command that does something, in the order in which they were added. */
export function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves)
}

/** `room set`. */
export function pathOf(command: Command): string {
  const names = []
  for (let one: Command | null = command; one?.parent; one = one.parent) names.unshift(one.name())
  return names.join(' ')
}

function overview(command: Command): string {
  const lines = leaves(command).map(leaf => ({ path: `pchat ${pathOf(leaf)}`, text: leaf.description() }))
  const width = Math.max(...lines.map(({ path }) => path.length))
  return [
    ...(command.description() ? [command.description(), ''] : []),
    ...lines.map(({ path, text }) => `${path.padEnd(width)}  ${text}`),
    '',
    'pchat help room set explains one of them.',
  ].join('\n')
}

function heading(command: Command): string {
  const path = `pchat ${pathOf(command)}`
  return `${path}\n${'='.repeat(path.length)}`
}

/** With what stands after the options, which helpInformation leaves out. */
function textOf(command: Command): string {
  let text = ''
  const { writeOut } = command.configureOutput()
  command.configureOutput({
    writeOut: part => {
      text += part
    },
  })
  command.outputHelp()
  command.configureOutput({ writeOut: writeOut ?? (part => process.stdout.write(part)) })
  return text
}
