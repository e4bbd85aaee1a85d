import { execFile } from 'node:child_process'
import { chmod, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A file system of its own, in memory, of so many MiB. */
export type SmallDisk = {
  folder: string
  /** Until not a byte more goes onto it. */
  fill(): Promise<void>
  free(): Promise<void>
  close(): Promise<void>
}

/** Undefined where this account may mount nothing: then there is no full disk to be had. */
export async function openSmallDisk(mebibytes: number): Promise<SmallDisk | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'pchat-small-disk-'))
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0755`, 'tmpfs', folder])
  } catch {
    await rm(folder, { recursive: true })
    return undefined
  }
  await chmod(folder, 0o755)
  const filler = join(folder, 'filler')
  return {
    folder,
    async fill() {
      const handle = await open(filler, 'a')
      try {
        for (const size of [1_048_576, 65_536, 4_096]) while (await written(handle, size));
      } finally {
        await handle.close()
      }
    },
    free: () => rm(filler, { force: true }),
    async close() {
      await run('umount', ['--lazy', folder])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function written(handle: Awaited<ReturnType<typeof open>>, size: number): Promise<boolean> {
  try {
    await handle.writeFile(Buffer.alloc(size))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    return false
  }
}
