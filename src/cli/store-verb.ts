import { type Command, InvalidArgumentError } from 'commander'
import { certificateWords } from '../base/certificate-fault.ts'
import { type StoreAddress, splitHosts } from '../store/address.ts'
import { type Db, openDb } from '../store/db.ts'
import { findEmbedded } from '../store/embedded.ts'
import { certificateMend } from './explain.ts'
import { whatIfOf } from './shell/change.ts'
import { tableLines } from './shell/table.ts'
import type { Change } from './shell/verb.ts'

/** Of verbs that go by way of the store, so that they work whichever servers run. */
export type StoreOptions = { databaseUrl?: string; dataDir: string; json?: boolean }

export function withStore(command: Command): Command {
  return command
    .option('--database-url <url>', "the pool's store", process.env.PCHAT_DATABASE_URL)
    .option(
      '--data-dir <folder>',
      'of a running server with its own database, where no store is named',
      process.env.PCHAT_DATA_DIR ?? './data',
    )
    .option('--json', 'print JSON')
}

export function withWhatIf(command: Command): Command {
  return withStore(command.option('--what-if', 'only say what would change'))
}

export function printWhatIf({ json }: Pick<StoreOptions, 'json'>, changes: Change[]): void {
  const { value, lines } = whatIfOf({ changes })
  console.log(json ? JSON.stringify(value, null, 2) : lines.join('\n'))
}

/** Runs `work` on the store; what goes wrong is told in a sentence, and the exit code is 1. */
export async function onStore(options: StoreOptions, work: (db: Db) => Promise<void>, connections = 2): Promise<void> {
  try {
    const db = openDb(await addressOf(options), { max: connections })
    try {
      await work(db)
    } finally {
      await db.end()
    }
  } catch (error) {
    console.error(`pchat: ${explainStore(error)}`)
    process.exitCode = 1
  }
}

/** What went wrong on the store, in a sentence. */
export function explainStore(error: unknown): string {
  const { message, code, cause } = error as Error & { code?: string }
  const shown = certificateWords(code)
  if (shown) return `The store ${shown}. ${certificateMend}`
  // 42P01, 42703: there is a database, and no pool in it.
  const text = /^42/.test(code ?? '') ? 'This database holds no pool yet. Start a server on it first.' : message || code
  return `${text}${cause instanceof Error && cause.message !== text ? ` (${cause.message})` : ''}`
}

/** Of the store that the options name. Throws with a sentence. */
export async function addressOf({
  databaseUrl,
  dataDir,
}: Pick<StoreOptions, 'databaseUrl' | 'dataDir'>): Promise<StoreAddress> {
  if (databaseUrl) {
    if (!splitHosts(databaseUrl))
      throw new InvalidArgumentError('--database-url is no address such as postgres://user@host/pchat.')
    return { connectionString: databaseUrl }
  }
  const address = await findEmbedded(dataDir)
  if (!address)
    throw new Error(
      `No server runs in ${dataDir}. Name the pool's store with --database-url, or the folder with --data-dir.`,
    )
  return address
}

/** Rows of texts, the first one the headings. */
export function printTable(table: string[][]): void {
  for (const line of tableLines(table)) console.log(line)
}
