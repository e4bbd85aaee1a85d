import { readFile } from 'node:fs/promises'
import { prepareCentral } from '../topology/central-prepare.ts'
import { Misuse } from './shell/fault.ts'
import type { Io } from './shell/io.ts'
import { fail, print } from './shell/run.ts'

export type PrepareOptions = {
  adminUrl: string
  database: string
  owner: string
  publisher: string
  reader: string
  publisherPasswordFile?: string
  readerPasswordFile?: string
  json?: boolean
}

/** Before the first publication of a pool, and before a program that brings a newer schema. */
export async function prepare(options: PrepareOptions, io: Io): Promise<void> {
  try {
    const { adminUrl, database, owner, publisher, reader } = options
    const url = URL.parse(adminUrl)
    if (!url || !/^postgres(ql)?:$/.test(url.protocol))
      throw new Misuse('--admin-url is no address such as postgres://postgres@db1/postgres.')
    const applied = await prepareCentral({
      ...{ adminUrl, database, owner },
      publisher: { name: publisher, password: await readPassword(options.publisherPasswordFile) },
      reader: { name: reader, password: await readPassword(options.readerPasswordFile) },
    })
    const urlOf = (role: string) => `${url.protocol}//${role}@${url.host}/${database}${placeOf(url)}`
    print(io, options, {
      value: { applied, publisher: urlOf(publisher), reader: urlOf(reader) },
      lines: [
        applied.length > 0
          ? `The Central Management Store has a new schema: ${applied.join(', ')}.`
          : 'The Central Management Store is up to date.',
        `Publish with --cms ${urlOf(publisher)}`,
        `Servers read it as ${urlOf(reader)}`,
      ],
    })
  } catch (error) {
    fail(error, options, io)
  }
}

/** What says where the server is and how it is reached. Who signs in as what may stand there too, and is the administrator's. */
function placeOf({ searchParams }: URL): string {
  const kept = [...searchParams].filter(([name]) => ['host', 'port', 'sslmode', 'sslrootcert'].includes(name))
  return kept.length === 0 ? '' : `?${new URLSearchParams(kept)}`
}

async function readPassword(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${file} cannot be read (${error.code}).`)
  })
  const [line = ''] = text.split(/\r?\n/)
  if (line === '') throw new Error(`${file} has no password in its first line. Write one.`)
  return line
}
