import type { Command } from 'commander'
import type { Check } from './doctor-check.ts'
import { examine } from './doctor-examine.ts'
import type { StartOptions } from './options.ts'
import { readReference } from './secret-reference.ts'
import { processIo } from './shell/io.ts'
import { mergeSettings } from './topology-central-merge.ts'
import { planOf } from './topology-verbs.ts'

/** Each process that a document plans for this machine; what was named beside it wins, as at the start. */
export async function examinePlanned(file: string, options: StartOptions, command: Command): Promise<Check[]> {
  const { planned } = await planOf(file, options.server, processIo)
  const isNamed = (name: string) => ['cli', 'env'].includes(command.getOptionValueSource(name) ?? '')
  const usual = (name: string) => command.options.find(option => option.attributeName() === name)?.defaultValue
  const all: Check[] = []
  for (const process_ of planned.processes) {
    const start = { options, isNamed, usual }
    const { options: whole } = mergeSettings(process_, start, reference => readReference(reference, process.env))
    const checks = await examine({ ...whole, server: process_.settings.server ?? planned.fqdn })
    const of = planned.processes.length > 1 ? ` of ${process_.name}` : ''
    all.push(...checks.map(one => ({ ...one, area: `${one.area}${of}` })))
  }
  return all
}
