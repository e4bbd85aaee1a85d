import { mkdtemp, statfs } from 'node:fs/promises'

/** An empty folder for a database, in memory where there is room: a crash of the machine is no part of these tests, its disk is. */
export async function makeFolder(name: string): Promise<string> {
  const { bavail, bsize } = await statfs('/dev/shm').catch(() => ({ bavail: 0, bsize: 0 }))
  const base = bavail * bsize > 2 * 1024 ** 3 ? '/dev/shm' : '/tmp'
  return mkdtemp(`${base}/${name}-`)
}
