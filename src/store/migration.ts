import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('./migrations/', import.meta.url))

export type Migration = {
  version: number
  name: string
  sql: string
  /** Programs that know this schema, or a later one, can serve on a store that has the migration. */
  servesFrom: number
}

/** Without this line a migration is a contraction: it takes away what earlier programs use. */
const servesLine = /^-- serves from schema (\d+) on$/m

let known: Promise<Migration[]> | undefined

/** In order. Read once: files of the next version may take the place of these while this program still runs. */
export function readMigrations(): Promise<Migration[]> {
  known ??= readFiles()
  return known
}

async function readFiles(): Promise<Migration[]> {
  const names = (await readdir(folder)).filter(name => name.endsWith('.sql')).sort()
  return Promise.all(names.map(async name => toMigration(name, await readFile(folder + name, 'utf8'))))
}

export function toMigration(name: string, sql: string): Migration {
  const version = Number.parseInt(name, 10)
  const from = servesLine.exec(sql)?.[1]
  return { version, name, sql, servesFrom: from === undefined ? version : Number(from) }
}

/** The newest schema that this program knows. */
export async function newestSchema(): Promise<number> {
  return (await readMigrations()).at(-1)?.version ?? 0
}
