import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join, resolve } from 'node:path'

export type DataFolder = { path: string; release(): Promise<void> }

/**
 * Makes the data folder and takes it for this process. The kernel holds the lock (flock) as long as this process lives, so
 * that a killed server leaves none behind and a recycled process number means nothing; the number in the file is for people.
 */
export async function takeDataFolder(dataDir: string): Promise<DataFolder> {
  const path = resolve(dataDir)
  // Entered by PostgreSQL's account, listed by nobody else. What is secret in it has a mode of its own.
  await mkdir(path, { recursive: true, mode: 0o711 })
  const file = await open(join(path, 'pchat.lock'), 'a+', 0o600)
  if (!(await lockFile(file))) {
    const pid = await readHolder(file)
    await file.close()
    throw new Error(
      `Another Persistent Chat${pid ? ` (process ${pid})` : ''} works in ${path}. Stop it, or choose another folder with --data-dir.`,
    )
  }
  await file.truncate()
  await file.write(`${process.pid}\n`)
  return { path, release: () => file.close() }
}

/** Whether a process works in the folder. Its lock is asked for and let go at once; nothing is made. */
export async function isDataFolderTaken(dataDir: string): Promise<boolean> {
  const file = await open(join(resolve(dataDir), 'pchat.lock'), 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw error
  })
  if (file === undefined) return false
  try {
    return !(await lockFile(file))
  } finally {
    await file.close()
  }
}

/**
 * False where another has it, also after so many seconds. The lock belongs to the open file, which the helper shares: it stays when
 * the helper has gone, until this process closes it.
 */
export async function lockFile(file: FileHandle, waitSeconds = 0): Promise<boolean> {
  const wait = waitSeconds === 0 ? ['--nonblock'] : ['--wait', String(waitSeconds)]
  const helper = spawn('flock', [...wait, '--conflict-exit-code', '75', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', file.fd],
  })
  const [code] = await once(helper, 'exit').catch(error => {
    throw new Error(`The program flock (Debian package util-linux) is needed: ${error.message}`)
  })
  if (code !== 0 && code !== 75)
    throw new Error('The data folder could not be locked. Is it on a file system without locks?')
  return code === 0
}

async function readHolder(file: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(32), 0, 32, 0)
  return buffer.toString('latin1', 0, bytesRead).trim()
}
