import { open } from 'node:fs/promises'

/** Names in a folder are as durable as their files only after this: `fsync` of the folder itself. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
