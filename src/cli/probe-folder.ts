import { randomUUID } from 'node:crypto'
import { access, constants, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readSpace } from '../base/disk.ts'
import { bytes, fault, ok, type Seen, warning } from './doctor-check.ts'

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
export async function tryFolder(folder: string): Promise<Seen> {
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
