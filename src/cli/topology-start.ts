import { Command } from 'commander'
import type { ServerSettings } from '../topology/settings.ts'
import { type StartOptions, withStartOptions } from './options.ts'

/**
 * The words behind `pchat start` that give these settings; what is the default anyway is left out. Reading them back gives the
 * settings again.
 */
export function startArguments(settings: ServerSettings): string[] {
  // Says at compile time that the topology's settings are options of ours.
  const wanted: Partial<Record<keyof StartOptions, unknown>> = settings
  return withStartOptions(new Command()).options.flatMap(option => {
    const value = wanted[option.attributeName() as keyof StartOptions]
    if (value === undefined || value === option.defaultValue) return []
    return option.isBoolean() ? [option.long!] : [option.long!, String(value)]
  })
}

/** One word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w./:@,=%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
