import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { access, constants, type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readSpace } from '../base/disk.ts'
import { bytes, fault, ok, type Seen, warning } from './doctor-check.ts'
import { asOwner } from './probe-owner.ts'

const leastBytes = 1024 ** 3

export const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

/** The folder itself, or the nearest one above it that is there. */
export async function nearestFolder(path: string): Promise<string> {
  if (path === dirname(path) || (await isThere(path))) return path
  return nearestFolder(dirname(path))
}

export function seeSpace(
  { freeBytes, sizeBytes }: { freeBytes: number; sizeBytes: number },
  where: string,
  wanted: string,
): Seen {
  const found = `${where}: ${bytes(freeBytes)} of ${bytes(sizeBytes)} free`
  const mend = 'Free space on that disk, or make it larger.'
  if (freeBytes < leastBytes / 10) return fault(found, wanted, mend)
  return freeBytes < leastBytes || freeBytes < sizeBytes / 10 ? warning(found, wanted, mend) : ok(found, wanted)
}

export async function seeFolderSpace(folder: string): Promise<Seen> {
  const wanted = '1 GB and a tenth free'
  if (!(await isThere(folder))) return ok(`${folder} is not there yet`, wanted)
  return seeSpace(await readSpace(folder), folder, wanted)
}

/** What it writes it removes again. A folder that is not there yet is not made. */
export function tryFolder(folder: string): Promise<Seen> {
  return asOwner('folder', folder, tryToWrite)
}

async function tryToWrite(folder: string): Promise<Seen> {
  const wanted = 'a folder to write, rename, read and remove in'
  if (!(await isThere(folder))) return ok(`${folder} is not there yet`, 'made when the server starts')
  await access(folder, constants.R_OK | constants.W_OK)
  const incoming = join(folder, 'incoming')
  const place = (await isThere(incoming)) ? incoming : folder
  const draft = join(place, `doctor-${randomUUID()}`)
  const beganAt = performance.now()
  try {
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile('doctor')
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(draft, `${draft}-renamed`)
    const text = await readFile(`${draft}-renamed`, 'utf8')
    if (text !== 'doctor') return fault('other bytes came back', wanted, 'Look at the disk below.')
  } finally {
    await rm(draft, { force: true })
    await rm(`${draft}-renamed`, { force: true })
  }
  return ok(`${folder}: written, renamed, read, removed in ${Math.round(performance.now() - beganAt)} ms`, wanted)
}

export const lockWanted = 'locks that hold between processes'

/** One process locks a file, another one is to be refused. The file is gone afterwards. */
export function tryLock(folder: string): Promise<Seen> {
  return asOwner('lock', folder, tryToLock)
}

async function tryToLock(folder: string): Promise<Seen> {
  if (!(await isThere(folder))) return ok(`${folder} is not there yet`, lockWanted)
  const path = join(folder, `.pchat-check-${randomUUID()}`)
  const first = await open(path, 'wx', 0o600)
  try {
    const second = await open(path, 'r+')
    try {
      const [taken, refused] = [await lockBy(first), await lockBy(second)]
      if (taken !== 0)
        return fault('no lock is given', lockWanted, 'Mount it with locks (NFS 4, or 3 with its lock service).')
      if (refused === 0) return fault('two have one lock', lockWanted, 'Mount it with locks (NFS: without nolock).')
      return ok('one has it, the other is refused', lockWanted)
    } finally {
      await second.close()
    }
  } finally {
    await first.close()
    await rm(path, { force: true })
  }
}

/** The lock is of the open file, which the process that asks for it shares: it stays when that has ended. */
async function lockBy(file: FileHandle): Promise<number | null> {
  const child = spawn('flock', ['--nonblock', '--conflict-exit-code', '75', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', file.fd],
  })
  const [code] = (await once(child, 'exit').catch(error => {
    throw new Error(`The program flock (Debian package util-linux) is needed: ${error.message}`)
  })) as [number | null]
  return code
}

/** The file in which a file store says of which pool it is. */
export const mark = 'pchat-file-store'

/** What stands there; undefined where nothing does. */
export function readMark(folder: string): Promise<string | undefined> {
  return asOwner('mark', folder, one => readFile(join(one, mark.slice(0, 2), mark), 'utf8').catch(() => undefined))
}
