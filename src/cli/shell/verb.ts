import type { Ask } from './ask.ts'
import type { Io } from './io.ts'

/** An option of a verb, as data: the command line, its help, the completion and the table of cmdlets come from here. */
export type ShellOption = {
  /** In kebab case, without the dashes. */
  name: string
  /** `<text>` must be given, `[boolean]` may be; absent: a switch. */
  value?: string
  /** What it does, with its default and its limits. */
  text: string
  choices?: string[]
  /** What was typed as the verb takes it; throws InvalidArgumentError. */
  read?: (text: string) => unknown
  /** May be given several times. */
  many?: boolean
}

export type Values = Record<string, unknown>
export type Given = { identity?: string | undefined; options: Values }

/** One thing that a verb would change: of what, which part of it, what it is now and what it would be. */
export type Change = { what: string; change: string; now: string; after: string }

/** `value` is for programs and keeps its shape; `lines` are for people, none where there is nothing to say. */
export type Answer = { value: object; lines?: string[] }

export type Plan = {
  changes: Change[]
  /** A sentence on what cannot be undone; then it is asked, or --confirm must be given. */
  destroys?: string | undefined
  apply(): Promise<Answer>
}

export type Shell = {
  call: Ask['call']
  /** The store itself, where the verb works on the machine. */
  db?: Ask['db']
  io: Io
  /** How far long work has come, on stderr. */
  progress(done: number, of: number, what: string): void
}

/** A verb of the shell either reads (`get`) or changes (`plan`, which reads and compares before anything is done). */
export type ShellVerb = {
  path: [noun: string, verb: string]
  text: string
  /** Paragraphs for the help: what it means, defaults, limits. */
  about?: string
  argument?: { name: string; text: string; required: boolean }
  options?: ShellOption[]
  /** Of the original product. */
  cmdlet?: string
  examples: [string, string, ...string[]]
} & (
  | { get(shell: Shell, given: Given): Promise<Answer> }
  | { destroys?: boolean; plan(shell: Shell, given: Given): Promise<Plan> }
)

/** `chat-content-exceeds-mb` as commander calls it: chatContentExceedsMb. */
export function camel(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** Without what was not said. */
export function onlySaid(input: Values): Values {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
}
