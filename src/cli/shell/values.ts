import { readFileSync } from 'node:fs'
import { InvalidArgumentError } from 'commander'
import { isLike } from '../../domain/wildcard.ts'
import type { ShellOption } from './verb.ts'

/** true or false; the option alone is true. */
export function flag(name: string, text: string): ShellOption {
  return { name, value: '[boolean]', text, read: readFlag }
}

function readFlag(text: string): boolean {
  const folded = text.toLowerCase().replace(/^\$/, '')
  if (folded === 'true') return true
  if (folded === 'false') return false
  throw new InvalidArgumentError('Give true or false; what the verb is about stands before the options.')
}

/** One of a few words, whatever their case; `also` has other words for them. */
export function choice(
  name: string,
  text: string,
  words: readonly string[],
  also: Record<string, string> = {},
): ShellOption {
  return {
    name,
    value: `<${words.join('|')}>`,
    text,
    choices: [...words],
    read(typed) {
      const folded = typed.toLowerCase()
      const word = also[folded] ?? folded
      if (!words.includes(word)) throw new InvalidArgumentError(`Give one of ${words.join(', ')}.`)
      return word
    },
  }
}

export function whole(name: string, text: string, least: number, most: number): ShellOption {
  return {
    name,
    value: '<number>',
    text,
    read(typed) {
      const number = /^\d{1,16}$/.test(typed) ? Number(typed) : Number.NaN
      if (!(number >= least && number <= most))
        throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`)
      return number
    },
  }
}

/**
 * An instant, ISO 8601, or a day. A day alone is the whole of it where the shell runs: its beginning for a start, its last
 * millisecond for an end.
 */
export function instant(name: string, text: string, edge: 'start' | 'end'): ShellOption {
  return { name, value: '<when>', text, read: typed => readInstant(typed, edge) }
}

const form = 'Give a day such as 2026-11-24, or an instant such as 2026-11-24T09:30:00Z.'

export function readInstant(typed: string, edge: 'start' | 'end'): string {
  const day = /^(\d{4})-(\d{2})-(\d{2})$/.exec(typed)
  if (day) {
    const [year, month, date] = day.slice(1).map(Number) as [number, number, number]
    const last = new Date(year, month, 0).getDate()
    if (month < 1 || month > 12 || date < 1 || date > last) throw new InvalidArgumentError(form)
    return (
      edge === 'start' ? new Date(year, month - 1, date) : new Date(year, month - 1, date, 23, 59, 59, 999)
    ).toISOString()
  }
  if (
    !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/.test(typed) ||
    Number.isNaN(Date.parse(typed))
  )
    throw new InvalidArgumentError(form)
  return new Date(typed).toISOString()
}

/** Names with commas between them, or @FILE with one a line; may be given again. A comma of a name is written \, */
export function list(name: string, text: string): ShellOption {
  return { name, value: '<names>', text, read: readList, many: true }
}

export function readList(typed: string): string[] {
  if (typed.startsWith('@')) {
    try {
      return clean(readFileSync(typed.slice(1), 'utf8').split(/\r?\n/))
    } catch (error) {
      throw new InvalidArgumentError(`${typed.slice(1)} cannot be read (${(error as { code?: string }).code}).`)
    }
  }
  return clean(typed.split(/(?<!\\),/).map(part => part.replaceAll('\\,', ',')))
}

function clean(names: string[]): string[] {
  return names.map(name => plainName(name)).filter(name => name !== '')
}

/** Addresses of the original product are taken, too: sip:alice@example.com. */
export function plainName(name: string): string {
  return name.trim().replace(/^sip:/i, '')
}

/** Whether a name is like the pattern, as the server compares them. */
export function wildcard(pattern: string): (text: string) => boolean {
  return text => isLike(pattern, text)
}
