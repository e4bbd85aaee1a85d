import { randomUUID } from 'node:crypto'
import { open, statfs, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readSpace } from '../base/disk.ts'
import type { Needs } from '../topology/needs.ts'
import { type Check, fault, look, ok, type Seen, warning } from './doctor-check.ts'
import { nearestFolder, seeSpace } from './probe-folder.ts'

/** As linux/magic.h numbers them. */
const kinds: Record<number, string> = {
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  801189825: 'zfs',
  4076150800: 'f2fs',
  16914836: 'tmpfs',
  2240043254: 'ramfs',
  26985: 'nfs',
  20859: 'smb',
  4283649346: 'smb',
  4266872130: 'smb',
  2035054128: 'overlay',
  19780: 'vfat',
  538032816: 'exfat',
  1702057286: 'fuse',
}

/** The disk of a data folder: what it is, how fast it writes, what is free. Of its nearest parent where the folder is not there yet. */
export async function checkDisk(dataDir: string, needs: Needs): Promise<Check[]> {
  const path = resolve(dataDir)
  const nearest = await nearestFolder(path)
  const where = nearest === path ? path : `${path} (not there yet; measured in ${nearest})`
  const area = 'disk'
  return [
    await look(area, `${path}: file system`, fileSystemWanted, 'Choose another dataDir.', async () =>
      seeFileSystem((await statfs(nearest)).type, where, needs),
    ),
    await look(
      area,
      `${path}: write to disk`,
      syncWanted(needs),
      'Look at its rights, or run this as root.',
      async () => seeSync(await measureSync(nearest), where, needs),
      20_000,
    ),
    await look(area, `${path}: space`, spaceWanted, 'Choose another dataDir.', async () =>
      seeSpace(await readSpace(nearest), where, spaceWanted),
    ),
  ]
}

const spaceWanted = '1 GB and a tenth free'
const fileSystemWanted = 'ext4, xfs, btrfs or zfs, on a disk of the machine'
const syncWanted = ({ syncMs, embedded }: Needs) =>
  `95 of 100 writes within ${syncMs} ms${embedded ? ', since each post waits for one' : ''}`

/** `type`: as statfs tells it (linux/magic.h). */
export function seeFileSystem(type: number, where: string, { embedded }: Needs): Seen {
  const kind = kinds[type >>> 0]
  const found = `${where}: ${kind ?? `unknown (${(type >>> 0).toString(16)})`}`
  const mend = 'Put dataDir on a disk of the machine with one of these.'
  if (kind === 'vfat' || kind === 'exfat')
    return fault(found, fileSystemWanted, `It knows no owners and no modes. ${mend}`)
  if (kind === 'tmpfs' || kind === 'ramfs') {
    const lost = `It is gone when the machine starts again. ${mend}`
    return embedded ? fault(found, fileSystemWanted, lost) : warning(found, fileSystemWanted, lost)
  }
  if (kind === 'nfs' || kind === 'smb') {
    const away = `A data folder is of one machine, and a database does not belong on a network. ${mend}`
    return embedded ? fault(found, fileSystemWanted, away) : warning(found, fileSystemWanted, away)
  }
  if (kind === 'overlay' || kind === 'fuse' || kind === undefined) return warning(found, fileSystemWanted, mend)
  return ok(found, fileSystemWanted)
}

const writes = 100

/** Milliseconds of writes of 8 KB, each on disk before the next. The file has no name while that goes on, so that a kill leaves none. */
export async function measureSync(folder: string): Promise<number[]> {
  const path = join(folder, `.pchat-check-${randomUUID()}`)
  const file = await open(path, 'wx', 0o600)
  try {
    await unlink(path)
    const page = Buffer.alloc(8_192, 'pchat')
    const took: number[] = []
    const beganAt = performance.now()
    // A slow disk is known after fewer.
    for (let i = 0; i < writes && (i < 5 || performance.now() - beganAt < 5_000); i += 1) {
      const at = performance.now()
      await file.write(page, 0, page.length, i * page.length)
      await file.datasync()
      took.push(performance.now() - at)
    }
    return took
  } finally {
    await file.close()
  }
}

export function seeSync(took: number[], where: string, needs: Needs): Seen {
  const sorted = [...took].sort((a, b) => a - b)
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!
  const shown = (ms: number) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  const found = `${where}: half within ${shown(at(0.5))}, 95 of 100 within ${shown(at(0.95))}`
  const mend = 'Take an SSD, or a controller whose cache survives a power cut; look what else writes there.'
  if (at(0.95) > 10 * needs.syncMs) return fault(found, syncWanted(needs), mend)
  return at(0.95) > needs.syncMs ? warning(found, syncWanted(needs), mend) : ok(found, syncWanted(needs))
}
