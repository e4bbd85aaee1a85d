import { pathToFileURL } from 'node:url'
import type { Db } from '../store/db.ts'
import type { Adapter, AdapterSettings, Batch, ReadFile } from './adapter.ts'
import { numberPersons, readArchiveId, readTexts } from './archive.ts'
import { readEntry } from './entry.ts'
import { openActiance } from './formats/actiance.ts'
import { openCsv } from './formats/csv.ts'
import { openJsonLines } from './formats/json-lines.ts'
import { openLyncXml } from './formats/lync-xml.ts'
import { openMail } from './formats/mail.ts'
import { conversationsOf, happeningsOf } from './happening.ts'
import { writeWhole } from './output.ts'

const builtIn: Record<string, () => Adapter> = {
  xml: openLyncXml,
  csv: openCsv,
  'json-lines': openJsonLines,
  actiance: openActiance,
  mail: openMail,
}
export const adapterTypes = Object.keys(builtIn)

/** Entries that an adapter gets at once: an interval of 30 days is many batches, none of which fills the memory. */
export const batchEntries = 20_000

/** One of ours, or the path of a module that exports `configure` and `translate`. */
export async function openAdapter(type: string, settings: AdapterSettings): Promise<Adapter> {
  const adapter = Object.hasOwn(builtIn, type) ? builtIn[type]!() : await openForeign(type)
  await adapter.configure(settings)
  return adapter
}

async function openForeign(type: string): Promise<Adapter> {
  if (!/^\/.+\.[cm]?[jt]s$/.test(type))
    throw new Error(
      `There is no adapter ${type}. Take one of ${adapterTypes.join(', ')}, or the whole path of a module.`,
    )
  const module = (await import(pathToFileURL(type).href)) as Partial<Adapter>
  if (typeof module.configure !== 'function' || typeof module.translate !== 'function')
    throw new Error(`${type} does not export configure and translate.`)
  return module as Adapter
}

/** Entries of a range as an adapter takes them; undefined where there are none. The same range is the same batch. */
export async function readBatch(archive: Db, name: string, first: number, last: number): Promise<Batch | undefined> {
  const rows = await readTexts(archive, first, last)
  if (rows.length === 0) return undefined
  const entries = rows.map(row => readEntry(row.text))
  const conversations = conversationsOf(entries.flatMap(happeningsOf))
  const numbers = await numberPersons(
    archive,
    conversations.flatMap(({ happenings }) => happenings.map(({ actor }) => actor.id)),
  )
  const times = entries.map(entry => entry.at).sort()
  return {
    id: `${name}-${entries[0]!.at.replaceAll(/[-:]|\.\d+/g, '')}-${first}-${last}`,
    archive: await readArchiveId(archive),
    firstSeq: first,
    lastSeq: last,
    from: times[0]!,
    until: times.at(-1)!,
    entries,
    texts: rows.map(row => row.text),
    conversations,
    numberOf: person => numbers.get(person)!,
  }
}

export type Production = {
  archive: Db
  adapter: Adapter
  settings: AdapterSettings
  readFile: ReadFile
}

/** Writes a range of the archive into the adapter's folder; answers the files. Throws where any of it cannot be written. */
export async function produceBatch(production: Production, first: number, last: number): Promise<string[]> {
  const { archive, adapter, settings, readFile } = production
  const batch = await readBatch(archive, settings.name, first, last)
  if (!batch) return []
  return writeWhole(settings.outputDirectory, output => adapter.translate(batch, output, readFile))
}

/** Any range again, batch by batch: also what lies before an adapter was added. */
export async function produceRange(production: Production, first: number, last: number): Promise<string[]> {
  const files: string[] = []
  for (let from = first; from <= last; from += batchEntries)
    files.push(...(await produceBatch(production, from, Math.min(last, from + batchEntries - 1))))
  return files
}
