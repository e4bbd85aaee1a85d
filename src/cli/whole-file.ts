import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from '../base/sync-folder.ts'

export type Owner = { uid: number; gid: number }

/** What a file is written as before it takes its name: a name that systemd does not take for a unit. One writer at a time. */
export const draftOf = (file: string) => `${file}.new`

/** The whole file or the one before, with its mode and owner from the beginning, on disk when this answers. */
export async function writeWhole(file: string, text: string, mode: number, owner?: Owner): Promise<void> {
  const draft = draftOf(file)
  try {
    await rm(draft, { force: true })
    const handle = await open(draft, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      if (owner) await handle.chown(owner.uid, owner.gid)
      await handle.chmod(mode)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, file)
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {})
    throw error
  }
  await syncFolder(dirname(file))
}
