import { checkArchive } from './doctor-archive.ts'
import { checkConsole } from './doctor-central.ts'
import type { Check } from './doctor-check.ts'
import { checkMachine } from './doctor-machine.ts'
import { checkParts } from './doctor-parts.ts'
import { checkStore } from './doctor-store.ts'
import type { StartOptions } from './options.ts'

/** Everything that a server with these options needs. Never rejects: what cannot be looked at is an error of its check. */
export async function examine(options: StartOptions): Promise<Check[]> {
  const machine = await checkMachine(options)
  const store = await checkStore(options, db => checkParts(options, db))
  const [archive, console_] = await Promise.all([checkArchive(options), checkConsole(options)])
  return [...machine, ...store, ...archive, ...console_]
}
