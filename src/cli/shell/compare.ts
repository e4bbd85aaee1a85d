import { readFile } from 'node:fs/promises'
import { Misuse } from './fault.ts'
import type { Io } from './io.ts'
import type { Change, Given, Values } from './verb.ts'

/** What a person reads of a value. */
export function shown(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'object' && 'name' in value) return String(value.name)
  return String(value)
}

/** Messages that a plan leaves, since their deletion is denied. */
export function stay(denied: number): Change[] {
  if (denied === 0) return []
  return [{ what: `${denied} messages`, change: 'stay', now: 'a compliance officer denied their deletion', after: '' }]
}

/** Of the wishes those that differ from what is now, and the lines that say so. */
export function differing(what: string, now: Values, wishes: Values): { input: Values; changes: Change[] } {
  const entries = Object.entries(wishes).filter(([name, wish]) => wish !== undefined && wish !== (now[name] ?? null))
  return {
    input: Object.fromEntries(entries),
    changes: entries.map(([name, wish]) => ({ what, change: name, now: shown(now[name]), after: shown(wish) })),
  }
}

export const instanceOption = {
  name: 'instance',
  value: '<file>',
  text: 'what `get --json` printed, perhaps edited, instead of the name; - reads it from standard input',
}

/** What --instance holds: one object, or the only member of one, as the answers of `get` are. */
export async function readInstance({ options }: Given, io: Io): Promise<Values | undefined> {
  const file = options.instance as string | undefined
  if (file === undefined) return undefined
  const text =
    file === '-'
      ? await io.read()
      : await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
          throw new Misuse(`--instance ${file} cannot be read (${error.code}).`)
        })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Misuse(`--instance ${file} is no JSON. Give what get --json printed.`)
  }
  const found = oneOf(value)
  if (!found) throw new Misuse(`--instance ${file} is not one thing. Give what get --json printed of one.`)
  return found
}

function oneOf(value: unknown): Values | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return value.length === 1 ? oneOf(value[0]) : undefined
  const record = value as Values
  if (typeof record.id === 'string' || typeof record.scope === 'string') return record
  // A policy has neither, and is called by its name.
  if (typeof record.name === 'string' && 'enabled' in record) return record
  for (const [name, member] of Object.entries(record)) {
    const inner = oneOf(member)
    // The lists of a room stand beside it.
    if (inner) return name === 'room' ? { ...record, ...inner } : inner
  }
  return undefined
}

/** The name that was given or the one that the instance has. */
export function identityIn(given: Given, instance: Values | undefined): string {
  const identity = given.identity ?? (instance?.id as string | undefined) ?? (instance?.scope as string | undefined)
  const name = identity ?? (instance?.name as string | undefined)
  if (name === undefined) throw new Misuse('Say which one: its name or id before the options, or --instance FILE.')
  return name
}
