import { type Command, InvalidArgumentError, Option } from 'commander'
import { changeLines, whatIfOf } from './change.ts'
import { type ConnectionOptions, connect, withConnection } from './connection.ts'
import { exitCodes, Misuse, tell } from './fault.ts'
import { helpOf } from './help.ts'
import type { Io } from './io.ts'
import { harmless } from './table.ts'
import type { Answer, Given, Plan, Shell, ShellOption, ShellVerb, Values } from './verb.ts'

type Usual = ConnectionOptions & { json?: boolean; whatIf?: boolean; confirm?: boolean }

/** Puts a verb into the program: its options, its help, and how it runs. */
export function addVerb(noun: Command, verb: ShellVerb, io: Io): void {
  const command = noun.command(verb.path[1]).description(verb.text)
  const { argument } = verb
  if (argument) command.argument(`[${argument.name}]`, argument.text)
  if (argument && argument.name !== 'name')
    command.option('--identity <identity>', `the same as the argument: ${argument.text}`)
  for (const option of verb.options ?? []) command.addOption(asOption(option))
  if ('plan' in verb) command.option('--what-if', 'only say what would change')
  if ('plan' in verb && verb.destroys) command.option('--confirm', 'do not ask before what cannot be undone')
  withConnection(command).option('--json', 'print JSON, for programs')
  command.addHelpText('after', helpOf(verb))
  command.action((...given: unknown[]) => {
    const word = argument ? (given[0] as string | undefined) : undefined
    return run(verb, word, command.opts(), io)
  })
}

function asOption({ name, value, text, choices, read, many }: ShellOption): Option {
  const option = new Option(`--${name}${value ? ` ${value}` : ''}`, text)
  if (choices) option.argChoices = choices
  if (value?.startsWith('[')) option.preset('true')
  if (read)
    option.argParser((typed: string, before: unknown) =>
      many ? [...((before as unknown[] | undefined) ?? []), ...(read(typed) as unknown[])] : read(typed),
    )
  return option
}

async function run(verb: ShellVerb, word: string | undefined, options: Values & Usual, io: Io): Promise<void> {
  try {
    const given: Given = { identity: identityOf(verb, word, options), options }
    const ask = await connect(options, io)
    try {
      const shell: Shell = { call: ask.call, db: ask.db, io, progress: progressOn(io) }
      if ('get' in verb) print(io, options, await verb.get(shell, given))
      else await carryOut(await verb.plan(shell, given), options, io)
    } finally {
      await ask.close()
    }
  } catch (error) {
    fail(error, options, io)
  }
}

function identityOf({ argument }: ShellVerb, word: string | undefined, options: Values): string | undefined {
  const named = options.identity as string | undefined
  if (word !== undefined && named !== undefined && word !== named)
    throw new Misuse(`"${word}" and --identity "${named}" name two things. Leave one out.`)
  const identity = word ?? named
  if (argument?.required && identity === undefined && options.instance === undefined)
    throw new Misuse(`The ${argument.name} is missing. Name it before the options, or with --identity.`)
  return identity
}

/** What is shown by --what-if is the plan that is carried out without it. */
async function carryOut(plan: Plan, options: Usual, io: Io): Promise<void> {
  if (options.whatIf) return print(io, options, whatIfOf(plan))
  if (plan.destroys !== undefined && plan.changes.length > 0 && !options.confirm) await askFirst(plan, io)
  print(io, options, await plan.apply())
}

async function askFirst(plan: Plan, io: Io): Promise<void> {
  if (!io.isAsked)
    throw new Misuse(`${plan.destroys} Nobody can be asked here: add --confirm, or look at it with --what-if.`)
  io.err(`${changeLines(plan.changes).join('\n')}\n\n${plan.destroys}\n`)
  const answer = await io.ask('Go on? [y/N] ')
  if (!/^y(es)?$/i.test(answer.trim())) throw new Error('Nothing was changed.')
}

/** What was answered, for people or for programs. */
export function print(io: Io, { json }: Pick<Usual, 'json'>, { value, lines = [] }: Answer): void {
  if (json) io.out(`${JSON.stringify(value, null, 2)}\n`)
  else if (lines.length > 0) io.out(`${lines.join('\n')}\n`)
}

/** Says why it was not done, and sets the exit code. */
export function fail(error: unknown, { json }: Pick<Usual, 'json'>, io: Io): void {
  const { exit, code, message, id } =
    error instanceof InvalidArgumentError
      ? { ...tell(error), exit: exitCodes.wrongUse, code: 'wrong_use' }
      : tell(error)
  io.err(
    json
      ? `${JSON.stringify({ error: { code, message, ...(id === undefined ? {} : { id }) } })}\n`
      : `pchat: ${harmless(message)} (${code}${id === undefined ? '' : `, ${id}`})\n`,
  )
  io.exit(exit)
}

function progressOn(io: Io): Shell['progress'] {
  return (done, of, what) => {
    if (io.showsProgress) io.err(`\r${done} of ${of} ${what}${done >= of ? '\n' : ''}`)
  }
}
