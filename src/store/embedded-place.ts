import { createHash } from 'node:crypto'
import { chmod, chown, lstat, mkdir, mkdtemp, readlink, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type Account, chooseAccount } from './embedded-account.ts'
import { missing } from './embedded-cluster.ts'
import { copyNative, findEmbeddedPostgres } from './embedded-package.ts'

/** Where the database's files and programs stand and who runs them. */
export type Place = { account: Account; bin: string; folder: string }

const elsewhere = '/var/lib/pchat'

/** The data folder and the programs of npm where PostgreSQL's account reaches them, else copies and files below /var/lib/pchat. */
export async function settle(dataDir: string, givenBin: string | undefined): Promise<Place> {
  const folder = await findFolder(dataDir)
  const native = givenBin ? dirname(givenBin) : await findEmbeddedPostgres(dataDir)
  const bin = givenBin ?? join(native, 'bin')
  const account = await chooseAccount(join(bin, 'postgres'), folder)
  if (account) return { account, bin, folder }
  if (process.getuid?.() !== 0) throw new Error(`PostgreSQL (${bin}/postgres) does not run here.`)
  return settleElsewhere(dataDir, folder, givenBin ?? join(await copyNative(native, join(elsewhere, 'engine')), 'bin'))
}

// A start once moved the database away from a folder that its account could not reach: the link says where it is.
async function findFolder(dataDir: string): Promise<string> {
  const link = await readlink(join(dataDir, 'postgres')).catch(() => undefined)
  return link === undefined ? dataDir : dirname(resolve(dataDir, link))
}

async function settleElsewhere(dataDir: string, folder: string, bin: string): Promise<Place> {
  const program = join(bin, 'postgres')
  const account = await chooseAccount(program, folder)
  if (account) return { account, bin, folder }
  const link = join(dataDir, 'postgres')
  const moved = join(elsewhere, createHash('sha256').update(dataDir).digest('hex').slice(0, 12))
  await mkdir(moved, { recursive: true, mode: 0o711 })
  const there = await chooseAccount(program, moved)
  if (!there || (await lstat(link).catch(missing)))
    throw new Error(
      `PostgreSQL does not run as root, and no other account reaches ${link}. Give the folders above it mode 0711.`,
    )
  await symlink(join(moved, 'postgres'), link)
  return { account: there, bin, folder: moved }
}

/** A socket's path has at most 107 bytes, so that a deep data folder needs a short one elsewhere. Closed to all others either way. */
export async function makeSocketFolder(base: string, account: Account) {
  const near = join(base, 'socket')
  const short = Buffer.byteLength(join(near, '.s.PGSQL.5432')) <= 107
  const folder = short ? near : await mkdtemp('/tmp/pchat-socket-')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  if (account.kind === 'other') await chown(folder, account.uid, account.gid)
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

export function isOwnSocketFolder(folder: string): boolean {
  return basename(folder).startsWith('pchat-socket-')
}
