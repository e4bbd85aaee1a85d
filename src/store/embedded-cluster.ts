import { execFile } from 'node:child_process'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { syncFolder } from '../base/sync-folder.ts'
import type { Account } from './embedded-account.ts'

const run = promisify(execFile)

/** Folder of the database's files and the programs that work on it. */
export type Cluster = { folder: string; bin: string; account: Account; settings: Record<string, string | number> }

/** Chosen for a chat store: small rows, many commits, few connections. */
export const clusterSettings = {
  max_connections: 60,
  shared_buffers: '128MB',
  wal_buffers: '16MB',
  min_wal_size: '256MB',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  random_page_cost: 1.1,
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
  // Counted and told by the server itself: a refused statement is not a fault of the database.
  log_min_error_statement: 'fatal',
  lc_messages: 'C',
  default_text_search_config: 'pg_catalog.simple',
}

/** Makes the cluster where there is none, and writes the settings of this program into it. */
export async function prepareCluster(cluster: Cluster): Promise<void> {
  const made = await readFile(join(cluster.folder, 'PG_VERSION'), 'utf8').catch(missing)
  if (made === undefined) await createCluster(cluster)
  else await checkVersion(cluster, made.trim())
  const settings = { ...clusterSettings, ...cluster.settings }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`)
  await writeFile(
    join(cluster.folder, 'pchat.conf'),
    `# Written at each start. Your own settings go into postgresql.conf.\n${lines.join('')}`,
  )
  await giveTo(cluster.account, cluster.folder)
}

async function checkVersion({ bin, account, folder }: Cluster, made: string): Promise<void> {
  const major = await readMajor(bin, account)
  if (made === major) return
  throw new Error(
    `The database in ${folder} was made by PostgreSQL ${made}, and this Persistent Chat brings PostgreSQL ${major}. Start the release that made it, or run PostgreSQL ${made} on that folder and name it with --database-url.`,
  )
}

async function readMajor(bin: string, account: Account): Promise<string> {
  const { file, args, ...ids } = account.launch(join(bin, 'postgres'), ['-V'])
  const { stdout } = await run(file, args, { ...ids, cwd: '/' })
  return /\d+/.exec(stdout)?.[0] ?? ''
}

/** Made aside and renamed when whole, so that a killed first start leaves nothing half done. */
async function createCluster(cluster: Cluster): Promise<void> {
  const draft = `${cluster.folder}.new`
  await rm(draft, { recursive: true, force: true })
  try {
    await initialise(cluster, draft)
    await writeFile(
      join(draft, 'postgresql.conf'),
      "include 'pchat.conf'\n# Your own settings go below this line; they win.\n",
    )
    await rename(draft, cluster.folder)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw error
  }
  await syncFolder(dirname(cluster.folder))
}

async function initialise({ bin, account }: Cluster, draft: string): Promise<void> {
  const major = Number(await readMajor(bin, account))
  const locale =
    major >= 17 ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : ['--locale=C.UTF-8']
  const { file, args, ...ids } = account.launchNamed(join(bin, 'initdb'), [
    `--pgdata=${draft}`,
    '--username=pchat',
    '--auth=trust',
    '--encoding=UTF8',
    '--data-checksums',
    '--no-instructions',
    ...locale,
  ])
  await mkdir(draft, { mode: 0o700 })
  if (ids.uid !== undefined) await chown(ids.uid, ids.gid ?? ids.uid, draft)
  await run(file, args, { ...ids, cwd: '/', env: postgresEnvironment() }).catch(error => {
    throw new Error(`PostgreSQL could not make its files: ${lastLines(String(error.stderr || error.message))}`, {
      cause: error,
    })
  })
}

/** The files may be of another account: under root, a user namespace may be there today that was not there yesterday. */
export async function giveTo(account: Account, folder: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const paths = [folder, join(folder, 'base'), join(folder, 'pchat.conf')]
  const owners = await Promise.all(paths.map(path => stat(path).then(({ uid }) => uid, missing)))
  if (owners.some(uid => uid !== undefined && uid !== account.uid)) await chown(account.uid, account.gid, folder)
}

async function chown(uid: number, gid: number, folder: string): Promise<void> {
  await run('chown', ['-R', `${uid}:${gid}`, folder])
}

/** Nothing of the caller's own PG… variables may reach the database. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  const { PATH, LD_LIBRARY_PATH } = process.env
  return { PATH, LD_LIBRARY_PATH, LC_ALL: 'C' }
}

export function lastLines(text: string): string {
  return text.trim().split('\n').slice(-4).join(' / ')
}

export function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
