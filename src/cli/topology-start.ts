import { Command } from 'commander'
import type { ServerSettings } from '../topology/settings.ts'
import { type StartOptions, withStartOptions } from './options.ts'

/** Says at compile time that the settings of a topology are options of ours, and of their types. */
type Wanted = Partial<Pick<StartOptions, keyof ServerSettings>>

const { options } = withStartOptions(new Command())

/**
 * The words behind `pchat start` that give these settings; what is the default anyway is left out. Reading them back gives the
 * settings again.
 */
export function startArguments(settings: ServerSettings): string[] {
  const wanted: Wanted = settings
  return options.flatMap(option => {
    const value = wanted[option.attributeName() as keyof Wanted]
    if (value === undefined || value === option.defaultValue) return []
    return option.isBoolean() ? [option.long!] : [option.long!, String(value)]
  })
}
