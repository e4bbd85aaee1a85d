import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable, type Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import yauzl from 'yauzl'
import yazl from 'yazl'

/** docs/export-format.md says what stands in an archive; this is how it is written and read, a line at a time. */
const archiveFormat = 'pchat-export'
const archiveVersion = 1

export type ArchiveEntry = { name: string; records: number; bytes: number; sha256: string }
export type Manifest = {
  format: typeof archiveFormat
  version: number
  program: string
  exportedAt: string
  level: string
  scope: string[] | null
  startDate: string | null
  domain: string
  entries: ArchiveEntry[]
}

export type ArchiveWriter = {
  /** Writes one entry, a JSON object a line. */
  add(name: string, records: AsyncIterable<object>): Promise<ArchiveEntry>
  /** The manifest is the last entry: only then the sums are known. */
  end(manifest: Omit<Manifest, 'entries' | 'format' | 'version'>): Promise<Manifest>
  abandon(): Promise<void>
}

/** Writes beside the file and renames at the end: half an archive never bears its name. `-`: standard output. */
export function openArchiveWriter(file: string): ArchiveWriter {
  const zip = new yazl.ZipFile()
  const draft = `${file}.part`
  const target: Writable = file === '-' ? process.stdout : createWriteStream(draft, { mode: 0o600 })
  const written = file === '-' ? once(zip.outputStream, 'end') : finished(target)
  // Told where it is waited for.
  written.catch(() => {})
  zip.outputStream.pipe(target, { end: file !== '-' })
  const entries: ArchiveEntry[] = []
  return {
    async add(name, records) {
      const entry: ArchiveEntry = { name, records: 0, bytes: 0, sha256: '' }
      const hash = createHash('sha256')
      async function* lines() {
        for await (const record of records) {
          const line = Buffer.from(`${JSON.stringify(record)}\n`)
          hash.update(line)
          entry.records += 1
          entry.bytes += line.length
          yield line
        }
        entry.sha256 = hash.digest('hex')
      }
      const stream = Readable.from(lines(), { objectMode: false })
      zip.addReadStream(stream, name)
      await Promise.race([once(stream, 'close'), written.then(() => Promise.reject(new Error(`${file} was closed.`)))])
      if (stream.errored) throw stream.errored
      entries.push(entry)
      return entry
    },
    async end(head) {
      const manifest: Manifest = { format: archiveFormat, version: archiveVersion, ...head, entries }
      zip.addBuffer(Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`), 'manifest.json')
      zip.end()
      await written
      if (file !== '-') await rename(draft, file)
      return manifest
    },
    async abandon() {
      if (file === '-') return
      target.destroy()
      await rm(draft, { force: true })
    },
  }
}

export type ArchiveReader = {
  manifest: Manifest
  /** The records of an entry, none where the archive has none of that name. Throws where its sum is another. */
  records<R extends object>(name: string): AsyncGenerator<R>
  close(): void
}

const maxManifestBytes = 1024 * 1024
/** A story of 65,536 bytes in JSON at its longest, and what stands around it. */
const maxLineBytes = 1024 * 1024

export async function openArchiveReader(file: string): Promise<ArchiveReader> {
  const zip = await openZip(file)
  try {
    const places = await readDirectory(zip)
    const place = places.get('manifest.json')
    if (!place) throw new Error(`${file} has no manifest.json: it is no archive of pchat data export.`)
    const manifest = checkManifest(file, await readManifest(zip, place))
    for (const { name } of manifest.entries)
      if (!places.has(name)) throw new Error(`${file} lacks ${name}, which its manifest names.`)
    return {
      manifest,
      async *records<R extends object>(name: string) {
        const entry = manifest.entries.find(one => one.name === name)
        if (entry) yield* readRecords<R>(file, zip, places.get(name)!, entry)
      },
      close: () => zip.close(),
    }
  } catch (error) {
    zip.close()
    throw error
  }
}

function openZip(file: string): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) =>
    yauzl.open(file, { lazyEntries: true, autoClose: false }, (error, zip) => {
      if (error) reject(new Error(`${file} cannot be read as a zip file: ${error.message}`))
      else resolve(zip)
    }),
  )
}

function readDirectory(zip: yauzl.ZipFile): Promise<Map<string, yauzl.Entry>> {
  return new Promise((resolve, reject) => {
    const places = new Map<string, yauzl.Entry>()
    zip.on('entry', (entry: yauzl.Entry) => {
      places.set(entry.fileName, entry)
      if (places.size > 100) reject(new Error('There is more in it than an archive has.'))
      else zip.readEntry()
    })
    zip.once('end', () => resolve(places))
    zip.once('error', reject)
    zip.readEntry()
  })
}

function streamOf(zip: yauzl.ZipFile, place: yauzl.Entry): Promise<Readable> {
  return new Promise((resolve, reject) =>
    zip.openReadStream(place, (error, stream) => (error ? reject(error) : resolve(stream))),
  )
}

async function readManifest(zip: yauzl.ZipFile, place: yauzl.Entry): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of (await streamOf(zip, place)) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxManifestBytes) throw new Error('manifest.json is longer than a manifest can be.')
    chunks.push(chunk)
  }
  return parse('manifest.json', Buffer.concat(chunks))
}

function parse(where: string, line: Buffer): unknown {
  try {
    return JSON.parse(line.toString())
  } catch {
    throw new Error(`${where} is no JSON.`)
  }
}

function checkManifest(file: string, value: unknown): Manifest {
  const { format, version, entries } = (value ?? {}) as Partial<Manifest>
  if (format !== archiveFormat || !Array.isArray(entries))
    throw new Error(`${file} is no archive of pchat data export.`)
  if (version !== archiveVersion)
    throw new Error(`${file} is of version ${version} of the format; this program reads version ${archiveVersion}.`)
  for (const { name, records, bytes, sha256 } of entries)
    if (
      typeof name !== 'string' ||
      !Number.isInteger(records) ||
      !Number.isInteger(bytes) ||
      typeof sha256 !== 'string'
    )
      throw new Error(`${file}: its manifest is damaged.`)
  return value as Manifest
}

/** Counts and hashes what it hands on, and stops where there is more than the manifest says. */
async function* readRecords<R extends object>(
  file: string,
  zip: yauzl.ZipFile,
  place: yauzl.Entry,
  { name, records, bytes, sha256 }: ArchiveEntry,
): AsyncGenerator<R> {
  const damaged = () => new Error(`${file}: ${name} is not as it was written. Take another copy of the archive.`)
  const hash = createHash('sha256')
  let seen = 0
  let count = 0
  let rest = Buffer.alloc(0)
  for await (const chunk of (await streamOf(zip, place)) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    seen += chunk.length
    if (seen > bytes) throw damaged()
    let data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
      count += 1
      yield parse(`${file}: line ${count} of ${name}`, data.subarray(0, end)) as R
      data = data.subarray(end + 1)
    }
    if (data.length > maxLineBytes) throw damaged()
    rest = Buffer.from(data)
  }
  if (rest.length > 0 || count !== records || seen !== bytes || hash.digest('hex') !== sha256) throw damaged()
}
