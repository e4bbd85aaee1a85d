import { copyFile, stat, truncate } from 'node:fs/promises'

/** PostgreSQL holds its log open, so that it is copied and emptied, not renamed. What is written between the two is lost. */
export async function keepSmall(logFile: string, maxBytes = 16 * 1024 * 1024): Promise<void> {
  const { size } = await stat(logFile)
  if (size < maxBytes) return
  await copyFile(logFile, `${logFile}.1`)
  await truncate(logFile)
}
